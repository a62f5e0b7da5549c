"""Folders and files on this machine, found without a JVM: it takes seconds to start."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from warehouse.errors import InputError

# Where one of these is set, Hadoop may take a path without a scheme for one on another file system.
HADOOP_CONFIGURED_BY = ("PYSPARK_GATEWAY_PORT", "HADOOP_CONF_DIR", "YARN_CONF_DIR", "SPARK_CONF_DIR", "SPARK_HOME")
# What braces, brackets, ? and a colon match is left to Hadoop.
NOT_PLAIN = re.compile(r"[{}\[\]?\\:]")
URI_KEEPS = "/_-!.~'()*:@&=+$,;"  # besides letters and digits, as java.net.URI does


class FoundFile(NamedTuple):
    """One file below a folder. `file` is its path relative to that folder, as URIs write it."""

    file: str
    uri: str
    bytes: int
    modified_ms: int


class Folder(NamedTuple):
    """What stands at a path: its name, whether there is anything, and whether that is a folder."""

    path: str
    exists: bool
    is_folder: bool


def local_folder(root: str) -> Path | None:
    """The folder that `root` names on this machine; None for a root with a scheme other than file."""
    scheme, separator, path = root.partition("://")
    if not separator:
        return Path(root)
    return Path(path) if scheme == "file" else None


def folder_without_hadoop(root: str) -> Path | None:
    """As `local_folder`; None also where Hadoop's configuration may give a plain path another meaning."""
    if "://" not in root and any(name in os.environ for name in HADOOP_CONFIGURED_BY):
        return None
    return local_folder(root)


def look_at(folder: Path) -> Folder:
    """What stands at a path of this machine."""
    return Folder(os.path.normpath(folder), folder.exists(), folder.is_dir())


def is_plain(pattern: str) -> bool:
    """Whether `files_matching` reads the pattern: names below the folder, with * for any characters."""
    parts = pattern.split("/")
    return not NOT_PLAIN.search(pattern) and parts[0] != "" and not {".", ".."} & set(parts)


def files_matching(root: Path, pattern: str) -> list[FoundFile]:
    """The files below `root` that match a plain `pattern`, as Hadoop lists them, in no order; InputError where a folder
    cannot be listed."""
    base = Path(os.path.abspath(root))  # noqa: PTH100  (Hadoop takes .. out of a path as text, too)
    try:
        found = [base]
        for part in filter(None, pattern.split("/")):
            found = [path for folder in found for path in _matching(folder, part)]
        return [_found_file(path, base) for path in found if path.is_file()]
    except OSError as error:
        raise InputError(
            f"{root}/{pattern}: cannot be listed ({error.strerror}); see landing.root and landing.inputs"
        ) from error


def uri_path(path: str) -> str:
    """The path as Java writes it in a URI: letters of any script stay, blanks and signs of URIs become %20 and the
    like."""
    return "".join(char if _stays_in_uri(char) else quote(char, safe="") for char in path)


def _matching(folder: Path, part: str) -> Iterator[Path]:
    if "*" not in part:
        if (folder / part).exists():
            yield folder / part
        return
    if not folder.is_dir():
        return
    wanted = re.compile(".*".join(map(re.escape, part.split("*"))), re.DOTALL)
    for entry in os.scandir(folder):
        if wanted.fullmatch(entry.name):
            yield folder / entry.name


def _found_file(path: Path, root: Path) -> FoundFile:
    status, name = path.stat(), path.relative_to(root).as_posix()
    if ":" in name and not path.name.startswith((".", "_")):
        raise InputError(f"{name}: Spark cannot read a file with a colon in its name; land it under another one")
    return FoundFile(uri_path(name), f"file:{path}", status.st_size, status.st_mtime_ns // 1_000_000)


def _stays_in_uri(char: str) -> bool:
    if char.isascii():
        return char.isalnum() or char in URI_KEEPS
    return unicodedata.category(char) not in ("Zs", "Zl", "Zp", "Cc")
