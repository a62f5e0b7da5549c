"""A digest as an e-mail, with a text and an HTML part."""

from __future__ import annotations

import hashlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from dashboard.digest.content import Digest
from dashboard.digest.text import as_html, as_text
from warehouse.errors import UsageError


def email_message(digest: Digest, *, sender: str, to: str, moment: datetime) -> EmailMessage:
    """The message to one address, dated `moment`.

    Its id follows from what it says and when: a message that a server takes twice is seen to be one. UsageError where
    an address or the title could not stand in a header.
    """
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = Address(addr_spec=sender)
        message["To"] = Address(addr_spec=to)
        message["Subject"] = digest.title
    except (ValueError, IndexError) as error:
        raise UsageError(f"digest.teams: an e-mail of {digest.team!r} has no fit header: {error}") from error
    text = as_text(digest)
    parts = "\n".join((sender, to, moment.isoformat(), text))
    message["Date"] = format_datetime(moment)
    message["Message-ID"] = f"<{hashlib.sha256(parts.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # no answer of an absent reader comes back
    message.set_content(text)
    message.add_alternative(as_html(digest), subtype="html")
    return message
