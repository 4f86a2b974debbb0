"""DOT in R: strings that the code hands to `grViz` of DiagrammeR."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dotlint.documents.block import Block, assemble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.documents.block import Piece

_CALL = re.compile(r"""(?<![\w.])grViz\s*\(\s*(?:diagram\s*=\s*)?(?P<raw>[rR])?(?P<quote>["'])""")
_RAW = re.compile(r"(-*)([(\[{])")
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_ESCAPE = re.compile(
    r"\\(?:x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|u\{?[0-9A-Fa-f]{1,4}\}?|U\{?[0-9A-Fa-f]{1,8}\}?|.|\n)", re.DOTALL
)
_MEANING: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}


def blocks(text: str) -> Iterator[Block]:
    """Yield the DOT strings of R code."""
    for call in _CALL.finditer(text):
        block = _raw(text, call) if call["raw"] else _quoted(text, call.end(), call["quote"])
        if block is not None and block.text.strip():
            yield block


def _raw(text: str, call: re.Match[str]) -> Block | None:
    mark = _RAW.match(text, call.end())
    if mark is None:
        return None
    end = text.find(_CLOSING[mark[2]] + mark[1] + call["quote"], mark.end())
    return None if end < 0 else Block(assemble(text, [(mark.end(), end, None)]))


def _quoted(text: str, start: int, quote: str) -> Block | None:
    end = re.compile(rf"(?:[^\\{quote}]|\\.)*+", re.DOTALL).match(text, start)
    if end is None or not text.startswith(quote, end.end()):
        return None
    pieces: list[Piece] = []
    at = start
    for escape in _ESCAPE.finditer(text, start, end.end()):
        if escape.start() > at:
            pieces.append((at, escape.start(), None))
        pieces.append((*escape.span(), _meaning(escape[0][1:])))
        at = escape.end()
    if end.end() > at:
        pieces.append((at, end.end(), None))
    return Block(assemble(text, pieces), lambda line: line.replace("\\", "\\\\").replace(quote, "\\" + quote))


def _meaning(escape: str) -> str:
    """Return the character that an escape stands for."""
    if escape[0] in "xuU":
        return chr(min(int(escape[1:].strip("{}"), 16), 0x10FFFF))
    return chr(int(escape, 8)) if escape.isdigit() else _MEANING.get(escape, escape)
