"""Text in the languages that people read."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Written = Annotated[str, Field(min_length=1)]


class BothLanguages(BaseModel):
    """One text in English and in Korean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: Written
    ko: Written
