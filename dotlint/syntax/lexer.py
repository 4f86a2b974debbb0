"""A contextual lexer: the parser's state decides which lexemes it reads.

In a state of the LALR table that accepts STATEMENTS it reads all consecutive plain statements as one lexeme, in a
state that accepts ATTR_LIST a whole plain list. Everywhere else, and for everything that is not plain, it reads
single tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.syntax.lexemes import Lexeme, source_offset
from dotlint.syntax.source import BOM
from dotlint.syntax.terminals import (
    ATTR_LIST,
    COMMENT,
    FINE,
    KEYWORDS,
    PATTERNS,
    SPACE,
    html_end,
    statement_pattern,
)
from dotlint.syntax.tree import Comment, PlainEdge, PlainNode

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence
    from re import Match
    from typing import Any

    from dotlint.syntax.tree import Statement

# Lexemes that no state of the grammar accepts: lexical errors.
OPEN_STRING, OPEN_HTML, OPEN_COMMENT, UNKNOWN, END = (
    "OPEN_STRING",
    "OPEN_HTML",
    "OPEN_COMMENT",
    "UNKNOWN",
    "$END",
)
_MORE_THAN_IDS = frozenset({2, 4, 5})  # the last group: a port or attributes
OPEN = frozenset({OPEN_STRING, OPEN_HTML, OPEN_COMMENT})


class StatementRun(Lexeme, eq=False, gc=False):
    """Consecutive plain statements, as one lexeme."""

    statements: list[Statement]


class Lexer:
    """A position in a text, and what was met before it.

    `position` may be moved between two calls of `lexemes`. `wrong_operators` has the edge operators that do not fit
    the kind of the graph; they are yielded as EDGEOP nevertheless, because their meaning is clear. `unread` is the
    offset of an `@` that ended the input.
    """

    __slots__ = ("_ids", "comments", "directed", "plain", "position", "text", "unread", "wrong_operators")

    def __init__(self, text: str, *, directed: bool = True) -> None:
        self.text = text
        self.position = 0
        self.set_directed(directed=directed)
        self.comments: list[Comment] = []
        self.wrong_operators: list[Lexeme] = []
        self.unread: int | None = None
        self._ids: dict[str, str] = {}  # equal spellings share one string

    def set_directed(self, *, directed: bool) -> None:
        """Set whether edges are written `->` or `--`."""
        self.directed = directed
        self.plain = statement_pattern("->" if directed else "--").match

    def lexemes(self, stack: list[Any], states: Sequence[Container[str]], runs: Container[Any]) -> Iterator[Lexeme]:
        """Yield the lexemes from the position on.

        `stack` is the state stack of the parser, whose top is read before each lexeme. `states` are the terminals
        that each state accepts; `runs` are the states that accept STATEMENTS.
        """
        text = self.text
        while True:
            if stack[-1] in runs:
                run = self._run()
                if run is not None:
                    yield run
            start = self.skip()
            self.position = start
            accepts = states[stack[-1]]
            if start >= len(text):
                return
            if text[start] == "@" and "STRICT" in accepts:
                self.unread = start
                return
            lexeme = self.token(start, accepts)
            if lexeme.to == len(text) and lexeme.type in OPEN and "STRICT" in accepts:
                # Outside of any graph, Graphviz ends reading at an unclosed string, HTML value or comment.
                self.unread = start
                return
            yield lexeme

    def rewind(self, position: int) -> None:
        """Continue at an earlier position."""
        self.position = position
        start = source_offset(self.text, position)
        while self.comments and self.comments[-1].start >= start:
            self.comments.pop()

    def end(self) -> Lexeme:
        """Return the lexeme that represents the end of the text."""
        return Lexeme(END, self.text, len(self.text), len(self.text))

    def _run(self) -> StatementRun | None:
        text, plain, same = self.text, self.plain, self._ids.setdefault
        found: list[Statement] = []
        begin = last = at = self.position
        while True:
            match = plain(text, at)
            while match is not None:
                # For a bare statement only the offset is kept: see PlainStatement.
                more = match.lastindex in _MORE_THAN_IDS or match.start(2) >= 0
                match_or_start: Match[str] | int = match if more else match.start(1)
                first, second = match.group(1, 3)
                if second is None:
                    found.append(PlainNode(match_or_start, text, same(first, first)))
                else:
                    found.append(PlainEdge(match_or_start, text, same(first, first), same(second, second)))
                at = match.end()
                match = plain(text, at)
            last = at if found else last
            self.position = at
            self.position = after = self.skip()
            if SPACE.match(text, at).end() == after:  # type: ignore[union-attr]  # no comment in between
                break
            at = after
        if not found:
            return None
        return StatementRun("STATEMENTS", text, begin, last, found)

    def skip(self) -> int:
        """Skip blanks, comments and lone byte order marks; return the offset of the next token."""
        text, at = self.text, self.position
        while True:
            at = SPACE.match(text, at).end()  # type: ignore[union-attr]  # matches the empty text too
            first = text[at : at + 1]
            if first in {"#", "/"}:
                comment = COMMENT.match(text, at)
                if comment is None:
                    return at
                end = comment.end()
                self.comments.append(
                    Comment(
                        "#" if first == "#" else "//" if text[at + 1] == "/" else "/*",
                        source_offset(text, at),
                        source_offset(text, end),
                    )
                )
                at = end
            elif first == BOM and FINE.match(text, at)[0] == BOM:  # type: ignore[index]  # a BOM is a letter
                at += 1
            else:
                return at

    def token(self, start: int, accepts: Container[str]) -> Lexeme:
        """Return the token that starts at `start`, and move behind it.

        `accepts` are the terminals of the parser's state; ATTR_LIST is returned only if it is among them.
        """
        text = self.text
        first = text[start]
        kind = PATTERNS.get(first)
        end = start + 1
        if kind is not None and len(first) == 1:
            if first == "[" and "ATTR_LIST" in accepts:
                plain = ATTR_LIST.match(text, start)
                if plain is not None:
                    kind, end = "ATTR_LIST", plain.end()
        else:
            match = FINE.match(text, start)
            if match is not None:
                kind, end = match.lastgroup, match.end()
                if kind == "NAME" and end - start < 9 and match[0].lower() in KEYWORDS:
                    kind = match[0].upper()
                    if kind in {"GRAPH", "DIGRAPH"} and "DIGRAPH" in accepts:
                        self.set_directed(directed=kind == "DIGRAPH")
            elif first == "<":
                kind, end = "HTML", html_end(text, start)
                if end < 0:
                    kind, end = OPEN_HTML, len(text)
            elif first == '"':
                kind, end = OPEN_STRING, len(text)
            elif text.startswith("/*", start):
                kind, end = OPEN_COMMENT, len(text)
            else:
                kind = UNKNOWN
        self.position = end
        assert kind is not None
        lexeme = Lexeme(kind, text, start, end)
        if kind == "EDGEOP" and (text[start + 1] == ">") is not self.directed:
            self.wrong_operators.append(lexeme)
        return lexeme
