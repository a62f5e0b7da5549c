"""gold.customer_value: each customer's churn probabilities, expected purchases and value."""

from warehouse.contracts import MONEY_SUM, Column, Table

CHURN_HORIZONS_DAYS = (7, 14, 30, 60, 90)
VALUE_HORIZONS_DAYS = (30, 90, 180, 365)
BOUNDS = ("lower", "upper")
RETURNING_SEGMENTS = ("loyal", "promising", "sleeping", "leaving", "lost")
NEW, ONE_TIME = "new", "one-time"
SEGMENTS = (*RETURNING_SEGMENTS, NEW, ONE_TIME)


def _with_bounds(
    name: str, kind: str, meaning: str, unit: str = "", *, maximum: int | None = None
) -> tuple[Column, ...]:
    """An expectation or probability, 0 to `maximum`, and the bounds between which the true one lies."""
    meanings = {name: meaning} | {f"{name}_{bound}": f"{bound} bound of {name}" for bound in BOUNDS}
    return tuple(
        Column(each, kind, text, unit, nullable=False, minimum=0, maximum=maximum) for each, text in meanings.items()
    )


GOLD_CUSTOMER_VALUE = Table(
    layer="gold",
    name="customer_value",
    grain="person with a purchase, and as_of",
    owner="ltv",
    freshness="every pipeline run (score)",
    key=("person_id", "as_of"),
    columns=(
        Column("person_id", "string", "customer", nullable=False, personal=True),
        Column("as_of", "date", "last day that counts, in the reporting zone", nullable=False),
        *_with_bounds("p_alive", "double", "probability of still being a customer; not a churn score", maximum=1),
        *(
            column
            for days in CHURN_HORIZONS_DAYS
            for column in _with_bounds(
                f"churn_{days}d", "double", f"probability of no purchase within {days} days", maximum=1
            )
        ),
        *(
            column
            for days in VALUE_HORIZONS_DAYS
            for column in _with_bounds(
                f"expected_purchases_{days}d", "double", f"expected purchase days within {days} days", "days"
            )
        ),
        *_with_bounds(
            "expected_order_value", "double", "expected net value of a purchase day (Gamma-Gamma)", "currency"
        ),
        *(
            column
            for days in VALUE_HORIZONS_DAYS
            for column in _with_bounds(
                f"clv_{days}d", MONEY_SUM, f"expected discounted margin within {days} days", "currency"
            )
        ),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
        Column("acquisition_channel", "string", "first touch of the first purchase or sign-up", nullable=False),
        Column("segment", "string", "what to take the customer for; null on days of earlier releases", values=SEGMENTS),
        Column("segment_reason", "string", "why, with the customer's own numbers; null on days of earlier releases"),
        Column("model_version", "string", "registered model and version that scored the row", nullable=False),
        Column("model_note", "string", "what to know of its fit, such as that no churn shows; null where nothing"),
    ),
    notes=(
        "_lower and _upper hold the customer's true probability or expectation ltv.interval_level of the time (0.95): "
        "the uncertainty of the fitted parameters, not what one customer will do, and they must not be summed. "
        "Intervals of totals are predictive; they are in gold.value_totals."
    ),
)
