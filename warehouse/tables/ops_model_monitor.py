"""ops.model_monitor: whether the champion still holds, as each run that scored found it."""

from warehouse.contracts import Column, Table

CHECKS = ("purchases", "score", "calibration", "inputs")

OPS_MODEL_MONITOR = Table(
    layer="ops",
    name="model_monitor",
    grain="run, check of the champion and what the check looks at",
    owner="ltv",
    freshness="every pipeline run (score)",
    key=("run_id", "check_name", "subject"),
    columns=(
        Column("run_id", "string", "run", nullable=False),
        Column("as_of", "date", "last day that counted, in the reporting zone", nullable=False),
        Column("model_version", "string", "registered model and version: the champion of the run", nullable=False),
        Column("model_as_of", "date", "last day of the data of its fit", nullable=False),
        Column(
            "check_name",
            "string",
            "purchases: those of a window beside their forecast; score: gradient of the log-likelihood in the window, "
            "beside that of the weeks before the fit (a Pareto/NBD without a season); "
            "calibration: forecasts that have come due; inputs: what does not drift by itself, now and before the fit",
            nullable=False,
            values=CHECKS,
        ),
        Column("subject", "string", "what is looked at: a window, a kind of forecast, an input", nullable=False),
        Column("since", "date", "day after which it begins", nullable=False),
        Column("until", "date", "its last day", nullable=False),
        Column(
            "statistic",
            "double",
            "purchases: standard deviations from the forecast; score: chi-squared; calibration: forecasts outside of "
            "their intervals; inputs: population stability index (PSI) less chance; null where nothing was looked at",
        ),
        Column("p_value", "double", "how often chance alone gives such a statistic", "share", minimum=0, maximum=1),
        Column("p_limit", "double", "p_value below which it is an alarm", "share", minimum=0, maximum=1),
        Column(
            "change",
            "double",
            "purchases: actual by expected, less 1; score: the change of all purchases that would show as much, "
            "without sign",
            "share",
            minimum=-1,
        ),
        Column("is_alarm", "boolean", "whether it is an alarm", nullable=False),
        Column("detail", "string", "what was found, in a sentence", nullable=False),
        Column("checked_at", "timestamp", "when", "UTC", nullable=False),
    ),
    notes=(
        "An alarm of purchases or score also needs a change of at least drift.least_change, one of inputs a PSI of "
        ".25. The p_limits of a run add up to drift.alarm_level at most."
    ),
)
