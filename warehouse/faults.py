"""Faults of the disk, the lake's files and the machine: what they look like, which line they end a run with.

They reach a run as errors of Spark, Hadoop, Delta, delta-rs, Arrow or Python. What they have in common is the text.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from warehouse.errors import (
    DamagedTable,
    DistributaryError,
    InputError,
    LakeInUse,
    NotInstalled,
    NotWritable,
    UsageError,
)
from warehouse.java_errors import java_stack, message_of
from warehouse.local_files import local_folder

LAYERS = ("bronze", "silver", "gold", "ops")
LONGEST_REASON = 200
A_NAME = r"[^\s'\"(),;<>]*[^\s'\"(),;:.<>\]]"
A_PATH = re.compile(rf"(?:file:/{{0,2}})?(/{A_NAME})")
AGAIN = {
    "silver": "remove {folder}: the next run makes the table again",
    "gold": "remove {folder}: the next run makes the table again",
    "bronze": "bring {folder} back from a backup; without one remove the lake: a run takes all landed files in again",
    "ops": "bring {folder} back from a backup, or remove it: its history is lost, no other table is",
}


@dataclass(frozen=True)
class Found:
    """What an error is about: its text, the path that it names, and the folder and layer of a table of the lake."""

    text: str
    path: str
    table_folder: str
    layer: str

    @property
    def table(self) -> str:
        """The table's name; '' where the path is not that of a table."""
        return f"{self.layer}.{Path(self.table_folder).name}" if self.table_folder else ""

    @property
    def place(self) -> str:
        """The table and the path, as far as they are known."""
        return ", ".join(filter(None, (self.table, self.path))) or "the lake"


@dataclass(frozen=True)
class Fault:
    """One kind of fault: a pattern that its text has, and the error that a run ends with."""

    looks_like: re.Pattern[str]
    error: Callable[[Found], DistributaryError]


def expected(error: BaseException, lake: str) -> DistributaryError | None:
    """The error with a line of its own that a run ends with; None for one that nobody foresaw."""
    found = look_at(error, lake)
    return next((fault.error(found) for fault in FAULTS if fault.looks_like.search(found.text)), None)


def look_at(error: BaseException, lake: str) -> Found:
    """What an error is about."""
    text = "\n".join(f"{type(one).__name__}: {message_of(one)}\n{java_stack(one)}" for one in _chain(error))
    root = local_folder(lake)
    prefix = str(root.absolute()) if root else lake
    below_lake = re.compile(rf"{re.escape(prefix)}/{A_NAME}")  # which may have blanks in it
    named = [unquote(path) for path in (*below_lake.findall(text), *A_PATH.findall(text))]
    files = [one.filename for one in _chain(error) if isinstance(one, OSError) and isinstance(one.filename, str)]
    inside = [path for path in (*files, *named) if path.startswith(f"{prefix}/")]
    path = next(iter((*inside, *files)), "")
    parts = path.removeprefix(f"{prefix}/").split("/") if inside else []
    layer = parts[0] if len(parts) > 1 and parts[0] in LAYERS else ""
    return Found(text, path, f"{prefix}/{parts[0]}/{parts[1]}" if layer else "", layer)


def reason_of(error: BaseException, lake: str) -> str:
    """What the log of runs has of an error: its line, of one that nobody foresaw its kind and first line."""
    known = error if isinstance(error, DistributaryError) else expected(error, lake)
    return str(known) if known is not None else f"{type(error).__name__}: {first_line(error)}"


def first_line(error: BaseException) -> str:
    """The first line of an error's message, not too long."""
    line = next(filter(None, map(str.strip, message_of(error).splitlines())), type(error).__name__)
    return line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]}…"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it, each once: an error that is raised again while it is handled leads to itself."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _full(found: Found) -> DistributaryError:
    return NotWritable(f"{found.place}: no space is left on the disk; free some, then run again: it goes on from here")


def _read_only(found: Found) -> DistributaryError:
    return NotWritable(f"{found.place}: may not be written; see owner, rights and whether the disk is read-only")


def _damaged_log(found: Found) -> DistributaryError:
    return DamagedTable(f"{found.place}: the table's log is damaged or incomplete; {_way_out(found)}")


def _damaged_file(found: Found) -> DistributaryError:
    return DamagedTable(f"{found.place}: the file is missing, cut or damaged; {_way_out(found)}")


def _way_out(found: Found) -> str:
    return way_out(Path(found.table_folder)) if found.table_folder else "bring it back from a backup"


