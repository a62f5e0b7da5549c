"""The knobs of the pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from warehouse.knobs import Knobs, Misfit

THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
LOCAL_USER = "local"


class Serve(Knobs):
    """Where the pages answer, who may read them, and when a ratio stands on too little to stand alone."""

    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    hosts: tuple[str, ...]
    token_file: str | None
    user_header: str | None
    personal_for: tuple[str, ...]
    smallest_count: Annotated[int, Field(ge=0)]

    def misfits(self) -> Iterator[Misfit]:
        """A page that others reach must know who reads it."""
        if self.host not in THIS_MACHINE and not (self.token_file or self.user_header):
            yield Misfit(
                ("host",),
                f"{self.host} can be reached from other machines: set serve.token_file, or serve.user_header "
                "behind a proxy that signs readers in",
            )
