"""Arguments that tools share, with what an agent reads of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from published.view import DateBasis, Language

FirstDay = Annotated[date | None, Field(description="First reporting day, inclusive (2026-03-01). Default: no bound.")]
LastDay = Annotated[date | None, Field(description="Last reporting day, inclusive. Default: as_of.")]
Model = Annotated[
    str | None,
    Field(description="Attribution model, such as last_touch or linear; list_metrics names them. Default: the first."),
]
ConversionType = Annotated[
    str | None,
    Field(
        description="Type of conversion, such as purchase; list_metrics names them. Default: the one with most value."
    ),
]
Basis = Annotated[
    DateBasis | None,
    Field(
        description="conversion (the default) dates credit by the day of the conversion; touch by the day of the "
        "touch, which is the day that spend is compared with."
    ),
]
InLanguage = Annotated[Language, Field(description="Language of sentences.")]
Only = Annotated[
    dict[str, str] | None,
    Field(
        description='Only rows in which a column has this value, e.g. {"channel": "Paid Search", "campaign": "spring"}'
        "; days are YYYY-MM-DD, booleans true or false."
    ),
]
