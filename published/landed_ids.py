"""Ids of silver and gold as the landed rows have them: composed, hashed, or tokens in place of ids.

What silver makes of the ids of bronze is in touchpoints.ids, warehouse.expressions and warehouse.pseudonyms; a test
compares both.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

EVENT, ORDER = "event:", "order:"
LOOKS_COMPOSED = re.compile(f"({ORDER})*{EVENT}")
TOKEN = 32  # hexadecimal digits


@dataclass(frozen=True)
class LandedIds:
    """How ids of landed rows become those of silver. `secret` is the key of tokens; None where ids are as they are."""

    secret: bytes | None = None

    def of(self, id_: str) -> str:
        """The id of an event in silver."""
        return id_ if self.secret is None else hmac.new(self.secret, id_.encode(), "sha256").hexdigest()[:TOKEN]

    def of_order(self, order_id: str) -> str:
        """The id of an order in silver: one that looks composed is set apart."""
        return self.of(f"{ORDER}{order_id}" if LOOKS_COMPOSED.match(order_id) else order_id)

    def of_money_event(self, event_id: str, order_id: str | None) -> str:
        """The id of the order of a purchase or refund event."""
        return f"{EVENT}{self.of(event_id)}" if order_id is None else self.of_order(order_id)


def landed_order_id(order_id: str) -> tuple[str | None, str | None]:
    """The order_id that landed rows have, or the event_id of an event that named no order; ids without tokens.

    >>> from published.landed_ids import landed_order_id
    >>> landed_order_id("A1"), landed_order_id("event:e7"), landed_order_id("order:event:e7")
    (('A1', None), (None, 'e7'), ('event:e7', None))
    """
    if order_id.startswith(EVENT):
        return None, order_id.removeprefix(EVENT)
    return (order_id.removeprefix(ORDER) if LOOKS_COMPOSED.match(order_id) else order_id), None


def conversion_id_of(conversion_type: str, of: str) -> str:
    """The conversion_id of an order or event: a hash of both texts."""
    texts = (text.replace("\\", "\\\\").replace("|", "\\|") for text in (conversion_type, of))
    return hashlib.md5("|".join(texts).encode(), usedforsecurity=False).hexdigest()
