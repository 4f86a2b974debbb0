"""Where in a DOT text a cursor is: in a statement, in an attribute list, behind an `=`; by the tokens before it.

The text is one that is being typed, so it need not be DOT: tokens are read from some statement before the cursor on,
and an attribute list that is open counts as closed as soon as something stands in it that none can hold.
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
_BETWEEN: Final = {"BLANK", "LINE_COMMENT", "BLOCK_COMMENT"}
_MOST_BEHIND: Final = 2_000


class Cursor(Struct, frozen=True):
    """What may be written at a place: `kind`; `element` and `attribute` say whose attributes or values.

    From `start` to `end` stands what is there already, `typed` is its part before the cursor, as meant. `end` equals
    the cursor where the rest belongs to something else.
    """

    kind: Kind
    start: int
    end: int
    typed: str = ""
    quoted: bool = False
    element: Element = "graph"
    attribute: str = ""


class _State:
    """What was met so far: the list that is open, and the tokens of the statement before it."""

    def __init__(self) -> None:
        self.before: list[Lexeme] = []  # of the statement, up to where we are
        self.inside: list[Lexeme] | None = None  # of the attribute list, where one is open
        self.element: Element = "graph"

    def pass_by(self, token: Lexeme) -> None:
        raw = token.raw
        if self.inside is not None:
            if raw == "]":
                self.inside = None
                self.before.append(token)
                return
            if raw not in {"{", "}"} and token.type != "EDGEOP":
                self.inside.append(token)
                return
            self.inside = None  # it was never closed
        if raw == "[":
            self.element = _element(self.before)
            self.inside = []
        elif raw in {";", "{"}:
            self.before = []
        else:
            self.before.append(token)


def cursor_at(text: str, offset: int, since: int) -> Cursor:
    """Say where in a text a place is, reading on from `since`, the start of a statement before it."""
    limit = text.find("\n", offset)
    limit = min(len(text) if limit < 0 else limit, offset + _MOST_BEHIND)
    state = _State()
    here: Lexeme | None = None
    for token in tokens(text[since:limit]):
        start, end = since + token.at, since + token.to
        if start >= offset:
            break
        if end > offset or (end == offset and token.type in _IDS | _WORDS | {"LINE_COMMENT"}):
            here = token
            break
        if token.type not in _BETWEEN:
            state.pass_by(token)
    if here is not None and here.type in {"LINE_COMMENT", "BLOCK_COMMENT"}:
        return Cursor("none", offset, offset)
    if here is None or here.type not in _IDS | _WORDS:
        return _judged(state, offset, offset, "", quoted=False)
    if here.type == "HTML" or (here.type == "UNKNOWN" and not here.raw.startswith('"')):
        return Cursor("none", offset, offset)
    start, end = since + here.at, since + here.to
    if here.type == "UNKNOWN":
        end = offset  # a quote that is never closed: what follows was there before
    quoted = here.raw.startswith('"')
    typed = text[start + quoted : offset]
    if quoted and here.type == "STRING" and end == offset:
        return Cursor("none", offset, offset)  # right behind a string
    return _judged(state, start, end, typed, quoted=quoted)


def _judged(state: _State, start: int, end: int, typed: str, *, quoted: bool) -> Cursor:
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
    """Say whose attributes the list is that follows these tokens."""
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
        index -= 2  # back over a port, or over the nodes before a comma
    return "edge" if index >= 1 and before[index - 1].type == "EDGEOP" else "node"


def id_at(text: str, offset: int, since: int) -> str | None:
    """Give what the id means that a place lies in or right behind; None where there is none."""
    limit = text.find("\n", offset)
    limit = min(len(text) if limit < 0 else limit, offset + _MOST_BEHIND)
    for token in tokens(text[since:limit]):
        if since + token.at <= offset <= since + token.to and token.type in {"NAME", "NUMBER", "STRING"}:
            return decode(token.raw)
        if since + token.at > offset:
            break
    return None
