"""Ids of persons on a page: shown to readers who may see them, as the shop knows them."""

from __future__ import annotations

from dashboard import formats
from dashboard.formats import Figure
from dashboard.panels import Column
from dashboard.serve.context import Context
from dashboard.serve.short import short
from dashboard.words import Words
from published.retention import LOGIN


def wants_file(context: Context) -> bool:
    """Whether the answer is a file, which may hold more rows than a page."""
    return context.path.endswith((".csv", ".json"))


def person_columns(context: Context) -> tuple[Column, ...]:
    """The column of ids; none for readers who may not see them."""
    return (Column(context.words("persons.customer_id"), numeric=False),) if context.sees_persons else ()


def login_of(person_id: str, words: Words) -> str:
    """The login as the shop has it; buyers without one cannot be found again, and their value is empty."""
    if not person_id.startswith(LOGIN):
        return Figure(words("persons.without_login"), None)
    login = person_id.removeprefix(LOGIN)
    return Figure(short(login) or formats.MISSING, login)
