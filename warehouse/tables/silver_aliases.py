"""silver.aliases: which logins of the tracker are which buyers of the shop."""

from warehouse.contracts import COUNT_LIMIT, Column, Table

# What became of a login that orders tie to a buyer of another name.
ALIAS, BUYER, SEVERAL_BUYERS, SHARED = "alias", "buyer", "several_buyers", "shared"

SILVER_ALIASES = Table(
    layer="silver",
    name="aliases",
    grain="login of purchase events and buyer of the orders feed, of another name, that an order names together",
    owner="touchpoints",
    freshness="every pipeline run (build)",
    key=("user_id", "buyer_id"),
    notes=(
        "Only rows with the outcome alias make two ids one person, whose person_id is user:<buyer_id>. "
        "The others prove nothing: buyer: the login buys under its own name in the feed; several_buyers: it has orders "
        "of other buyers too; shared: the buyer has orders of more logins than identity.max_aliases."
    ),
    columns=(
        Column("user_id", "string", "login of the purchase events", nullable=False, personal=True),
        Column("buyer_id", "string", "user_id of the same orders in the orders feed", nullable=False, personal=True),
        Column(
            "outcome",
            "string",
            "alias, or why the two ids stay two persons",
            nullable=False,
            values=(ALIAS, BUYER, SEVERAL_BUYERS, SHARED),
        ),
        Column(
            "orders",
            "bigint",
            "orders that name both",
            nullable=False,
            minimum=1,
            maximum=COUNT_LIMIT,
        ),
    ),
)
