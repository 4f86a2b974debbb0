"""Detect whether a file declares itself abridged, so that what is missing may be left out on purpose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

_REDUCED = r"representative|simplif\w*|abbreviat\w*|abridged|brevity|omit\w*|not (?:shown|drawn)|for clarity|concise|compact form"
_STEMS = (
    "representative", "simplif", "abbreviat", "abridged", "brevity", "omit", "not shown", "not drawn", "for clarity",
    "concise", "compact form",
)  # fmt: skip
_ABRIDGED = regex(
    rf"\b(?:{_REDUCED}|remaining|and so on|overview|high[- ]level|as above"
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
_EDGE_WORDS = r"(?:edges?|connections?|connectivity|chains?|links?|wiring)"
_EDGES = regex(
    rf"\b{_EDGE_WORDS}\b[^\n.]{{0,40}}\b(?:{_REDUCED})\b"
    rf"|\b(?:{_REDUCED}|showing (?:only|key))\b(?:(?!complete|full|whole)[^\n.]){{0,20}}\b{_EDGE_WORDS}\b",
    re.IGNORECASE,
    needs=(*_STEMS, "showing"),
)
_DOTS = regex(r"(?<![.\[])(?:\.\.\.|…)(?![\w.])", needs=("...", "…"))


class Abridged(Struct, frozen=True):
    """What the file declares to leave out: `parts` for units or parts of them, `edges` for edges."""

    parts: bool
    edges: bool


def find_abridged(text: str, comments: Iterable[tuple[int, int]], labels: Iterable[str]) -> Abridged:
    """Search the comments of a file, given by their spans in `text`, and labels of graph, clusters and annotations."""
    spans = list(comments)
    texts = "\n".join((*(text[start:end] for start, end in spans), *labels))
    edges = _EDGES.search(texts) is not None or any(_follows_edge(text, start, end) for start, end in spans)
    return Abridged(edges or _ABRIDGED.search(texts) is not None, edges)


def _follows_edge(text: str, start: int, end: int) -> bool:
    """Return whether a comment with dots follows an edge on the line before: the dots then represent more edges."""
    if _DOTS.search(text, start, end) is None:
        return False
    before = text[text.rfind("\n", 0, max(start - 400, 0)) + 1 : start].rstrip()
    line = before[before.rfind("\n") + 1 :]
    return "->" in line and "//" not in line
