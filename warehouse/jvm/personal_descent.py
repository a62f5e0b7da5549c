"""Which columns of a query descend from columns of persons, by the plan that Spark makes of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

MARK = "distributary.personal"
# A number of persons, and a place in an order, name none of them.
NUMBERS = (
    *("Count", "CountIf", "HyperLogLogPlusPlus", "Size", "ArraySize"),
    *("RowNumber", "Rank", "DenseRank", "PercentRank", "CumeDist", "NTile"),
)
# Their columns are those of each side, by position, and have the ids of the first one.
SETS = ("Union", "Intersect", "Except", "UnionLoop")
FIELDS = ("GetStructField", "GetArrayStructFields")


def marked(frame: DataFrame, personal: Collection[str]) -> DataFrame:
    """The frame with a mark on its personal columns, which `personal_columns` finds again."""
    of_persons = [name for name in frame.columns if name in personal]
    return frame.withColumns({name: F.col(name).alias(name, metadata={MARK: True}) for name in of_persons})


def personal_columns(frame: DataFrame, personal: Collection[str]) -> list[str]:
    """The columns of a frame over `marked` frames that descend from a marked column, in order.

    Renamed, joined, hashed, cut or put together it still descends from it; a count, a rank, and what is true or false
    do not. A field of a struct is personal by its name, one of `personal`. What is not known of a plan counts as
    descending.
    """
    plan = frame._jdf.queryExecution().analyzed()
    walk = _Walk(personal)
    walk.plan(plan)
    return [each.name() for each in _each(plan.output()) if walk.is_personal(each)]


class _Walk:
    """The attributes (by their ids in Spark) of a plan that are personal, found from its leaves upwards."""

    def __init__(self, names: Collection[str]) -> None:
        self._names, self._personal = frozenset(names), set[int]()
        self._defined: dict[int, list[Any]] = {}  # outputs of WITH, by Spark's id

    def is_personal(self, attribute: Any) -> bool:
        return _id(attribute) in self._personal

    def plan(self, plan: Any) -> None:
        kind = _kind(plan)
        children = list(_each(plan.children()))
        if kind == "WithCTE":  # what WITH defines comes before what reads it
            children = [*_each(plan.cteDefs()), plan.plan()]
        for child in children:
            self.plan(child)
        if kind == "CTERelationDef":
            self._defined[plan.id()] = list(_each(plan.output()))
        below = {_id(each) for child in children for each in _each(child.output())}
        made = {_id(alias): alias for expression in _each(plan.expressions()) for alias in _aliases(expression)}
        for position, attribute in enumerate(_each(plan.output())):
            if _id(attribute) in below and kind not in SETS:
                continue
            named = made.get(_id(attribute))
            origins = [named] if named else self._origins(plan, children, position)
            if attribute.metadata().contains(MARK) or any(map(self._descends, origins)):
                self._personal.add(_id(attribute))

    def _origins(self, plan: Any, children: list[Any], position: int) -> list[Any]:
        """What an attribute is made of that begins in this part of the plan without a name of its own."""
        kind = _kind(plan)
        if kind == "CTERelationRef":
            return [self._defined[plan.cteId()][position]]
        if kind in SETS:
            return [child.output().apply(position) for child in children]
        if kind == "Expand":
            return [each.apply(position) for each in _each(plan.projections())]
        if kind == "Generate":
            return [plan.generator()]
        return [each for child in children for each in _each(child.output())]

    def _descends(self, expression: Any) -> bool:
        kind = _kind(expression)
        if kind in ("AttributeReference", "NamedLambdaVariable", "OuterReference"):
            return self.is_personal(expression)
        if kind == "Alias" and expression.metadata().contains(MARK):
            return True
        return any(map(self._descends, self._parts(expression, kind)))

    def _parts(self, expression: Any, kind: str) -> list[Any]:
        """The expressions that make an expression personal where one of them is."""
        if kind == "WindowExpression":  # the rows that it looks at are in no value
            return [expression.windowFunction()]
        if kind in NUMBERS or expression.dataType().simpleString() == "boolean":
            return []
        if kind in FIELDS and _field(expression, kind) not in self._names:
            return []
        if kind in ("ScalarSubquery", "ListQuery"):
            self.plan(expression.plan())
            return [expression.plan().output().apply(0)]
        if kind == "ArrayTransform":
            return [self._transformed(expression)]
        return list(_each(expression.children()))

    def _transformed(self, expression: Any) -> Any:
        """f(x) of transform(array, x -> f(x)), where x is as personal as the array."""
        function = expression.function()
        if self._descends(expression.argument()):
            self._personal |= {_id(variable) for variable in _each(function.arguments())}
        return function.function()


def _aliases(expression: Any) -> Iterator[Any]:
    if _kind(expression) == "Alias":
        yield expression
    for child in _each(expression.children()):
        yield from _aliases(child)


def _field(expression: Any, kind: str) -> str:
    """The name of the field that is taken out of a struct, or out of each struct of an array."""
    of_struct = kind == "GetStructField"
    field = expression.childSchema().apply(expression.ordinal()) if of_struct else expression.field()
    return str(field.name())


def _kind(part: Any) -> str:
    """The class of a part of a plan."""
    return str(part.getClass().getSimpleName())


def _id(named: Any) -> int:
    return int(named.exprId().id())


def _each(sequence: Any) -> Iterator[Any]:
    """The items of a sequence of Scala."""
    for position in range(sequence.size()):
        yield sequence.apply(position)
