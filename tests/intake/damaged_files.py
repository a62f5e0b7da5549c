"""Files as shops land them, and damages to them; and what lines a file has, in plain Python."""

from __future__ import annotations

import bz2
import gzip
import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from intake.knobs import Export

SEED = 2311
LINE_BREAK = re.compile(rb"\r\n|\r|\n")
BOM = b"\xef\xbb\xbf"
NAMES = ("Ann", "Bo", "김민지", "Zoë", 'the "Shop", Ltd.', "O'Neil")


@dataclass(frozen=True)
class Kind:
    """One input of a shop: its adapter, how its files are written, and whole files, each with its ending."""

    name: str
    adapter: str
    files: Sequence[tuple[str, bytes]]
    export: dict[str, Any] = field(default_factory=dict)

    @property
    def encoding(self) -> str:
        return str(self.export.get("encoding") or "utf-8")

    @property
    def knobs(self) -> Export:
        return Export(**self.export)


def csv_text(header: str, rows: Sequence[Sequence[object]], delimiter: str = ",", end: str = "\n") -> str:
    """A CSV with quotes where they are needed."""

    def cell(value: object) -> str:
        text = str(value)
        return '"' + text.replace('"', '""') + '"' if re.search(rf'[{re.escape(delimiter)}"\r\n]', text) else text

    lines = [header.replace(",", delimiter), *(delimiter.join(map(cell, row)) for row in rows)]
    return end.join(lines) + end


def kinds() -> list[Kind]:
    """Inputs of every format that is read: JSON Lines, CSV of four delimiters, text over several lines, encodings."""
    draw = random.Random(SEED)
    events = [
        {
            "event_id": f"e{number}",
            "event_name": draw.choice(["page_view", "purchase", "Sign Up"]),
            "event_ts": f"2026-03-{draw.randint(1, 28):02}T09:{draw.randint(0, 59):02}:00Z",
            "anonymous_id": f"a{draw.randint(1, 9)}",
            "page_url": f"https://shop.com/p?utm_source={draw.choice(NAMES)}",
            "order_id": f"o{number}",
            "value": draw.choice([10, 2.5, "3.00", None]),
            "currency": "USD",
        }
        for number in range(12)
    ]
    jsonl = "".join(json.dumps(event, ensure_ascii=draw.random() < 0.5) + "\n" for event in events).encode()
    event_csv = csv_text(
        "event_id,event_name,event_ts,anonymous_id,campaign",
        [(f"c{i}", "page_view", "2026-03-01T09:00:00Z", f"a{i}", draw.choice(NAMES)) for i in range(10)],
    ).encode()
    order_header = "order_id,user_id,order_ts,value,currency,note"
    notes = ["", "two\nlines", 'a "quote"', "plain", "a\n\nb, c"]
    orders = []
    for number in range(12):
        value = f"{draw.randint(1, 99999) / 100:.2f}"
        moment = f"2026-03-{number + 1:02}T10:00:00+09:00"
        orders.append((f"o{number}", draw.choice(NAMES), moment, value, "USD", draw.choice(notes)))
    comma = csv_text(order_header, orders).encode()
    german = [(*row[:3], str(row[3]).replace(".", ","), *row[4:]) for row in orders]
    korean = [
        (f"k{i}", draw.choice(["김민지", "이서준"]), "2026-03-01T10:00:00Z", i, "KRW", "봄세일") for i in range(9)
    ]
    spend_header = "date,platform,account_id,campaign_name,impressions,clicks,spend,currency"
    spend = [
        (f"2026-03-{i + 1:02}", "meta", "act_123", draw.choice(NAMES), 1000 + i, i, f"{i}.50", "USD") for i in range(10)
    ]
    title = "Campaign report\n1 Mar 2026 - 31 Mar 2026\n\n"
    titled = (title + csv_text(spend_header, spend) + "Total,,,,10045,45,50,USD\n").encode()
    packed = gzip.compress(jsonl, mtime=0)
    return [
        Kind("events", "events", [(".jsonl", jsonl), (".jsonl.gz", packed), (".csv", event_csv)]),
        Kind("orders", "orders", [(".csv", comma), (".csv", BOM + comma.replace(b"\n", b"\r\n"))]),
        Kind("orders_de", "orders", [(".csv", csv_text(order_header, german, ";").encode())], {"decimal": ","}),
        Kind("orders_kr", "orders", [(".csv", csv_text(order_header, korean).encode("cp949"))], {"encoding": "cp949"}),
        Kind("orders_wide", "orders", [(".csv", comma.decode().encode("utf-16"))], {"encoding": "utf-16"}),
        Kind("ad_spend", "ad_spend", [
            (".csv", titled), (".tsv", csv_text(spend_header, spend, "\t").encode()),
            (".csv.bz2", bz2.compress(titled)), (".txt", csv_text(spend_header, spend, "|").encode()),
        ]),
    ]  # fmt: skip


