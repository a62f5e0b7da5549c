"""Which columns of a file an adapter reads, under which names, and which texts the settings give in their place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from intake.knobs import Export
from intake.written_numbers import SIGN_OF
from warehouse.currencies import CURRENCIES

IN_SETTINGS = "landing.inputs"
# Columns whose header may have a currency in brackets; the first of them that a file has gives its rows' currency.
AMOUNTS = ("spend", "value", "line_value", "price", "refunded_value", "platform_conversion_value")
CURRENCY = "currency"
_IN_BRACKETS = re.compile(rf"(.*\S) ?[(\[\uff08] ?(?:in )?([a-z]{{3}}|[{''.join(SIGN_OF)}]) ?[)\]\uff09]")


@dataclass(frozen=True)
class Wanted:
    """The columns that an adapter reads: those that a file must have, other headers of each, and the settings' own."""

    columns: Sequence[str]
    required: Sequence[str] = ()
    export: Export = field(default_factory=Export)
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def constants(self) -> Mapping[str, str]:
        """The text of every row, by column."""
        return self.export.constants

    @property
    def needed(self) -> list[str]:
        """The columns that a file must have: those of the adapter, and those that the settings name."""
        named = (name for name in self.export.columns if name in self.columns)
        return [name for name in dict.fromkeys([*self.required, *named]) if name not in self.constants]

    def headers_of(self, column: str) -> list[str]:
        """The headers under which a file may have a column, the first that it has counts: the settings' own alone."""
        if column in self.export.columns:
            return [self.export.columns[column]]
        return [column, *self.names.get(column, ())]


def bare(header: str) -> str:
    """A header without what people do not see: case, blanks around it, byte order mark, how letters are composed."""
    visible = "".join(char for char in unicodedata.normalize("NFC", header) if unicodedata.category(char) != "Cf")
    return " ".join(visible.split()).casefold()


def without_currency(bare_header: str) -> tuple[str, str | None]:
    """A bare header without the code, or the sign, of one currency in brackets at its end, and the code.

    >>> without_currency("ausgegebener betrag (eur)")
    ('ausgegebener betrag', 'EUR')
    >>> without_currency("clicks (new)")
    ('clicks (new)', None)
    """
    found = _IN_BRACKETS.fullmatch(bare_header)
    code = SIGN_OF.get(found[2], found[2].upper()) if found else None
    return (found[1], code) if found and code in CURRENCIES else (bare_header, None)
