"""Which browsers forget the cookies that scripts set after seven days without a visit: Safari, and all of iOS.

Their visitors come back as new ones. Chrome, Edge, Firefox and Samsung's browser keep such cookies for months.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

# Every browser of an iPhone and iPad is Safari's engine, in apps too. On a Mac it names itself, as iPads do there.
ON_IOS = "(iPhone|iPad|iPod).*AppleWebKit"
ON_MAC = "Macintosh.*AppleWebKit.*Version/[0-9.]+.*Safari/"
OTHERS_ON_MAC = "Chrome|Chromium|CriOS|Edg|OPR/|Firefox|FxiOS"


def has_short_cookies(user_agent: Column) -> Column:
    """Whether the browser of this user agent is one of them."""
    on_mac = F.rlike(user_agent, F.lit(ON_MAC)) & ~F.rlike(user_agent, F.lit(OTHERS_ON_MAC))
    return F.rlike(user_agent, F.lit(ON_IOS)) | on_mac
