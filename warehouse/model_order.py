"""The order in which reports show models; others follow by name. `make docs` writes it from attribution/rules.py."""

MODEL_ORDER = (
    "last_touch",
    "last_non_direct",
    "first_touch",
    "linear",
    "position_based",
    "time_decay",
    "time_decay_by_order",
)
