"""The panel about new campaigns: what their new users will bring, as their first week shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dashboard import formats
from dashboard.chart_svg import Chart, chart_of
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.words import Words
from published.early_value import WEEK, FirstWeek, FirstWeeks, read_first_weeks
from published.figures import Figures

FEW_NEW_USERS = 30  # of fewer, one buyer more or less decides
MOST_CAMPAIGNS, MOST_DRAWN = 50, 15
Shown = Callable[[str], str]


def first_week_panel(
    figures: Figures,
    words: Words,
    *,
    smallest: int = FEW_NEW_USERS,
    most: int | None = MOST_CAMPAIGNS,
    shown: Shown = str,
) -> Panel | None:
    """Campaigns by what a new user of theirs is expected to bring; None where no first week is over.

    Campaigns with fewer than `smallest` new users are marked, and neither drawn nor named in the sentence. At most
    `most` rows stand in the table (None: all). `shown` makes a name that came from a log fit to be shown.
    """
    found = read_first_weeks(figures.published, figures.view)
    if found is None:
        return None
    large = [one for one in found.campaigns if one.new_users >= smallest]
    listed = found.campaigns[:most]
    notes = [
        words(
            "first_week.note",
            first=words.day(found.first_day),
            last=words.day(found.last_day),
            days=str(found.horizon_days),
            number=str(smallest),
        ),
        *_served(found, words),
        *(
            [words("first_week.more", rows=formats.count(len(found.campaigns)))]
            if len(listed) < len(found.campaigns)
            else []
        ),
    ]
    return Panel(
        "first-week",
        words("first_week.title"),
        _sentence(found, large, words, shown),
        _chart(large, words, shown) if large else None,
        _table(found, listed, smallest, words, shown),
        note=" ".join(notes),
    )


def _sentence(found: FirstWeeks, large: Sequence[FirstWeek], words: Words, shown: Shown) -> str:
    value = sum(one.value for one in found.campaigns)
    everybody = words(
        "first_week.sentence",
        users=words.counted("new_user", found.new_users),
        each=words.money(value / found.new_users if found.new_users else None, found.currency),
        days=str(found.horizon_days),
    )
    if not large:
        return everybody
    best = max(large, key=lambda one: (one.each(one.bounds.lower) or 0.0, one.value, one.channel, one.campaign))
    parts = [
        everybody,
        words(
            "first_week.best",
            campaign=_name(best, shown),
            each=words.money(best.each(best.value), found.currency),
            interval=_between(best, found, words),
        ),
    ]
    if paid := [one for one in large if one.spend]:
        dear = sum(float(one.spend) > one.bounds.upper for one in paid)
        parts.append(words("first_week.dear", dear=formats.count(dear), campaigns=formats.count(len(paid))))
    return " ".join(parts)


def _chart(large: Sequence[FirstWeek], words: Words, shown: Shown) -> Chart:
    drawn = sorted(large[:MOST_DRAWN], key=lambda one: (-(one.each(one.value) or 0.0), one.channel, one.campaign))
    points = [
        {
            "campaign": _name(one, shown),
            "position": place,
            "each": one.each(one.value),
            "lower": one.each(one.bounds.lower),
            "upper": one.each(one.bounds.upper),
            "cost": one.each(one.spend) if one.spend else None,
        }
        for place, one in enumerate(drawn)
    ]
    label = words("first_week.label", campaigns=str(len(points)))
    return chart_of("first_week", points, words, label=label, axis=words("first_week.axis"))


def _table(found: FirstWeeks, listed: Sequence[FirstWeek], smallest: int, words: Words, shown: Shown) -> PageTable:
    currency = found.currency
    days = str(found.horizon_days)
    return PageTable(
        caption=words("first_week.caption", age=str(WEEK), currency=words.currency(currency)),
        columns=(
            Column(words("first_week.campaign"), numeric=False),
            Column(words("first_week.channel"), numeric=False),
            Column(words("first_week.new_users")),
            Column(words("first_week.buyers"), hint=words("first_week.buyers_hint")),
            Column(words("first_week.to_date"), hint=words("first_week.to_date_hint")),
            Column(words("first_week.value", days=days), hint=words("first_week.value_hint", days=days)),
            Column(words("first_week.interval"), hint=words("first_week.interval_hint"), numeric=False),
            Column(words("first_week.spend")),
            Column(words("first_week.spend_each")),
            Column(words("first_week.value_to_spend"), hint=words("first_week.value_to_spend_hint")),
        ),
        rows=table_rows(
            [
                (
                    Figure(f"{shown(one.campaign)}{' †' if one.new_users < smallest else ''}", one.campaign),
                    Figure(shown(one.channel), one.channel),
                    formats.count(one.new_users),
                    formats.count(one.buyers),
                    formats.amount(one.each(one.value_to_date), currency),
                    formats.amount(one.each(one.value), currency),
                    _between(one, found, words),
                    formats.amount(one.spend, currency),
                    formats.amount(one.each(one.spend) if one.spend else None, currency),
                    words.back(one.for_spend(one.value), currency),
                )
                for one in listed
            ]
        ),
    )


def _served(found: FirstWeeks, words: Words) -> list[str]:
    """What predicts, and by which version."""
    served = "first_week.behaviour" if found.model_served else "first_week.channel_mean"
    return [words(served), words("first_week.model", model=found.model_version)]


def _name(one: FirstWeek, shown: Shown) -> str:
    return f"{shown(one.channel)} · {shown(one.campaign)}"


def _between(one: FirstWeek, found: FirstWeeks, words: Words) -> str:
    low, high = (one.each(bound) for bound in one.bounds)
    if low is None or high is None:
        return formats.amount(None, found.currency)
    return words(
        "forecasts.between",
        low=formats.amount(low, found.currency),
        high=formats.amount(high, found.currency),
    )
