"""What a run needs of a project, looked at without Spark: its landing folder, its lake, and its model registry."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jobs.machine_checks import Finding, nearest_that_exists
from jobs.settings import Settings
from published.publication import read_published
from warehouse.champion import CHAMPION, SQLITE, NotReadableHere, champion_in_file, has_no_file
from warehouse.errors import DistributaryError
from warehouse.local_files import FoundFile, files_in_subfolders, files_matching, is_hidden, is_plain, local_file, shown
from warehouse.lock import lock_state
from warehouse.messages import concealed

NOT_HERE = "is not on this machine: a run looks at it through Spark"
SERVER_SECONDS = 2.0  # how long the tracking server may take to answer
CLOCK_SLACK = timedelta(minutes=5)  # clocks of two machines may differ by so much


def landing(settings: Settings, root: Path | None) -> tuple[list[Finding], list[FoundFile]]:
    """Whether the landing folder and the files of each input can be read, and the files."""
    if root is None:
        return [Finding("landing", "ok", f"{settings.landing.root} {NOT_HERE}")], []
    if not root.is_dir():
        why = "is no folder" if root.exists() else "does not exist"
        return [
            Finding("landing", "problem", f"{root} {why}", "make it and land your exports, or see landing.root")
        ], []
    findings, every = [], []
    for one in settings.landing.inputs:
        if not is_plain(one.files):
            findings.append(
                Finding(f"input {one.name}", "ok", f"{one.files}: a pattern that a run looks at through Spark")
            )
            continue
        try:
            found = {file.uri: file for file in files_matching(root, one.files)}
            if "/" in one.files and "*" in one.files:
                found |= {file.uri: file for file in files_in_subfolders(root, one.files)}
        except DistributaryError as error:
            findings.append(Finding(f"input {one.name}", "problem", str(error), "let the user of the run read it"))
            continue
        files = [file for file in found.values() if not is_hidden(file.file.rsplit("/", 1)[-1])]
        every += files
        unreadable = [shown(file.file) for file in files if not os.access(local_file(file.uri) or "", os.R_OK)]
        if unreadable:
            what = f"{len(unreadable):,} of {len(files):,} files cannot be read, first {unreadable[0]}"
            findings.append(
                Finding(f"input {one.name}", "problem", what, "let the user of the run read them (chmod, chown)")
            )
        elif files:
            findings.append(Finding(f"input {one.name}", "ok", f"{len(files):,} files ({one.files})"))
        elif one.required:
            what = f"no file matches {one.files}, and it is required"
            findings.append(
                Finding(f"input {one.name}", "problem", what, "land one, or write required: false to the input")
            )
    if not every:
        findings.append(Finding("landing", "warning", f"{root} has no file of an input", "land your exports there"))
    return findings, every


def clock(files: list[FoundFile], now: datetime) -> Finding:
    """Whether the newest landed file is of the past: events are dated by clocks, and moments to come are suspect."""
    if not files:
        return Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC")
    newest = max(files, key=lambda file: file.modified_ms)
    written = datetime.fromtimestamp(newest.modified_ms / 1000, UTC)
    if written > now + CLOCK_SLACK:
        ahead = f"{shown(newest.file)} was written at {written:%Y-%m-%d %H:%M} UTC, and now it is {now:%Y-%m-%d %H:%M}"
        return Finding("clock", "problem", ahead, "set the clock (NTP) of this machine, or of the one that lands files")
    days = (now - written).days
    return Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC; the newest landed file is {days:,} days old")


def lake(settings: Settings, root: Path | None) -> list[Finding]:
    """Whether the lake can be written, which publication readers get, and whether a run has it."""
    if root is None:
        return [Finding("lake", "ok", f"{settings.lake} {NOT_HERE}")]
    nearest = nearest_that_exists(root)
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        way_out = "let the user of the run write there, or name another folder (lake)"
        return [Finding("lake", "problem", f"{nearest} cannot be written", way_out)]
    if not root.is_dir():
        return [Finding("lake", "ok", f"{root} is not there yet: the first run makes it")]
    return [_publication(settings.lake), _lock(root)]


def _publication(root: str) -> Finding:
    try:
        published = read_published(root)
    except DistributaryError as error:
        if "nothing is published" in str(error):
            return Finding("published", "warning", "nothing yet", "run `distributary pipeline`")
        return Finding("published", "problem", str(error), "see docs/running.md")
    at = f"{published.published_at:%Y-%m-%d %H:%M} UTC"
    return Finding(
        "published", "ok", f"{len(published.versions)} tables, as of {published.as_of}, by {published.run_id} at {at}"
    )


def _lock(root: Path) -> Finding:
    is_held, holder = lock_state(root)
    if is_held:
        wait = "wait until it has ended; lock.wait_seconds makes a run wait by itself"
        return Finding("lock", "warning", f"held by {holder}", wait)
    if holder:
        return Finding("lock", "ok", f"free; {holder} was stopped before its end, and the next run takes over")
    return Finding("lock", "ok", "free")


def registry(settings: Settings) -> Finding:
    """Whether the model registry answers, and has a champion for scoring. Asks no server but the configured one."""
    uri, name = settings.mlflow.tracking_uri, settings.mlflow.model_name
    shown_uri = concealed(uri)
    try:
        if has_no_file(settings.mlflow):
            version = None
        elif uri.startswith(SQLITE):
            found = champion_in_file(settings.mlflow, name)
            version = found.number if found else None
        elif uri.startswith(("http://", "https://")):
            version = _champion_of_server(uri, name)
        else:
            return Finding("registry", "ok", f"{shown_uri}: not asked from here; `distributary models list` asks it")
    except NotReadableHere:
        return Finding("registry", "ok", f"{shown_uri}: not read from here; `distributary models list` asks it")
    except (OSError, ValueError) as error:
        way_out = "start it, or see mlflow.tracking_uri; runs that were scored need it"
        return Finding("registry", "problem", f"{shown_uri} does not answer ({concealed(str(error))})", way_out)
    if version is None:
        train = "run `distributary train` once there are orders; without a model customers are not scored"
        return Finding("registry", "warning", f"{shown_uri} has no champion of {name}", train)
    return Finding("registry", "ok", f"{name}/{version} is champion ({shown_uri})")


def _champion_of_server(uri: str, name: str) -> str | None:
    """By MLflow's REST interface."""
    query = urllib.parse.urlencode({"name": name, "alias": CHAMPION})
    parts = urllib.parse.urlsplit(uri)
    host = parts.netloc.rpartition("@")[2]
    address = f"{parts.scheme}://{host}{parts.path.rstrip('/')}/api/2.0/mlflow/registered-models/alias?{query}"
    request = urllib.request.Request(address, headers=_credentials(parts))
    try:
        with urllib.request.urlopen(request, timeout=SERVER_SECONDS) as answer:
            return str(json.load(answer)["model_version"]["version"])
    except urllib.error.HTTPError as error:
        body = error.read(4096)
        if b"RESOURCE_DOES_NOT_EXIST" in body or b"INVALID_PARAMETER_VALUE" in body:
            return None
        raise
    except KeyError as error:
        raise ValueError("it is no MLflow server") from error


def _credentials(parts: urllib.parse.SplitResult) -> dict[str, str]:
    """As MLflow's own client sends them."""
    if token := os.environ.get("MLFLOW_TRACKING_TOKEN"):
        return {"Authorization": f"Bearer {token}"}
    user = os.environ.get("MLFLOW_TRACKING_USERNAME") or urllib.parse.unquote(parts.username or "")
    password = os.environ.get("MLFLOW_TRACKING_PASSWORD") or urllib.parse.unquote(parts.password or "")
    if not user:
        return {}
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}
