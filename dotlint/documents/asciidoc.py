"""DOT in AsciiDoc: blocks with the style `graphviz`, and source blocks in the language `dot`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.documents.lines import Line, block_of, lines_of, strategy_pieces
from dotlint.documents.markdown import LANGUAGES
from dotlint.documents.sample import whole_graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.documents.block import Block

_ATTRIBUTES = re.compile(r"\[(.*)\]\s*")
_VERBATIM = re.compile(r"(-{4,}|\.{4,}|\+{4,}|/{4,}|--|`{3,})\s*")
_FENCE = re.compile(r"(`{3,})\s*([\w-]+)")


def blocks(text: str) -> Iterator[Block]:
    """Yield the DOT blocks of an AsciiDoc document."""
    lines = lines_of(text)
    at = 0
    style: Line | None = None  # the line of attributes that belongs to the next block
    while at < len(lines):
        line = lines[at]
        content = line.text.rstrip("\r")
        fence = _FENCE.fullmatch(content.rstrip())
        verbatim = _VERBATIM.fullmatch(content)
        if fence is not None or verbatim is not None:
            mark = fence[1] if fence else content.strip()
            dot = (fence is not None and fence[2].lower() in LANGUAGES) or (style is not None and _is_dot(style))
            if mark == "--" and not dot:  # an open block may contain other blocks
                at += 1
                style = None
                continue
            end = next((i for i in range(at + 1, len(lines)) if lines[i].text.strip() == mark), len(lines))
            if dot:
                yield from _block(text, style or line, lines[at + 1 : end])
            at, style = end + 1, None
            continue
        attributes = _ATTRIBUTES.fullmatch(content)
        if attributes is not None:
            style = line if style is None or not _is_dot(style) else style
        elif style is not None and content.strip() and not re.match(r"\.[^\s.]", content):
            if _is_dot(style):
                end = next((i for i in range(at, len(lines)) if not lines[i].text.strip()), len(lines))
                yield from _block(text, style, lines[at:end])
                at = end
            style = None
        at += 1


def _block(text: str, opening: Line, lines: Sequence[Line]) -> Iterator[Block]:
    block = block_of(text, lines, before=strategy_pieces(opening))
    if "graphviz" not in opening.text.lower():  # it shows the code, and does not draw it
        block = whole_graph(block)
    if block is not None:
        yield block


def _is_dot(line: Line) -> bool:
    """Return whether a line of attributes is for DOT: `[graphviz]`, `[source,dot]`, `[,dot]`."""
    match = _ATTRIBUTES.fullmatch(line.text)
    words = [word.strip(" \"'") for word in match[1].split(",")] if match else []
    styles = [re.split(r"[#.%]", word)[0].lower() for word in words]
    if not styles:
        return False
    return styles[0] == "graphviz" or (
        styles[0] in {"source", "listing", ""} and styles[1:2] != [] and styles[1] in LANGUAGES
    )
