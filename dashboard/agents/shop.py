"""What the tools know of a shop beside its lake, and the names that single conversions have while a server runs."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from published.metrics import Metric, with_targets
from published.publication import Published, read_published
from published.unattributed_cause import JourneyWindow
from warehouse.errors import UsageError, did_you_mean

MOST_HANDLES = 10_000
HANDLE = "c-"


@dataclass
class Handles:
    """Names for conversions in place of conversion_id, which leads back to a person. They end with the server."""

    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _ids: dict[str, str] = field(default_factory=dict)

    def of(self, conversion_id: str) -> str:
        """The name of a conversion, always the same; of MOST_HANDLES names the oldest are forgotten first."""
        handle = HANDLE + hmac.new(self._key, conversion_id.encode(), "sha256").hexdigest()[:16]
        self._ids.pop(handle, None)
        self._ids[handle] = conversion_id
        for oldest in list(self._ids)[:-MOST_HANDLES]:
            self._ids.pop(oldest, None)
        return handle

    def conversion_id(self, named: str) -> str:
        """The conversion_id of a name; a text that is no such name is taken as a conversion_id.

        UsageError for a name that was never given, or is forgotten.
        """
        if not named.startswith(HANDLE):
            return named
        if named not in self._ids:
            raise UsageError(
                f"no conversion is called {named[:40]!r} any more{did_you_mean(named, self._ids)}; "
                "audit_number gives names, which hold until this server ends"
            )
        return self._ids[named]


@dataclass(frozen=True)
class AgentShop:
    """The lake and what its settings say: zone of reporting days, landing folder, targets of metrics, and below how
    many conversions a ratio stands on too little. `window` and `secret` are as in `published.conversion_audit`.
    """

    lake: str
    timezone: str
    currency: str
    landing_root: str
    targets: Mapping[str, float]
    smallest_count: int
    window: JourneyWindow | None = None
    secret: bytes | None = None
    handles: Handles = field(default_factory=Handles)

    def published(self, run_id: str | None = None) -> Published:
        """The publication of a run, None = the newest: an answer reads one and nothing else."""
        return read_published(self.lake, run_id=run_id)

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """Every metric, with this shop's targets."""
        return with_targets(self.targets)
