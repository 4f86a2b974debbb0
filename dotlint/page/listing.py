"""The source as markup: numbered lines with syntax highlighting, and with marks for findings and nodes."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dotlint.syntax.lexemes import decode
from dotlint.syntax.tokens import tokens
from dotlint.text.display import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dotlint.engine.finding import Severity
    from dotlint.syntax.lexemes import Lexeme

CHUNK: Final = 100
"""The number of lines that a browser lays out or skips together; the script relies on it."""
_LONGEST = 12_000  # characters of a line that a page has
_CLASSES: Final = {
    "LINE_COMMENT": "c", "BLOCK_COMMENT": "c", "STRING": "s", "HTML": "s", "EDGEOP": "o", "NUMBER": "d",
    "STRICT": "k", "GRAPH": "k", "DIGRAPH": "k", "SUBGRAPH": "k", "NODE": "k", "EDGE": "k", "UNKNOWN": "u",
}  # fmt: skip
_IDS: Final = {"NAME", "NUMBER", "STRING", "HTML"}
_BETWEEN: Final = {"BLANK", "LINE_COMMENT", "BLOCK_COMMENT"}
_NO_NODE_AFTER: Final = {"EQUAL", "COLON", "GRAPH", "DIGRAPH", "SUBGRAPH"}
_ENDS_LIST: Final = {"RBRACKET", "LBRACE", "RBRACE"}
_SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")


class SourceMark(Struct, frozen=True):
    """The span of a finding: offsets in code points, `end` exclusive; `finding` is its index in the result."""

    start: int
    end: int
    severity: Severity
    finding: int


class ListedPart(Struct, frozen=True):
    """The part of a text from `start` to `end` that is DOT; `nodes` maps the names of its nodes to numbers."""

    start: int
    end: int
    nodes: Mapping[str, int]


class _Piece(Struct, frozen=True):
    """A part of a token without a line break, with the same class and marks."""

    text: str
    kind: str
    node: int | None
    marks: tuple[SourceMark, ...]


def listing(text: str, parts: Iterable[ListedPart], marks: Sequence[SourceMark]) -> str:
    """Return a file's text as lines in chunks; only `parts` of it, in order, are DOT."""
    lines: list[list[_Piece]] = [[]]
    for piece in _pieces(text, parts, marks):
        if piece is None:
            lines.append([])
        else:
            lines[-1].append(piece)
    worst = _worst(text, marks)
    found: list[str] = []
    for first in range(0, len(lines), CHUNK):
        inside = "".join(
            _line(number, pieces, worst.get(number))
            for number, pieces in enumerate(lines[first : first + CHUNK], first + 1)
        )
        found.append(f'<div class="chunk" role="presentation">{inside}</div>')
    return "".join(found)


def _line(number: int, pieces: list[_Piece], worst: Severity | None) -> str:
    room = _LONGEST
    markup: list[str] = []
    for piece in pieces:
        text = piece.text if len(piece.text) <= room else piece.text[:room]
        room -= len(text)
        if text:
            markup.append(_markup(piece, _text(text)))
    left = sum(len(piece.text) for piece in pieces) - _LONGEST
    if left > 0:
        markup.append(f'<i class="x">… {left} more characters</i>')
    mark = f" has-{worst}" if worst else ""
    name = "" if "".join(piece.text for piece in pieces).strip() else f' aria-label="line {number}, empty"'
    return f'<div class="line{mark}" role="option" data-line="{number}"{name}>{"".join(markup)}</div>'


def _markup(piece: _Piece, text: str) -> str:
    if piece.node is not None:
        text = f'<b data-node="{piece.node}">{text}</b>'
    elif piece.kind:
        text = f'<i class="{piece.kind}">{text}</i>'
    if piece.marks:
        worst = min((mark.severity for mark in piece.marks), key=_SEVERITIES.index)
        which = " ".join(str(mark.finding) for mark in piece.marks)
        text = f'<u class="{worst}" data-findings="{which}">{text}</u>'
    return text


