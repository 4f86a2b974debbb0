"""`text`: a comparison for a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from dotlint.report.comparison.outline import SIGNS
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.report.comparison.outline import Line, Sketch

_FIXED: Final = "\xa0"
_BOLD, _DIM, _OFF = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_GREEN, _RED, _YELLOW = "\x1b[32m", "\x1b[31m", "\x1b[33m"
_COLORS: Final = {"added": _GREEN, "removed": _RED, "changed": _YELLOW, "fixed": _GREEN, "new": _RED, "still there": ""}


def render(found: Sketch, *, width: int, color: bool) -> str:
    """Return a comparison for a terminal of `width` columns; without color there are no escape sequences."""

    def styled(text: str, style: str) -> str:
        return f"{style}{text}{_OFF}" if color and style else text

    def lines() -> Iterator[str]:
        verdict = f"{one_line(found.title, 8192)}: {found.verdict}"
        yield from (styled(line, _BOLD) for line in _wrapped(verdict, width, ""))
        for fact in found.facts:
            yield from (styled(line, _DIM) for line in _wrapped(one_line(fact), width, ""))
        for part in found.parts:
            yield ""
            yield styled(part.title, _BOLD)
            for line in part.lines:
                sign = SIGNS[line.kind]
                # A difference is clear from its sign, a finding needs the word.
                words = line.text if line.kind in {"added", "removed", "changed"} else f"{line.kind} {line.text}"
                lines_of_text = _wrapped(one_line(words, 2000), width, f"  {sign} ")
                yield from (styled(text, _COLORS[line.kind]) for text in lines_of_text)
                yield from (styled(text, _DIM) for text in _wrapped(_names(line), width, "      "))
        if found.layout:
            yield ""
            yield from (styled(line, _DIM) for line in _wrapped(found.layout, width, ""))

    return "\n".join(lines()) + "\n"


def _names(line: Line) -> str:
    if not line.names:
        return ""
    more = f" and {line.more} more" if line.more else ""
    # A name with blanks, such as an edge, stays on one line if it fits.
    return ", ".join(one_line(name, 200).replace(" ", _FIXED) for name in line.names) + more


def _wrapped(text: str, width: int, first: str) -> list[str]:
    """Wrap a text; lines after the first are indented two columns more than its prefix."""
    if not text:
        return []
    rest = " " * len(first) if first else "  "
    lines = textwrap.wrap(text, max(width, 24), initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    return [line.replace(_FIXED, " ") for line in lines]
