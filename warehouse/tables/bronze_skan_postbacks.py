"""bronze.skan_postbacks: Apple's reports of app installs, as networks and measurement partners land them."""

from warehouse.contracts import COUNT_LIMIT, LANDED_FROM, LANDED_UNTIL, Column, Table

FRAMEWORKS = ("SKAdNetwork", "AdAttributionKit")
CONVERSION_TYPES = ("download", "redownload", "re-engagement")
COARSE_VALUES = ("low", "medium", "high")

BRONZE_SKAN_POSTBACKS = Table(
    layer="bronze",
    name="skan_postbacks",
    grain="landed postback (file, line)",
    owner="ingest",
    freshness="every pipeline run (ingest)",
    key=("source_file", "source_line"),
    notes=(
        "Of several rows with one ad_network_id, transaction_id and sequence_index the first one received counts. "
        "They name no user and no device. Signatures are not verified here."
    ),
    columns=(
        Column("framework", "string", "SKAdNetwork or AdAttributionKit", nullable=False, values=FRAMEWORKS),
        Column("version", "string", "SKAdNetwork's version, e.g. 4.0"),
        Column("ad_network_id", "string", "the ad network's id, lower case", nullable=False),
        Column("transaction_id", "string", "of the validation or postback, lower case", nullable=False),
        Column(
            "sequence_index", "int", "0, 1, 2: the first, second, third postback", nullable=False, minimum=0, maximum=2
        ),
        Column("source_identifier", "string", "source identifier of 2 to 4 digits; before 4.0 the campaign id"),
        Column("app_id", "string", "the advertised app's id"),
        Column("did_win", "boolean", "whether the ad is credited; false for other networks' ads", nullable=False),
        Column(
            "conversion_type",
            "string",
            "download, redownload or re-engagement",
            nullable=False,
            values=CONVERSION_TYPES,
        ),
        Column("interaction", "string", "click or view; null before 2.2", values=("click", "view")),
        Column("fine_level", "int", "conversion value; null for crowd anonymity", minimum=0, maximum=63),
        Column("coarse_level", "string", "coarse conversion value; null for crowd anonymity", values=COARSE_VALUES),
        Column("source_app_id", "string", "app that showed the ad, where Apple gives it"),
        Column("source_domain", "string", "website that showed the ad, where Apple gives it"),
        Column("marketplace", "string", "marketplace of the install"),
        Column("country", "string", "country of the install, where Apple gives it"),
        Column(
            "received_at",
            "timestamp",
            "when the network or partner received it",
            "UTC",
            nullable=False,
            minimum=LANDED_FROM,
            maximum=LANDED_UNTIL,
        ),
        Column("source_file", "string", "landed file it came from", nullable=False),
        Column("source_line", "bigint", "line in that file", nullable=False, minimum=1, maximum=COUNT_LIMIT),
        Column("batch_id", "string", "ingest batch that brought it", nullable=False),
    ),
)
