"""Tools about tables: publications, ready views, columns, and SQL."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from dashboard.agents.answers import ROWS, AgentAnswer, Limit, RowsAnswer, RunId, cut_note, head, rows_within, text
from dashboard.agents.arguments import InLanguage, Only
from dashboard.agents.conditions import conditions
from dashboard.agents.shop import AgentShop
from published.publication import Published, alias, publications
from published.sql import WORD, ask, columns_of, listed, table_called
from published.views import ReadyView, ready_views
from warehouse.errors import UsageError, unknown_name
from warehouse.tables import ALL_TABLES

MOST_PUBLICATIONS = 100

Query = Annotated[
    str,
    Field(
        min_length=1,
        max_length=20_000,
        description="One select, in DataFusion's dialect. Tables are named gold_channel_performance and so on.",
    ),
]
ViewName = Annotated[str, Field(description="A view of list_views.")]
TableName = Annotated[str, Field(description="A table or view of list_views, such as gold_channel_performance.")]
LargestFirst = Annotated[str | None, Field(description="A column: the rows with most of it come first.")]


class PublicationFacts(BaseModel):
    """One publication."""

    run_id: str
    as_of: str
    published_at: str
    tables: Annotated[int, Field(description="How many tables it published.")]


class PublicationList(AgentAnswer):
    """Publications, newest first."""

    publications: list[PublicationFacts]
    is_cut: bool


class ViewFacts(BaseModel):
    """One ready view."""

    name: str
    question: str
    sentence: str
    grain: Annotated[str, Field(description="What one row is of.")]
    example: str
    unavailable: Annotated[str, Field(description="Why it has no rows here; empty where it has.")]


class TableFacts(BaseModel):
    """One table that SQL can name."""

    name: str
    sentence: str


class ViewList(AgentAnswer):
    """Ready views, then tables."""

    views: list[ViewFacts]
    tables: list[TableFacts]


class ViewRows(RowsAnswer):
    """Rows of a view or of a query."""

    sql: str


class ColumnFacts(BaseModel):
    """One column."""

    name: str
    type: str
    meaning: Annotated[str, Field(description="What it means, with its unit in brackets.")]
    is_hidden: Annotated[bool, Field(description="It is personal: no tool shows it, and SQL does not know it.")]


class TableDescription(AgentAnswer):
    """A table or view, and its columns."""

    name: str
    sentence: str
    grain: str
    columns: list[ColumnFacts]


class ViewTools:
    """Tools about tables of one shop."""

    def __init__(self, shop: AgentShop) -> None:
        """`shop` is whose tables they read."""
        self.shop = shop

    def list_publications(self, limit: Annotated[int, Field(ge=1, le=MOST_PUBLICATIONS)] = 20) -> PublicationList:
        """List publications, newest first: the run, its last day and when it was published. Every tool reads one of
        them as a whole, by default the newest; run_id chooses an older one."""
        every = publications(self.shop.lake)
        return PublicationList(
            **head(every[0], self.shop),
            publications=[
                PublicationFacts(
                    run_id=text(one.run_id),
                    as_of=text(one.as_of),
                    published_at=text(one.published_at),
                    tables=len(one.versions),
                )
                for one in every[:limit]
            ],
            is_cut=len(every) > limit,
        )

    def list_views(self, language: InLanguage = "en", run_id: RunId = None) -> ViewList:
        """List ready views (one everyday question each, such as roas_by_channel_30d) and the tables that SQL can name.
        run_view answers with a view's rows, describe_table with columns."""
        published = self.shop.published(run_id)
        found = listed(published, language)
        return ViewList(
            **head(published, self.shop),
            views=[
                ViewFacts(
                    name=view.name,
                    question=getattr(view.question, language),
                    sentence=getattr(view.sentence, language),
                    grain=view.grain,
                    example=view.example,
                    unavailable=_unavailable(view, published),
                )
                for view in ready_views().values()
            ],
            tables=[TableFacts(name=one.name, sentence=one.sentence) for one in found if not one.is_view],
        )

    def run_view(
        self,
        name: ViewName,
        only: Only = None,
        largest_first: LargestFirst = None,
        limit: Limit = ROWS,
        run_id: RunId = None,
    ) -> ViewRows:
        """Give the rows of a ready view, filtered by values of its columns and sorted by one of them."""
        published = self.shop.published(run_id)
        if name not in ready_views():
            raise UsageError(unknown_name("view", name, ready_views()))
        types = ask(published, f"select * from {name}", limit=0, personal=False).types
        where = " and ".join(conditions(only or {}, types, name))
        sql = f"select * from {name}{f' where {where}' if where else ''}"
        if largest_first is not None:
            if largest_first not in types:
                raise UsageError(f"largest_first: {unknown_name('column', largest_first, types)}")
            sql += f' order by "{largest_first}" desc nulls last'
        elif key := ready_views()[name].key:
            sql += f" order by {', '.join(key)}"
        return self._rows(published, sql, limit)

    def query_sql(self, sql: Query, limit: Limit = ROWS, run_id: RunId = None) -> ViewRows:
        """Run one select over the published tables and ready views, where no other tool answers. Nothing can be
        written; personal columns (ids of persons, orders, visits) do not exist. Prefer query_metric: sums over
        gold_channel_performance repeat spend for each model, conversion_type and date_basis: filter all three."""
        return self._rows(self.shop.published(run_id), sql, limit)

    def describe_table(self, name: TableName, run_id: RunId = None) -> TableDescription:
        """Describe a table or view: what one row is, and its columns with type, meaning and unit."""
        published = self.shop.published(run_id)
        plain = name.strip().replace(".", "_")
        known = {one.name: one for one in listed(published, "en")}
        if plain not in known:
            raise UsageError(unknown_name("table or view", name[:100], known))
        view = ready_views().get(plain)
        tables = view.contracts if view else (table_called(published, plain),)
        personal = {column for table in tables for column in table.personal_columns}
        return TableDescription(
            **head(published, self.shop),
            name=plain,
            sentence=view.sentence.en if view else known[plain].sentence,
            grain=view.grain if view else tables[0].grain,
            columns=[
                ColumnFacts(name=column, type=type_, meaning=meaning, is_hidden=column in personal)
                for column, type_, meaning in columns_of(published, plain).rows
            ],
        )

    def _rows(self, published: Published, sql: str, limit: int) -> ViewRows:
        try:
            answer = ask(published, sql, limit=limit, personal=False)
        except UsageError as error:
            reason = str(error).replace("without SQL, all are listed", "list_views lists them")
            if hidden := _hidden_in(published, sql):
                reason += f"; personal columns are hidden: {', '.join(hidden)}"
            raise UsageError(reason) from error
        rows, is_cut = rows_within(answer.dicts(), limit)
        is_cut = is_cut or answer.is_cut
        if len(set(answer.columns)) < len(answer.columns):
            raise UsageError("two columns have one name: give each its own with `as`")
        return ViewRows(
            **head(published, self.shop),
            notes=cut_note(rows, is_cut=is_cut),
            columns=list(answer.columns),
            rows=rows,
            is_cut=is_cut,
            sql=sql,
        )


def _hidden_in(published: Published, sql: str) -> list[str]:
    """The personal columns that SQL names of tables that it names."""
    words = set(WORD.findall(sql))
    marts = [published.contract(name) for name in published.mart_names if name.replace(".", "_") in words]
    named = [*(table for table in ALL_TABLES if alias(table) in words), *marts]
    return sorted({column for table in named for column in table.personal_columns if column in words})


def _unavailable(view: ReadyView, published: Published) -> str:
    """Why run_view has no rows of it."""
    if view.waits_for:
        return f"waits for {view.waits_for}"
    if of_persons := set(view.key) & {column for table in view.contracts for column in table.personal_columns}:
        return f"its rows are single persons ({', '.join(sorted(of_persons))})"
    if missing := [table.full_name for table in view.contracts if table.layer == "gold" and not published.has(table)]:
        return f"{', '.join(missing)} is not published"
    return ""
