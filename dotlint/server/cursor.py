"""The syntactic context of a cursor in a DOT text: a statement, an attribute list or a value.

The text is being edited, so it may be invalid. The tokens are read from the start of a statement before the cursor. A
token that no attribute list can contain closes an open one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from dotlint.syntax.lexemes import decode
from dotlint.syntax.tokens import tokens

if TYPE_CHECKING:
    from dotlint.data.graphviz import Element
    from dotlint.syntax.lexemes import Lexeme

Kind = Literal["statement", "node", "attribute", "value", "none"]
_IDS: Final = {"NAME", "NUMBER", "STRING", "HTML", "UNKNOWN"}
_WORDS: Final = {"NODE", "EDGE", "GRAPH", "DIGRAPH", "SUBGRAPH", "STRICT"}
_IGNORED: Final = {"BLANK", "LINE_COMMENT", "BLOCK_COMMENT"}
_MOST_AFTER: Final = 2_000


class Cursor(Struct, frozen=True):
    """What can be inserted at the cursor: `kind`, and the `element` and `attribute` that it belongs to.

    The span from `start` to `end` is to be replaced; `typed` is its text before the cursor, without an opening quote. `end`
    is the cursor itself if the text after it belongs to something else.
    """

    kind: Kind
    start: int
    end: int
    typed: str = ""
    quoted: bool = False
    element: Element = "graph"
    attribute: str = ""


class _State:
    """The parser state before the cursor: the open attribute list, and the tokens of the statement."""

    def __init__(self) -> None:
        self.before: list[Lexeme] = []  # of the statement, outside attribute lists
        self.inside: list[Lexeme] | None = None  # of the open attribute list, if any
        self.element: Element = "graph"

    def consume(self, token: Lexeme) -> None:
        raw = token.raw
        if self.inside is not None:
            if raw == "]":
                self.inside = None
                self.before.append(token)
                return
            if raw not in {"{", "}"} and token.type != "EDGEOP":
                self.inside.append(token)
                return
            self.inside = None  # unclosed
        if raw == "[":
            self.element = _element(self.before)
            self.inside = []
        elif raw in {";", "{"}:
            self.before = []
        else:
            self.before.append(token)


def cursor_at(text: str, offset: int, since: int) -> Cursor:
    """Return the context of an offset; `since` is the start of a statement before it."""
    limit = text.find("\n", offset)
    limit = min(len(text) if limit < 0 else limit, offset + _MOST_AFTER)
    state = _State()
    here: Lexeme | None = None
    for token in tokens(text[since:limit]):
        start, end = since + token.at, since + token.to
        if start >= offset:
            break
        if end > offset or (end == offset and token.type in _IDS | _WORDS | {"LINE_COMMENT"}):
            here = token
            break
        if token.type not in _IGNORED:
            state.consume(token)
    if here is not None and here.type in {"LINE_COMMENT", "BLOCK_COMMENT"}:
        return Cursor("none", offset, offset)
    if here is None or here.type not in _IDS | _WORDS:
        return _context(state, offset, offset, "", quoted=False)
    if here.type == "HTML" or (here.type == "UNKNOWN" and not here.raw.startswith('"')):
        return Cursor("none", offset, offset)
    start, end = since + here.at, since + here.to
    if here.type == "UNKNOWN":
        end = offset  # an unclosed quote: the text after the cursor is not part of the value
    quoted = here.raw.startswith('"')
    typed = text[start + quoted : offset]
    if quoted and here.type == "STRING" and end == offset:
        return Cursor("none", offset, offset)  # directly after a string
    return _context(state, start, end, typed, quoted=quoted)


def _context(state: _State, start: int, end: int, typed: str, *, quoted: bool) -> Cursor:
    inside = state.inside
    if inside is not None:
        last = inside[-1].raw if inside else ","
        if last == "=":
            name = decode(inside[-2].raw) if len(inside) > 1 else ""
            return Cursor("value", start, end, typed, quoted, state.element, name)
        if last in {",", ";"} or (len(inside) > 1 and inside[-2].raw == "="):
            return Cursor("attribute", start, end, typed, quoted, state.element)
        return Cursor("none", start, end)
    before = state.before
    if before and before[-1].raw == "=":
        name = decode(before[-2].raw) if len(before) > 1 and before[-2].type in _IDS else ""
        return Cursor("value", start, end, typed, quoted, "graph", name)
    if before and (before[-1].type == "EDGEOP" or before[-1].raw == ","):
        return Cursor("node", start, end, typed, quoted)
    if before and (before[-1].raw == ":" or before[-1].type in {"GRAPH", "DIGRAPH", "SUBGRAPH", "STRICT"}):
        return Cursor("none", start, end)
    return Cursor("statement", start, end, typed, quoted)


def _element(before: list[Lexeme]) -> Element:
    """Return the kind of element whose attribute list follows these tokens."""
    index = len(before) - 1
    while index >= 0 and before[index].raw == "]":
        index -= 1  # a second list
    if index < 0:
        return "node"
    if before[index].raw == "}":
        return "edge"
    if before[index].type in {"NODE", "EDGE", "GRAPH"}:
        words: dict[str, Element] = {"NODE": "node", "EDGE": "edge", "GRAPH": "graph"}
        return words[before[index].type]
    while index >= 2 and before[index - 1].raw in {":", ","}:
        index -= 2  # skip a port, or the nodes before a comma
    return "edge" if index >= 1 and before[index - 1].type == "EDGEOP" else "node"


def id_at(text: str, offset: int, since: int) -> str | None:
    """Return the value of the id at an offset or directly before it; None if there is none."""
    limit = text.find("\n", offset)
    limit = min(len(text) if limit < 0 else limit, offset + _MOST_AFTER)
    for token in tokens(text[since:limit]):
        if since + token.at <= offset <= since + token.to and token.type in {"NAME", "NUMBER", "STRING"}:
            return decode(token.raw)
        if since + token.at > offset:
            break
    return None
