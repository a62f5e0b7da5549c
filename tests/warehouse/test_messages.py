"""What people are shown of text of any origin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from warehouse import messages
from warehouse.messages import conceal, concealed, one_line, printable, secrets_in


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(messages, "_secrets", set())
    yield


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("date,\x1b[31mred\x1b]0;title\x07", r"date,\x1b[31mred\x1b]0;title\x07"),
        ("beep\x07 back\x08 delete\x7f", r"beep\x07 back\x08 delete\x7f"),
        ("\x9b31m of eight bits", r"\x9b31m of eight bits"),
        ("read \u202eback\u202c wards", r"read \u202eback\u202c wards"),
        ("a tab\tand a return\r", r"a tab\tand a return\r"),
        ("lone \ud800", r"lone \ud800"),
        ("캠페인 é ₩ 😀", "캠페인 é ₩ 😀"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_a_terminal_gets_no_control_characters(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_message_is_one_line() -> None:
    assert one_line("first\n  second\r\n\n\tthird \x1b[0m") == r"first second third \x1b[0m"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://shop:s3cr3t@db:5432/mlflow: no", "postgresql://shop:***@db:5432/mlflow: no"),
        ("postgresql+psycopg2://shop:p@ss@db/x", "postgresql+psycopg2://shop:***@db/x"),
        ("(got 'https://:hidden@host/')", "(got 'https://:***@host/')"),
        ("mysql://db/x?user=u&password=hidden&ssl=1", "mysql://db/x?user=u&password=***&ssl=1"),
        ("https://host/x?AccessKey=hidden; more", "https://host/x?AccessKey=***; more"),
        ("https://shop.example/a?mail=ann@mail.example", "https://shop.example/a?mail=ann@mail.example"),
        ("http://localhost:5000/x of ann@mail.example", "http://localhost:5000/x of ann@mail.example"),
    ],
)
def test_passwords_in_addresses_are_not_shown(text: str, shown: str) -> None:
    assert concealed(text) == shown


def test_a_known_secret_is_not_shown_wherever_it_stands_and_however_it_is_written() -> None:
    assert secrets_in("postgresql://shop:p%40ss/word@db/mlflow") == ["p%40ss/word"]
    assert secrets_in("sqlite:///mlflow.db") == secrets_in("http://host:5000") == secrets_in("mail@host") == []
    conceal(["p%40ss/word", "no"])
    assert concealed("password 'p@ss/word' refused: p%40ss/word") == "password '***' refused: ***"
    assert concealed("no reason") == "no reason", "so short a text stands everywhere"
