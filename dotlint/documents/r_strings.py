"""DOT in R: strings that the code hands to `grViz` of DiagrammeR."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dotlint.documents.block import Block, assemble, unescaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_CALL = re.compile(r"""(?<![\w.])grViz\s*\(\s*(?:diagram\s*=\s*)?(?P<raw>[rR])?(?P<quote>["'])""")
_RAW = re.compile(r"(-*)([(\[{])")
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_OTHER = re.compile(r"'|@@(?=\d)")
_FOOTNOTE = re.compile(r"^[ \t]*\[\d+(?:-\d+)?\][ \t]*:", re.MULTILINE)
_ESCAPE = re.compile(
    r"'|@@(?=\d)|\\(?:x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|u\{?[0-9A-Fa-f]{1,4}\}?|U\{?[0-9A-Fa-f]{1,8}\}?|.|\n)", re.DOTALL
)
_MEANING: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}


def blocks(text: str) -> Iterator[Block]:
    """Yield the DOT strings of R code, as `grViz` reads them.

    It turns single quotes into double quotes, and puts the values of footnotes (`[1]: x`) in place of `@@1`.
    """
    for call in _CALL.finditer(text):
        span = _raw(text, call) if call["raw"] else _quoted(text, call.end(), call["quote"])
        if span is None:
            continue
        note = _FOOTNOTE.search(text, *span)
        start, end = span[0], note.start() if note else span[1]
        found = (_OTHER if call["raw"] else _ESCAPE).finditer(text, start, end)
        pieces = unescaped(start, end, found, _meaning)
        block = Block(assemble(text, pieces), _speller(call["quote"], raw=bool(call["raw"])))
        if block.text.strip():
            yield block


def _speller(quote: str, *, raw: bool) -> Callable[[str], str]:
    def spell(line: str) -> str:
        line = line.replace('"', "'") if quote == '"' and not raw else line
        return line if raw else line.replace("\\", "\\\\")

    return spell


def _raw(text: str, call: re.Match[str]) -> tuple[int, int] | None:
    mark = _RAW.match(text, call.end())
    if mark is None:
        return None
    end = text.find(_CLOSING[mark[2]] + mark[1] + call["quote"], mark.end())
    return None if end < 0 else (mark.end(), end)


def _quoted(text: str, start: int, quote: str) -> tuple[int, int] | None:
    end = re.compile(rf"(?:[^\\{quote}]|\\.)*+", re.DOTALL).match(text, start)
    return None if end is None or not text.startswith(quote, end.end()) else (start, end.end())


def _meaning(found: str) -> str:
    """Return what stands for a quote, the mark of a footnote or an escape."""
    return "__" if found == "@@" else (found if found[0] != "\\" else _character(found[1:])).replace("'", '"')


def _character(escape: str) -> str:
    """Return the character that an escape stands for."""
    if escape[0] in "xuU":
        return chr(min(int(escape[1:].strip("{}"), 16), 0x10FFFF))
    return chr(int(escape, 8)) if escape.isdigit() else _MEANING.get(escape, escape)
