"""A rule model: one entry with its name, its description and its computation on touches and on paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attribution.paths import Flags, Floats, Paths

if TYPE_CHECKING:  # attribute-paths reads the entries too, and starts no Spark
    from pyspark.sql import Column

    from attribution.knobs import RuleKnobs
    from attribution.weights import Path, Touch


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule model: how much of a conversion each touch of its path earned. A path has at least one touch.

    Either `one_touch` picks the touch that takes all, or `weight` weighs each touch. Weights are 0 or more, on any
    scale, and are normalised in each path. A path whose touches all weigh 0 is divided equally.
    """

    name: str
    meaning: str  # one line, for the page of the models
    example: tuple[float, ...]  # credit of A, B, C in A > B > C; B alone is paid; channel_weights are {A: 1, B: 3}
    one_touch: Callable[[Path, RuleKnobs], Column | int] | None = None  # 0-based index of the touch that takes all
    weight: Callable[[Touch, RuleKnobs], Column | float] | None = None  # of a touch; either this or one_touch is set
    of_path: Callable[[Path], Column] | None = None  # what `weight` needs of its path: computed once, `touch.of_path`
    on_paths: Callable[[Paths, RuleKnobs], Floats | Flags] | None = None  # weights of aggregated paths, without times
    knobs: tuple[str, ...] = ()  # the knobs of the section attribution that it reads
    needs_knobs: bool = False  # whether it cannot credit while one of its knobs is empty
    is_default: bool = False  # credited where the configuration (or attribute-paths --models) names no models
    report_place: int | None = None  # its place in reports; models without one follow by name

    def __post_init__(self) -> None:
        """Refuse an entry that sets both or neither of one_touch and weight."""
        if (self.one_touch is None) == (self.weight is None):
            raise TypeError(f"the rule {self.name} needs either one_touch or weight")


def unmet_need(rules: Iterable[Rule], knobs: Any, options: Mapping[str, str] | None = None) -> str:
    """One line that names a rule and the empty knob that it needs; '' where no rule lacks one.

    `options` are the command-line options that set a knob; the line names them too.
    """
    for rule in rules:
        for knob in rule.knobs if rule.needs_knobs else ():
            value = getattr(knobs, knob, None)
            name = f"{knob} ({options[knob]})" if options and knob in options else knob
            if isinstance(value, Mapping) and not any(value.values()):
                return f"the model {rule.name} needs {name}, one of them above 0"
            if not value:
                return f"the model {rule.name} needs {name}"
    return ""
