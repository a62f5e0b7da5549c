"""Korean in the codes of old pages."""

from __future__ import annotations

from urllib.parse import quote

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from touchpoints.korean_codes import with_korean

CASES = {
    "%B3%D7%C0%CC%B9%F6_PC_PCS": "네이버_PC_PCS",
    "%b3%d7%c0%cc%b9%f6": "네이버",
    "%25B3%25D7%25C0%25CC": "네이",  # twice
    "spring %B0%A1": "spring 가",
    "%B0%A1%20%B0%A1%26": "가 가&",
    "%B5%BF%A1%A4%BD%C4": "동·식",
    "%8Cc%BC%84": "똠펲",  # CP949 beyond EUC-KR, the second byte a letter
    "%C8%FE": "힝",
    "100% %B0%A1": "100% 가",
    # of another language, or no text
    "M%FCnchen": "M%FCnchen",
    "caf%E9": "caf%E9",
    "gr%F6%DFer": "gr%F6%DFer",
    "%A4%B3%A4%F3": "%A4%B3%A4%F3",  # Japanese, EUC-JP
    "%FF%FE": "%FF%FE",
    "%B0": "%B0",
    "plain": "plain",
    "100%": "100%",
    "": "",
}


def test_korean_codes_are_read_and_others_stay(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(text, text) for text in (*CASES, None)], "sent string, name string")

    found = {row["sent"]: row["name"] for row in with_korean(frame, ["name"], where=F.lit(True)).collect()}

    assert found == {**CASES, None: None}


def test_every_syllable_is_read(spark: SparkSession) -> None:
    syllables = [chr(code) for code in range(0xAC00, 0xD7A4)]
    texts = ["".join(syllables[start : start + 50]) for start in range(0, len(syllables), 50)]
    frame = spark.createDataFrame([(text, quote(text, encoding="cp949")) for text in texts], "text string, name string")

    rows = with_korean(frame, ["name"], where=F.lit(True)).collect()

    assert [row["name"] for row in rows] == [row["text"] for row in rows]
