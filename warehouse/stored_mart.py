"""What a mart's table says of itself: its contract, as a property of the table, for readers that have no file of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from warehouse.contracts import Column, Table
from warehouse.errors import InputError
from warehouse.languages import BothLanguages
from warehouse.mart_sql import LAYER
from warehouse.marts import FRESHNESS, Mart

PROPERTY = "distributary.mart"
OF_COLUMN = ("name", "type", "meaning", "unit", "nullable", "personal", "values")


@dataclass(frozen=True)
class StoredMart:
    """A mart as its table has it: contract, the question that it answers, the tables that it reads, its statement."""

    contract: Table
    sentence: BothLanguages
    reads: tuple[str, ...]
    sql: str

    @classmethod
    def of(cls, mart: Mart, contract: Table) -> Self:
        """The mart of a file, with the contract that its statement gave."""
        return cls(contract, mart.head.sentence, mart.reads, mart.sql)

    @property
    def text(self) -> str:
        """The value of the property. Without $, which Spark would look at in a statement."""
        table = self.contract
        plain = {
            "name": table.name,
            "grain": table.grain,
            "owner": table.owner,
            "key": table.key,
            "columns": [{name: getattr(column, name) for name in OF_COLUMN} for column in table.columns],
            "sentence": self.sentence.model_dump(),
            "reads": self.reads,
            "sql": self.sql,
        }
        return json.dumps(plain).replace("$", "\\u0024")

    @classmethod
    def from_properties(cls, properties: Mapping[str, str | None], full_name: str) -> Self:
        """The mart that `text` gave. InputError for a table without it."""
        try:
            plain: dict[str, Any] = json.loads(properties.get(PROPERTY) or "")
            sentence = BothLanguages(**plain["sentence"])
            contract = Table(
                layer=LAYER,
                name=plain["name"],
                grain=plain["grain"],
                owner=plain["owner"],
                freshness=FRESHNESS,
                key=tuple(plain["key"]),
                columns=tuple(
                    Column(**{**{name: one[name] for name in OF_COLUMN}, "values": tuple(one["values"])})
                    for one in plain["columns"]
                ),
                notes=sentence.en,
            )
            return cls(contract, sentence, tuple(plain["reads"]), plain["sql"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{full_name} does not say what it is (its property {PROPERTY}): "
                "run `distributary pipeline --full` to make it again"
            ) from error
