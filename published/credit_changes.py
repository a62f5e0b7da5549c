"""SQL over two publications: credit that moved, by model, channel and cause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from published.change_causes import (
    CANCELLED,
    EDITED,
    IDENTITY,
    LATE,
    MODELS,
    NEW_DAYS,
    RATE_TOLERANCE,
    RATES,
    REFUNDS,
    RULES,
    Recorded,
)
from published.publication import Published, quoted
from published.view import View
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS, SILVER_CONVERSIONS, SILVER_JOURNEYS, SILVER_TOUCHPOINTS

CREDIT_TABLES = (GOLD_ATTRIBUTION_CREDITS, SILVER_CONVERSIONS, SILVER_JOURNEYS, SILVER_TOUCHPOINTS)
NONE = "cast(0 as decimal(28, 6))"


@dataclass(frozen=True)
class Compared:
    """What is compared: the rows of one conversion type under `models`, dated by the view, on the days that count.

    `shared` are models of both publications, `refitted` those of another version in each.
    """

    before: Published
    after: Published
    view: View
    conversion_type: str
    models: tuple[str, ...]
    shared: tuple[str, ...]
    refitted: tuple[str, ...]
    timezone: str
    recorded: Recorded

    def counts(self, published: Published) -> str:
        """Whether a credit counts in a publication: its day is in the view and not after as_of."""
        moment = "converted_at" if self.view.date_basis == "conversion" else "touched_at"
        first, last = self.view.first_day, min(self.view.last_day or published.as_of, published.as_of)
        since = f"{moment} >= {self._midnight(first)} and " if first else ""
        return f"{since}{moment} < {self._midnight(last + timedelta(days=1))}"

    def is_of_new_days(self, moment: str) -> str:
        """Whether a moment is after the as_of of one publication and not after the other's."""
        old, new = sorted((self.before.as_of, self.after.as_of))
        return f"{moment} >= {self._midnight(old + timedelta(days=1))}" if old < new else "false"

    def _midnight(self, day: date) -> str:
        start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.timezone)).astimezone(ZoneInfo("UTC"))
        return f"timestamp '{start:%Y-%m-%dT%H:%M:%S}Z'"


def credit_parts_sql(compared: Compared) -> str:
    """One row per model, channel and cause with credit that moved: conversions and value, after less before."""
    return f"""
        with {_credits(compared)}, {_credited_on_each_side(compared)}, {_money(compared)}, {_paths()},
        {_judged(compared)}, {_split()}
        select model, part['channel'] as channel, part['cause'] as cause, sum(part['conversions']) as conversions,
               sum(part['value']) as value
        from (select model, unnest({_parts(compared)}) as part from split)
        where part['conversions'] <> 0 or part['value'] <> 0
        group by model, part['channel'], part['cause'] order by model, channel, cause
        """


def squares_sql(compared: Compared) -> str:
    """One row per model and channel: the sums of squares of what a conversion brought, on the new days and on all
    days before. Of the later publication; by them chance is judged."""
    return f"""
        with values_ as (
            select model, channel, conversion_id, {compared.is_of_new_days("max(converted_at)")} as is_new,
                   cast(sum(credited_value) as double) as value
            from after_gold_attribution_credits
            where conversion_type = {quoted(compared.conversion_type)} and model in ({_listed(compared.models)})
              and {compared.counts(compared.after)}
            group by model, channel, conversion_id
        )
        select model, channel, sum(case when is_new then value * value ELSE 0.0 end) as of_new_days,
               sum(case when is_new then 0.0 ELSE value * value end) as of_old_days
        from values_ group by model, channel order by model, channel
        """


def _credits(compared: Compared) -> str:
    """`credits`: credits that differ, with both sides of each. A union and sums can spill, which a join cannot."""

    def side(published: Published, name: str) -> str:
        return f"""
            select '{name}' as side, {compared.counts(published)} as counts, model, conversion_id, touchpoint_id,
                   channel, credit, credited_value
            from {name}_gold_attribution_credits
            where conversion_type = {quoted(compared.conversion_type)} and model in ({_listed(compared.models)})"""

    def of(name: str) -> str:
        of_side, that_counts = f"filter (where side = '{name}')", f"filter (where side = '{name}' and counts)"
        return f"""
                max(channel) {of_side} as channel_{name},
                coalesce(sum(credit) {that_counts}, 0.0) as credit_{name},
                coalesce(sum(credited_value) {that_counts}, {NONE}) as value_{name}"""

    return f"""
        sides as ({side(compared.before, "before")} union all {side(compared.after, "after")}),
        credits as (
            select * from (
                select model, conversion_id, touchpoint_id, {of("before")}, {of("after")}
                from sides group by model, conversion_id, touchpoint_id)
            where credit_before <> credit_after or value_before <> value_after
               or (channel_before <> channel_after and credit_before <> 0)
        )"""


