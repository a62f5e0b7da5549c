"""Files and folders behind Hadoop's file systems: local ones and object stores alike."""

from __future__ import annotations

import re
from typing import Any

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]  # has no stubs
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from warehouse.errors import InputError
from warehouse.jvm.session import java_class
from warehouse.local_files import Folder, FoundFile

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
    base, files = folder_uri(session, root), []
    try:
        # Each call to the JVM takes time, and there may be very many files.
        for status in system.globStatus(path(path(as_glob(root)), pattern)) or []:
            found = status.getPath()
            file = _one_slash(found.toUri().toString()).removeprefix(base)
            if status.isFile():
                files.append(FoundFile(file, found.toString(), status.getLen(), status.getModificationTime()))
    except Py4JJavaError as error:
        raise _cannot_be_listed(f"{root}/{pattern}", error) from error
    return files


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


def _one_slash(uri: str) -> str:
    """Local files as file:/…: Hadoop writes one slash or three."""
    return re.sub("^file:/+", "file:/", uri)


def _cannot_be_listed(path: str, error: Py4JJavaError) -> InputError:
    return InputError(
        f"{path}: cannot be listed ({error.java_exception.toString()}); see landing.root and landing.inputs"
    )