def way_out(folder: Path) -> str:
    """What to do about a damaged table in `folder`, <lake>/<layer>/<table>."""
    return AGAIN.get(folder.parent.name, "bring {folder} back from a backup").format(folder=folder)


def damaged_log(folder: Path, reason: str) -> DamagedTable:
    """The error of a table whose log cannot be read."""
    name = f"{folder.parent.name}.{folder.name}, " if folder.parent.name in LAYERS else ""
    return DamagedTable(f"{name}{folder}: the table's log cannot be read ({reason}); {way_out(folder)}")


def damaged_file(file: Path, reason: object) -> DamagedTable:
    """The error of a table's file that cannot be read."""
    folder = file.parent
    name = f"{folder.parent.name}.{folder.name}, " if folder.parent.name in LAYERS else ""
    return DamagedTable(f"{name}{file}: the table's file cannot be read ({reason}); {way_out(folder)}")


def _other_writer(found: Found) -> DistributaryError:
    return LakeInUse(f"{found.place}: another program has written to it at the same time; run again")


def _no_memory(_: Found) -> DistributaryError:
    return UsageError("Spark ran out of memory: raise spark.driver.memory in the section spark.conf")


def _no_module(found: Found) -> DistributaryError:
    name = re.search(NO_MODULE, found.text)
    return NotInstalled(f"the package {name[1] if name else ''} is not installed: pip install it into {sys.prefix}")


def _no_java(_: Found) -> DistributaryError:
    return NotInstalled("Spark did not start: is Java 17 installed, and does JAVA_HOME name its folder?")


def _colon(found: Found) -> DistributaryError:
    name = re.search(r"Relative path in absolute URI: (\S+)", found.text)
    return InputError(f"{name[1] if name else found.place}: a name with a colon cannot be read; give it another name")


NO_MODULE = r"No module named '?([\w.]+)"
DAMAGED_LOG = (
    r"DELTA_(TRUNCATED_TRANSACTION_LOG|STATE_RECOVER_ERROR|LOG_FILE_NOT_FOUND|LOG_ALREADY_EXISTS|VERSIONS_NOT_CONTIGUOUS"
    r"|MISSING_PART_FILES|CHECKPOINT|LOG_FILE_MALFORMED|MISSING_CHANGE_DATA|CANNOT_RESTORE|INVALID_PROTOCOL|METADATA_ABSENT)"
    r"|(?s:(JsonParseException|JsonEOFException|JsonProcessingException|JSONDecodeError|MalformedInput).*_delta_log)"
    r"|(?s:_delta_log.*(JsonParseException|JsonEOFException|Invalid JSON|Failed to parse|Failed to read))"
    r"|\d{20}(\.\w+)*\.(json|parquet|crc)\b"
)
DAMAGED_FILE = (
    r"not a Parquet file|Could not read footer|CANNOT_READ_FILE_FOOTER|FAILED_READ_FILE|FILE_NOT_EXIST"
    r"|Parquet magic bytes|Parquet file size is|ParquetDecodingException|ParquetError|Parquet error|EOF: "
    r"|Corrupt footer|Invalid Parquet|(FileNotFoundException|FileNotFoundError|NotFound).*\.parquet"
    r"|[Oo]bject at location .*parquet.* not found|Couldn't deserialize thrift|Unexpected end of stream"
)
FAULTS = tuple(
    Fault(re.compile(pattern), error)
    for pattern, error in (
        (
            r"has made this commit|DELTA_CONCURRENT|(MetadataChanged|ProtocolChanged)Exception"
            r"|Concurrent(Append|DeleteRead|DeleteDelete|Write|Transaction)Exception",
            _other_writer,
        ),
        (r"OutOfMemoryError|Java heap space|GC overhead limit", _no_memory),
        (r"No space left on device|Disk quota exceeded|os error 28\b|database or disk is full", _full),
        (
            r"Read-only file system|Permission denied|PermissionError|AccessControlException|AccessDeniedException"
            r"|Operation not permitted|Mkdirs failed|os error (13|30)\b|attempt to write a readonly database",
            _read_only,
        ),
        (NO_MODULE, _no_module),
        (r"JAVA_GATEWAY_EXITED", _no_java),
        (DAMAGED_LOG, _damaged_log),
        (DAMAGED_FILE, _damaged_file),
        (r"Relative path in absolute URI", _colon),
    )
)