def _credited_on_each_side(compared: Compared) -> str:
    """`credited_before` and `credited_after`: conversions with credit, whatever their day. Each model credits all."""
    model = compared.shared[0] if compared.shared else ""
    return ", ".join(
        f"""
        credited_{name} as (
            select distinct conversion_id from {name}_gold_attribution_credits
            where model = {quoted(model)} and conversion_type = {quoted(compared.conversion_type)}
        )"""
        for name in ("before", "after")
    )


def _money(compared: Compared) -> str:
    """`money`: conversions with what moved their value in the reporting currency: by_refunds, by_edits, by_rates.

    Refunds and edits are counted at the rate of before; what is left is the rate's.
    """
    rate = "cast(b.report_gross_value as double) / cast(b.value as double)"
    new_rate = "cast(a.report_gross_value as double) / cast(a.value as double)"
    # An amount is rounded to six decimals: the rate that it shows is as exact as that.
    slack = f"{RATE_TOLERANCE} * ({rate}) + 0.000001 / cast(b.value as double) + 0.000001 / cast(a.value as double)"
    has_new_rate = f"""case
            when b.currency <> a.currency or b.value = 0 or a.value = 0 then false
            when b.value = a.value then b.report_gross_value <> a.report_gross_value
            ELSE abs(({new_rate}) - ({rate})) > {slack} end"""

    def at_old_rate(amount: str) -> str:
        return f"cast(cast({amount} as double) * rate as decimal(28, 6))"

    return f"""
        both as (
            select coalesce(b.conversion_id, a.conversion_id) as conversion_id,
                   b.conversion_id is not null as was_there, a.conversion_id is not null as is_there,
                   coalesce(a.converted_at, b.converted_at) as last_known_at,
                   b.converted_at <> a.converted_at as has_other_time,
                   b.person_id <> a.person_id as has_other_person, b.currency <> a.currency as has_other_currency,
                   b.value as value_b, a.value as value_a,
                   b.refunded_value as refunded_b, a.refunded_value as refunded_a,
                   cast(coalesce(a.report_value, 0) - coalesce(b.report_value, 0) as decimal(28, 6)) as moved,
                   case when b.value = 0 then 0.0 ELSE {rate} end as rate, {has_new_rate} as has_new_rate
            from before_silver_conversions as b full join after_silver_conversions as a
              on b.conversion_id = a.conversion_id
            where coalesce(b.conversion_type, a.conversion_type) = {quoted(compared.conversion_type)}
        ),
        refunded as (
            select *, case when has_other_currency or refunded_b = refunded_a then {NONE}
                           when value_b = value_a and not has_new_rate then moved
                           ELSE {at_old_rate("refunded_b - refunded_a")} end as by_refunds
            from both
        ),
        edited as (
            select *, case when has_other_currency then moved
                           when value_b = value_a then {NONE}
                           when not has_new_rate then cast(moved - by_refunds as decimal(28, 6))
                           ELSE {at_old_rate("value_a - value_b")} end as by_edits
            from refunded
        ),
        money as (
            select conversion_id, was_there, is_there, last_known_at, has_other_time, has_other_person,
                   moved, by_refunds, by_edits,
                   cast(moved - by_refunds - by_edits as decimal(28, 6)) as by_rates
            from edited
        )"""


def _paths() -> str:
    """`path_changes`: conversions of both sides with another path. Has it a touch that nobody knew, has a touch or the
    buyer another person, and are the touches themselves others?"""

    def steps(name: str) -> str:
        return f"select conversion_id, '{name}' as side, unnest(path_{name}) as touch from other_journeys"

    return f"""
        other_journeys as (
            select a.conversion_id, b.path as path_before, a.path as path_after,
                   (b.milestones is distinct from a.milestones) as has_other_milestones
            from before_silver_journeys as b join after_silver_journeys as a on b.conversion_id = a.conversion_id
            where (b.path is distinct from a.path) or (b.milestones is distinct from a.milestones)
        ),
        steps as ({steps("before")} union all {steps("after")}),
        other_steps as (
            select conversion_id, touch['touchpoint_id'] as touchpoint_id, min(side) as side
            from steps group by conversion_id, touch['touchpoint_id'] having min(side) = max(side)
        ),
        path_changes as (
            select s.conversion_id,
                   bool_or(s.side = 'after' and b.touchpoint_id is null) as has_unknown_touch,
                   bool_or(coalesce(b.person_id <> a.person_id, false)) as has_touch_of_other
            from other_steps as s left join before_silver_touchpoints as b on b.touchpoint_id = s.touchpoint_id
            left join after_silver_touchpoints as a on a.touchpoint_id = s.touchpoint_id
            group by s.conversion_id
        ),
        milestone_changes as (
            select distinct conversion_id from other_journeys where has_other_milestones
        )"""


