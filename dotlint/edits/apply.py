"""Text edits: putting them into a text, and telling which can be put in together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.finding import Edit


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Give the text with the edits in place; they must lie apart.

    Those at one offset are written in their order.
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
    """Whether an edit of `one` overlaps or borders on one of `others`.

    Then the one may change what the other means.
    """
    taken = [(edit.start, edit.end) for edit in others]
    return any(edit.start <= end and start <= edit.end for edit in one for start, end in taken)
