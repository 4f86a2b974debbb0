"""A title for edits that nothing but their texts describes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.engine.finding import Edit

_LONGEST = 30  # code points of a text that is shown
_MOST = 2  # kinds of edits that are described


def describe_edits(text: str, edits: Sequence[Edit]) -> str:
    """Say in the imperative what edits of a text do: "Insert `}`", "Replace `--` with `->` at 3 places"."""
    kinds = Counter(_describe(text[edit.start : edit.end], edit.text) for edit in edits)
    said = [what if number == 1 else f"{what} at {number} places" for what, number in kinds.items()]
    if kinds.keys() == {_describe("", '"')} and len(edits) % 2 == 0:
        said = ["put it in quotes" if len(edits) == 2 else f"put {len(edits) // 2} values in quotes"]
    more = ["make other changes"] if len(said) > _MOST else []
    title = " and ".join([*said[:_MOST], *more])
    return title[:1].upper() + title[1:]


def _describe(old: str, new: str) -> str:
    if not old:
        return f"insert {_shown(new)}"
    return f"replace {_shown(old)} with {_shown(new)}" if new else f"remove {_shown(old)}"


def _shown(text: str) -> str:
    if not text.strip():
        return "a line break" if "\n" in text else "a blank"
    line = " ".join(text.split())
    return f"`{line if len(line) <= _LONGEST else line[: _LONGEST - 3] + '...'}`"
