"""The header of a CSV file is found: which line, which delimiter, and which columns under which names."""

from __future__ import annotations

import pytest

from intake.csv_header import NoHeader, header_of
from intake.knobs import Export
from intake.samples import sample
from intake.wanted_columns import Wanted

SPEND = Wanted(("date", "spend", "clicks"), ("date", "spend"), names={"spend": ("Amount spent (USD)", "Kosten")})


def found(text: str, wanted: Wanted = SPEND, encoding: str = "utf-8") -> tuple[str, dict[str, int], int]:
    header = header_of(text.encode(encoding), encoding, wanted)
    assert header is not None
    return header.delimiter, dict(header.places), header.last_line


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_finds_the_columns(delimiter: str) -> None:
    text = (
        delimiter.join(("a,b;c", "Date", "Spend", "clicks\n")) if delimiter == "|" else f"date{delimiter}spend\n1,2;3|4"
    )
    assert found(text)[0] == delimiter


def test_the_header_is_found_below_the_title_of_a_web_export() -> None:
    text = '\ufeffCampaign report\n"March 1, 2026 - March 31, 2026"\n\nDate\tCurrency\tKosten\n2026-03-01\tEUR\t3\n'
    assert found(text) == ("\t", {"date": 0, "spend": 2}, 4)
    assert found("sep=;\ndate;spend\n1;2") == (";", {"date": 0, "spend": 1}, 2)
    twenty = "\n" * 19 + "date,spend\n"
    assert found(twenty)[2] == 20
    with pytest.raises(NoHeader):
        found(f"x\n{twenty}")


@pytest.mark.parametrize(
    "header",
    [
        "date,spend",
        "\ufeffDATE, Spend ",
        '"Date","SPEND"',
        "date,\u200bspend",
        "date,Amount spent (USD)",
        '"date","amount\nspent (usd)"',
        "date,KOSTEN",
    ],
)
def test_names_are_compared_without_case_blanks_and_marks(header: str) -> None:
    delimiter, places, _ = found(f"{header}\n1,2\n")
    assert (delimiter, places) == (",", {"date": 0, "spend": 1})


def test_letters_put_together_in_two_ways_are_one_name() -> None:
    korean = Wanted(("date",), ("date",), names={"date": ("날짜",)})
    assert found("\u1102\u1161\u11af\u110d\u1161,x\n", korean)[1] == {"date": 0}


def test_the_settings_name_a_column_and_give_texts_that_a_file_lacks() -> None:
    wanted = Wanted(
        ("date", "spend"), ("date", "spend"), Export(columns={"spend": "Net"}, constants={"date": "2026-03-01"})
    )
    assert found("Spend,net\n1,2\n", wanted)[1] == {"spend": 1}
    with pytest.raises(NoHeader, match=r"lacks the required column spend \(as Net\); it has spend, gross \(line 1"):
        found("Spend,Gross\n1,2\n", wanted)


def test_a_column_that_the_settings_name_must_be_there_also_where_the_adapter_can_do_without() -> None:
    wanted = Wanted(("date", "spend", "refunded"), ("date",), Export(columns={"refunded": "Refunded Amuont"}))
    with pytest.raises(NoHeader, match=r"lacks the required column refunded \(as Refunded Amuont\); it has date, refu"):
        found("Date,Refunded Amount\n1,2\n", wanted)


def test_a_needed_column_twice_is_refused_and_another_one_twice_is_not() -> None:
    with pytest.raises(
        NoHeader, match=r"header \(line 1\) has the column Spend 2 times \(columns 2, 4\), and spend is"
    ):
        found("date,Spend,x,spend\n1,2,3,4\n")
    assert found("date,spend,x,x\n1,2,3,4\n")[1] == {"date": 0, "spend": 1}


def test_a_missing_column_is_refused_with_the_line_that_comes_nearest_and_the_way_out() -> None:
    with pytest.raises(NoHeader) as refused:
        found("A report\nDate,Cost\x1b[31m\n2026-03-01,2\n")
    assert str(refused.value) == (
        "the header lacks the required column spend (as spend or Amount spent (USD) or Kosten); it has date, "
        "cost\\x1b[31m (line 2). Where another one is meant, name it in landing.inputs, columns: {spend: <column of "
        "the file>}; see docs/input.md"
    )
    with pytest.raises(NoHeader, match=r"it has 1, 2 \(line 2; none of the first 20 has any\)\."):
        found("\n1,2\n")


