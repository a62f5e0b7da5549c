"""Rows of strings from JSON Lines: one object a line, numbers as they are written."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.wanted_columns import Wanted

BOM = "\ufeff"
# As Spark writes a double, also one beyond all doubles.
DOUBLE = r'^-?[0-9]+\.[0-9]+(E-?[0-9]+)?$|^"-?Infinity"$'
NUMBER_AFTER_KEY = r'"\s*:\s*(-?[0-9][0-9.eE+-]*)'
JSON_OPTIONS = {"allowNonNumericNumbers": "false"}  # NaN is no JSON


def json_rows(lines: DataFrame, wanted: Wanted) -> DataFrame:
    """One row per line of `lines` (file, line, raw, problem) that is not blank; see `read_rows`."""
    bare = F.when(F.startswith("raw", F.lit(BOM)), F.substr("raw", F.lit(len(BOM) + 1))).otherwise(F.col("raw"))
    # Read as a list within an object: a reader of one object would stop at its end and miss what follows.
    listed = F.concat(F.lit('{"objects": ['), bare, F.lit("]}"))
    parsed = lines.where(F.trim("raw") != "").select(
        "file",
        "line",
        "raw",
        "problem",
        F.from_json(listed, "objects array<map<string, string>>", JSON_OPTIONS)["objects"].alias("_objects"),
    )
    # A column of its own, so that it is made once.
    parsed = parsed.withColumn("_fields", _as_written(F.get("_objects", F.lit(0))))
    fields = F.col("_fields")
    keys = F.map_keys(fields)
    keys_of = {column: wanted.headers_of(column) for column in wanted.columns}
    read_keys = list(dict.fromkeys(key for own in keys_of.values() for key in own))
    known = F.array(*(F.lit(key) for key in read_keys))
    # As many keys as known fields with a value: no field is unknown or given twice. Most lines are like this.
    filled = reduce(Column.__add__, (fields[key].isNotNull().cast("int") for key in read_keys))
    is_plain = F.size(fields) == filled
    ends = F.endswith("raw", F.lit("}")) | F.col("raw").rlike(r"\}\s*$")
    problem = (
        F.when(F.col("problem").isNotNull(), F.col("problem"))
        .when(~F.startswith(F.ltrim(bare), F.lit("{")), F.lit("not a JSON object"))
        .when(F.col("_objects").isNull() & F.json_object_keys(bare).isNull(), F.lit("not JSON"))
        .when(F.col("_objects").isNull() | (F.size("_objects") != 1) | ~ends, F.lit("more than one JSON object"))
        .when(~is_plain & (F.size(F.array_distinct(keys)) < F.size(keys)), F.lit("a field is given twice"))
    )
    is_unknown = F.coalesce(~is_plain & (F.size(F.array_except(keys, known)) > 0), F.lit(False))
    texts = {column: F.coalesce(*(fields[key] for key in own)) for column, own in keys_of.items()}
    texts |= {column: F.lit(text) for column, text in wanted.constants.items()}
    return parsed.select(
        "file",
        "line",
        "raw",
        problem.alias("problem"),
        is_unknown.alias("unknown"),
        *(texts[column].alias(column) for column in wanted.columns),
    )


def _as_written(fields: Column) -> Column:
    """The fields of an object, with the numbers that Spark reads as doubles (1.10, 12345678.0) spelled as in `raw`.

    Integers keep all their digits in any case. A number within an object or list within the object stays a double's.
    """

    def spelled(key: Column, value: Column) -> Column:
        named = F.concat(F.lit('"'), F.regexp_replace(key, r"([^0-9A-Za-z_])", r"\\$1"), F.lit(NUMBER_AFTER_KEY))
        written = F.regexp_extract_all("raw", named, 1)
        number = F.translate(value, '"', "").try_cast("double")
        same = F.filter(written, lambda one: one.try_cast("double") == number)
        as_spark_does = F.when(F.array_contains(written, value), value)  # rather than that of a key within an object
        # Text that begins with another sign than a digit, - or " is greater than :, so most of it is not looked at.
        is_double = (value < ":") & value.rlike(DOUBLE)
        return F.when(is_double, F.coalesce(as_spark_does, F.get(same, F.lit(0)), value)).otherwise(value)

    return F.transform_values(fields, spelled)
