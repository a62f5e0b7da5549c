"""The models and conversion types of a publication, and which of them a view selects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from published.delta_files import Row
from published.model_order import in_report_order
from published.publication import Published
from published.view import View
from warehouse.errors import UsageError, did_you_mean
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, GOLD_PATH_SUMMARY, SILVER_CONVERSIONS


@dataclass(frozen=True)
class Choices:
    """The models, in report order, and the conversion types that the published tables have figures for.

    `conversion_types` are sorted by net value under the first model, then by conversions, then by name; types without
    rows under that model follow, sorted by name. `main_type` is the first type with rows under it; purchase if
    channel performance is not published.
    """

    models: tuple[str, ...]
    conversion_types: tuple[str, ...]
    main_type: str

    def models_of(self, view: View) -> tuple[str, ...]:
        """The models that the view shows, in report order. UsageError when it names an unknown one."""
        if view.models is None:
            return self.models
        for model in view.models:
            _known("model", model, self.models)
        return in_report_order(view.models)

    def type_of(self, view: View) -> str:
        """The conversion type that the view shows. UsageError when it names an unknown one."""
        if view.conversion_type is None:
            return self.main_type
        _known("conversion type", view.conversion_type, self.conversion_types)
        return view.conversion_type


def read_choices(published: Published, view: View) -> Choices:
    """The choices over all days, with credit dated by the view's date basis; no other field of the view applies.

    So the type that is shown does not change with the days or models of the view.
    """
    return published.once(("choices", view.date_basis), lambda: _read_choices(published, view))


def read_currencies(published: Published) -> tuple[str, ...]:
    """The currencies of the conversions' own amounts, sorted; none where silver.conversions is not published."""
    if not published.has(SILVER_CONVERSIONS):
        return ()
    sql = "select distinct currency from silver_conversions order by currency"
    rows = published.once("currencies", lambda: published.rows(sql, SILVER_CONVERSIONS))
    return tuple(row["currency"] for row in rows)


def known_currency(published: Published, view: View) -> View:
    """The view. UsageError where it names a currency that no conversion is in."""
    if view.currency is not None:
        _known("currency", view.currency, read_currencies(published))
    return view


def _read_choices(published: Published, view: View) -> Choices:
    credited = _credited(published, view)
    models = in_report_order(row["model"] for row in credited)
    types = _by_net_value([row for row in credited if row["model"] == models[0]]) if models else []
    all_types = {row["conversion_type"] for row in credited} | _types_with_paths(published)
    return Choices(models, (*types, *sorted(all_types - set(types))), types[0] if types else "purchase")


def _credited(published: Published, view: View) -> list[Row]:
    if not published.has(GOLD_CHANNEL_PERFORMANCE):
        return []
    return published.rows(
        f"""
        select model, conversion_type, sum(credited_value) as value, sum(credited_conversions) as conversions
        from gold_channel_performance where date_basis = '{view.date_basis}' group by model, conversion_type
        """,
        GOLD_CHANNEL_PERFORMANCE,
    )


def _types_with_paths(published: Published) -> set[str]:
    if not published.has(GOLD_PATH_SUMMARY):
        return set()
    rows = published.rows("select distinct conversion_type from gold_path_summary", GOLD_PATH_SUMMARY)
    return {row["conversion_type"] for row in rows}


def _by_net_value(rows: Sequence[Row]) -> list[str]:
    def rank(row: Row) -> tuple[Decimal, float, str]:
        return (-row["value"], -row["conversions"], row["conversion_type"])

    return [row["conversion_type"] for row in sorted(rows, key=rank)]


def _known(what: str, name: str, known: Sequence[str]) -> None:
    # If no table is published, nothing is known: every name passes, and the readers show nothing.
    if known and name not in known:
        raise UsageError(
            f"no {what} is called {name!r} in what was published; there are: {', '.join(known)}"
            f"{did_you_mean(name, known)}"
        )
