"""Landed files as Spark can read them: links and copies in a staging folder, under names that fit their bytes.

Tables keep the names of the landing folder.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from intake.first_look import Look
from intake.landed_bytes import in_utf8, unpacked, with_lines_cut
from intake.landed_lines import STAGED
from warehouse.jvm.files import download, upload
from warehouse.local_files import FoundFile, local_file, local_folder
from warehouse.session_at_need import Session, started


@contextmanager
def fetched(session: Session, file: FoundFile) -> Iterator[Path]:
    """The file as one of this machine; one of another file system is copied here for as long as it is looked at."""
    if (path := local_file(file.uri)) is not None:
        yield path
        return
    with TemporaryDirectory(prefix="distributary-") as folder:
        copy = Path(folder) / "landed"
        download(started(session), file.uri, copy)
        yield copy


def staged_files(session: Session, looks: Sequence[Look], folder: str) -> list[FoundFile]:
    """The files of `looks` as Spark reads them, each with its own name in `file`: where they are, or in `folder`."""
    return [_staged(session, look, folder) for look in looks]


def _staged(session: Session, look: Look, folder: str) -> FoundFile:
    if look.reading == "in place":
        return look.file
    name = f"{STAGED}{secrets.token_hex(12)}{look.ending}"
    below = local_folder(folder)
    with fetched(session, look.file) as path:
        if below is not None:
            below.mkdir(parents=True, exist_ok=True)
            staged = below.absolute() / name
            if look.reading == "link" and path == local_file(look.file.uri):
                staged.symlink_to(path)
            else:
                _write(look, path, staged)
            return look.file._replace(uri=f"file:{staged}")
        with TemporaryDirectory(prefix="distributary-") as here:
            _write(look, path, Path(here) / name)
            upload(started(session), Path(here) / name, f"{folder}/{name}")
    return look.file._replace(uri=f"{folder}/{name}")


def _write(look: Look, path: Path, staged: Path) -> None:
    if look.reading == "link":
        shutil.copyfile(path, staged)
        return
    text = unpacked(path, look.compression)
    if look.codec:
        text = in_utf8(text, look.codec)
    if look.cut_at:
        text = with_lines_cut(text, look.cut_at)
    with staged.open("wb") as file:
        file.writelines(text)
