"""Brings marts up to date: each is made again where a table that it reads, its file or the code is another one, tested,
and written only where its tests hold."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import DataFrame

from warehouse.checks import CheckResult, none_found
from warehouse.code_version import code_version
from warehouse.contracts import Table
from warehouse.errors import UsageError
from warehouse.knobs import Marts, ReportingCurrency, ReportingDay
from warehouse.mart_checks import check_mart
from warehouse.marts import Mart, contract_of, is_mart, read_marts
from warehouse.messages import one_line
from warehouse.recipes import Run
from warehouse.sql_text import with_values
from warehouse.store import Origin, TableVersion
from warehouse.stored_mart import PROPERTY, StoredMart
from warehouse.tables import ALL_TABLES

OF_DATA = "22"  # class of SQLSTATE: a value that the statement cannot compute with
PERSONAL = frozenset(name for table in ALL_TABLES for name in table.personal_columns)


@dataclass
class MartResult:
    """What became of one mart: its tests, and whether its rows were written. `waits_for` is a table that it reads and
    that there is not; then nothing was done."""

    mart: Mart
    results: list[CheckResult] = field(default_factory=list)
    waits_for: str = ""

    @property
    def failed(self) -> list[CheckResult]:
        """The tests that failed."""
        return [result for result in self.results if not result.passed]


class MartUpdate:
    """The marts of a run's folder, each after those that it reads."""

    def __init__(self, run: Run) -> None:
        """Reads the folder, and of the lake nothing before a method asks."""
        self._run, self.marts = run, read_marts(run.knobs(Marts).folder)

    def stale(self, ahead: Mapping[Table, str]) -> list[Mart]:
        """The marts that would be made; `ahead` are the tables that earlier steps of a dry run would write."""
        written = {table.full_name for table in ahead}
        found: list[Mart] = []
        for mart in self.marts:
            waits = any(name not in written and not self._run.lake.exists(table) for name, table in _inputs(mart))
            if not waits and (self._run.full or written & {*mart.reads} or not self._is_current(mart)):
                written.add(mart.full_name)
                found.append(mart)
        return found

    def make(self) -> Iterator[MartResult]:
        """Makes the stale ones, in order."""
        for mart in self.marts:
            missing = [name for name, table in _inputs(mart) if not self._run.lake.exists(table)]
            if missing:
                yield MartResult(mart, waits_for=missing[0])
            elif self._run.full or not self._is_current(mart):
                yield MartResult(mart, self._made(mart))

    def states(self, published: Mapping[str, TableVersion]) -> dict[str, TableVersion]:
        """The states to publish: of a mart that is current the newest, of one that was kept back or waits the one that
        is `published`, where it is there yet."""
        found: dict[str, TableVersion] = {}
        for mart in self.marts:
            now = self._run.lake.at(mart.place)
            if now and self._is_current(mart):
                found[mart.full_name] = now
            elif now and (former := published.get(mart.full_name)) and former.id == now.id:
                found[mart.full_name] = former
        return found

    def _is_current(self, mart: Mart) -> bool:
        return self._run.lake.exists(mart.place) and self._run.lake.origin(mart.place) == self._origin(mart)

    def _origin(self, mart: Mart) -> Origin:
        """What rows made now are made from."""
        states = self._run.lake.states(mart.inputs)
        inputs: dict[str, int | str] = {name: str(state) for name, state in states.items()}
        knobs = hashlib.sha256(f"{mart.text} {self._literals(mart)}".encode()).hexdigest()[:16]
        return Origin(inputs, knobs, code_version())

    def _literals(self, mart: Mart) -> dict[str, str]:
        """The values of the parameters that its SQL asks."""
        literals: dict[str, Callable[[], str]] = {
            "as_of": lambda: f"date'{self._run.as_of}'",
            "timezone": lambda: f"'{self._run.knobs(ReportingDay).timezone}'",
            "currency": lambda: f"'{self._run.knobs(ReportingCurrency).currency}'",
        }
        return {name: literals[name]() for name in mart.parameters}

    def _made(self, mart: Mart) -> list[CheckResult]:
        lake, origin = self._run.lake, self._origin(mart)
        with lake.staging(f"marts/{mart.name}") as stage, self._readable(mart) as inputs:
            frame = self._analyzed(mart)
            schema = {one.name: one.dataType.simpleString() for one in frame.schema}
            contract = contract_of(mart, schema, inputs)
            _require_named(mart, frame)
            try:
                rows = stage("rows", frame)
                rows.createOrReplaceTempView(mart.place.sql_name)
                results = check_mart(rows, mart, contract, partial(self._query, mart))
            except PySparkException as error:
                if not (error.getSqlState() or "").startswith(OF_DATA):
                    raise
                return [none_found(f"failures of {mart.full_name}", 1, detail=_reason(error))]
            if all(result.passed for result in results):
                stored = StoredMart.of(mart, contract)
                lake.replace_with_schema(contract, rows, origin=origin, properties={PROPERTY: stored.text})
            return results

    @contextmanager
    def _readable(self, mart: Mart) -> Iterator[list[Table]]:
        """The tables that the mart reads, as views under their names in SQL; gives their contracts."""
        from warehouse.jvm.personal_descent import marked  # noqa: PLC0415

        session, contracts = self._run.lake.spark, []
        try:
            for name, table in _inputs(mart):
                rows = self._run.lake.read(table)
                contract = self._stored(table) if is_mart(name) else table
                marked(rows, contract.personal_columns).createOrReplaceTempView(table.sql_name)
                contracts.append(contract)
            yield contracts
        finally:
            for table in (*mart.inputs, mart.place):
                session.catalog.dropTempView(table.sql_name)

    def _stored(self, place: Table) -> Table:
        properties = self._run.lake.properties(place)
        return StoredMart.from_properties(properties, place.full_name).contract

    def _analyzed(self, mart: Mart) -> DataFrame:
        frame = self._query(mart, mart.sql)
        names = [name.lower() for name in frame.columns]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise UsageError(f"{mart.file}: two columns are called {twice[0]}: give one another name by AS")
        return frame

    def _query(self, mart: Mart, sql: str) -> DataFrame:
        # In brackets, nothing but a query is a statement.
        try:
            return self._run.lake.spark.sql(f"select * from (\n{with_values(sql, self._literals(mart))}\n)")
        except AnalysisException as error:
            raise UsageError(f"{mart.file}: Spark cannot run it: {_reason(error)}") from error


def _inputs(mart: Mart) -> list[tuple[str, Table]]:
    return [(table.full_name, table) for table in mart.inputs]


def _require_named(mart: Mart, frame: DataFrame) -> None:
    """UsageError where a column leads back to a person and the head does not say so."""
    from warehouse.jvm.personal_descent import personal_columns  # noqa: PLC0415

    if leaks := [name for name in personal_columns(frame, PERSONAL) if name not in mart.head.personal]:
        raise UsageError(
            f"{mart.file}: {', '.join(leaks)} of its columns lead back to persons: name them in `personal`, or leave "
            "them out"
        )


def _reason(error: PySparkException) -> str:
    return one_line(str(error)).split(" SQLSTATE:")[0]
