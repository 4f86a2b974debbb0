"""What a file says of itself: that it does not draw everything, so that what is not there may be meant so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

_LESS = r"representative|simplif\w*|abbreviat\w*|abridged|brevity|omit\w*|not (?:shown|drawn)|for clarity|concise|compact form"
_STEMS = (
    "representative", "simplif", "abbreviat", "abridged", "brevity", "omit", "not shown", "not drawn", "for clarity",
    "concise", "compact form",
)  # fmt: skip
_SKETCH = regex(
    rf"\b(?:{_LESS}|remaining|and so on|overview|high[- ]level|as above"
    r"|(?:same|similar|identical) (?:\w+ ){0,2}(?:structure|pattern|layout)|similar (?:to|for|attention|blocks)"
    r"|continu(?:e|es|ed|ing) (?:the |with |for |through |pattern|sequential|connect)"
    r"|repeat(?:s|ed)? (?:the )?(?:pattern|for|structure)|showing (?:only|key|one|representative))\b"
    r"|(?<![.\[])(?:\.\.\.|…)(?![\w.])",
    re.IGNORECASE,
    needs=(
        *_STEMS,
        "remaining",
        "and so on",
        "overview",
        "high-level",
        "high level",
        "as above",
        "same",
        "similar",
        "identical",
        "continu",
        "repeat",
        "showing",
        "...",
        "…",
    ),
)
_JOINS = r"(?:edges?|connections?|connectivity|chains?|links?|wiring)"
_EDGES = regex(
    rf"\b{_JOINS}\b[^\n.]{{0,40}}\b(?:{_LESS})\b"
    rf"|\b(?:{_LESS}|showing (?:only|key))\b(?:(?!complete|full|whole)[^\n.]){{0,20}}\b{_JOINS}\b",
    re.IGNORECASE,
    needs=(*_STEMS, "showing"),
)
_DOTS = regex(r"(?<![.\[])(?:\.\.\.|…)(?![\w.])", needs=("...", "…"))


class Sketch(Struct, frozen=True):
    """Whether the file says that units or parts of them are left out (`parts`), and that `edges` are."""

    parts: bool
    edges: bool


def sketch_of(text: str, comments: Iterable[tuple[int, int]], labels: Iterable[str]) -> Sketch:
    """Read the comments of a file, by their places in its text, and labels of the graph, its clusters and annotations."""
    places = list(comments)
    said = "\n".join((*(text[start:end] for start, end in places), *labels))
    edges = _EDGES.search(said) is not None or any(_follows_edge(text, start, end) for start, end in places)
    return Sketch(edges or _SKETCH.search(said) is not None, edges)


def _follows_edge(text: str, start: int, end: int) -> bool:
    """Return whether a comment with dots stands where the line before it has an edge: the dots are for more of those."""
    if _DOTS.search(text, start, end) is None:
        return False
    before = text[text.rfind("\n", 0, max(start - 400, 0)) + 1 : start].rstrip()
    line = before[before.rfind("\n") + 1 :]
    return "->" in line and "//" not in line
