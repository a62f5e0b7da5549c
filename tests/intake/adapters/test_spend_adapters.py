from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from landed_text import Landing, reasons

from intake.adapter import AdAccount, Defaults
from warehouse.errors import InputError

HEADER = (
    "platform,date,account_id,campaign_id,impressions,clicks,spend,currency,timezone,"
    "platform_conversions,platform_conversion_value,exported_at"
)


def utc(*moment: int) -> datetime:
    """As Spark returns a timestamp: in the process's own zone, without an offset."""
    return datetime(*moment, tzinfo=UTC).astimezone().replace(tzinfo=None)  # type: ignore[misc, arg-type]


def test_unusable_spend_has_its_reason_and_the_others_none(landing: Landing) -> None:
    cases = [
        ("Meta,2026-03-01,1,c,10,1,2.50,usd,Asia/Seoul,1.5,99,2026-03-02T00:00:00Z", None),
        ("meta,2026-03-01T05:00:00+09:00,1,c,-,-,2.50,USD,,,,", None),
        ("meta,01/03/2026,1,c,10,1,2.50,USD,,,,", "date is missing or not a date"),
        ("meta,2026-02-30,1,c,10,1,2.50,USD,,,,", "date is missing or not a date"),
        ("meta,0001-01-01,1,c,10,1,2.50,USD,,,,", "date is before 1990 or after 2099"),
        (",2026-03-01,1,c,10,1,2.50,USD,,,,", "platform is missing"),
        ("meta,2026-03-01,1,c,10,1,-,USD,,,,", "spend is missing or not a decimal number"),
        ("meta,2026-03-01,1,c,10,1,-2,USD,,,,", "spend is negative"),
        ("meta,2026-03-01,1,c,10,1,2.50,,,,,", "a spend without currency; ad_spend.accounts can give it"),
        ("meta,2026-03-01,1,c,10,1,2.50,dollar,,,,", "currency is not an ISO 4217 code"),
        ("meta,2026-03-01,1,c,many,1,2.50,USD,,,,", "impressions is not a number"),
        ("meta,2026-03-01,1,c,10,few,2.50,USD,,,,", "clicks is not a number"),
        ("meta,2026-03-01,1,c,10,1,2.50,USD,,NaN,,", "platform_conversions is not a number"),
        ("meta,2026-03-01,1,c,10,1,2.50,USD,,1,much,", "platform_conversion_value is not a number"),
        ("meta,2026-03-01,1,c,10,1,2.50,USD,,,,02.03.2026", "exported_at is not ISO 8601"),
    ]
    landing.land("1.csv", HEADER, *(line for line, _ in cases), end="\r\n")

    rows = landing.parsed("ad_spend", "1.csv")

    assert [(row["raw"], row["reason"]) for row in rows] == cases
    day, hour = rows[:2]
    assert (day["platform"], day["spend_date"], day["spend_at"]) == ("meta", date(2026, 3, 1), None)
    assert (day["impressions"], day["clicks"], day["spend"], day["currency"]) == (10, 1, Decimal("2.500000"), "USD")
    assert (day["platform_conversions"], day["platform_conversion_value"]) == (1.5, Decimal("99.000000"))
    assert (day["timezone"], day["exported_at"]) == ("Asia/Seoul", utc(2026, 3, 2))
    assert (hour["spend_date"], hour["spend_at"]) == (date(2026, 2, 28), utc(2026, 2, 28, 20))
    assert (hour["impressions"], hour["clicks"], hour["exported_at"]) == (None, None, utc(1970, 1, 1))


def test_a_number_is_in_digits_0_to_9_with_or_without_an_exponent(landing: Landing) -> None:
    read = {
        "2.5": "2.500000",
        "+2.5": "2.500000",
        ".5": "0.500000",
        "5.": "5.000000",
        "0.2850005": "0.285001",
        "1e-05": "0.000010",
        "2.5E+3": "2500.000000",
        "123456789012.5": "123456789012.500000",
        # no numbers, or too large for an amount
        "1d": None,
        "0x10": None,
        "\u0663": None,
        "1_000": None,
        "Infinity": None,
        "1e12": None,
        "1e999": None,
        "1234567890123": None,
    }
    landing.land("1.csv", HEADER, *(f"meta,2026-03-01,1,c,1,1,{text},USD,,,," for text in read))

    rows = landing.parsed("ad_spend", "1.csv")

    found = [str(row["spend"]) if row["spend"] is not None else None for row in rows]
    assert dict(zip(read, found, strict=True)) == read
    not_read = "spend is missing or not a decimal number"
    assert reasons(rows) == [None if amount else not_read for amount in read.values()]


def test_a_count_is_a_whole_number_up_to_a_million_millions(landing: Landing) -> None:
    read = {"12": 12, "12.9": 12, "2e3": 2000, "1000000000000": 10**12, "1000000000001": None, "1e13": None}
    landing.land("1.csv", HEADER, *(f"meta,2026-03-01,1,c,{text},1,1,USD,,,," for text in read))

    rows = landing.parsed("ad_spend", "1.csv")

    assert dict(zip(read, [row["impressions"] for row in rows], strict=True)) == read
    assert reasons(rows) == [None if count else "impressions is not a number" for count in read.values()]


