"""Meta Ads Manager exports by day, in the languages of the page: the currency stands in the header of the amount."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from intake.adapters.spend import ad_spend
from intake.flat_export import named_export
from intake.written_numbers import given

DAYS = ("day", "일", "Tag", "日", "jour", "día", "dia", "giorno", "dag")


def with_own_fields(rows: DataFrame) -> DataFrame:
    """`rows` with date. A row that names no campaign is the sum of the others."""
    start, end = given(F.col("date")), given(F.col("date_end"))
    is_one_day = end.isNull() | (start == end)
    day = F.coalesce(given(F.col("day")), F.when(is_one_day, start).otherwise(F.concat(start, F.lit(" - "), end)))
    is_sum = given(F.col("campaign_name")).isNull() & given(F.col("campaign_id")).isNull()
    return rows.withColumns({"date": F.when(~is_sum, day), "total_mark": F.when(is_sum, F.lit("Total"))})


ADAPTER = named_export(
    ad_spend.ADAPTER,
    {
        "day": DAYS,
        "date": (
            "reporting starts", "보고 시작", "Berichtsstart", "レポート開始日", "Début des rapports",
            "Inicio del informe", "Início dos relatórios", "Inizio dei report", *DAYS,
        ),
        "date_end": (
            "reporting ends", "보고 종료", "Berichtsende", "レポート終了日", "Fin des rapports", "Fin del informe",
            "Término dos relatórios", "Encerramento dos relatórios", "Fine dei report",
        ),
        "account_id": (
            "account id", "ad account id", "계정 ID", "광고 계정 ID", "Konto-ID", "Account-ID", "Werbekonto-ID",
            "アカウントID", "Identifiant du compte", "Identificador de la cuenta", "Identificação da conta",
            "ID account",
        ),
        "campaign_id": (
            "campaign id", "캠페인 ID", "Kampagnen-ID", "キャンペーンID", "ID de la campagne",
            "Identifiant de la campagne", "Identificador de la campaña", "Identificação da campanha", "ID campagna",
            "ID della campagna", "Campagne-ID",
        ),
        "campaign_name": (
            "campaign name", "캠페인 이름", "Kampagnenname", "Name der Kampagne", "キャンペーン名",
            "Nom de la campagne", "Nombre de la campaña", "Nome da campanha", "Nome della campagna", "Campagnenaam",
            "Naam campagne",
        ),
        "impressions": (
            "impressions", "노출", "Impressionen", "インプレッション", "Impresiones", "Impressões", "Impression",
            "Weergaven", "Vertoningen",
        ),
        "clicks": (
            "link clicks", "링크 클릭", "Link-Klicks", "Linkklicks", "リンクのクリック", "リンククリック",
            "Clics sur un lien", "Clics en el enlace", "Cliques no link", "Clic sul link", "Klikken op links",
            "Linkklikken",
        ),
        # With the currency in brackets: Amount spent (USD).
        "spend": (
            "amount spent", "지출 금액", "Ausgegebener Betrag", "消化金額", "Montant dépensé", "Importe gastado",
            "Valor usado", "Importo speso", "Besteed bedrag",
        ),
        "currency": ("통화", "Währung", "通貨", "devise", "divisa", "moneda", "moeda", "valuta"),
        "platform_conversions": ("purchases", "구매", "Käufe", "購入", "achats", "compras", "acquisti", "aankopen"),
        "platform_conversion_value": (
            "purchases conversion value", "구매 전환값", "Conversion-Wert für Käufe", "Valeur de conversion des achats",
            "Valor de conversión de compras", "Valor de conversão da compra",
            "Valore di conversione degli acquisti",
        ),
    },
    required=("date", "campaign_name", "spend"),
    constants={"platform": "meta"},
    prepared=with_own_fields,
)  # fmt: skip
