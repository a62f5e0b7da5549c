"""A PostgreSQL server of a test: Debian's package, started on 127.0.0.1 with a folder of its own, and stopped."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ltv.environments import free_port

PASSWORD = "s3cr3t-word"
NOT_INSTALLED = "PostgreSQL is not installed (Debian, Ubuntu: sudo apt-get install postgresql)"


def program(name: str) -> str:
    """A program of the newest PostgreSQL of this machine; Debian keeps them off the path."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(debian[-1]) if debian else shutil.which(name)
    assert found, NOT_INSTALLED
    return found


@contextmanager
def postgresql() -> Iterator[str]:
    """Gives the address of its database. It refuses to run as root, so root starts it as the package's user."""
    as_user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    # Not below pytest's folder, which that user may not enter.
    with tempfile.TemporaryDirectory(prefix="distributary-postgresql-", ignore_cleanup_errors=True) as name:
        folder, data = Path(name), Path(name, "data")
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        if as_user:
            owner = pwd.getpwnam("postgres")
            for path in (folder, folder / "password"):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        initdb = (
            *(program("initdb"), "--pgdata", data, "--username", "mlflow", "--auth", "scram-sha-256"),
            *("--pwfile", folder / "password", "--encoding", "UTF8", "--no-sync"),
        )
        made = subprocess.run(initdb, cwd=folder, capture_output=True, text=True, check=False, **as_user)  # type: ignore[call-overload]
        assert made.returncode == 0, made.stderr
        port = free_port()
        server = (program("postgres"), "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder, "-c", "fsync=off")
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(server, cwd=folder, stdout=log, stderr=log, **as_user)  # type: ignore[call-overload]
        try:
            ready = (program("pg_isready"), "--quiet", "--host", "127.0.0.1", "--port", str(port))
            for _ in range(300):
                if subprocess.run(ready, check=False).returncode == 0:
                    break
                assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
                time.sleep(0.1)
            yield f"postgresql://mlflow:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGINT)  # it ends its connections and stops
            process.wait(20)
