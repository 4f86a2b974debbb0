"""What is wrong with a file's syntax."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Edit = tuple[int, int, str]  # start, end, replacement: what --fix writes


class Problem(Struct, frozen=True):
    """One mistake, where it was made, with the code of the rule that names it (E001 to E016).

    `related` are other places that belong to it as (message, start, end); `edits` mend it (apart,
    ascending), as sure as `applicability` says; None where a person has to decide. Offsets count code
    points, ends are exclusive.
    """

    code: str
    message: str
    start: int
    end: int
    related: tuple[tuple[str, int, int], ...] = ()
    help: str | None = None
    edits: tuple[Edit, ...] = ()
    applicability: Literal["safe", "unsafe"] | None = None
    expected: tuple[str, ...] = ()