def test_an_export_without_currency_needs_accounts_in_the_settings(landing: Landing) -> None:
    landing.land("1.csv", "date,platform,account_id,spend", "2026-03-01,meta,1,10", "2026-03-01,meta,2,10")
    with pytest.raises(InputError, match=r"^1\.csv: the header lacks the required column currency; it has date, pl"):
        landing.parsed("ad_spend", "1.csv")
    accounts = Defaults(accounts={"1": AdAccount("KRW", "Asia/Seoul")})
    known, unknown = landing.parsed("ad_spend", "1.csv", defaults=accounts)
    assert (known["reason"], known["currency"], known["timezone"]) == (None, "KRW", "Asia/Seoul")
    assert unknown["reason"] == "a spend without currency; ad_spend.accounts can give it"


def test_google_ads_takes_currency_and_zone_from_the_newest_account_history(landing: Landing) -> None:
    landing.land(
        "stats.csv",
        "customer_id,date,_fivetran_synced,clicks,conversions,conversions_value,cost_micros,id,impressions",
        "1,2026-03-01,2026-03-02 01:00:00,49,1.5,20,36150001,77,166",
        "1,2026-03-01,2026-03-02 01:00:00,49,0,0,12 USD,77,166",
        "2,2026-03-01,2026-03-02 01:00:00,1,0,0,1000000,88,1",
        "3,2026-03-01,2026-03-02 01:00:00,1,0,0,1000000,99,1",
    )
    landing.land(
        "accounts.csv",
        "id,updated_at,currency_code,time_zone",
        # Hours without a leading zero: compared as text, the first would be the newer.
        "1,2026-02-01 9:20:51,USD,America/Los_Angeles",
        "1,2026-02-01 10:20:51,KRW,Asia/Seoul",
        "3,2026-02-01 10:20:51,,",
    )
    landing.land("campaigns.csv", "id,updated_at,name", "77,2026-01-01T00:00:00.1,Old", "77,2026-01-02T00:00:00,New")

    rows = landing.parsed(
        "google_ads",
        "stats.csv",
        defaults=Defaults(accounts={"3": AdAccount("EUR", "Europe/Berlin")}),
        lookups={"account_history": "accounts.csv", "campaign_history": "campaigns.csv"},
    )

    assert reasons(rows) == [
        None,
        "spend is missing or not a decimal number",
        "a spend without currency; ad_spend.accounts can give it",
        None,
    ]
    first, _, _, from_settings = rows
    assert (first["platform"], first["account_id"], first["campaign_id"]) == ("google_ads", "1", "77")
    assert (first["campaign_name"], first["spend"]) == ("New", Decimal("36.150001"))
    assert (first["currency"], first["timezone"]) == ("KRW", "Asia/Seoul")
    assert (first["platform_conversions"], first["platform_conversion_value"]) == (1.5, Decimal("20.000000"))
    assert (first["spend_date"], first["exported_at"]) == (date(2026, 3, 1), utc(2026, 3, 2, 1))
    assert (from_settings["currency"], from_settings["timezone"]) == ("EUR", "Europe/Berlin")


def test_google_ads_finds_the_account_and_the_campaign_however_a_spreadsheet_wrote_their_ids(landing: Landing) -> None:
    landing.land("stats.csv", "customer_id,date,cost_micros,id", "123-456-7890,2026-03-01,1000000,77.0")
    landing.land("accounts.csv", "id,updated_at,currency_code,time_zone", "1234567890.0,2026-02-01,KRW,Asia/Seoul")
    landing.land("campaigns.csv", "id,updated_at,name", "77,2026-01-01,Spring")

    (row,) = landing.parsed(
        "google_ads", "stats.csv", lookups={"account_history": "accounts.csv", "campaign_history": "campaigns.csv"}
    )

    assert row["reason"] is None
    assert (row["account_id"], row["currency"]) == ("1234567890", "KRW")
    assert (row["campaign_id"], row["campaign_name"]) == ("77", "Spring")


def test_exchange_rates_are_positive_and_between_two_currencies(landing: Landing) -> None:
    landing.land(
        "1.csv",
        "date,currency,report_currency,rate",
        "2026-03-01,usd,krw,1443.25",
        "2026-03-01,usd,krw,0",
        "1 March,USD,KRW,1443.25",
        "2026-03-01,USD,KRW,",
        "2026-03-01,,KRW,1",
        "2026-03-01,USD,won,1.0",
    )
    rows = landing.parsed("exchange_rates", "1.csv")
    assert reasons(rows) == [
        None,
        "rate is not above 0",
        "date is missing or not a date",
        "rate is missing or not a decimal number",
        "currency is not an ISO 4217 code",
        None,  # three letters are all that can be checked
    ]
    assert (rows[0]["rate_date"], rows[0]["currency"], rows[0]["report_currency"]) == (date(2026, 3, 1), "USD", "KRW")
    assert (rows[0]["rate"], rows[0]["exported_at"]) == (Decimal("1443.25000000"), utc(2026, 3, 1))
