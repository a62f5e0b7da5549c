"""Ad spend as people download it from the platforms' own web pages, in English and Korean."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from landed_text import Landing, reasons
from pyspark.sql import Row

from intake.adapter import AdAccount, Defaults
from intake.knobs import Export
from intake.parse import NOT_DATA
from intake.reasons import A_FOOTER, A_MONTH, A_REPEATED_HEADER, A_TOTALS_ROW, way_out

DAY = date(2026, 3, 1)


def spent_of(row: Row) -> tuple[object, ...]:
    """What a row is about and what it cost."""
    names = ("platform", "account_id", "campaign_id", "campaign_name", "spend_date", "spend", "currency")
    return tuple(row[name] for name in names)


def test_google_ads_with_title_lines_dashes_thousands_and_totals(landing: Landing) -> None:
    landing.land(
        "1.csv",
        "Campaign report",
        '"March 1, 2026 - March 31, 2026"',
        "Campaign status,Campaign,Campaign ID,Customer ID,Day,Currency code,Cost,Impr.,Clicks,Conversions,Conv. value",
        'Enabled,Spring,22200000001,123-456-7890,2026-03-01,USD,"1,060.50","12,345",321,4.50,"1,250.00"',
        "Paused,Brand,22200000002,123-456-7890,2026-03-01,USD,10.50, --, --, --, --",
        'Total: Campaigns, --, --, --, --,USD,"1,071.00","12,345",321,4.50,"1,250.00"',
        'Total: Account, --, --, --, --,USD,"1,071.00","12,345",321,4.50,"1,250.00"',
    )
    rows = landing.parsed("google_ads_web", "1.csv")

    assert reasons(rows) == [None, None, A_TOTALS_ROW, A_TOTALS_ROW]
    assert spent_of(rows[0]) == (
        "google_ads",
        "1234567890",
        "22200000001",
        "Spring",
        DAY,
        Decimal("1060.500000"),
        "USD",
    )
    assert (rows[0]["impressions"], rows[0]["clicks"]) == (12345, 321)
    assert (rows[0]["platform_conversions"], rows[0]["platform_conversion_value"]) == (4.5, Decimal("1250.000000"))
    assert (rows[1]["spend"], rows[1]["impressions"], rows[1]["platform_conversions"]) == (
        Decimal("10.500000"),
        None,
        None,
    )


def test_google_ads_in_korean(landing: Landing) -> None:
    landing.land(
        "1.csv",
        "일,캠페인,캠페인 ID,통화 코드,비용,노출수,클릭수,전환수,전환 가치",
        '2026-03-01,봄세일,222,KRW,"150,000","1,200",30,2.00,"90,000"',
        '합계: 계정, --, --, --,"150,000","1,200",30,2.00,"90,000"',
    )
    rows = landing.parsed("google_ads_web", "1.csv", defaults=Defaults(export=Export(constants={"account_id": "1"})))

    assert reasons(rows) == [None, A_TOTALS_ROW]
    assert spent_of(rows[0]) == ("google_ads", "1", "222", "봄세일", DAY, Decimal("150000.000000"), "KRW")


def test_meta_has_the_currency_in_its_header_a_summary_row_and_periods(landing: Landing) -> None:
    landing.land(
        "1.csv",
        '"Reporting starts","Reporting ends","Account ID","Campaign name","Campaign ID","Amount spent (USD)",'
        'Impressions,"Link clicks",Purchases,"Purchases conversion value"',
        "2026-03-01,2026-03-02,,,,105.00,1200,30,3,250.00",
        "2026-03-01,2026-03-01,act_77,Spring sale,12021,60.50,800,20,2,150.00",
        "2026-03-02,2026-03-02,act_77,Spring sale,12021,44.50,400,10,1,100.00",
        "2026-03-01,2026-03-31,act_77,Whole month,12022,10.00,100,1,,",
    )
    rows = landing.parsed("meta_ads", "1.csv")

    assert reasons(rows) == [A_TOTALS_ROW, None, None, A_MONTH]
    assert spent_of(rows[1]) == ("meta", "77", "12021", "Spring sale", DAY, Decimal("60.500000"), "USD")
    assert (rows[1]["clicks"], rows[1]["platform_conversion_value"]) == (20, Decimal("150.000000"))


def test_meta_in_korean_by_day(landing: Landing) -> None:
    landing.land(
        "1.csv",
        "보고 시작,보고 종료,일,캠페인 이름,지출 금액 (KRW),노출,링크 클릭",
        '2026-03-01,2026-03-31,2026-03-01,여름옷,"300,000",900,12',
    )
    (row,) = landing.parsed("meta_ads", "1.csv")

    assert spent_of(row) == ("meta", None, None, "여름옷", DAY, Decimal("300000.000000"), "KRW")


GERMAN = (
    "Berichtsstart,Berichtsende,Tag,Kontoname,Kampagnenname,Kampagnen-ID,Ausgegebener Betrag (EUR),Impressionen,"
    "Link-Klicks"
)


@pytest.mark.parametrize(
    ("header", "currency"),
    [
        (GERMAN, "EUR"),
        ("보고 시작,보고 종료,일,계정 이름,캠페인 이름,캠페인 ID,지출 금액 (KRW),노출,링크 클릭", "KRW"),
        (
            "レポート開始日,レポート終了日,日,アカウント名,キャンペーン名,キャンペーンID,消化金額 (JPY),"
            "インプレッション,リンクのクリック",
            "JPY",
        ),
        (
            "Début des rapports,Fin des rapports,Jour,Nom du compte,Nom de la campagne,ID de la campagne,"
            "Montant dépensé (CHF),Impressions,Clics sur un lien",
            "CHF",
        ),
        (
            "Inicio del informe,Fin del informe,Día,Nombre de la cuenta,Nombre de la campaña,"
            "Identificador de la campaña,Importe gastado (PEN),Impresiones,Clics en el enlace",
            "PEN",
        ),
        (
            "Início dos relatórios,Encerramento dos relatórios,Dia,Nome da conta,Nome da campanha,"
            "Identificação da campanha,Valor usado (BRL),Impressões,Cliques no link",
            "BRL",
        ),
        (
            "Inizio dei report,Fine dei report,Giorno,Nome dell'account,Nome della campagna,ID campagna,"
            "Importo speso (EUR),Impression,Clic sul link",
            "EUR",
        ),
    ],
)
def test_meta_in_the_languages_of_its_page_with_the_currency_of_the_amount_s_brackets(
    landing: Landing, header: str, currency: str
) -> None:
    landing.land(
        "1.csv",
        header,
        "2026-10-24,2026-10-25,,,,,100.00,1200,30",
        "2026-10-24,2026-10-25,2026-10-24,Shop,Sommer,12021,60.50,800,20",
    )
    total, row = landing.parsed("meta_ads", "1.csv")

    assert reasons([total, row]) == [A_TOTALS_ROW, None]
    assert spent_of(row) == ("meta", None, "12021", "Sommer", date(2026, 10, 24), Decimal("60.500000"), currency)
    assert (row["impressions"], row["clicks"]) == (800, 20)


def test_a_day_column_alone_is_enough_and_german_days_need_their_format(landing: Landing) -> None:
    landing.land("1.csv", "Tag;Kampagnenname;Ausgegebener Betrag (EUR)", "24.10.2026;Sommer;1.060,50")
    (refused,) = landing.parsed("meta_ads", "1.csv", defaults=Defaults(export=Export(decimal=",")))
    assert refused["reason"] == "date is missing or not a date"
    assert "dd.MM.yyyy" in (way_out(refused["reason"]) or "")

    export = Export(decimal=",", date_format="dd.MM.yyyy")
    (row,) = landing.parsed("meta_ads", "1.csv", defaults=Defaults(export=export))
    assert spent_of(row)[4:] == (date(2026, 10, 24), Decimal("1060.500000"), "EUR")


@pytest.mark.parametrize(
    ("adapter", "header", "row", "columns"),
    [
        ("meta_ads", GERMAN, "2026-03-01,2026-03-01,,Shop,Sommer,1,60.50,1,1", {"spend": "Ausgegebener Betrag (EUR)"}),
        ("meta_ads", "Datum,Kampagne,Ausgaben in EUR (EUR)", "2026-03-01,Sommer,60.50",
         {"date": "Datum", "campaign_name": "Kampagne", "spend": "Ausgaben in EUR (EUR)"}),
        ("google_ads_web", "Tag,Kampagne,Kosten (EUR)", "2026-03-01,Sommer,60.50", {}),
        ("tiktok_ads", "By Day,Campaign name,Cost[EUR]", "2026-03-01,Sommer,60.50", {}),
        ("microsoft_ads", "Gregorian date,Campaign,Spend (EUR)", "2026-03-01,Sommer,60.50", {}),
        ("csv_spend", "date,platform,campaign,spend(EUR)", "2026-03-01,amazon,Sommer,60.50", {}),
        ("ad_spend", "date,platform,campaign_name,spend (in eur)", "2026-03-01,amazon,Sommer,60.50", {}),
        ("csv_spend", "date,platform,campaign,spend (USD),currency", "2026-03-01,amazon,Sommer,60.50,eur", {}),
    ],
)  # fmt: skip
def test_every_export_has_its_currency_from_the_brackets_of_its_amount_also_of_a_mapped_one(
    landing: Landing, adapter: str, header: str, row: str, columns: dict[str, str]
) -> None:
    landing.land("1.csv", header, row)
    (found,) = landing.parsed(adapter, "1.csv", defaults=Defaults(export=Export(columns=columns)))

    assert found["reason"] is None
    assert spent_of(found)[3:] == ("Sommer", DAY, Decimal("60.500000"), "EUR")


def test_tiktok_writes_days_with_a_midnight_and_of_connectors_too(landing: Landing) -> None:
    landing.land(
        "web.csv",
        "Campaign name,Campaign ID,By Day,Cost,Impressions,Clicks (destination),Conversions,Currency",
        "alpha,501,2026-03-01 00:00:00,1000.00,1200,31,2,USD",
        "Total of 1 results,-,-,1000.00,1200,31,2,USD",
    )
    landing.land(
        "connector.csv",
        "_fivetran_synced,campaign_id,clicks,conversion,impressions,spend,stat_time_day",
        "2025-04-21 10:00:00,1,220,70,10000,154.60,2026-03-01 00:00:00",
    )
    export = Export(constants={"currency": "USD"}, timezone="America/New_York")
    of_connector, of_web, total = landing.parsed("tiktok_ads", "*.csv", defaults=Defaults(export=export))

    assert reasons([of_connector, of_web, total]) == [None, None, A_TOTALS_ROW]
    assert spent_of(of_web) == ("tiktok", None, "501", "alpha", DAY, Decimal("1000.000000"), "USD")
    assert spent_of(of_connector) == ("tiktok", None, "1", None, DAY, Decimal("154.600000"), "USD")
    assert (of_web["spend_at"], of_web["timezone"]) == (None, "America/New_York"), "a midnight is no hour"


def test_naver_search_ads_below_a_title_with_days_in_dots(landing: Landing) -> None:
    landing.land(
        "1.csv",
        '"캠페인 보고서(2026.03.01.~2026.03.31.),1234567"',
        '일별,캠페인유형,캠페인,노출수,클릭수,"총비용(VAT포함,원)",전환수,전환매출액(원)',
        '2026.03.01.,파워링크,봄세일,"1,200",30,"150,000",2,"90,000"',
        '합계,,,"1,200",30,"150,000",2,"90,000"',
    )
    defaults = Defaults(export=Export(constants={"account_id": "1234567"}))
    rows = landing.parsed("naver_searchad", "1.csv", defaults=defaults)

    assert reasons(rows) == [None, A_TOTALS_ROW]
    assert spent_of(rows[0]) == ("naver_searchad", "1234567", None, "봄세일", DAY, Decimal("150000.000000"), "KRW")
    assert (rows[0]["timezone"], rows[0]["platform_conversion_value"]) == ("Asia/Seoul", Decimal("90000.000000"))


def test_kakao_moment_by_day_and_by_month(landing: Landing) -> None:
    landing.land(
        "1.csv",
        "시작일,종료일,광고계정 ID,캠페인 이름,캠페인 ID,비용,노출수,클릭수",
        '2026-03-01,2026-03-01,99,여름옷,7,"300,000",900,12',
        '2026-03-01,2026-03-31,99,여름옷,7,"900,000",900,12',
    )
    rows = landing.parsed("kakao_moment", "1.csv")

    assert reasons(rows) == [None, A_MONTH]
    assert spent_of(rows[0]) == ("kakao_moment", "99", "7", "여름옷", DAY, Decimal("300000.000000"), "KRW")


def test_microsoft_ads_below_its_description_and_above_its_copyright_line(landing: Landing) -> None:
    landing.land(
        "1.csv",
        '"Report Name: Campaign performance"',
        '"Report Time: 3/1/2026 - 3/31/2026"',
        "",
        '"Gregorian date","Account number","Campaign","Campaign ID","Currency code","Impressions","Clicks","Spend"',
        '"3/1/2026","F123ABCD","Brand","303","USD","1,200","30","12.50"',
        '"©2026 Microsoft Corporation. All rights reserved. "',
    )
    defaults = Defaults(export=Export(date_format="M/d/yyyy"))
    rows = landing.parsed("microsoft_ads", "1.csv", defaults=defaults)

    assert reasons(rows) == [None, A_FOOTER]
    assert spent_of(rows[0]) == ("microsoft_ads", "F123ABCD", "303", "Brand", DAY, Decimal("12.500000"), "USD")


def test_ten_rows_and_a_total_are_ten_rows_and_the_total_is_no_bad_row(landing: Landing) -> None:
    spent = [f"2026-03-{day:02d},meta,1,c,,{day},USD,100" for day in range(1, 11)]
    landing.land(
        "1.csv",
        "date,platform,account_id,campaign_id,campaign_name,spend,currency,impressions",
        *spent,
        "Total,,,,,105.00,USD,1000",
        "date,platform,account_id,campaign_id,campaign_name,spend,currency,impressions",
        "2026-03,meta,1,c,,105.00,USD,1000",
    )
    rows = landing.parsed("ad_spend", "1.csv")

    assert reasons(rows) == [*[None] * 10, A_TOTALS_ROW, A_REPEATED_HEADER, A_MONTH]
    assert [row["line"] for row in rows] == list(range(2, 15)), "the total is line 12 of its file"
    assert {A_TOTALS_ROW, A_REPEATED_HEADER, A_FOOTER} <= set(NOT_DATA)
    assert A_MONTH not in NOT_DATA, "its spend is real, and missing"


def test_the_account_is_the_folder_or_the_file_where_the_constant_says_so(landing: Landing) -> None:
    header, row = "date,platform,campaign_name,spend,currency", "2026-03-15,tiktok,{},{},USD"
    landing.land("7001/march.csv", header, row.format("alpha", "1000"))
    landing.land("act_7002.csv", header, row.format("beta", "10"))

    def accounts(pattern: str, constant: str) -> list[str]:
        export = Export(constants={"account_id": constant})
        defaults = Defaults(export=export, accounts={"7001": AdAccount("USD", "UTC")})
        return [row["account_id"] for row in landing.parsed("csv_spend", pattern, defaults=defaults)]

    assert accounts("7001/*.csv", "{folder}") == ["7001"]
    assert accounts("*.csv", "{file}") == ["7002"]


def test_any_csv_of_spend_by_a_column_map_with_decimal_commas(landing: Landing) -> None:
    landing.land("1.csv", "Tag;Kampagne;Kosten", "01.03.2026;Frühling;1.234,50", "02.03.2026;Frühling;-")
    export = Export(
        columns={"date": "Tag", "campaign_name": "Kampagne", "spend": "Kosten"},
        constants={"platform": "idealo", "currency": "EUR"},
        decimal=",",
        date_format="dd.MM.yyyy",
    )
    rows = landing.parsed("csv_spend", "1.csv", defaults=Defaults(export=export))

    assert reasons(rows) == [None, "spend is missing or not a decimal number"]
    assert spent_of(rows[0]) == ("idealo", None, None, "Frühling", DAY, Decimal("1234.500000"), "EUR")
