"""DOT between a begin mark and an end mark on lines of their own: Org, PlantUML and Doxygen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.documents.lines import Line, block_of, indent_of, lines_of, strategy_pieces, without_indent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dotlint.documents.block import Block

_ORG_BEGIN = re.compile(r"\s*#\+begin_src\s+(?:dot|graphviz|gv)\b", re.IGNORECASE)
_ORG_END = re.compile(r"\s*#\+end_src\s*", re.IGNORECASE)
_DOT_BEGIN, _DOT_END = re.compile(r".*@startdot\b.*", re.DOTALL), re.compile(r"@enddot\b")
_UML_BEGIN, _UML_END = re.compile(r".*@startuml\b.*", re.DOTALL), re.compile(r"@enduml\b")
_GRAPH = re.compile(r"\s*(?:strict\s+)?(?:di)?graph\b[^{}\n:>-]*\{?\s*", re.IGNORECASE)

_COMMAND = re.compile(
    r"""(?P<prefix>.*?)(?<![\\@\w])[\\@]dot(?=\s|$)[ \t]*
        (?:"[^"\n]*")?(?:[ \t]*(?:width|height)[ \t]*=[ \t]*\S+)*(?P<rest>.*)""",
    re.VERBOSE | re.DOTALL,
)
_END = re.compile(r"(?P<before>.*?)(?<![\\@\w])[\\@]enddot\b", re.DOTALL)
_MARK = re.compile(r"\s*(?:/\*[*!]+<?|(?P<mark>\*|//[/!]<?|//|\#{1,2}!?|--!|!!|!>|'''))?\s*")


def org_blocks(text: str) -> Iterator[Block]:
    """Yield the source blocks of an Org document; a comma that Org needs before `*` and `#+` is no DOT."""
    lines = lines_of(text)
    for first, last in _between(lines, _ORG_BEGIN.match, _ORG_END.fullmatch):
        width = indent_of(lines[first].text)
        inside = without_indent(lines[first + 1 : last], width)
        inside = [line.after(1) if re.match(r",+(?:\*|#\+)", line.text) else line for line in inside]
        block = block_of(text, inside, before=strategy_pieces(lines[first]))
        if block is not None:
            yield block


def plantuml_blocks(text: str) -> Iterator[Block]:
    """Yield what stands between `@startdot` and `@enddot`, and graphs between `@startuml` and `@enduml`."""
    lines = lines_of(text)
    for begin, end in ((_DOT_BEGIN, _DOT_END), (_UML_BEGIN, _UML_END)):
        for first, last in _between(lines, begin.fullmatch, end.search):
            prefix = lines[first].text.partition("@start")[0]
            inside = _without_marks(lines[first + 1 : last], prefix)
            head = next((line.text for line in inside if line.text.strip()), "")
            block = block_of(text, inside, before=strategy_pieces(lines[first]))
            if block is not None and (begin is _DOT_BEGIN or _GRAPH.match(head)):
                yield block


def doxygen_blocks(text: str) -> Iterator[Block]:
    r"""Yield what stands between `\dot` and `\enddot`, without the marks of the comments around it."""
    if "enddot" not in text:
        return
    lines = lines_of(text)
    for first, last in _between(lines, _COMMAND.fullmatch, _END.match):
        begin, end = _COMMAND.fullmatch(lines[first].text), _END.match(lines[last].text)
        assert begin is not None
        assert end is not None
        if first == last:
            inside = [Line(lines[first].start, end["before"]).after(begin.start("rest"))]
        else:
            inside = _without_marks([*lines[first + 1 : last], Line(lines[last].start, end["before"])], begin["prefix"])
            if not inside[-1].text.strip(" \t\r*/#!"):
                del inside[-1]
            if begin["rest"].strip():
                inside = [lines[first].after(begin.start("rest")), *inside]
        block = block_of(text, inside)
        if block is not None:
            yield block


def _between(
    lines: Sequence[Line], begins: Callable[[str], object], ends: Callable[[str], object]
) -> Iterator[tuple[int, int]]:
    """Yield the numbers of the lines of a begin mark and the next end mark; a begin mark without an end is text."""
    first: int | None = None
    for at, line in enumerate(lines):
        if begins(line.text):
            first = at
        if first is not None and ends(line.text):
            yield first, at
            first = None


def _without_marks(lines: Sequence[Line], prefix: str) -> list[Line]:
    """Return lines without the comment mark that `prefix` has, or `*` if it opens a comment and all lines have one."""
    match = _MARK.fullmatch(prefix)
    mark = (match["mark"] if match is not None else None) or "*"
    starts = [line.text.lstrip() for line in lines if line.text.strip()]
    # The first line of a comment may have another mark than those after it: `##`, then `#`.
    for one in (mark, *(short for short in ("//", "#") if mark.startswith(short))):
        if all(start.startswith(one) for start in starts):
            inside = [
                line.after(len(line.text) - len(line.text.lstrip()) + len(one)) if line.text.strip() else line
                for line in lines
            ]
            plain = all(line.text[:1] in {"", " ", "\r"} for line in inside)
            return without_indent(inside, 1 if plain else 0)
    return without_indent(lines, 0 if prefix.strip() else indent_of(prefix))
