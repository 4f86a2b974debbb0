"""Derive the title of a fix from its edits."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.engine.finding import Edit

_LONGEST = 30  # code points of a quoted text
_MOST_KINDS = 2  # kinds of edits that are described


def describe_edits(text: str, edits: Sequence[Edit]) -> str:
    """Return the title of edits in the imperative: "Insert `}`", "Replace `--` with `->` at 3 places"."""
    kinds = Counter(_phrase(text[edit.start : edit.end], edit.text) for edit in edits)
    phrases = [phrase if number == 1 else f"{phrase} at {number} places" for phrase, number in kinds.items()]
    if kinds.keys() == {_phrase("", '"')} and len(edits) % 2 == 0:
        phrases = ["put it in quotes" if len(edits) == 2 else f"put {len(edits) // 2} values in quotes"]
    more = ["make other changes"] if len(phrases) > _MOST_KINDS else []
    title = " and ".join([*phrases[:_MOST_KINDS], *more])
    return title[:1].upper() + title[1:]


def _phrase(old: str, new: str) -> str:
    if not old:
        return f"insert {_quoted(new)}"
    return f"replace {_quoted(old)} with {_quoted(new)}" if new else f"remove {_quoted(old)}"


def _quoted(text: str) -> str:
    if not text.strip():
        return "a line break" if "\n" in text else "a blank"
    line = " ".join(text.split())
    return f"`{line if len(line) <= _LONGEST else line[: _LONGEST - 3] + '...'}`"
