"""Exports of trackers as events of our own format: what they have in common, as texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.device_ids import of_platform
from intake.flat_export import in_own_format
from intake.knobs import Export
from intake.parse import utc_text
from intake.reasons import A_TEST, NOBODY
from intake.written_numbers import given, trimmed

# A number of seconds, milliseconds or microseconds since 1970: which, its size says.
MILLISECONDS_FROM, MICROSECONDS_FROM = 10**11, 10**14
EPOCH_NUMBER = "decimal(24,6)"


def tracker_export(
    own: Adapter,
    *,
    columns: tuple[str, ...],
    required: tuple[str, ...],
    fields: Callable[[Defaults], Mapping[str, Column]],
    prepared: Callable[[DataFrame], DataFrame] = lambda rows: rows,
    names: Mapping[str, tuple[str, ...]] | None = None,
) -> Adapter:
    """An adapter for a tracker's export, one event a row.

    `fields` gives the fields of `own`, our own event format, as texts made from `columns` and what `prepared` adds;
    where it does not give id_kind, that follows from the platform. A row with is_test or is_nobody (of `prepared`) is
    set aside as no data. `names` are other headers.
    """

    def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
        ready = prepared(rows)
        asides = {"is_test": A_TEST, "is_nobody": NOBODY}
        problems = [F.when(F.col(name), F.lit(reason)) for name, reason in asides.items() if name in ready.columns]
        ready = ready.withColumn("problem", F.coalesce("problem", *problems))
        given_fields = fields(defaults)
        kind = of_platform(given_fields["platform"], given_fields["anonymous_id"])
        return own.parse(in_own_format(ready, own, {"id_kind": kind, **given_fields}), defaults, lookups)

    return Adapter(table=own.table, columns=columns, required=required, parse=parse, names=names or {})


def epoch_text(number: Column, export: Export) -> Column:
    """The moment of a number of seconds, milliseconds or microseconds since 1970; null where the text is no number.

    It is UTC, or the wall clock of the input's `timezone`, which some exports count in.
    """
    since_1970 = trimmed(number).try_cast(EPOCH_NUMBER)
    size = F.abs(since_1970)
    micros = (
        F.when(size >= MICROSECONDS_FROM, since_1970)
        .when(size >= MILLISECONDS_FROM, since_1970 * 1_000)
        .otherwise(since_1970 * 1_000_000)
    )
    return moment_text(micros_text(micros.try_cast("bigint")), export)


def micros_text(micros: Column) -> Column:
    """A number of microseconds since 1970 as a moment without an offset, of UTC."""
    return F.timestamp_micros(micros).cast("string")


def moment_text(text: Column, export: Export) -> Column:
    """A moment as the file has it, of UTC where neither it nor the input's `timezone` says otherwise."""
    return text if export.timezone else utc_text(text)


def member(fields: Column, *names: str) -> Column:
    """The first of these members of a map of texts that is given; null where it is a mark of no data."""
    return F.coalesce(*(given(fields[name]) for name in names))


def members_of(column: str) -> Column:
    """An object's members as texts, by name; null where the column holds no object."""
    return F.from_json(column, "map<string,string>")


def consent_text(analytics: Column, ads: Column) -> Column:
    """The consents in our own format; null where neither is given."""
    is_given = F.coalesce(analytics, ads).isNotNull()
    return F.when(is_given, F.to_json(F.struct(analytics.alias("analytics"), ads.alias("ads"))))


def object_of(members: Mapping[str, Column]) -> Column:
    """A JSON object of members that are JSON already; those that are null are left out, and null where all are."""
    parts = [F.concat(F.lit(f'"{name}":'), text) for name, text in members.items()]
    inner = F.concat_ws(",", *parts)
    return F.when(inner != "", F.concat(F.lit("{"), inner, F.lit("}")))


def platform_of(os: Column, *, is_server: Column, is_web: Column) -> Column:
    """web, ios, android or server: a backend's event, the web's, or that of an app by its device's system."""
    system = F.lower(os)
    return (
        F.when(F.coalesce(is_server, F.lit(False)), F.lit("server"))
        .when(F.coalesce(is_web, F.lit(False)), F.lit("web"))
        .when(system.rlike("^(?:ios|ipados|iphone|ipad|tvos)"), F.lit("ios"))
        .when(F.startswith(system, F.lit("android")), F.lit("android"))
        .otherwise(F.lit("web"))
    )
