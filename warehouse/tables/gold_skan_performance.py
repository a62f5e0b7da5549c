"""gold.skan_performance: what Apple's postbacks report of app installs, by day, network and campaign; no user."""

from warehouse.contracts import COUNT_LIMIT, FIRST_DAY, LAST_DAY, MONEY_SUM, Column, Table


def _count(name: str, what: str) -> Column:
    return Column(name, "bigint", what, nullable=False, minimum=0, maximum=COUNT_LIMIT)


GOLD_SKAN_PERFORMANCE = Table(
    layer="gold",
    name="skan_performance",
    grain="day received, framework, ad network, app, source identifier, interaction and event of the value",
    owner="attribution",
    freshness="every pipeline run (attribute)",
    key=("date", "framework", "ad_network_id", "app_id", "source_identifier", "interaction", "event"),
    ordered_by="date",
    notes=(
        "Made where postbacks have landed. They come a day or more after the install, on purpose: days are those of "
        "their receipt. They belong to no user and are in no path: never add them to gold.channel_performance."
    ),
    columns=(
        Column(
            "date",
            "date",
            "day in the reporting zone on which the postback was received",
            nullable=False,
            minimum=FIRST_DAY,
            maximum=LAST_DAY,
        ),
        Column("framework", "string", "SKAdNetwork or AdAttributionKit", nullable=False),
        Column("ad_network_id", "string", "the ad network's id", nullable=False),
        Column("channel", "string", "channel of the network by skan.networks, or '(not set)'", nullable=False),
        Column("app_id", "string", "the advertised app's id, or '(not set)'", nullable=False),
        Column("source_identifier", "string", "source identifier or campaign id, or '(not set)'", nullable=False),
        Column("interaction", "string", "click, view or '(not set)'", nullable=False),
        Column("event", "string", "what the value stands for by skan.values, or '(not set)'", nullable=False),
        _count("postbacks", "postbacks, each once"),
        _count("installs", "first postbacks that won, of a download"),
        _count("redownloads", "first postbacks that won, of a redownload"),
        _count("reengagements", "first postbacks that won, of a re-engagement"),
        _count("not_won", "postbacks of ads that were not credited"),
        _count("second_postbacks", "second postbacks that won (days 3 to 7 after the install)"),
        _count("third_postbacks", "third postbacks that won (days 8 to 35 after the install)"),
        _count("fine_values", "postbacks that won with a value of 0 to 63"),
        _count("coarse_values", "postbacks that won with low, medium or high"),
        _count("null_values", "postbacks that won without a value: too few people for Apple to give one"),
        Column("revenue", MONEY_SUM, "revenue by skan.values", "currency", nullable=False, minimum=0),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
    ),
)
