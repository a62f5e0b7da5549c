"""Landing files of a simulated shop."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from simulator.dirt import OUTCOMES, Sent, send
from simulator.lines import joined
from simulator.orders import COLUMNS as ORDER_COLUMNS
from simulator.orders import csv_text, make_orders, order_files
from simulator.other_events import abuse_lines, ad_lines, bot_lines, server_lines
from simulator.shop import DAY, Shop
from simulator.spend import COLUMNS as SPEND_COLUMNS
from simulator.spend import RATE_COLUMNS, exchange_rates, spend_files
from simulator.timeline import make_timeline, purchase_seconds
from simulator.visit_events import landings, visit_lines
from simulator.world import make_world

FOLDERS = ("events", "orders", "ad_spend", "exchange_rates")


def write_landing(shop: Shop, folder: Path, *, progress: Callable[[str], None] | None = None) -> dict[str, int]:
    """Write the shop's landing files below `folder` and return exact counts of their content.

    Files: events/events-<day>.jsonl.gz by day of arrival, orders/orders-<day>.csv (the first is the history),
    ad_spend/<platform>-<day>.csv and exchange_rates/rates.csv. The same shop gives the same bytes; writing it again
    changes no file. FileExistsError when the folder holds files of another shop, because landed files are never
    changed. docs/simulator.md explains the counts. `progress` is called with one line of text per step.
    """
    report = progress or (lambda text: None)
    report("simulating visits and purchases")
    world = make_world(shop)
    timeline = make_timeline(world)
    orders = make_orders(world, purchase_seconds(world, timeline))
    report(f"describing {world.visits.count:,} visits")
    pages, tokens = landings(world)
    abuse, claimed_days, injected = abuse_lines(world, timeline)
    parts = [
        visit_lines(world, timeline, orders, pages=pages, tokens=tokens, injected=injected),
        ad_lines(world, timeline, pages),
        abuse,
        server_lines(world, orders),
    ]
    parts.append(bot_lines(world, sum(part.count for part in parts)))
    sent = send(shop, joined(parts))
    counts = _event_counts(sent)

    files = {f"events/{name}": data for name, data in _event_files(shop, sent, report)}
    order_rows = order_files(shop, orders)
    spend_rows = spend_files(world, orders, timeline.start, claimed_days)
    rates = exchange_rates(shop)
    files |= {f"orders/{name}": csv_text(ORDER_COLUMNS, rows) for name, rows in order_rows.items()}
    files |= {f"ad_spend/{name}": csv_text(SPEND_COLUMNS, rows) for name, rows in spend_rows.items()}
    files["exchange_rates/rates.csv"] = csv_text(RATE_COLUMNS, rates)
    _land(folder, files)

    all_orders = [row for rows in order_rows.values() for row in rows]
    in_days = {row[0] for row in all_orders} - {row[0] for row in order_rows[f"orders-{shop.day(-1)}.csv"]}
    counts |= {
        "visitors": len(np.unique(world.visits.person)),
        "visits": world.visits.count,
        "order_rows": len(all_orders),
        "orders": len({row[0] for row in all_orders}),
        "orders_in_days": len(in_days),
        "customers": len({row[1] or row[2] for row in all_orders}),
        "refunded_rows": sum(row[7] not in ("0", "0.00") for row in all_orders),
        "cancelled_rows": sum(row[6] == "cancelled" for row in all_orders),
        "deleted_rows": sum(row[10] == "true" for row in all_orders),
        "spend_rows": sum(len(rows) for rows in spend_rows.values()),
        "rate_rows": len(rates),
        "files": len(files),
    }
    report(f"wrote {len(files)} files below {folder}")
    return counts


def _event_counts(sent: Sent) -> dict[str, int]:
    """Lines per outcome, and the sound events by name and by anomaly (late, out of order, skewed clock, bot)."""
    outcomes = np.bincount(sent.outcome, minlength=len(OUTCOMES)).tolist()
    is_event = (sent.outcome == 0).tolist()
    names = Counter(name for name, counts in zip(sent.name, is_event, strict=True) if counts)
    return (
        {"event_lines": len(sent.text)}
        | dict(zip(OUTCOMES, outcomes, strict=True))
        | {
            "late": int(sent.late.sum()),
            "out_of_order": int(sent.out_of_order.sum()),
            "clock_skewed": int(sent.clock_skewed.sum()),
            "bot_events": int(sent.is_bot.sum()),
        }
        | {f"{name}_events": count for name, count in sorted(names.items())}
    )


def _event_files(shop: Shop, sent: Sent, report: Callable[[str], None]) -> list[tuple[str, bytes]]:
    """One file per day of arrival, lines in order of arrival; a day without events has an empty file."""
    day = np.floor((sent.received - shop.start_seconds) / DAY)
    edges = np.searchsorted(day, np.arange(shop.days + 1)).tolist()
    files = []
    for index in range(shop.days):
        text = "".join(f"{line}\n" for line in sent.text[edges[index] : edges[index + 1]])
        files.append((f"events-{shop.day(index)}.jsonl.gz", gzip.compress(text.encode(), compresslevel=3, mtime=0)))
        if index % 10 == 9:
            report(f"packed {index + 1} of {shop.days} days of events")
    return files


def _land(folder: Path, files: dict[str, bytes]) -> None:
    """Write the files, each in one move; a file that exists already must have the same content."""
    for name in FOLDERS:
        existing = [f"{name}/{path.name}" for path in sorted((folder / name).glob("[!.]*"))]
        for file in existing:
            if files.get(file) != (folder / file).read_bytes():
                raise FileExistsError(
                    f"{folder / file}: another shop's file is here and landed files are never changed; "
                    "choose an empty folder or remove this one"
                )
        (folder / name).mkdir(parents=True, exist_ok=True)
    for file, data in files.items():
        path = folder / file
        if not path.exists():
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(data)
            part.replace(path)
