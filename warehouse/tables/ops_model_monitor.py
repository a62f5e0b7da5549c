"""ops.model_monitor: whether the champions still hold, as each run that scored found it."""

from warehouse.contracts import Column, Table

CHECKS = ("purchases", "score", "calibration", "inputs")  # of the value models
CHURN_CHECKS = ("churn_share", "churn_brier", "churn_inputs")
EARLY_CHECKS = ("early_total",)  # of early value

OPS_MODEL_MONITOR = Table(
    layer="ops",
    name="model_monitor",
    grain="run, check of a champion and what the check looks at",
    owner="ltv",
    freshness="every pipeline run (score)",
    key=("run_id", "check_name", "subject"),
    columns=(
        Column("run_id", "string", "run", nullable=False),
        Column("as_of", "date", "last day that counted, in the reporting zone", nullable=False),
        Column(
            "model_version",
            "string",
            "registered model and version: the champion, of value, churn or early value",
            nullable=False,
        ),
        Column("model_as_of", "date", "last day of the data of its fit", nullable=False),
        Column(
            "check_name",
            "string",
            "purchases: those of a window beside their forecast; score: gradient of the log-likelihood in the window, "
            "beside that of the weeks before the fit (a Pareto/NBD without a season); "
            "calibration: forecasts that have come due; inputs: what does not drift by itself, now and before the fit; "
            "churn_share: share that left beside its prediction; churn_brier: Brier score beside the base rate's; "
            "churn_inputs: features that churn reads; early_total: what new users since the fit have brought, beside "
            "what was expected of them by now",
            nullable=False,
            values=(*CHECKS, *CHURN_CHECKS, *EARLY_CHECKS),
        ),
        Column(
            "subject",
            "string",
            "what is looked at: a window, a kind of forecast, a horizon, an input, an age of a horizon",
            nullable=False,
        ),
        Column("since", "date", "day after which it begins", nullable=False),
        Column("until", "date", "its last day", nullable=False),
        Column(
            "statistic",
            "double",
            "purchases: standard deviations from the forecast; score: chi-squared; calibration: forecasts outside of "
            "their intervals; inputs, churn_inputs: population stability index (PSI) less chance; churn_share: "
            "standard deviations from the prediction; early_total: those from what was expected; churn_brier: Brier "
            "score; null where nothing was looked at",
        ),
        Column("p_value", "double", "how often chance alone gives such a statistic", "share", minimum=0, maximum=1),
        Column("p_limit", "double", "p_value below which it is an alarm", "share", minimum=0, maximum=1),
        Column(
            "change",
            "double",
            "purchases: actual by expected, less 1; score: the change of all purchases that would show as much, "
            "without sign; churn_share: odds of leaving by those predicted, less 1; churn_brier: Brier score by the "
            "base rate's, less 1; early_total: brought by expected, less 1",
            "share",
            minimum=-1,
        ),
        Column("is_alarm", "boolean", "whether it is an alarm", nullable=False),
        Column("detail", "string", "what was found, in a sentence", nullable=False),
        Column("checked_at", "timestamp", "when", "UTC", nullable=False),
    ),
    notes=(
        "An alarm of purchases, score, churn_share or early_total also needs a change of at least drift.least_change, "
        "one of inputs or churn_inputs a PSI of .25, one of churn_brier a change of .01. The p_limits of a run add "
        "up to drift.alarm_level at most for each champion. A row of predictions of a former champion has none."
    ),
)
