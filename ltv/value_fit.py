"""Fits value models to counted customers: at every origin, and each purchase model where they compete."""

from __future__ import annotations

from dataclasses import replace

from ltv import spark_likelihood
from ltv.choose_covariates import Chosen, fit_with_covariates, mix_of
from ltv.fitters import Fitter, fit_purchases, fit_spend
from ltv.knobs import Ltv
from ltv.model_choice import AUTO, CANDIDATES, ModelChoice, choose_model
from ltv.origins import FittedOrigin, Origin, fit_origins
from ltv.pareto_nbd import ParetoNBDFit
from ltv.purchase_fits import PurchaseFit
from ltv.purchase_models import PARETO_NBD
from ltv.training_data import Counts, TrainingData
from ltv.value_model import ValueModel
from ltv.whole_days import days_matter, likelihood_of_days, one_day
from warehouse.errors import UsageError


def fit_candidates(data: TrainingData, ltv: Ltv) -> tuple[ModelChoice | None, list[FittedOrigin], list[str]]:
    """The purchase model of ltv.model at all origins, the newest last, and why others could not be fitted.

    With auto every candidate is fitted there, and the choice is given too.
    """
    candidates = [_fit_at_origins(data, ltv, model) for model in (CANDIDATES if ltv.model == AUTO else [ltv.model])]
    if len(candidates) == 1:
        return None, *candidates[0]
    choice = choose_model([fitted for fitted, _ in candidates])
    return choice, *candidates[CANDIDATES.index(choice.model)]


def _fit_at_origins(data: TrainingData, ltv: Ltv, purchase_model: str) -> tuple[list[FittedOrigin], list[str]]:
    def fit(counts: Counts, data: TrainingData) -> ValueModel:
        return fit_value_model(counts, data, fitter=ltv.fitter, seed=ltv.seed, purchase_model=purchase_model)

    newest = FittedOrigin(data.newest, fit(data.calibration, data))
    of_its_kind = replace(data, day=newest.model.day)
    earlier, skipped = fit_origins(data.earlier, lambda origin: fit(_counts(origin), of_its_kind))
    return [*earlier, newest], skipped


def fit_value_model(
    counts: Counts, data: TrainingData, *, fitter: Fitter, seed: int, purchase_model: str = PARETO_NBD
) -> ValueModel:
    """A purchase model (not auto), with the covariates that count, and Gamma-Gamma of the counted customers.

    Tables that stay on Spark are fitted there, by the exact likelihood; with the lifetimes fitter, which needs all rows
    on one machine, they are a UsageError, as they are with covariates.
    """
    if fitter == "lifetimes" and (counts.all_histories or counts.all_spend):
        raise UsageError(
            f"ltv.fitter lifetimes needs all rows on one machine, and there are more than ltv.driver_rows "
            f"({counts.customers:,} customers). Use ltv.fitter exact, or set ltv.fit_sample_customers."
        )
    plain = _fit_purchases(counts, data, purchase_model, fitter=fitter, seed=seed)
    chosen = _with_covariates(plain, counts, data, fitter=fitter)
    return ValueModel(
        purchases=chosen.fit,
        spend=spark_likelihood.fit_spend(counts.all_spend)
        if counts.all_spend
        else fit_spend(counts.spend, fitter=fitter, seed=seed),
        time_unit=data.time_unit,
        currency=data.currency,
        as_of=counts.as_of,
        warnings=data.warnings,
        findings=tuple(chosen.findings),
        p_values={".".join(term): p_value for term, p_value in chosen.p_values.items()},
        mix=mix_of(counts.histories, chosen.fit.covariates),
    )


def _fit_purchases(
    counts: Counts, data: TrainingData, purchase_model: str, *, fitter: Fitter, seed: int
) -> PurchaseFit:
    """The purchase model; a Pareto/NBD is one of days with a purchase where `data.day`, or the plain fit itself, asks
    for it."""

    def fit(day: float) -> PurchaseFit:
        if counts.all_histories:
            return spark_likelihood.fit_purchases(counts.all_histories, day=day, model=purchase_model, gaps=counts.gaps)
        return fit_purchases(
            counts.histories, fitter=fitter, seed=seed, day=day, model=purchase_model, gaps=counts.gaps
        )

    if data.day is not None:
        return fit(data.day)
    plain, day = fit(0.0), one_day(data.time_unit)
    if not isinstance(plain, ParetoNBDFit):
        return plain
    return fit(day) if days_matter(plain, likelihood_of_days(counts.all_histories or counts.histories, day)) else plain


def _with_covariates(plain: PurchaseFit, counts: Counts, data: TrainingData, *, fitter: Fitter) -> Chosen:
    """The covariates that count beside a Pareto/NBD; the other models know none."""
    if not data.covariates or not isinstance(plain, ParetoNBDFit):
        return Chosen(plain, {})
    if counts.all_histories or fitter == "lifetimes":
        raise UsageError(
            "ltv.covariates needs ltv.fitter exact and all distinct histories on one machine: no more than "
            f"ltv.driver_rows ({counts.customers:,} customers are here). Set ltv.fit_sample_customers, or none of them."
        )
    return fit_with_covariates(counts.histories, data.covariates, plain)


def _counts(origin: Origin) -> Counts:
    """What a fit at the origin sees."""
    return Counts(as_of=origin.cutoff, histories=origin.histories, spend=origin.spend, gaps=origin.gaps)
