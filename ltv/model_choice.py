"""Which purchase model a shop gets where ltv.model is auto: the one that forecast the newest periods best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ltv.origins import FittedOrigin, pooled_rmse, predicted_and_actual
from ltv.purchase_fits import title

# Of models whose RMSE differ by less, the one further up is taken: the default, then the simpler. BG/NBD comes last,
# since its p_alive says nothing about who has left.
AUTO = "auto"  # of ltv.model
CANDIDATES = ("pareto_nbd", "mbg_nbd", "mbg_cnbd_k", "bg_nbd")
TOLERANCE = 0.01


@dataclass(frozen=True, kw_only=True)
class ModelScore:
    """One candidate on all purchases of the judged periods together."""

    model: str
    title: str
    rmse: float
    total_error: float


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """The model that was taken, and the scores of all candidates over `periods` periods."""

    model: str
    periods: int
    scores: tuple[ModelScore, ...]

    @property
    def lines(self) -> list[str]:
        """One line that says which and why, then one per candidate."""
        best = min(self.scores, key=lambda score: score.rmse)
        taken = next(score for score in self.scores if score.model == self.model)
        why = (
            "it has the smallest RMSE"
            if taken is best
            else f"{best.title} is less than {TOLERANCE:.0%} better, and of such the default or simpler one is taken"
        )
        over = "the newest period" if self.periods == 1 else f"the {self.periods} newest periods"
        return [
            f"purchase model: {taken.title}, judged on {over}: {why}",
            *(f"{score.title}: RMSE {score.rmse:.4g}, total {score.total_error:+.1%}" for score in self.scores),
        ]

    @property
    def metrics(self) -> dict[str, float]:
        """choice_rmse_<model> and choice_total_error_<model> of each candidate."""
        figures = {f"choice_rmse_{score.model}": score.rmse for score in self.scores}
        errors = {f"choice_total_error_{score.model}": score.total_error for score in self.scores}
        return {name: value for name, value in (figures | errors).items() if np.isfinite(value)}


def choose_model(fitted: Sequence[Sequence[FittedOrigin]]) -> ModelChoice:
    """The choice between candidates, each fitted at origins of its own; the newest is the last of each.

    Judged are the origins at which all of them could be fitted.
    """
    judged = set.intersection(*({one.origin.cutoff for one in candidate} for candidate in fitted))
    scores = []
    for candidate in fitted:
        common = [one for one in candidate if one.origin.cutoff in judged]
        newest = common[-1].model.purchases
        scores.append(
            ModelScore(
                model=newest.MODEL,
                title=title(newest),
                rmse=pooled_rmse(lambda one: one.model, common),
                total_error=_total_error(common),
            )
        )
    scores.sort(key=lambda score: CANDIDATES.index(score.model))
    enough = min(score.rmse for score in scores) * (1 + TOLERANCE)
    taken = next(score for score in scores if score.rmse <= enough)
    return ModelChoice(model=taken.model, periods=len(judged), scores=tuple(scores))


def _total_error(fitted: Sequence[FittedOrigin]) -> float:
    """Predicted over actual purchases of all periods, less 1; NaN where nothing came."""
    pairs = [predicted_and_actual(one) for one in fitted]
    predicted, actual = (sum(side) for side in zip(*pairs, strict=True))
    return predicted / actual - 1 if actual else np.nan
