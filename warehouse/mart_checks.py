"""The tests of a mart's rows, and whether they hold."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from warehouse.checks import CheckResult, equal, none_found, side_by_side
from warehouse.contract_checks import check_contracts
from warehouse.contracts import Table
from warehouse.errors import UsageError
from warehouse.marts import Mart

Query = Callable[[str], DataFrame]


def check_mart(rows: DataFrame, mart: Mart, contract: Table, query: Query) -> list[CheckResult]:
    """The results of its key, nulls and accepted values, then one for each expression and each total of its head.

    `query` gives the rows of a statement over the tables that the mart reads, and over `rows` under the mart's own name
    in SQL. In an expression a null holds.
    """
    return [
        *check_contracts(lambda _: rows, [contract]),
        *_check_expressions(mart, query),
        *_check_totals(mart, query),
    ]


def _check_expressions(mart: Mart, query: Query) -> list[CheckResult]:
    expressions = mart.head.tests.expressions
    if not expressions:
        return []
    counts = [f"count_if(not (\n{sql}\n)) as of_{at}" for at, sql in enumerate(expressions.values())]
    (found,) = query(f"select {', '.join(counts)} from {mart.place.sql_name}").collect()
    return [
        none_found(f"rows of {mart.full_name} without ({name})", found[f"of_{at}"], detail=sql)
        for at, (name, sql) in enumerate(expressions.items())
    ]


def _check_totals(mart: Mart, query: Query) -> list[CheckResult]:
    totals = mart.head.tests.conserves
    if not totals:
        return []
    sums = [f"sum(\n{one.sum}\n) as of_{at}" for at, one in enumerate(totals.values())]
    wanted = [_number(query(one.equals), f"wanted_{at}", mart) for at, one in enumerate(totals.values())]
    found = side_by_side(query(f"select {', '.join(sums)} from {mart.place.sql_name}"), *wanted)
    return [
        equal(f"total of {mart.full_name} ({name})", found[f"wanted_{at}"], found[f"of_{at}"], detail=one.equals)
        for at, (name, one) in enumerate(totals.items())
    ]


def _number(answer: DataFrame, name: str, mart: Mart) -> DataFrame:
    """The sum over the only column of an answer: of a query of one number, that number."""
    if len(answer.columns) != 1:
        raise UsageError(f"{mart.file}: tests.conserves: a query of one number has {len(answer.columns)} columns")
    return answer.agg(F.sum(F.col(f"`{answer.columns[0]}`")).alias(name))
