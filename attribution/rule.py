"""What a rule model is: one entry that names it, documents it and holds what it computes on touches and on paths."""

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

    It names the one touch that takes all, or weighs each touch; weights are from 0 up, of any scale, and normalised in
    each path. A path whose touches all weigh 0 is divided equally.
    """

    name: str
    meaning: str  # one line, for the page of the models
    example: tuple[float, ...]  # credit of A, B, C in A > B > C; B alone is paid; channel_weights are {A: 1, B: 3}
    one_touch: Callable[[Path, RuleKnobs], Column | int] | None = None  # 0-based index of the touch that takes all
    weight: Callable[[Touch, RuleKnobs], Column | float] | None = None  # of a touch; either this or one_touch is set
    of_path: Callable[[Path], Column] | None = None  # what `weight` needs of its path: computed once, `touch.of_path`
    on_paths: Callable[[Paths, RuleKnobs], Floats | Flags] | None = None  # weights of aggregated paths, without times
    knobs: tuple[str, ...] = ()  # the knobs of the section attribution that it reads
    needs_knobs: bool = False  # whether it can credit nothing while a knob of it is empty
    is_default: bool = False  # credited where a configuration (or attribute-paths --models) does not say
    report_place: int | None = None  # its place in reports; models without one follow by name

    def __post_init__(self) -> None:
        """Refuse an entry that says in two ways, or in none, who earns."""
        if (self.one_touch is None) == (self.weight is None):
            raise TypeError(f"the rule {self.name} needs either one_touch or weight")


def unmet_need(rules: Iterable[Rule], knobs: Any, options: Mapping[str, str] | None = None) -> str:
    """Which rule needs a knob that is empty, as one line; '' where none does.

    `options` are the options of a command line that set a knob, to name beside it.
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