def _text(text: str) -> str:
    if text.isprintable() or text.replace("\t", "").isprintable():
        return escape(text)
    return "".join(
        escape(char) if char.isprintable() or char == "\t" else f'<i class="x">{escape(visible(char))}</i>'
        for char in text
    )


def _worst(text: str, marks: Iterable[SourceMark]) -> dict[int, Severity]:
    """Return the highest severity of the findings that start in each line, by line number."""
    found: dict[int, Severity] = {}
    line, at = 1, 0
    for mark in sorted(marks, key=lambda mark: mark.start):
        line, at = line + text.count("\n", at, mark.start), mark.start
        found[line] = min(found.get(line, mark.severity), mark.severity, key=_SEVERITIES.index)
    return found


def _pieces(text: str, parts: Iterable[ListedPart], marks: Sequence[SourceMark]) -> Iterator[_Piece | None]:
    """Yield the text in pieces; None is a line break. Marks are shortened: see `_marked_end`."""
    cut = [SourceMark(mark.start, _marked_end(text, mark), mark.severity, mark.finding) for mark in marks]
    bounds = sorted({offset for mark in cut for offset in (mark.start, mark.end)})
    passed = 0
    active: tuple[SourceMark, ...] = ()
    for start, to, kind, node in _spans(text, parts):
        at = start
        while at < to:
            while passed < len(bounds) and bounds[passed] <= at:
                here = bounds[passed]
                active = tuple(mark for mark in cut if mark.start <= here < mark.end)
                passed += 1
            stop = min(to, bounds[passed]) if passed < len(bounds) else to
            if "\n" not in text[at:stop] and not text.startswith("\n", stop):
                yield _Piece(text[at:stop], kind, node, active)
                at = stop
                continue
            for index, part in enumerate(text[at:stop].split("\n")):
                if index:
                    yield None
                    at += 1
                at += len(part)
                before_break = part[:-1] if part.endswith("\r") and text.startswith("\n", at) else part
                if before_break:
                    yield _Piece(before_break, kind, node, active)


def _marked_end(text: str, mark: SourceMark) -> int:
    """Return the end of the visible mark: it ends with the first line, or before the attributes of a statement."""
    end = mark.end
    for stop in ("\n", "["):
        found = text.find(stop, mark.start + 1, end)
        end = end if found < 0 else found
    return max(mark.start + len(text[mark.start : end].rstrip()), mark.start + 1)


def _spans(text: str, parts: Iterable[ListedPart]) -> Iterator[tuple[int, int, str, int | None]]:
    """Yield the spans of the tokens, with class and node, and those of the text around the parts."""
    last = 0
    for part in parts:
        if part.start > last:
            yield last, part.start, "", None
        for token, kind, node in _kinds(text[part.start : part.end], part.nodes):
            yield part.start + token.at, part.start + token.to, kind, node
        last = part.end
    if last < len(text):
        yield last, len(text), "", None


def _kinds(text: str, nodes: Mapping[str, int]) -> Iterator[tuple[Lexeme, str, int | None]]:
    """Yield each token with its class and, if it names a node, the number of the node."""
    found = list(tokens(text))
    inside, before = False, ""
    for token, following in zip(found, _following(found), strict=True):
        kind, style, node = token.type, _CLASSES.get(token.type, ""), None
        if kind not in _BETWEEN:
            inside = kind == "LBRACKET" or (inside and kind not in _ENDS_LIST)
            if kind in _IDS and following == "EQUAL":
                style = "a"
            elif kind in _IDS and not inside and before not in _NO_NODE_AFTER:
                node = nodes.get(decode(token.raw))
            before = kind
        yield token, style, node


def _following(found: Sequence[Lexeme]) -> list[str]:
    """Return the type of the token after each token, skipping blanks and comments."""
    ahead = [""] * len(found)
    following = ""
    for index in range(len(found) - 1, -1, -1):
        ahead[index] = following
        if found[index].type not in _BETWEEN:
            following = found[index].type
    return ahead