def test_all_missing_columns_are_named_at_once() -> None:
    with pytest.raises(NoHeader) as refused:
        found("Datum,Klicks\n24.10.2026,2\n")
    assert str(refused.value) == (
        "the header lacks the required columns date and spend (as spend or Amount spent (USD) or Kosten); it has "
        "datum, klicks (line 1; none of the first 20 has any). Where others are meant, name them in landing.inputs, "
        "columns: {date: <column of the file>, spend: <column of the file>}; see docs/input.md"
    )
    many = Wanted(("date",), ("date",), names={"date": ("day", "일", "Tag", "日", "jour")})
    with pytest.raises(
        NoHeader, match=r"date \(as date or day or 일 or Tag or its name in other languages\); it has x"
    ):
        found("x\n", many)


PRICED = Wanted(("date", "spend", "clicks", "currency"), ("date", "spend", "currency"), names={"spend": ("cost",)})


@pytest.mark.parametrize(
    ("header", "place", "currency"),
    [
        ("date,Cost (USD)", 1, "USD"),
        ("date,Spend(JPY)", 1, "JPY"),
        ("date,x,spend\uff08EUR\uff09", 2, "EUR"),
        ("date,x,Cost (\u20ac)", 2, "EUR"),
        ("date,Spend(\uc6d0)", 1, "KRW"),
        ("date,Cost (USD),Cost,currency", 2, ""),
        ("date,clicks (all),spend,currency", 2, ""),
    ],
)
def test_an_amount_may_have_its_currency_in_brackets(header: str, place: int, currency: str) -> None:
    made = header_of(header.encode(), "utf-8", PRICED)
    assert made is not None
    places = dict(made.places)
    assert (places["spend"], made.currency, "clicks" in places) == (place, currency, False)


def test_brackets_that_hold_no_currency_give_none() -> None:
    with pytest.raises(NoHeader, match=r"lacks the required columns spend \(as spend or cost\) and currency; it has"):
        header_of(b"date,Cost (net)\n", "utf-8", PRICED)


def test_an_amount_in_two_currencies_is_refused_until_one_is_named() -> None:
    text = b"date,Cost (USD),Cost (EUR)\n"
    with pytest.raises(
        NoHeader, match=r"has Cost \(USD\) and Cost \(EUR\), and spend is read from one of them; name it"
    ):
        header_of(text, "utf-8", PRICED)
    named = Wanted(PRICED.columns, PRICED.required, Export(columns={"spend": "Cost (EUR)"}))
    made = header_of(text, "utf-8", named)
    assert made is not None
    assert (dict(made.places), made.currency) == ({"date": 0, "spend": 2}, "EUR")


def test_a_header_in_another_encoding_is_refused_with_that_reason() -> None:
    korean = Wanted(("date",), ("date",), names={"date": ("날짜",)})
    assert found("날짜,비용\n", korean, "cp949")[1] == {"date": 0}
    with pytest.raises(NoHeader, match=r"is not in UTF-8: line 1 is \\xb3.*encoding: cp949, cp1252 or shift_jis"):
        header_of("날짜,비용\n".encode("cp949"), "utf-8", korean)


def test_a_file_of_blanks_has_no_header_and_without_needed_columns_the_first_line_is_it() -> None:
    assert header_of(b"\n \r\n\t\n", "utf-8", SPEND) is None
    assert header_of(b"", "utf-8", SPEND) is None
    assert found("x;y\n1;2\n", Wanted(("a",)))[2] == 1


def test_a_header_of_too_many_columns_is_refused() -> None:
    with pytest.raises(NoHeader, match=r"^the header \(line 1\) has 6,002 columns, over 5,000$"):
        found(f"date,spend{',x' * 6_000}\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ann@shop-mail.com,10.0.0.7,1.50", "…,…,1.50"),
        ('{"user": "Ann <ann@x.kr>", "v": "1.2.3"}', '{"user": "Ann <…>", "v": "1.2.3"}'),
        ("\ufeffa\x1b]0;x\x07\nb", "a\\x1b]0;x\\x07\\x0ab"),
        ("x" * 301, f"{'x' * 300}…"),
    ],
)
def test_a_sample_of_a_file_shows_no_addresses_and_nothing_a_terminal_would_obey(text: str, shown: str) -> None:
    assert sample(text) == shown


def test_a_file_of_one_huge_text_has_no_header() -> None:
    with pytest.raises(NoHeader, match=r"the required columns date and spend \(as .*\); it has x{300} \(line 1; none"):
        found("x" * 200_000)
