from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from warehouse import jars
from warehouse.errors import InputError

CONTENT = b"a small jar"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
PLACE = "io/example/thing/1.0/thing-1.0.jar"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Maven repository in a folder, and a lock file that names one JAR of it."""
    lock = tmp_path / "jars.lock"
    lock.write_text(f"# path and SHA-256\n{PLACE} {DIGEST}\n", encoding="utf-8")
    monkeypatch.setattr(jars, "LOCK_FILE", lock)
    monkeypatch.setenv("DISTRIBUTARY_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "repository"
    monkeypatch.setenv("MAVEN_REPOSITORY", folder.as_uri())
    target = folder / PLACE
    target.parent.mkdir(parents=True)
    target.write_bytes(CONTENT)
    return folder


def test_a_jar_is_fetched_once_and_the_cache_needs_no_repository_afterwards(repository: Path, tmp_path: Path) -> None:
    (jar,) = jars.delta_jars()
    assert jar == tmp_path / "cache" / "jars" / "thing-1.0.jar"
    assert jar.read_bytes() == CONTENT

    (repository / PLACE).unlink()
    assert jars.delta_jars() == [jar]
    assert [path.name for path in jar.parent.iterdir()] == ["thing-1.0.jar"], "no half file stays behind"


def test_a_jar_with_another_hash_is_not_used_and_not_kept(repository: Path, tmp_path: Path) -> None:
    (repository / PLACE).write_bytes(b"something else")
    with pytest.raises(InputError, match=f"jars.lock expects {DIGEST}: not used"):
        jars.delta_jars()
    assert not list((tmp_path / "cache").rglob("*.jar"))


def test_a_repository_without_the_file_is_an_input_error_that_names_the_remedies(repository: Path) -> None:
    (repository / PLACE).unlink()
    with pytest.raises(
        InputError, match=r"cannot download .*thing-1\.0\.jar .*; set MAVEN_REPOSITORY .*or put the file"
    ):
        jars.delta_jars()


def test_the_cache_is_below_home_unless_the_environment_names_another_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DISTRIBUTARY_CACHE", str(tmp_path))
    assert jars.jar_cache() == tmp_path / "jars"
    monkeypatch.delenv("DISTRIBUTARY_CACHE")
    assert jars.jar_cache() == Path.home() / ".cache" / "distributary" / "jars"


def test_the_lock_file_names_deltas_jar_of_the_installed_version_with_its_hash() -> None:
    from importlib.metadata import version

    locked = jars.locked_jars()
    assert any(f"delta-spark_4.2_2.13-{version('delta-spark')}.jar" in path for path in locked)
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in locked.values())
