"""Tools that follow a number to the conversions and landed lines behind it, without naming a person."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from pydantic import Field

from dashboard.agents.answers import ROWS, Limit, RunId, head, shortened, text
from dashboard.agents.arguments import Basis, ConversionType, FirstDay, LastDay, Model
from dashboard.agents.conversion_answer import ConversionAnswer, conversion_answer
from dashboard.agents.metric_query import require_value
from dashboard.agents.number_answer import (
    CostBehind,
    CreditBehind,
    NumberAudit,
    conversion_behind,
    cost_behind,
    sums_of,
)
from dashboard.agents.shop import AgentShop
from published.audit import Cursor, read_conversions_behind
from published.audited_number import DIMENSIONS, NumberFilters, number_filters
from published.conversion_audit import read_conversion
from published.landed_lines import read_landed_lines
from published.metrics import Metric
from published.metrics import metric as metric_of
from published.publication import Published
from published.spend_audit import read_spend_behind
from published.view import View
from warehouse.errors import InputError, UsageError
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE

CREDIT = ("credited", "gross_value", "new_customers")  # columns that are sums over conversions

MetricName = Annotated[str, Field(description="A metric of list_metrics, such as credited_value or roas.")]
Channel = Annotated[str | None, Field(description="Only this channel, as figures have it. Default: all.")]
Campaign = Annotated[str | None, Field(description="Only this campaign, in lower case, as figures have it.")]
Source = Annotated[str | None, Field(description="Only this source (utm_source), in lower case.")]
Medium = Annotated[str | None, Field(description="Only this medium (utm_medium), in lower case.")]
After = Annotated[str | None, Field(description="`next_page` of the answer before: the rows that follow.")]
Named = Annotated[
    str,
    Field(max_length=200, description="`conversion` of audit_number, or a conversion_id that the user names."),
]


class Page(NamedTuple):
    """How many rows, and from where on."""

    limit: int
    after: str | None


class AuditTools:
    """Tools that audit figures of one shop."""

    def __init__(self, shop: AgentShop) -> None:
        """`shop` is whose figures they audit."""
        self.shop = shop

    def audit_number(
        self,
        *,
        metric: MetricName,
        first_day: FirstDay = None,
        last_day: LastDay = None,
        model: Model = None,
        conversion_type: ConversionType = None,
        date_basis: Basis = None,
        channel: Channel = None,
        campaign: Campaign = None,
        source: Source = None,
        medium: Medium = None,
        limit: Limit = ROWS,
        after: After = None,
        run_id: RunId = None,
    ) -> NumberAudit:
        """Explain a number of channels: its definition and SQL, its value with these filters, the conversions (or rows
        of spend with landed file and line) behind it, and whether they add up to what is published. No person is
        named; audit_conversion follows one conversion further."""
        published, found = self.shop.published(run_id), metric_of(metric)
        if found.table != GOLD_CHANNEL_PERFORMANCE.full_name:
            return self._definition(published, found)
        view = View(
            first_day=first_day,
            last_day=last_day,
            conversion_type=conversion_type,
            date_basis=date_basis or "conversion",
            timezone=self.shop.timezone,
        )
        chosen: dict[str, Any] = {"channel": channel, "source": source, "medium": medium, "campaign": campaign}
        for column, value in chosen.items():
            if value is not None:
                require_value(published, GOLD_CHANNEL_PERFORMANCE, column, value)
        filters = number_filters(published, view, model=model, **chosen)
        sql = filters.sql(found.formula, found.name, found.where)
        (row,) = published.rows(sql, GOLD_CHANNEL_PERFORMANCE)
        page = Page(limit, after)
        has_credit = any(part in found.formula for part in CREDIT)
        parts: dict[str, Any] = {}
        if has_credit:
            parts = self._credit(published, view, filters, page)
        elif "spend" in found.formula:
            parts = self._spend(published, view, filters, page)
        notes = ["for the rows of spend, audit the metric spend"] if has_credit and "spend" in found.formula else []
        return NumberAudit(
            **head(published, self.shop),
            **_what(found),
            notes=notes,
            value=None if row[found.name] is None else text(row[found.name]),
            filters={name: shortened(value) for name, value in filters.as_texts().items()},
            sql=sql,
            **{**NOTHING, **parts},
        )

    def audit_conversion(self, conversion: Named, run_id: RunId = None) -> ConversionAnswer:
        """Explain one conversion: its path of touches with the rule that decided each channel, the credit and value
        that each model gives to each touch, whether they add up, why it is unattributed if it is, and the landed file
        and line of every row it was made from. Without ids of persons and orders."""
        published = self.shop.published(run_id)
        conversion_id = self.shop.handles.conversion_id(conversion)
        found = read_conversion(published, conversion_id, window=self.shop.window, secret=self.shop.secret)
        if found is None:
            if not published.versions.keys() >= {"silver.conversions", "gold.attribution_credits"}:
                raise InputError("conversions and credits are not published: run `distributary pipeline`")
            raise UsageError(
                f"no conversion {conversion[:80]!r} is among those that run {published.run_id} published; "
                "audit_number names them"
            )
        lines = read_landed_lines(found.records, self.shop.landing_root)
        handle = self.shop.handles.of(found.conversion_id)
        return conversion_answer(head(published, self.shop), handle, found, lines)

    def _definition(self, published: Published, found: Metric) -> NumberAudit:
        """A metric of another table: what it is."""
        return NumberAudit(
            **head(published, self.shop),
            **_what(found),
            notes=[f"only numbers of gold.channel_performance are followed further; query_metric has {found.name}"],
            value=None,
            filters={},
            sql=found.sql(),
            **NOTHING,
        )

    def _credit(self, published: Published, view: View, filters: NumberFilters, page: Page) -> dict[str, Any]:
        """The conversions behind a number that is made of credit; nothing where credits are not published."""
        behind = read_conversions_behind(
            published,
            view,
            timezone=self.shop.timezone,
            model=filters.model,
            limit=page.limit,
            after=self._cursor(page.after),
            **_dimensions(filters),
        )
        if behind is None:
            return {}
        credit = CreditBehind(
            count=behind.conversions,
            summed=sums_of(behind.summed),
            published=sums_of(behind.number),
            adds_up=behind.adds_up,
        )
        conversions = [conversion_behind(row, self.shop.handles.of(row.conversion_id)) for row in behind.rows]
        return {"credit": credit, "conversions": conversions, "next_page": self._named(behind.after)}

    def _spend(self, published: Published, view: View, filters: NumberFilters, page: Page) -> dict[str, Any]:
        """The rows of spend behind a number that is made of spend; nothing where spend is not published."""
        behind = read_spend_behind(
            published,
            view,
            timezone=self.shop.timezone,
            limit=page.limit,
            after=page.after,
            **_dimensions(filters),
        )
        if behind is None:
            return {}
        spend = CostBehind(
            count=behind.count, summed=text(behind.summed), published=text(behind.number), adds_up=behind.adds_up
        )
        return {"spend": spend, "spend_rows": [cost_behind(row) for row in behind.rows], "next_page": behind.after}

    def _named(self, after: str | None) -> str | None:
        """The cursor of conversions with a name in place of the id."""
        if after is None:
            return None
        last = Cursor.of(after)
        return str(Cursor(last.amount, self.shop.handles.of(last.key)))

    def _cursor(self, page: str | None) -> str | None:
        """The cursor of such a page."""
        if page is None:
            return None
        last = Cursor.of(page)
        return str(Cursor(last.amount, self.shop.handles.conversion_id(last.key)))


def _dimensions(filters: NumberFilters) -> dict[str, Any]:
    return {name: getattr(filters, name) for name in DIMENSIONS}


NOTHING: dict[str, Any] = {"credit": None, "conversions": [], "spend": None, "spend_rows": [], "next_page": None}


def _what(found: Metric) -> dict[str, str]:
    return {
        "metric": found.name,
        "sentence": found.sentence.en,
        "formula": found.formula,
        "table": found.table,
        "unit": found.unit,
    }
