"""Files and folders behind Hadoop's file systems: local ones and object stores alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]  # has no stubs
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from warehouse.errors import InputError
from warehouse.jvm.session import java_class
from warehouse.local_files import Folder, FoundFile, above, is_hidden, name_pattern

# The errors of Spark for a damaged file, depending on where in the JVM it is found.
READ_FAILURES = (PySparkException, Py4JJavaError)


def hadoop_path(session: SparkSession, path: str) -> tuple[Any, Any]:
    """Hadoop's Path of a file or folder, and its file system; InputError where that cannot be opened."""
    found = java_class(session, "org.apache.hadoop.fs.Path")(path)
    try:
        return found, found.getFileSystem(session._jsc.hadoopConfiguration())
    except Py4JJavaError as error:
        raise InputError(
            f"{path}: its file system cannot be opened ({error.java_exception.toString()}); an object store needs its "
            "JARs and access (spark.conf: spark.jars.packages, spark.hadoop.fs.*)"
        ) from error


def look_at(session: SparkSession, root: str, below: str = "") -> Folder:
    """What stands at a path below `root`; InputError where that cannot be found out."""
    _, system = hadoop_path(session, root)
    path = f"{root}{below}"
    found = java_class(session, "org.apache.hadoop.fs.Path")(path)
    try:
        return Folder(str(found.toString()), bool(system.exists(found)), bool(system.isDirectory(found)))
    except Py4JJavaError as error:  # no permission, no network
        raise _cannot_be_listed(path, error) from error


def files_matching(session: SparkSession, root: str, pattern: str) -> list[FoundFile]:
    """The files below `root` that match `pattern` (a glob), in no order; InputError where they cannot be listed."""
    path = java_class(session, "org.apache.hadoop.fs.Path")
    _, system = hadoop_path(session, root)
    base = folder_uri(session, root)
    try:
        # Each call to the JVM takes time, and there may be very many files.
        found = system.globStatus(path(path(as_glob(root)), pattern)) or []
        return [_found_file(status, base) for status in found if status.isFile()]
    except Py4JJavaError as error:
        raise _cannot_be_listed(f"{root}/{pattern}", error) from error


def files_in_subfolders(session: SparkSession, root: str, pattern: str) -> list[FoundFile]:
    """The files in subfolders, at any depth, of the folder of a plain `pattern`, whose names match its last part.

    Folders whose names begin with . or _ are passed over.
    """
    path = java_class(session, "org.apache.hadoop.fs.Path")
    _, system = hadoop_path(session, root)
    base, wanted, files = folder_uri(session, root), name_pattern(pattern), []
    try:
        todo = [
            status.getPath()
            for status in system.globStatus(path(path(as_glob(root)), f"{above(pattern)}*")) or []
            if status.isDirectory()
        ]
        while todo:
            folder = todo.pop()
            if is_hidden(str(folder.getName())):
                continue
            for status in system.listStatus(folder):
                if status.isDirectory():
                    todo.append(status.getPath())
                elif wanted.fullmatch(str(status.getPath().getName())):
                    files.append(_found_file(status, base))
    except Py4JJavaError as error:
        raise _cannot_be_listed(f"{root}/{pattern}", error) from error
    return files


def first_bytes(session: SparkSession, uri: str, count: int) -> bytes:
    """The first bytes of a file, at most so many; InputError where it cannot be read."""
    found, system = hadoop_path(session, uri)
    try:
        stream = system.open(found)
        try:
            return bytes(stream.readNBytes(count))
        finally:
            stream.close()
    except Py4JJavaError as error:
        raise _cannot_be_read(uri, error) from error


def download(session: SparkSession, uri: str, path: Path) -> None:
    """Copies a file to a path of this machine; InputError where it cannot be read."""
    found, system = hadoop_path(session, uri)
    try:
        # The raw local file system: no checksum files.
        system.copyToLocalFile(False, found, java_class(session, "org.apache.hadoop.fs.Path")(path.as_uri()), True)
    except Py4JJavaError as error:
        raise _cannot_be_read(uri, error) from error


def upload(session: SparkSession, path: Path, uri: str) -> None:
    """Copies a file of this machine to a file of another file system."""
    found, system = hadoop_path(session, uri)
    system.copyFromLocalFile(False, True, java_class(session, "org.apache.hadoop.fs.Path")(path.as_uri()), found)


def delete_folder(session: SparkSession, path: str) -> None:
    """Removes a folder with all that is in it; nothing happens where there is none."""
    found, system = hadoop_path(session, path)
    system.delete(found, True)


def folder_uri(session: SparkSession, root: str) -> str:
    """A folder as the start of its files' URIs, with a slash at its end."""
    folder, system = hadoop_path(session, root)
    return _one_slash(system.makeQualified(folder).toUri().toString()).rstrip("/") + "/"


def as_glob(path: str) -> str:
    """The path as a glob that matches it alone: file names may have brackets and braces in them."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", path)


def _found_file(status: Any, base: str) -> FoundFile:
    found = status.getPath()
    file = _one_slash(found.toUri().toString()).removeprefix(base)
    return FoundFile(file, found.toString(), status.getLen(), status.getModificationTime())


def _one_slash(uri: str) -> str:
    """Local files as file:/…: Hadoop writes one slash or three."""
    return re.sub("^file:/+", "file:/", uri)


def _cannot_be_listed(path: str, error: Py4JJavaError) -> InputError:
    return InputError(
        f"{path}: cannot be listed ({error.java_exception.toString()}); see landing.root and landing.inputs"
    )


def _cannot_be_read(uri: str, error: Py4JJavaError) -> InputError:
    return InputError(f"{uri}: cannot be read ({error.java_exception.toString()}); see landing.root")
