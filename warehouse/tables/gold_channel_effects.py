"""gold.channel_effects: removal effects and shares of the channels in each data-driven fit."""

from warehouse.contracts import INT_LIMIT, Column, Table

GOLD_CHANNEL_EFFECTS = Table(
    layer="gold",
    name="channel_effects",
    grain="data-driven model version, model, conversion type and channel",
    owner="attribution",
    freshness="every train-attribution",
    key=("model_version", "model", "conversion_type", "channel"),
    notes=(
        "One fit is one model_version; credits name the version that made them. share sums to 1 per version, model and "
        "conversion type (all 0 where no touched journey converted). Credit by touch divides each conversion by these "
        "shares among the channels of its own path, so its sums differ from share."
    ),
    columns=(
        Column("model_version", "string", "registered model and its version", nullable=False),
        Column("model", "string", "markov or shapley", nullable=False, values=("markov", "shapley")),
        Column("conversion_type", "string", "type of conversion", nullable=False),
        Column("channel", "string", "channel, also one that only journeys without conversion touched", nullable=False),
        Column(
            "markov_order",
            "int",
            "of markov: how many last touches make a state; null for shapley",
            minimum=1,
            maximum=INT_LIMIT,
        ),
        Column(
            "removal_effect",
            "double",
            "share of the conversions lost without the channel; shapley: that of conversions it touched",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "share",
            "double",
            "the channel's part of all touched conversions, 0 to 1",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "value_removal_effect",
            "double",
            "share of the net value lost without the channel",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "value_share", "double", "the channel's part of the net value, 0 to 1", nullable=False, minimum=0, maximum=1
        ),
        Column("as_of", "date", "last day of the fit's data", nullable=False),
    ),
)