def _judged(compared: Compared) -> str:
    """`judged`: each credit with whole_cause, which explains all of its change, otherwise null; and credit_cause, by
    which its share of the conversion moved."""
    without_trace = quoted(compared.recorded.without_trace)
    late = "c.has_unknown_touch" if compared.recorded.has_landed else "false"
    of_one_side = f"c.model not in ({_listed(compared.shared)})" if compared.shared else "true"
    is_new_day = compared.is_of_new_days("c.last_known_at")
    return f"""
        known as (
            select credits.*, p.conversion_id is not null as has_other_path, p.has_unknown_touch, p.has_touch_of_other,
                   l.conversion_id is not null as has_other_milestones, m.was_there, m.is_there, m.last_known_at,
                   m.has_other_time, m.has_other_person, m.moved, m.by_refunds, m.by_edits, m.by_rates,
                   b.conversion_id is not null as was_credited, a.conversion_id is not null as is_credited
            from credits left join credited_before as b on b.conversion_id = credits.conversion_id
            left join credited_after as a on a.conversion_id = credits.conversion_id
            left join money as m on m.conversion_id = credits.conversion_id
            left join path_changes as p on p.conversion_id = credits.conversion_id
            left join milestone_changes as l on l.conversion_id = credits.conversion_id
        ),
        judged as (
            select c.*,
                case when {of_one_side} then '{MODELS}'
                     when {is_new_day} then '{NEW_DAYS}'
                     when not c.was_credited and not c.was_there then '{LATE}'
                     when not c.is_credited and not c.is_there then '{CANCELLED}'
                     when not c.was_credited or not c.is_credited then {without_trace}
                     when c.has_other_time then '{EDITED}' end as whole_cause,
                case when c.has_other_path and {late} then '{LATE}'
                     when c.has_other_path and (c.has_touch_of_other or c.has_other_person) then '{IDENTITY}'
                     when c.has_other_path then {without_trace}
                     when c.has_other_milestones then '{LATE}'
                     when c.model in ({_listed(compared.refitted)}) then '{MODELS}'
                     ELSE '{RULES}' end as credit_cause
            from known as c
        )"""


def _split() -> str:
    """`split`: each credit with the money that moved under the share of before, and its causes."""
    share_of = "cast(credit_before * cast({} as double) as decimal(28, 6))"
    return f"""
        valued as (
            select *, coalesce(channel_before, channel_after) as old_channel,
                   coalesce(channel_after, channel_before) as new_channel,
                   case when whole_cause is not null or coalesce(moved, 0) = 0 then {NONE}
                        when credit_before = credit_after then cast(value_after - value_before as decimal(28, 6))
                        ELSE {share_of.format("moved")} end as money_moved
            from judged
        ),
        refunds as (
            select *, case when by_edits = 0 and by_rates = 0 then money_moved
                           ELSE {share_of.format("by_refunds")} end as money_by_refunds
            from valued
        ),
        split as (
            select *, case when by_edits = 0 then {NONE}
                           when by_rates = 0 then cast(money_moved - money_by_refunds as decimal(28, 6))
                           ELSE {share_of.format("by_edits")} end as money_by_edits
            from refunds
        )"""


def _parts(compared: Compared) -> str:
    """The parts of a credit's change, which add up to it: money, then the channel, then the share."""

    def part(channel: str, cause: str, conversions: str, value: str, *, where: str) -> str:
        return f"""named_struct(
            'channel', {channel}, 'cause', {cause}, 'conversions', case when {where} then {conversions} ELSE 0.0 end,
            'value', cast(case when {where} then {value} ELSE {NONE} end as decimal(38, 6)))"""

    whole, several = "whole_cause is not null", "whole_cause is null"
    moves = f"{several} and old_channel <> new_channel"
    held = "value_before + money_moved"
    return f"""[
        {part("old_channel", "whole_cause", "0.0 - credit_before", "0 - value_before", where=whole)},
        {part("new_channel", "whole_cause", "credit_after", "value_after", where=whole)},
        {part("old_channel", f"'{REFUNDS}'", "0.0", "money_by_refunds", where=several)},
        {part("old_channel", f"'{EDITED}'", "0.0", "money_by_edits", where=several)},
        {part("old_channel", f"'{RATES}'", "0.0", "money_moved - money_by_refunds - money_by_edits", where=several)},
        {part("old_channel", f"'{RULES}'", "0.0 - credit_before", f"0 - ({held})", where=moves)},
        {part("new_channel", f"'{RULES}'", "credit_before", held, where=moves)},
        {part("new_channel", "credit_cause", "credit_after - credit_before", f"value_after - ({held})", where=several)}
    ]"""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(quoted, names)) or "''"
