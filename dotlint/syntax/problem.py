"""Syntax problems."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Replacement = tuple[int, int, str]  # start, end, new text


class Problem(Struct, frozen=True, repr_omit_defaults=True):
    """A syntax error: where it is, and the code of its rule (E001 to E017).

    `related` are other spans that belong to it, as (message, start, end). `edits` fix it; they are ascending and do
    not overlap. `applicability` is None where a person has to decide. `expected` names what the parser would accept.
    `cut` is true if what follows the problem, or comes before it, is not in the file or was not read.
    `suggestion` is what the author may have meant. Offsets are 0-based and count code points; ends are exclusive.
    """

    code: str
    message: str
    start: int
    end: int
    related: tuple[tuple[str, int, int], ...] = ()
    help: str | None = None
    edits: tuple[Replacement, ...] = ()
    applicability: Literal["safe", "unsafe"] | None = None
    expected: tuple[str, ...] = ()
    cut: bool = False
    suggestion: str | None = None

    @property
    def ends_reading(self) -> bool:
        """Whether there were too many mistakes, so that what follows was not read."""
        return self.code == "E001" and self.cut and not self.edits

    @property
    def opens_string(self) -> bool:
        """Whether it is a quote that no other one closes."""
        return self.code == "E003"
