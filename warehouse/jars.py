"""Delta Lake's JARs: fetched once from Maven Central into a cache, checked by hash, offline afterwards."""

from __future__ import annotations

import hashlib
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from conf import CONF_ROOT
from warehouse.cache import cache_folder
from warehouse.errors import InputError

MAVEN_REPOSITORY = "https://repo1.maven.org/maven2"
LOCK_FILE = CONF_ROOT / "spark" / "jars.lock"


def jar_cache() -> Path:
    """Where JARs are kept: $DISTRIBUTARY_CACHE/jars, by default ~/.cache/distributary/jars."""
    return cache_folder("jars")


def locked_jars() -> dict[str, str]:
    """Repository path of each JAR with its SHA-256, from conf/spark/jars.lock."""
    lines = LOCK_FILE.read_text(encoding="utf-8").splitlines()
    return dict(line.split() for line in lines if not line.startswith("#"))


def delta_jars() -> list[Path]:
    """The JARs' local paths; downloads what the cache lacks.

    Set MAVEN_REPOSITORY to the address of another Maven repository where Maven Central is not reachable.
    Raises InputError when a JAR is neither in the cache nor in the repository.
    """
    cache = jar_cache()
    return [_cached_jar(cache, path, digest) for path, digest in locked_jars().items()]


def _cached_jar(cache: Path, path: str, digest: str) -> Path:
    target = cache / path.rsplit("/", 1)[1]
    if target.exists():
        return target
    url = f"{os.environ.get('MAVEN_REPOSITORY', MAVEN_REPOSITORY)}/{path}"
    try:
        with urllib.request.urlopen(url, timeout=60) as response:
            content: bytes = response.read()
    except (urllib.error.URLError, TimeoutError) as error:
        raise InputError(
            f"cannot download {url} ({error}); set MAVEN_REPOSITORY to a repository you reach, "
            f"or put the file into {cache}"
        ) from error
    if (actual := hashlib.sha256(content).hexdigest()) != digest:
        raise InputError(f"{url} has SHA-256 {actual}, conf/spark/jars.lock expects {digest}: not used")
    cache.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}.part")
    partial.write_bytes(content)
    partial.replace(target)
    return target


if __name__ == "__main__":
    for jar in delta_jars():
        sys.stdout.write(f"{jar}\n")
