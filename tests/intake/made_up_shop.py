"""A shop that is made up, its exports as people write them, and what must become of every amount: plain Python.

Nothing here uses the code that is tested. Rules are those of docs/input.md: an order's newest version counts by
(updated_at, file, line); of a day of spend the file exported last; of the purchases of one order the earliest, unless
the orders have it.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from intake.parse import NOT_DATA

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
TOTALS, HEADER_AGAIN = "a totals row, no data", "the header again, no data"
BAD_VALUE, BAD_SPEND = "value is not a decimal number", "spend is missing or not a decimal number"
BAD_STATUS = "status is not paid, refunded or cancelled"
ROUNDED = "order_id: a spreadsheet has rounded this id"
# What is written in a file of an encoding and in no narrower one.
LETTERS = {
    "utf-8": "김민지 Zoë",
    "utf-8-sig": "봄세일 größe",
    "cp949": "봄세일",
    "cp1252": "größe €",
    "utf-16": "김민지",
}
STATUSES = {
    "paid": ("paid", "Paid", "completed", "wc-processing"),
    "pending": ("pending", "on hold", "Awaiting payment"),
    "cancelled": ("cancelled", "Canceled", "VOIDED"),
}
Money = Counter[tuple[str, ...]]  # cents by what they are of


@dataclass(frozen=True)
class Form:
    """How the files of one input are written."""

    encoding: str
    delimiter: str
    decimal: str
    has_groups: bool
    ids: str
    end: str
    total: str
    is_packed: bool

    @classmethod
    def drawn(cls, draw: random.Random) -> Form:
        encoding = draw.choice(list(LETTERS))
        return cls(
            encoding=encoding,
            delimiter=draw.choice([",", ";", "\t", "|"]),
            decimal=draw.choice([".", ","]),
            has_groups=draw.random() < 0.5,
            ids=draw.choice(["{}", "{}.0", "'{}", '="{}"', " {} "]),
            end=draw.choice(["\n", "\r\n"]),
            total=draw.choice(["Total", "Summe", "Grand total"] + (["합계"] if encoding in ("utf-8", "cp949") else [])),
            is_packed=draw.random() < 0.3,
        )

    def in_other_clothes(self, draw: random.Random) -> Form:
        """The same encoding and decimal sign, which are the input's; another spelling of everything besides."""
        other = Form.drawn(draw)
        return replace(other, encoding=self.encoding, decimal=self.decimal, total=self.total)

    def money(self, cents: int) -> str:
        whole = f"{cents // 100:,}" if self.has_groups else str(cents // 100)
        text = f"{whole}.{cents % 100:02}"
        return text if self.decimal == "." else text.translate({ord(","): ".", ord("."): ","})

    def knobs(self) -> dict[str, Any]:
        is_default = self.encoding in ("utf-8", "utf-8-sig")
        return {"decimal": self.decimal} | ({} if is_default else {"encoding": self.encoding})

    def content(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter=self.delimiter, lineterminator=self.end).writerows([header, *rows])
        return self.packed(text.getvalue().encode(self.encoding))

    def packed(self, content: bytes) -> bytes:
        return gzip.compress(content, mtime=0) if self.is_packed else content


@dataclass(frozen=True)
class Row:
    """A row as it was meant. `bad` is why it cannot be used; `key` is the order, or the campaign of a day; `status` of
    a purchase is its event_id."""

    key: tuple[Any, ...]
    cents: int
    at: datetime
    version_at: datetime
    status: str = "paid"
    bad: str = ""

    @property
    def content(self) -> tuple[Any, ...]:
        return self.key, self.cents, self.at, self.version_at, self.status


@dataclass
class MadeUpInput:
    """One input: its form, and its files in the order of their names: the rows, in the order of their lines."""

    name: str
    adapter: str
    form: Form
    header: tuple[str, ...] = ()
    feed: MadeUpInput | None = None  # the orders that purchases may be of
    files: dict[str, list[Row]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)

    def knobs(self) -> dict[str, Any]:
        # Not required: a required input must have a file in the first run.
        own = {"name": self.name, "adapter": self.adapter, "files": f"{self.name}/*", "required": False}
        if self.adapter == "events":
            return own | ({"shop": self.feed.name} if self.feed else {})
        return own | self.form.knobs() | ({"shop": self.name} if self.adapter == "orders" else {})

    def places(self) -> Iterator[tuple[str, int, Row]]:
        """Every row with its file and line; the header is line 1."""
        for name, rows in self.files.items():
            for line, row in enumerate(rows, start=2):
                yield f"{self.name}/{name}", line, row


class MadeUpShop:
    """Inputs of orders and of ad spend, and what must become of their amounts."""

    def __init__(self, seed: int, *, orders: int = 4, spend: int = 2) -> None:
        draw = random.Random(seed)
        self.inputs = [
            *(self._orders(draw, f"orders{number}", number) for number in range(orders)),
            *(self._spend(draw, f"spend{number}", number) for number in range(spend)),
        ]
        self.inputs.append(self._purchases(draw, "events", self.inputs[0]))

    def _orders(self, draw: random.Random, name: str, number: int) -> MadeUpInput:
        header = ("order_id", "user_id", "order_ts", "value", "currency", "status", "updated_at", "note")
        input_ = MadeUpInput(name, "orders", Form.drawn(draw), header)
        rows = []
        for order in range(draw.randint(4, 9)):
            key, ordered = (number, 1000 + order, draw.randint(1, 5)), START + timedelta(days=order)
            cents = draw.choice([0, 5, 99_99, 1234_50, 1_234_567_89])
            version_at = ordered + timedelta(hours=1)  # a version has a time of its own
            for _ in range(draw.choice([1, 1, 2, 3])):
                status = draw.choice(["paid", "paid", "paid", "paid", "pending", "cancelled"])
                rows.append(Row(key, cents, ordered, version_at, status))
                # Now and then another version of the same moment: nothing says that it is newer.
                version_at += timedelta(hours=draw.choice([0, 1, 24]))
                cents = draw.choice([cents, cents + 1, 7_00])
            if draw.random() < 0.2:
                bad = draw.choice([BAD_VALUE, BAD_STATUS])
                rows.append(Row(key, 0 if bad == BAD_VALUE else cents, ordered, version_at, "???", bad))
        for _ in range(draw.choice([0, 0, 3])):
            rows.append(Row((number, "4.50001E+15", 1), 20_00, START, START, "paid", ROUNDED))
        self._cut(draw, input_, rows)
        return input_

    def _spend(self, draw: random.Random, name: str, number: int) -> MadeUpInput:
        header = ("date", "platform", "account_id", "campaign_id", "spend", "currency", "exported_at", "note")
        input_ = MadeUpInput(name, "ad_spend", Form.drawn(draw), header)
        rows = []
        for export in range(draw.randint(1, 3)):
            exported = START + timedelta(days=30 + export)
            for day in range(draw.randint(1, 4)):
                for campaign in draw.sample(range(5), draw.randint(1, 4)):
                    bad = BAD_SPEND if draw.random() < 0.1 else ""
                    key = (900 + number, day, campaign)
                    cents = 0 if bad else draw.choice([0, 1, 55_55, 12_345_67])
                    rows.append(Row(key, cents, START + timedelta(days=day), exported, "", bad))
        self._cut(draw, input_, rows)
        return input_

    def _purchases(self, draw: random.Random, name: str, feed: MadeUpInput) -> MadeUpInput:
        input_ = MadeUpInput(name, "events", Form.drawn(draw), feed=feed)
        of_feed = sorted({row.key[1] for _, _, row in feed.places() if not row.bad})
        rows = []
        for number in range(draw.randint(4, 8)):
            key = ("order", draw.choice(of_feed)) if draw.random() < 0.4 else ("cart", number)
            at, cents = START + timedelta(days=number), draw.choice([0, 100_00, 1234_50])
            for again in range(draw.choice([1, 2, 3])):
                paid = draw.choice([cents, cents, 60_00])
                rows.append(
                    Row(key, paid, at, at + timedelta(minutes=again * draw.choice([0, 5])), f"p{number}-{again}")
                )
        rows.append(Row(("unread", 1), 0, START, START, "unread", BAD_VALUE))
        self._cut(draw, input_, rows)
        return input_

    def _cut(self, draw: random.Random, input_: MadeUpInput, rows: Sequence[Row]) -> None:
        """The rows in up to three files, some with a totals row or the header again, some landed twice."""
        cuts = sorted(draw.randint(0, len(rows)) for _ in range(draw.choice([0, 1, 2])))
        parts = [list(rows[start:end]) for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
        for place, part in enumerate(parts):
            if part and input_.header and draw.random() < 0.4:
                part.append(Row(("header",), 0, START, START, "", HEADER_AGAIN))
            if input_.header and draw.random() < 0.5:
                part.append(Row(("total",), sum(row.cents for row in part), START, START, "", TOTALS))
            self._write(draw, input_, f"part{place}", part, input_.form)
            if draw.random() < 0.4:
                # Before or after the first one by name, whose rows it moves to a later place.
                again = draw.choice(["again", "replay"])
                self._write(draw, input_, f"{again}{place}", part, input_.form.in_other_clothes(draw))

    def _write(self, draw: random.Random, input_: MadeUpInput, name: str, rows: list[Row], form: Form) -> None:
        name += ".csv" if input_.header else ".jsonl"
        if not input_.header:
            lines = [self._purchase_line(draw, row) for row in rows]
            content = form.packed("".join(line + form.end for line in lines).encode())
        else:
            cells = self._order_cells if input_.adapter == "orders" else self._spend_cells
            texts = [input_.header if row.bad == HEADER_AGAIN else cells(draw, form, row) for row in rows]
            content = form.content(input_.header, texts)
        input_.files[name], input_.contents[name] = rows, content

    def _purchase_line(self, draw: random.Random, row: Row) -> str:
        """A purchase as JSON; numbers and ids are numbers in one line and texts in another."""
        what, number = row.key
        amount = f"{row.cents // 100}.{row.cents % 100:02}"
        order_id = str(number) if what == "order" else f'"{what}-{number}"'
        fields = {
            "event_id": json.dumps(row.status),
            "event_name": draw.choice(['"purchase"', '"Purchase"']),
            "event_ts": f'"{row.version_at:%Y-%m-%dT%H:%M:%SZ}"',
            "anonymous_id": draw.choice(["7{}", '"7{}"', "7{}.0"]).format(number),
            "order_id": draw.choice([order_id, f'"{order_id}"', f"{order_id}.0"]) if what == "order" else order_id,
            "value": '"12,3x"' if row.bad else draw.choice([amount, f'"{amount}"']),
            "currency": draw.choice(['"USD"', '"usd"']),
        }
        return (
            "{"
            + ", ".join(f'"{name}": {text}' for name, text in draw.sample(sorted(fields.items()), len(fields)))
            + "}"
        )

    def _order_cells(self, draw: random.Random, form: Form, row: Row) -> Sequence[str]:
        note = draw.choice(["", LETTERS[form.encoding], f"a {form.delimiter} b", 'a "quote"', "two\nlines"])
        if row.bad == TOTALS:
            return (form.total, "", "", form.money(row.cents), "USD", "", "", "")
        _, order, user = row.key
        return (
            form.ids.format(order) if row.bad != ROUNDED else order,
            form.ids.format(user),
            f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
            "12,3x" if row.bad == BAD_VALUE else form.money(row.cents),
            "USD",
            draw.choice(STATUSES[row.status]) if row.status in STATUSES else row.status,
            f"{row.version_at:%Y-%m-%dT%H:%M:%SZ}",
            note,
        )

    def _spend_cells(self, draw: random.Random, form: Form, row: Row) -> Sequence[str]:
        if row.bad == TOTALS:
            return (form.total, "", "", "", form.money(row.cents), "USD", "", "")
        account, _, campaign = row.key
        return (
            draw.choice([f"{row.at:%Y-%m-%d}", f"{row.at:%Y-%m-%d} 00:00:00"]),
            "meta",
            draw.choice([str(account), f"act_{account}", f"{account}.0"]),
            form.ids.format(campaign),
            "12,3x" if row.bad else form.money(row.cents),
            "USD",
            f"{row.version_at:%Y-%m-%dT%H:%M:%SZ}",
            LETTERS[form.encoding],
        )

    # What must become of the amounts.

    def at_the_door(self) -> tuple[Money, Money]:
        """Rows and cents by input and outcome: all that the files say, and which of it is kept, known or bad."""
        rows, cents = Money(), Money()
        for input_ in self.inputs:
            seen: set[tuple[Any, ...]] = set()
            for _, _, row in input_.places():
                is_known = input_.adapter in ("orders", "events") and row.content in seen
                bad = "no_data" if row.bad in NOT_DATA else "quarantined"
                outcome = bad if row.bad else "same_again" if is_known else "kept"
                seen |= set() if row.bad else {row.content}
                for what in ("read", outcome):
                    rows[input_.name, what] += 1
                    cents[input_.name, what] += row.cents
        return rows, cents

    def reasons(self) -> Counter[tuple[str, str]]:
        """Rows in quarantine by input and reason."""
        return Counter((input_.name, row.bad) for input_ in self.inputs for _, _, row in input_.places() if row.bad)

    def in_the_ledger(self) -> tuple[Money, Money]:
        """Rows and cents by kind of input and outcome, of all rows that are kept."""
        rows, cents = Money(), Money()
        for input_ in self.inputs:
            name, outcomes = {
                "orders": ("orders", self._order_outcomes),
                "events": ("purchase_events", self._purchase_outcomes),
                "ad_spend": ("ad_spend", self._spend_outcomes),
            }[input_.adapter]
            for row, outcome in outcomes(input_):
                rows[name, outcome] += 1
                cents[name, outcome] += row.cents
        return rows, cents

    def _purchase_outcomes(self, input_: MadeUpInput) -> Iterator[tuple[Row, str]]:
        assert input_.feed is not None
        in_feed = {("order", row.key[1]) for _, _, row in input_.feed.places() if not row.bad}
        by_order: dict[tuple[Any, ...], set[Row]] = defaultdict(set)
        for _, _, row in input_.places():
            if not row.bad:
                by_order[row.key].add(row)
        for key, purchases in by_order.items():
            first, *others = sorted(purchases, key=lambda row: (row.version_at, row.status))
            yield first, "in_feed" if key in in_feed else "counted"
            for row in others:
                same = "same_again" if row.cents == first.cents else "set_aside"
                yield row, "in_feed" if key in in_feed else same

    def _order_outcomes(self, input_: MadeUpInput) -> Iterator[tuple[Row, str]]:
        last_place: dict[tuple[Any, ...], tuple[datetime, str, int, Row]] = {}
        unread: dict[tuple[Any, ...], list[tuple[datetime, str, int]]] = defaultdict(list)
        for file, line, row in input_.places():
            place = (row.version_at, file, line)
            if row.bad:
                unread[row.key].append(place)
            elif row.content not in last_place or place[1:] > last_place[row.content][1:3]:
                last_place[row.content] = (*place, row)
        by_order: dict[tuple[Any, ...], list[tuple[datetime, str, int, Row]]] = defaultdict(list)
        for version in last_place.values():
            by_order[version[3].key].append(version)
        for key, versions in by_order.items():
            *older, newest = sorted(versions, key=lambda version: version[:3])
            for version_at, _, _, row in older:
                is_newer = newest[0] > version_at
                is_other = row.cents != newest[3].cents
                yield row, "set_aside" if is_other and not is_newer else "replaced"
            is_unread = any(place > newest[:3] for place in unread[key])
            no_sale = newest[3].status if newest[3].status in ("cancelled", "pending") else ""
            yield newest[3], no_sale or ("unsettled" if is_unread else "counted")

    def _spend_outcomes(self, input_: MadeUpInput) -> Iterator[tuple[Row, str]]:
        by_day: dict[tuple[Any, ...], list[tuple[datetime, str, Row]]] = defaultdict(list)
        for file, _, row in input_.places():
            if row.bad not in (TOTALS, HEADER_AGAIN):
                by_day[row.key[:2]].append((row.version_at, file, row))
        for exported in by_day.values():
            good = [one for one in exported if not one[2].bad]
            if not good:
                continue
            newest = max(self._exports(good), key=lambda export: (export[1], export[0]))
            campaigns = {row.key[2] for _, file, row in good if file == newest[0]}
            is_unread = any((at, file) > (newest[1], newest[0]) for at, file, row in exported if row.bad)
            for _, file, row in good:
                if file == newest[0]:
                    yield row, "unsettled" if is_unread else "counted"
                else:
                    yield row, "replaced" if row.key[2] in campaigns else "left_out"

    def _exports(self, rows: Sequence[tuple[datetime, str, Row]]) -> list[tuple[str, datetime]]:
        """Each file with the newest time of export that its rows of this day have."""
        newest: dict[str, datetime] = {}
        for at, file, _ in rows:
            newest[file] = max(at, newest.get(file, at))
        return list(newest.items())


def forms_of(shops: Sequence[MadeUpShop]) -> Mapping[str, set[Any]]:
    """What the forms of these shops have, so that a test can see that all was drawn."""
    forms = [input_.form for shop in shops for input_ in shop.inputs]
    return {name: {getattr(form, name) for form in forms} for name in ("encoding", "delimiter", "decimal", "ids")}
