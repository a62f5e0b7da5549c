"""Tokens in place of ids: the knobs that ask for them, and their key.

The key is in no table, log or message: what rows were made from holds a fingerprint of it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr

from warehouse.errors import UsageError
from warehouse.knobs import Knobs

VARIABLE = "DISTRIBUTARY_PSEUDONYM_KEY"
SHORTEST_KEY = 32  # characters
BLOCK = 64  # bytes, of SHA-256
# Spark's own expression for what its plans do not show: a block in hexadecimal digits, as keys are in them.
REDACTED = {"spark.sql.redaction.string.regex": f"[0-9A-Fa-f]{{{2 * BLOCK}}}"}


def _secret(value: Any) -> Any:
    # A key of digits is a number in YAML; an error about its type would show it.
    return value if value is None or isinstance(value, SecretStr) else SecretStr(str(value))


class Pseudonyms(Knobs):
    """Whether silver and gold hold keyed tokens in place of ids, and the key where the environment has none."""

    pseudonyms: bool
    key: Annotated[SecretStr | None, BeforeValidator(_secret)]

    def secret(self) -> bytes | None:
        """The key; None where no tokens are asked for. UsageError where it is missing or too short."""
        if not self.pseudonyms:
            return None
        key = os.environ.get(VARIABLE) or (self.key.get_secret_value() if self.key else "")
        if len(key) < SHORTEST_KEY:
            what = "is too short" if key else "is missing"
            raise UsageError(
                f"privacy.pseudonyms: the key {what}: set {VARIABLE} (or privacy.key) to at least {SHORTEST_KEY} "
                "characters that nobody can guess"
            )
        return key.encode()

    def content(self) -> str:
        """Whether tokens are asked for, and a fingerprint of the key, from which it cannot be had."""
        secret = self.secret()
        return "" if secret is None else hmac.new(secret, b"fingerprint", "sha256").hexdigest()[:16]


def blocks_of(secret: bytes) -> tuple[str, str]:
    """The inner and the outer block of HMAC-SHA256 under a key, in hexadecimal digits."""
    key = secret if len(secret) <= BLOCK else hashlib.sha256(secret).digest()
    padded = key.ljust(BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in padded).hex() for pad in (0x36, 0x5C))
    return inner, outer


def texts_of(secret: bytes) -> list[str]:
    """The key and its blocks, as a message could hold them."""
    blocks = blocks_of(secret)
    return [secret.decode(), *blocks, *(block.upper() for block in blocks)]
