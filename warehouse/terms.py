"""Names that stand in rows for something that has none, and the channel that rules treat apart."""

UNATTRIBUTED = "(unattributed)"  # channel of a conversion without a touch in its window
NO_TOUCH = "(none)"  # its touchpoint_id
NOT_SET = "(not set)"  # a dimension of gold that is null in silver
DIRECT = "Direct"  # the channel of visits without any origin
