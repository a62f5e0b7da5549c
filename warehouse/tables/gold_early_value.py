"""gold.early_value: what each new user will bring, predicted at the end of the first day, week and two weeks."""

from __future__ import annotations

from warehouse.contracts import MONEY_SUM, Column, Table

AGES_DAYS = (1, 7, 14)
EARLY_HORIZONS_DAYS = (30, 90, 365)


def _amount(name: str, kind: str, meaning: str) -> Column:
    return Column(name, kind, meaning, "currency", nullable=False, minimum=0)


GOLD_EARLY_VALUE = Table(
    layer="gold",
    name="early_value",
    grain="new user, as_of, age_days and horizon_days",
    owner="ltv",
    freshness="every pipeline run (score)",
    key=("person_id", "as_of", "age_days", "horizon_days"),
    notes=(
        "New users are persons, with a purchase or without, whose first visit or purchase lies in the last "
        "behaviour.early_days. A row says what was predicted at the end of local day first_day + age_days - 1, from "
        "what was known then, also after the horizon has passed. There is a row for each age that was reached by as_of "
        "and for each horizon that has a model. predicted_value = value_to_date + buys_probability * amount_if_buys. "
        "All values are gross: which purchases will be refunded is not known yet. The variance of a sum over persons "
        "is the sum of standard_deviation squared + (model_error * sum of buys_probability * amount_if_buys) squared."
    ),
    columns=(
        Column("person_id", "string", "new user", nullable=False, personal=True),
        Column("as_of", "date", "last day that counts, in the reporting zone", nullable=False),
        Column("first_day", "date", "day of the first visit or purchase, in the reporting zone", nullable=False),
        Column(
            "age_days",
            "int",
            "days since the first, which counts as 1, at whose end it was predicted: 1, 7 or 14",
            "days",
            nullable=False,
            minimum=AGES_DAYS[0],
            maximum=AGES_DAYS[-1],
        ),
        Column(
            "horizon_days",
            "int",
            "days from first_day, which counts as 1, whose value is predicted: 30, 90 or 365",
            "days",
            nullable=False,
            minimum=EARLY_HORIZONS_DAYS[0],
            maximum=EARLY_HORIZONS_DAYS[-1],
        ),
        Column(
            "acquisition_channel",
            "string",
            "channel of the first touch that was known at the age; '(unattributed)' without one",
            nullable=False,
        ),
        Column(
            "acquisition_campaign",
            "string",
            "campaign of that touch, as gold.channel_performance names it; '(not set)' where it has none",
            nullable=False,
        ),
        Column("has_bought", "boolean", "whether there was a purchase by the age", nullable=False),
        _amount("value_to_date", MONEY_SUM, "gross value of purchases by the age"),
        Column(
            "buys_probability",
            "double",
            "probability of a purchase after the age and within the horizon",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        _amount("amount_if_buys", "double", "expected gross value of the purchases after the age, if there is one"),
        _amount("predicted_value", "double", "expected gross value within the horizon"),
        _amount(
            "standard_deviation",
            "double",
            "standard deviation of one person's value after the age, by chance alone; persons are independent",
        ),
        Column(
            "model_error",
            "double",
            "relative error of the model's totals of the value after the age, as a standard deviation: by chance of "
            "those it learned from and follows, and what was beyond in the period it was judged on; the same for all "
            "persons of an age and horizon",
            "share",
            nullable=False,
            minimum=0,
        ),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
        Column(
            "served",
            "string",
            "what predicts: behaviour, or the mean of the acquisition channel where behaviour gains nothing over it",
            nullable=False,
            values=("behaviour", "channel_mean"),
        ),
        Column("model_version", "string", "registered model and version that scored the row", nullable=False),
    ),
)
