"""Apply edits to a text, and find edits that conflict."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.engine.finding import Edit


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Return the text with all edits applied.

    Insertions at the same offset keep their order. Raises `ValueError` if edits overlap.
    """
    pieces: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if edit.start < at:
            raise ValueError(f"edits overlap at offset {edit.start}")
        pieces += (text[at : edit.start], edit.text)
        at = edit.end
    return "".join(pieces) + text[at:]


class Taken:
    """Edits that do not overlap, and whether others overlap or adjoin one of them, so that they might interact."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def touches(self, edits: Iterable[Edit]) -> bool:
        """Return whether one of the edits overlaps or adjoins an edit that is taken."""
        for edit in edits:
            at = bisect_left(self._ends, edit.start)
            if at < len(self._ends) and self._starts[at] <= edit.end:
                return True
        return False

    def add(self, edits: Iterable[Edit]) -> None:
        """Take edits that touch no other one."""
        for edit in edits:
            insort(self._starts, edit.start)
            insort(self._ends, edit.end)
