"""Flat exports: the fields of one of our own formats under other names, declared instead of programmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults


@dataclass(frozen=True)
class Constant:
    """A field with the same text in every row."""

    text: str


@dataclass(frozen=True)
class Computed:
    """A field made from columns of the export: `text` gets them in the order of `columns`."""

    columns: tuple[str, ...]
    text: Callable[..., Column]


def flat_export(
    own: Adapter, fields: Mapping[str, str | Constant | Computed], *, required: tuple[str, ...] = ()
) -> Adapter:
    """An adapter for an export whose rows have the fields of `own`, one of our own formats.

    `fields` maps a field of `own` to a column of the export or to how it is made; fields that are not in it are null.
    `own` then reads the texts, so reasons in quarantine name its fields. `required` are columns of the export that a
    header must have; the column of the currency is required too where the settings name no accounts.
    """
    if unknown := sorted(set(fields) - set(own.columns)):
        raise ValueError(f"not a field of the own format: {', '.join(unknown)}; it has {', '.join(own.columns)}")
    columns_of_field = {name: _columns_of(field) for name, field in fields.items()}

    def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
        texts = {name: _text_of(field) for name, field in fields.items()}
        return own.parse(in_own_format(rows, own, texts), defaults, lookups)

    return Adapter(
        table=own.table,
        columns=tuple(dict.fromkeys(column for columns in columns_of_field.values() for column in columns)),
        required=required,
        required_without_accounts=tuple(
            column for name in own.required_without_accounts for column in columns_of_field.get(name, ())
        ),
        parse=parse,
    )


def in_own_format(rows: DataFrame, own: Adapter, fields: Mapping[str, Column]) -> DataFrame:
    """`rows` of `read_rows` as rows that `own` parses: its columns as text, null where `fields` does not have one.

    Columns of the export that no field is made from are dropped.
    """
    absent = F.lit(None)
    texts = (fields.get(name, absent).cast("string").alias(name) for name in own.columns)
    return rows.select("file", "line", "raw", "problem", F.lit(False).alias("unknown"), *texts)


def _columns_of(field: str | Constant | Computed) -> tuple[str, ...]:
    if isinstance(field, Computed):
        return field.columns
    return () if isinstance(field, Constant) else (field,)


def _text_of(field: str | Constant | Computed) -> Column:
    if isinstance(field, Computed):
        return field.text(*(F.col(name) for name in field.columns))
    return F.lit(field.text) if isinstance(field, Constant) else F.col(field)


def named_export(
    own: Adapter,
    names: Mapping[str, tuple[str, ...]],
    *,
    required: tuple[str, ...],
    constants: Mapping[str, str] | None = None,
    prepared: Callable[[DataFrame, Defaults], DataFrame] = lambda rows, defaults: rows,
) -> Adapter:
    """An adapter for an export that people download themselves, in one of several languages and ages.

    `names` gives, by field of `own` or further column, the headers that files have for it. `prepared` makes the fields
    of `own` where they are not columns; `constants` are texts of fields that the export does not have, where neither a
    column nor the settings give them.
    """
    texts = constants or {}
    columns = tuple(dict.fromkeys((*own.columns, *names)))

    def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
        filled = prepared(rows, defaults).withColumns(
            {name: F.coalesce(name, F.lit(text)) for name, text in texts.items()}
        )
        return own.parse(filled, defaults, lookups)

    needs_currency = tuple(name for name in own.required_without_accounts if name in names and name not in texts)
    return Adapter(
        table=own.table,
        columns=columns,
        required=required,
        required_without_accounts=needs_currency,
        parse=parse,
        names=names,
    )
