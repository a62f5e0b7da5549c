"""gold.channel_transitions: the Markov model's transition matrix."""

from warehouse.contracts import Column, Table

GOLD_CHANNEL_TRANSITIONS = Table(
    layer="gold",
    name="channel_transitions",
    grain="data-driven model version, conversion type, state, event and next state",
    owner="attribution",
    freshness="every train-attribution",
    key=("model_version", "conversion_type", "state", "event", "next_state"),
    notes=(
        "Transitions that never happened have no row. Probabilities of one state sum to 1. A touch of the same channel "
        "as the one before it is a transition in models of order 2 and more (unless attribution.markov.collapse)."
    ),
    columns=(
        Column("model_version", "string", "registered model and its version", nullable=False),
        Column("conversion_type", "string", "type of conversion", nullable=False),
        Column(
            "state",
            "array<string>",
            "channels of the last touches, oldest first; empty = the start",
            nullable=False,
        ),
        Column(
            "event",
            "string",
            "touch, conversion or null (journeys that ended without conversion)",
            nullable=False,
            values=("touch", "conversion", "null"),
        ),
        Column(
            "next_state", "array<string>", "the state after a touch; empty where the journeys ended", nullable=False
        ),
        Column(
            "probability", "double", "share of the journeys that left the state", nullable=False, minimum=0, maximum=1
        ),
        Column("journeys", "double", "number of journeys with this transition", nullable=False, minimum=0),
    ),
)
