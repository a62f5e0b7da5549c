"""Folders and files on this machine, found without a JVM: it takes seconds to start."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

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


def local_file(uri: str) -> Path | None:
    """The file of this machine that a `FoundFile.uri` names; None for one of another file system."""
    return Path(uri.removeprefix("file:")) if uri.startswith("file:") else None


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
        raise _cannot_be_listed(root, pattern, error) from error


def files_in_subfolders(root: Path, pattern: str) -> list[FoundFile]:
    """The files in subfolders, at any depth, of the folder of a plain `pattern`, whose names match its last part.

    Folders whose names begin with . or _ are passed over.
    """
    base = Path(os.path.abspath(root))  # noqa: PTH100  (as in files_matching)
    wanted, found = name_pattern(pattern), []
    try:
        todo = [base]
        for part in [*filter(None, above(pattern).split("/")), "*"]:
            todo = [path for folder in todo for path in _matching(folder, part)]
        todo = [path for path in todo if path.is_dir() and not path.is_symlink()]  # a link may lead back
        while todo:
            folder = todo.pop()
            if is_hidden(folder.name):
                continue
            for entry in os.scandir(folder):
                if entry.is_dir(follow_symlinks=False):
                    todo.append(folder / entry.name)
                elif wanted.fullmatch(entry.name) and entry.is_file():
                    found.append(folder / entry.name)
        return [_found_file(path, base) for path in found]
    except OSError as error:
        raise _cannot_be_listed(root, pattern, error) from error


def above(pattern: str) -> str:
    """The part of a pattern before its last one, with a slash at its end where there is any."""
    return pattern[: pattern.rfind("/") + 1]


def name_pattern(pattern: str) -> re.Pattern[str]:
    """What the last part of a plain pattern matches."""
    return re.compile(".*".join(map(re.escape, pattern.rsplit("/", 1)[-1].split("*"))), re.DOTALL)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is left alone, by its name."""
    return name.startswith((".", "_"))


def uri_path(path: str) -> str:
    """The path as Java writes it in a URI: letters of any script stay, blanks and signs of URIs become %20 and the
    like."""
    return "".join(char if _stays_in_uri(char) else quote(char, safe="", errors="surrogateescape") for char in path)


def shown(file: str) -> str:
    """The name of a landed file (`uri_path`) for people: blanks as they are, and nothing that a terminal would obey."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in unquote(file))


def _matching(folder: Path, part: str) -> Iterator[Path]:
    if "*" not in part:
        if (folder / part).exists():
            yield folder / part
        return
    if not folder.is_dir():
        return
    wanted = name_pattern(part)
    for entry in os.scandir(folder):
        if wanted.fullmatch(entry.name):
            yield folder / entry.name


def _found_file(path: Path, root: Path) -> FoundFile:
    status, name = path.stat(), path.relative_to(root).as_posix()
    return FoundFile(uri_path(name), f"file:{path}", status.st_size, status.st_mtime_ns // 1_000_000)


def _cannot_be_listed(root: Path, pattern: str, error: OSError) -> InputError:
    return InputError(f"{root}/{pattern}: cannot be listed ({error.strerror}); see landing.root and landing.inputs")


def _stays_in_uri(char: str) -> bool:
    if char.isascii():
        return char.isalnum() or char in URI_KEEPS
    # Cs: a byte of a name that is not UTF-8
    return unicodedata.category(char) not in ("Zs", "Zl", "Zp", "Cc", "Cs")
