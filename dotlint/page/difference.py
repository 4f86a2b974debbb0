"""A unified diff as markup, with the line numbers of both files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.page.markup import plain
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST: Final = 5_000
_HUNK = regex(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@.*")
_SIGNS: Final = {"+": "added", "-": "removed", "\\": "aside"}


def difference(diff: str) -> str:
    """Return the hunks of a diff of one file; a very long diff is cut, with a note."""
    lines = diff.removesuffix("\n").split("\n")[2:]
    markup = "".join(_lines(lines[:_MOST]))
    if len(lines) > _MOST:
        markup += f'<p class="aside">… {len(lines) - _MOST} more lines: <code>--diff</code> prints them all</p>'
    return f'<div class="diff">{markup}</div>'


def changes(diff: str) -> tuple[int, int]:
    """Count the lines that a diff adds and those that it removes."""
    lines = diff.split("\n")[2:]
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)


def _lines(lines: Iterable[str]) -> Iterable[str]:
    old = new = 0
    for line in lines:
        hunk = _HUNK.fullmatch(line)
        if hunk:
            old, new = int(hunk[1]), int(hunk[2])
            yield f'<div class="hunk">{plain(line)}</div>'
            continue
        sign = line[:1]
        kind = _SIGNS.get(sign, "")
        before, after = ("" if kind in ("added", "aside") else old), ("" if kind in ("removed", "aside") else new)
        jump = f' data-line="{old}"' if kind != "aside" else ""
        text = plain(line[1:].removesuffix("\r"))
        yield f'<div class="change {kind}"{jump}><i>{before}</i><i>{after}</i><b>{sign if kind else ""}</b><span>{text}</span></div>'
        old += kind in ("removed", "")
        new += kind in ("added", "")
