"""A comment addressed to dotlint that cannot be read."""

from __future__ import annotations

from msgspec import Struct


class Mistake(Struct, frozen=True):
    """A comment addressed to dotlint that is malformed, in full or in part."""

    message: str
    start: int
    end: int
    help: str
    suggestion: str | None = None
