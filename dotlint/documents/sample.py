"""Samples: code that a document shows, which may be a part of a graph or leave something out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotlint.documents.block import Block

_COMMENTS = re.compile(r"/\*.*?\*/|//[^\n]*|#[^\n]*|\s+", re.DOTALL)
_HEADER = re.compile(r"(?:[a-z]+\s+)?[a-z]+\s*(?:\"[^\"\n]*\"|[\w.-]+)?\s*\{", re.IGNORECASE)
_PART = re.compile(r"(?:subgraph|node|edge|rank)\b", re.IGNORECASE)
_LEFT_OUT = re.compile(r"(?:^|[{;])[ \t]*(?:\.\.\.|…)[ \t]*(?:[;}]|\r?$)", re.MULTILINE)


def whole_graph(block: Block | None) -> Block | None:
    """Return a block if it is meant to be a whole graph; None for a part of one, and where `...` leaves lines out."""
    if block is None or _LEFT_OUT.search(block.text):
        return None
    at = 0
    while (match := _COMMENTS.match(block.text, at)) is not None:
        at = match.end()
    if _PART.match(block.text, at) or not _HEADER.match(block.text, at):
        return None
    return block
