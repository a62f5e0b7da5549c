"""ops.questions: what people asked about numbers, and the answers."""

from warehouse.contracts import Column, Table

OPS_QUESTIONS = Table(
    layer="ops",
    name="questions",
    grain="question, and answer to one",
    owner="operations",
    freshness="every question",
    key=("question_id", "answered_at"),
    notes="Rows are only added: an answer repeats its question's row. Of several answers the newest counts. No run "
    "writes here, and nothing of it is published.",
    columns=(
        Column("question_id", "string", "hash of who asked what, when and about which number", nullable=False),
        Column("state", "string", "open (the question), or answered", nullable=False, values=("open", "answered")),
        Column("asked_at", "timestamp", "when it was asked", "UTC", nullable=False),
        Column("asked_by", "string", "who asked", nullable=False, personal=True),
        Column("run_id", "string", "run whose publication showed the number", nullable=False),
        Column("table_versions", "string", "JSON: the published versions by table", nullable=False),
        Column("metric", "string", "name of the number", nullable=False),
        Column("number", "string", "the number as it was shown", nullable=False),
        Column("filters", "string", "JSON, keys sorted: the dimensions and filters of the number", nullable=False),
        Column(
            "address", "string", "path and query of the page; '' where it was no page", nullable=False, personal=True
        ),
        Column("note", "string", "the question", nullable=False, personal=True),
        Column("answer", "string", "the answer", personal=True),
        Column("answered_by", "string", "who answered", personal=True),
        Column("answered_at", "timestamp", "when it was answered; null in the question's row", "UTC"),
    ),
)
