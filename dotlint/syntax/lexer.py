"""From text to lexemes, as far as the parser's state lets it.

The lexer is contextual: in a state of the LALR table that takes STATEMENTS it reads all plain statements that
follow each other as one lexeme, in a state that takes ATTR_LIST a whole plain list; everywhere else, and for
everything that is not plain, single tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.syntax.lexemes import Lexeme, real
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

# Lexemes that no state of the grammar takes: the mistakes of the lexical kind.
OPEN_STRING, OPEN_HTML, OPEN_COMMENT, UNKNOWN, END = (
    "OPEN_STRING",
    "OPEN_HTML",
    "OPEN_COMMENT",
    "UNKNOWN",
    "$END",
)
_MORE_THAN_IDS = frozenset({2, 4, 5})  # the last group: a port or attributes
OPEN = frozenset({OPEN_STRING, OPEN_HTML, OPEN_COMMENT})


class Run(Lexeme, eq=False, gc=False):
    """Plain statements that follow each other."""

    statements: list[Statement]


class Lexer:
    """A place in a text and what was met on the way there.

    `position` may be moved between two calls of `lexemes`. `wrong` has the edge operators that do not fit
    the graph's kind: they are given as EDGEOP all the same, since what is meant is plain. `unread` is
    where `@` ended the input.
    """

    __slots__ = ("_ids", "comments", "directed", "plain", "position", "text", "unread", "wrong")

    def __init__(self, text: str, *, directed: bool = True) -> None:
        self.text = text
        self.position = 0
        self.choose(directed=directed)
        self.comments: list[Comment] = []
        self.wrong: list[Lexeme] = []
        self.unread: int | None = None
        self._ids: dict[str, str] = {}  # the same ids are one string

    def choose(self, *, directed: bool) -> None:
        """Set the graph's kind."""
        self.directed = directed
        self.plain = statement_pattern("->" if directed else "--").match

    def lexemes(self, stack: list[Any], states: Sequence[Container[str]], runs: Container[Any]) -> Iterator[Lexeme]:
        """Yield the lexemes from the position on.

        `stack` is the parser's, its top is looked at before each of them.

        `states` has the terminals that a state takes; `runs` are the states that take STATEMENTS.
        """
        text = self.text
        while True:
            if stack[-1] in runs:
                run = self._run()
                if run is not None:
                    yield run
            start = self.skip()
            self.position = start
            takes = states[stack[-1]]
            if start >= len(text):
                return
            if text[start] == "@" and "STRICT" in takes:
                self.unread = start
                return
            lexeme = self.token(start, takes)
            if lexeme.to == len(text) and lexeme.type in OPEN and "STRICT" in takes:
                # Outside of any graph what never ends is the end, to Graphviz.
                self.unread = start
                return
            yield lexeme

    def end(self) -> Lexeme:
        """Return the lexeme that stands for the end of the text."""
        return Lexeme(END, self.text, len(self.text), len(self.text))

    def _run(self) -> Run | None:
        text, plain, same = self.text, self.plain, self._ids.setdefault
        found: list[Statement] = []
        begin = last = at = self.position
        while True:
            match = plain(text, at)
            while match is not None:
                # A bare statement is remembered by its place alone: see PlainStatement.
                more = match.lastindex in _MORE_THAN_IDS or match.start(2) >= 0
                place: Match[str] | int = match if more else match.start(1)
                first, second = match.group(1, 3)
                if second is None:
                    found.append(PlainNode(place, text, same(first, first)))
                else:
                    found.append(PlainEdge(place, text, same(first, first), same(second, second)))
                at = match.end()
                match = plain(text, at)
            last = at if found else last
            self.position = at
            self.position = after = self.skip()
            if SPACE.match(text, at).end() == after:  # type: ignore[union-attr]  # no comment that kept the next one off
                break
            at = after
        if not found:
            return None
        return Run("STATEMENTS", text, begin, last, found)

    def skip(self) -> int:
        """Pass blanks, comments and lone byte order marks; give where the next token starts."""
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
                        real(text, at),
                        real(text, end),
                    )
                )
                at = end
            elif first == BOM and FINE.match(text, at)[0] == BOM:  # type: ignore[index]  # a BOM is a letter
                at += 1
            else:
                return at

    def token(self, start: int, takes: Container[str]) -> Lexeme:
        """Return the token that starts at `start` and go behind it.

        ATTR_LIST only where it is among what the state `takes`.
        """
        text = self.text
        first = text[start]
        kind = PATTERNS.get(first)
        end = start + 1
        if kind is not None and len(first) == 1:
            if first == "[" and "ATTR_LIST" in takes:
                plain = ATTR_LIST.match(text, start)
                if plain is not None:
                    kind, end = "ATTR_LIST", plain.end()
        else:
            match = FINE.match(text, start)
            if match is not None:
                kind, end = match.lastgroup, match.end()
                if kind == "NAME" and end - start < 9 and match[0].lower() in KEYWORDS:
                    kind = match[0].upper()
                    if kind in {"GRAPH", "DIGRAPH"} and "DIGRAPH" in takes:
                        self.choose(directed=kind == "DIGRAPH")
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
            self.wrong.append(lexeme)
        return lexeme