def _flip(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.choice([1, 1, 2, 8, 40])):
        if changed:
            changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _cut(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    start, end = sorted(draw.randrange(len(content) + 1) for _ in range(2))
    return draw.choice([content[:end], content[start:], content[:start] + content[end:]])


def _join(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    other, place = draw.choice(others), draw.randrange(len(content) + 1)
    return draw.choice([content + other, other + content, content[:place] + other + content[place:], content + content])


def _re_encode(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    text = content.decode(draw.choice(["utf-8", "latin-1", "cp949"]), "replace")
    return text.encode(
        draw.choice(["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp949", "cp1252", "shift_jis", "utf-7"]), "replace"
    )


def _pack(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    once = draw.choice([lambda text: gzip.compress(text, mtime=0), bz2.compress, _zstd])
    return once(once(content)) if draw.random() < 0.3 else once(content)


def _zstd(content: bytes) -> bytes:
    return pa.compress(content, "zstd", asbytes=True)  # type: ignore[no-any-return]


def _line_ends(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    ends = draw.choice([[b"\r\n"], [b"\r"], [b"\n\n"], [b"\n", b"\r", b"\r\n", b"\n\n", b" \n"], [b""], [b"\x0b"]])
    return b"".join(line + draw.choice(ends) for line in LINE_BREAK.split(content))


def _insert(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    pieces = [b'"', b'""', b"\n", b"\r", b"\0", b",", b";", b"\t", BOM, b"\xff", b"\\", b"{", b"}", b"\x1b[31m", b"=1"]
    for _ in range(draw.choice([1, 1, 2, 5])):
        place = draw.randrange(len(content) + 1)
        content = content[:place] + draw.choice(pieces) * draw.choice([1, 1, 1, 30]) + content[place:]
    return content


def _move_lines(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    lines = content.split(b"\n")
    draw.shuffle(lines)
    return b"\n".join(draw.choice([lines, sorted(lines), lines[: len(lines) // 2], [*lines, *lines]]))


def _delimiters(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    return content.replace(draw.choice([b",", b";", b"\t"]), draw.choice([b",", b";", b"\t", b"|", b"", b",,"]))


DAMAGES: Sequence[Callable[[random.Random, bytes, Sequence[bytes]], bytes]] = (
    _flip, _cut, _join, _re_encode, _pack, _line_ends, _insert, _move_lines, _delimiters,
)  # fmt: skip


def damaged(draw: random.Random, kind: Kind, others: Sequence[bytes]) -> tuple[str, bytes]:
    """A file of the kind with one to three damages; now and then its ending is another one too."""
    ending, content = draw.choice(list(kind.files))
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        content = draw.choice(DAMAGES)(draw, content, others)
    if draw.random() < 0.1:
        ending = draw.choice([".csv", ".jsonl", ".csv.gz", ".tsv", ".txt", ".CSV", ".jsonl.part", "", ".xlsx"])
    return ending, content


def lines_of(content: bytes, encoding: str) -> tuple[list[bytes], str]:
    """The lines of a landed file, unpacked, and the encoding that they are in: UTF-8 for files that begin as it does,
    and for those of wide letters. Written for the tests alone."""
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    elif content.startswith(b"BZh"):
        content = bz2.decompress(content)
    elif content.startswith(b"\x28\xb5\x2f\xfd"):
        content = pa.CompressedInputStream(pa.BufferReader(content), "zstd").read()
    if content.startswith(BOM):
        encoding = "utf-8"
    elif encoding.startswith("utf-16"):
        content, encoding = content.decode(encoding).encode(), "utf-8"
    lines = LINE_BREAK.split(content.removeprefix(BOM))
    return (lines[:-1] if lines[-1] == b"" else lines), encoding
