"""Apply edits to a text, and find edits that conflict."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


def touching(one: Sequence[Edit], others: Iterable[Edit]) -> bool:
    """Return whether an edit of `one` overlaps or adjoins an edit of `others`, so that they might interact."""
    taken = [(edit.start, edit.end) for edit in others]
    return any(edit.start <= end and start <= edit.end for edit in one for start, end in taken)
