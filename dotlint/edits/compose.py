"""Compose two successive edit lists into one relative to the original text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.engine.finding import Edit

if TYPE_CHECKING:
    from collections.abc import Sequence


def compose(first: Sequence[Edit], second: Sequence[Edit]) -> list[Edit]:
    """Return edits equivalent to `first` and then `second`, which must contain only insertions.

    Offsets in `second` refer to the text after `first`. Insertions that adjoin an edit of `first` are merged into it.
    """
    merged = sorted(first, key=lambda e: (e.start, e.end))
    pieces = [edit.text for edit in merged]
    bounds: list[tuple[int, int]] = []  # where the text of each of the first stands after them
    moved = 0
    for edit in merged:
        bounds.append((edit.start + moved, edit.start + moved + len(edit.text)))
        moved += len(edit.text) - (edit.end - edit.start)
    inserted = [0] * len(merged)
    own: list[Edit] = []
    for edit in sorted(second, key=lambda e: e.start):
        assert edit.start == edit.end
        inside = next((i for i, (low, high) in enumerate(bounds) if low <= edit.start <= high), None)
        if inside is None:
            before = sum(
                len(e.text) - (e.end - e.start)
                for e, (_, high) in zip(merged, bounds, strict=True)
                if high < edit.start
            )
            own.append(Edit(edit.start - before, edit.start - before, edit.text))
        else:
            at = edit.start - bounds[inside][0] + inserted[inside]
            pieces[inside] = pieces[inside][:at] + edit.text + pieces[inside][at:]
            inserted[inside] += len(edit.text)
    kept = [Edit(e.start, e.end, text) for e, text in zip(merged, pieces, strict=True)]
    return sorted([*kept, *own], key=lambda e: (e.start, e.end))
