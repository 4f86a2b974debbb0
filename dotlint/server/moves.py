"""How changes of a text move the spans in it, as an editor moves the underlines of findings while its user types."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dotlint.server.text import common_prefix, common_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable


class Change(NamedTuple):
    """The text from `start` to `end` was replaced by a text of some length."""

    start: int
    end: int
    length: int


def add(changes: list[Change], change: Change) -> None:
    """Append a change; what is typed or deleted within the text of the change before it becomes a part of that one."""
    if changes:
        start, end, length = changes[-1]
        if start <= change.start and change.end <= start + length:
            changes[-1] = Change(start, end, length + change.length - (change.end - change.start))
            return
    changes.append(change)


def moved(changes: Iterable[Change], start: int, end: int) -> tuple[int, int]:
    """Return a span after changes, in order; a span in deleted text is empty."""
    for change in changes:
        longer = change.length - (change.end - change.start)
        if end > change.end or end == change.end > change.start:
            end += longer
        elif end > change.start:
            end = change.start
        if start >= change.end:
            start += longer
        elif start > change.start:
            start = change.start
        end = max(start, end)
    return start, end


def whole_change(old: str, new: str) -> Change:
    """Return the change of a text that was replaced as a whole: the part between the first and the last difference."""
    start = common_prefix(old, new)
    same = common_suffix(old, new, min(len(old), len(new)) - start)
    return Change(start, len(old) - same, len(new) - same - start)
