"""The texts of one language: sentences from dashboard/locales, and figures in the formats of that language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from dashboard import formats
from published.view import Language

LOCALES = files("dashboard") / "locales"


class Label(str):
    """A text that keeps the last part of its key: the name of a column in CSV and JSON, whatever the language."""

    name: str

    def __new__(cls, text: str, name: str) -> Label:
        """The text, and the name that it has in every language."""
        made = super().__new__(cls, text)
        made.name = name
        return made


@dataclass(frozen=True)
class Words:
    """The texts of a page in one language. `texts` holds sentences with {placeholders} by dotted key."""

    language: Language
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: str) -> str:
        """The text of `key` with its placeholders filled in; values are not interpreted."""
        return Label(self.texts[key].format(**values), key.rpartition(".")[2])

    def section(self, name: str) -> dict[str, str]:
        """The texts of a section by their full keys."""
        return {key: text for key, text in self.texts.items() if key.startswith(f"{name}.")}

    def counted(self, noun: str, number: float) -> str:
        """A number with its noun from `counts`: 1 row, 1,204 rows."""
        return self(f"counts.{noun}.{_form(number)}", number=formats.count(number))

    def conversion(self, name: str) -> str:
        """One conversion of the type: purchase, sign-up."""
        return self._conversion(name, "one")

    def conversions(self, name: str) -> str:
        """Conversions of the type: purchases, sign-ups."""
        return self._conversion(name, "other")

    def counted_conversions(self, name: str, number: float) -> str:
        """A number of conversions of the type: 1 purchase, 1,204 purchases."""
        noun = self._conversion(name, _form(number))
        return self("counts.conversion", number=formats.count(number), noun=noun)

    def model(self, name: str) -> str:
        """The name of an attribution model: last_touch gives last touch."""
        return Label(self._named("models", name), name)

    def status(self, name: str) -> str:
        """The status of a step: done, skipped, failed."""
        return self._named("statuses", name)

    def cause(self, name: str) -> str:
        """Why a conversion is unattributed."""
        return self._named("causes", name)

    def currency(self, code: str) -> str:
        """The unit of an amount: KRW, in Korean 원."""
        return self.texts.get(f"currencies.{code}", code)

    def money(self, value: Decimal | float | None, currency: str) -> str:
        """As `formats.money`."""
        return formats.money(value, currency, self.language)

    def roas(self, value: float | None) -> str:
        """As `formats.roas`."""
        return formats.roas(value, self.language)

    def back(self, value: float | None, currency: str) -> str:
        """As `formats.back`, in the currency's unit."""
        return formats.back(value, self.currency(currency), self.language)

    def day(self, value: date | datetime | None) -> str:
        """As `formats.day`."""
        return formats.day(value, self.language)

    def seconds(self, value: float) -> str:
        """As `formats.seconds`."""
        return formats.seconds(value, self.language)

    def between(self, low: str, high: str) -> str:
        """From one figure to another: 2% to 5%."""
        return self("forecasts.between", low=low, high=high)

    def listed(self, names: list[str]) -> str:
        """As `formats.listed`."""
        return formats.listed(names, self.language)

    def _conversion(self, name: str, form: str) -> str:
        known = self.texts.get(f"conversions.{name}.{form}")
        return known or self(f"conversions.any.{form}", name=_spaced(name))

    def _named(self, section: str, name: str) -> str:
        return self.texts.get(f"{section}.{name}", _spaced(name))


@cache
def words_in(language: Language) -> Words:
    """The words of dashboard/locales/<language>.yaml."""
    content = yaml.safe_load((LOCALES / f"{language}.yaml").read_text(encoding="utf-8"))
    return Words(language, dict(_flat(content)))


def capital(text: str) -> str:
    """The text with a capital first letter; a label keeps its name."""
    changed = text[:1].upper() + text[1:]
    return Label(changed, text.name) if isinstance(text, Label) else changed


def _form(number: float) -> str:
    return "one" if round(number) == 1 else "other"


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in content.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
