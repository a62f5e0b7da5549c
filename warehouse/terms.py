"""Placeholders in rows for names that are missing, and the channel that rules treat specially."""

UNATTRIBUTED = "(unattributed)"  # channel of a conversion without a touch in its window
NO_TOUCH = "(none)"  # its touchpoint_id
NOT_SET = "(not set)"  # a dimension of gold that is null in silver
PEOPLE = "(people)"  # in place of why visits are robots'
DIRECT = "Direct"  # the channel of visits whose source is unknown
ALL_CHANNELS = "(all)"  # the acquisition channel of totals of all customers
ALL_CAMPAIGNS = "(all)"  # the campaign of a row of a whole channel
