"""Names of sources, media and campaigns: one form for all spellings of a name, and nothing where nothing is named."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from touchpoints.names import decoded, with_names, without_codes
from warehouse.composed import composed

# A text as it is sent -> the name that it is
SHOWN = {
    "Spring Sale": "Spring Sale",
    "봄세일": "봄세일",
    "  Spring\tSale \n": "Spring Sale",
    "Spring   Sale": "Spring Sale",
    "Spring\u00a0Sale": "Spring Sale",  # a no-break space
    "\u3000봄\u2003세일\u202f": "봄 세일",  # other wide and narrow ones
    "Spring\u200b Sale\ufeff": "Spring Sale",  # a zero-width space, a byte order mark
    "Spr\u00ading\u200d Sale\u2060": "Spring Sale",  # a soft hyphen, a joiner
    "\u200eSpring Sale\u200f": "Spring Sale",  # marks of direction
    unicodedata.normalize("NFD", "봄세일 각광"): "봄세일 각광",
    unicodedata.normalize("NFD", "Café Ñandú"): "Café Ñandú",
    unicodedata.normalize("NFD", "Việt Nam"): "Việt Nam",
    unicodedata.normalize("NFD", "バーゲン"): "バーゲン",
    "\u212aorea 10 \u2126": "Korea 10 Ω",  # the Kelvin and the Ohm sign
    "[Search] Brand": "[Search] Brand",
    "[Brand]": "[Brand]",
    "100% wool": "100% wool",
    "$5 off": "$5 off",
    "#sale": "#sale",
    "__Spring__": "__Spring__",
    "spring_{{adset.name}}": "spring_{{adset.name}}",
    "(direct)": "(direct)",
}  # fmt: skip
NOT_FILLED = (
    "{{campaign.name}}", "{{ad.name}}", "{campaignid}", "{_campaign}", "{CampaignId}", "{keyword:shoes}", "{}",
    "${campaign}",
    "${CAMPAIGN_ID}", "__CAMPAIGN_NAME__", "__CID__", "__campaign__", "[CAMPAIGN]", "[campaign_name]", "[[campaign]]",
    "%%CAMPAIGN%%", "%%ADID%%", "%campaign%", "%ecid!", "$campaign", "$campaign_title$", "*|CAMPAIGN_UID|*",
    "<campaign>", "<%= campaign.name %>", "#campaign#", "@campaign@", "{{campaign.name}}_{{adset.name}}",
    "{campaignid} | {adgroupid}", " {{campaign.name}}\u00a0", "%%SITE%%-%%PLACEMENT%%",
)  # fmt: skip
NOTHING = ("", "   ", "\u00a0", "\u200b", "(not set)", "(NOT SET)", "not set", "undefined", "null", "(not\u00a0set)")


def names_of(spark: SparkSession, texts: list[str | None]) -> dict[str | None, str | None]:
    frame = spark.createDataFrame([(text, text) for text in texts], "sent string, name string")
    return {row["sent"]: row["name"] for row in with_names(frame, ["name"]).collect()}


def test_every_spelling_of_a_name_is_one_name(spark: SparkSession) -> None:
    assert names_of(spark, list(SHOWN)) == SHOWN


def test_a_placeholder_that_a_platform_did_not_fill_is_no_name(spark: SparkSession) -> None:
    assert names_of(spark, list(NOT_FILLED)) == dict.fromkeys(NOT_FILLED)


def test_blanks_and_their_like_are_no_name(spark: SparkSession) -> None:
    assert names_of(spark, [*NOTHING, None]) == dict.fromkeys([*NOTHING, None])


def test_codes_of_urls_are_decoded_until_none_is_left(spark: SparkSession) -> None:
    of_url = {
        "no+code%20founders": "no code founders",
        "no%2520code%252520founders": "no code founders",
        "a%2Bb": "a+b",
        "a%252Bb": "a+b",
        "%25EB%25B4%2584": "봄",
        "100%": "100%",
        "100%25_wool": "100%_wool",
        "5%25ab": "5%ab",
        "%BA%BD": "%BA%BD",  # no UTF-8
        "%%CAMPAIGN%%": "%%CAMPAIGN%%",
    }
    frame = spark.createDataFrame([(text,) for text in of_url], "sent string")

    rows = frame.select("sent", decoded(F.col("sent")).alias("read"), without_codes(F.col("sent")).alias("of_spend"))

    found = {row["sent"]: (row["read"], row["of_spend"]) for row in rows.collect()}
    assert {sent: read for sent, (read, _) in found.items()} == of_url
    # A plus in the name of a campaign is a plus.
    assert found["no+code%20founders"][1] == "no+code founders"
    assert found["a%252Bb"][1] == "a+b"


LETTERS = "가각힣봄세일한글각한글éñçüßÅøžśțệổḯǘάὦЙїがばぱヴabz -_19"
WORDS = st.text(st.sampled_from(LETTERS), max_size=12)


def test_random_words_in_pieces_are_put_together_as_unicode_says(spark: SparkSession) -> None:
    words: list[str] = []

    @settings(max_examples=300, phases=[Phase.generate])
    @given(WORDS)
    def draw(word: str) -> None:
        words.append(word)

    draw()
    pieces = [unicodedata.normalize("NFD", word) for word in words]
    frame = spark.createDataFrame(list(enumerate(pieces)), "number int, text string")

    rows = frame.select("number", composed(F.col("text")).alias("whole")).collect()

    for row in rows:
        assert row["whole"] == unicodedata.normalize("NFC", pieces[row["number"]]), words[row["number"]]
    assert sum(word != piece for word, piece in zip(words, pieces, strict=True)) > 200


@pytest.mark.parametrize("first", [0xAC00, 0xB000, 0xC000, 0xD000])
def test_every_korean_syllable_is_put_together(spark: SparkSession, first: int) -> None:
    syllables = [chr(code) for code in range(first, min(first + 0x1000, 0xD7A4))]
    frame = spark.createDataFrame(
        [(s, unicodedata.normalize("NFD", s)) for s in syllables], "whole string, text string"
    )

    assert frame.where(composed(F.col("text")) != F.col("whole")).count() == 0
