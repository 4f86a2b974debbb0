"""The parser: runs the LALR(1) tables that Lark compiled from `dot.lark` over the lexemes and builds the tree."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.json import decode

from dotlint.files.paths import sibling_path
from dotlint.files.reading import read_file, read_package_text
from dotlint.syntax import actions
from dotlint.syntax.lexer import END, Lexer, StatementRun
from dotlint.syntax.terminals import GRAMMAR_CHECKSUM
from dotlint.syntax.tree import Lexeme

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.syntax.tree import GraphBlock


class Tables(NamedTuple):
    """The compiled grammar (see `dotlint.syntax.compile`) with its actions and the sets of special states."""

    states: list[dict[str, int]]
    rules: list[tuple[str, int, Callable[[list[Any]], Any]]]
    end: int
    accepted: list[frozenset[str]]  # the terminals that each state accepts
    runs: frozenset[int]  # accept STATEMENTS
    bodies: frozenset[int]  # after a body: accept more of it, or its closing brace


@cache
def tables() -> Tables:
    """Return the compiled grammar, read once per process; compile it if the grammar was changed."""
    stored = sibling_path(__file__, "dot.tables.json")
    found: dict[str, Any] = decode(read_file(stored)) if os.path.isfile(stored) else {}
    if found.get("grammar") != GRAMMAR_CHECKSUM:
        from dotlint.syntax.compile import compiled  # noqa: PLC0415  # needs Lark, which is slow to load

        found = compiled(read_package_text(sibling_path(__file__, "dot.lark")))
    states: list[dict[str, int]] = found["states"]
    rules = [(name, size, getattr(actions, action)) for name, size, action in found["rules"]]
    accepted = [frozenset(name for name in taken if name.isupper()) for taken in states]
    runs = frozenset(at for at, taken in enumerate(states) if "STATEMENTS" in taken)
    bodies = frozenset(taken["body"] for taken in states if "body" in taken)
    return Tables(states, rules, found["end"], accepted, runs, bodies)


class Stop(Exception):  # noqa: N818  # control flow: recovery decides whether it is an error
    """The parser cannot continue.

    `lexeme` is what it does not accept, `accepted` are the terminals that it would accept instead.
    """

    def __init__(self, lexeme: Lexeme, accepted: frozenset[str]) -> None:
        super().__init__(lexeme.type)
        self.lexeme = lexeme
        self.accepted = accepted


class Parse:
    """A parse in progress: the lexer, and the stacks of states and values, which recovery may truncate.

    `states` has one entry more than `values`: the start state at its bottom.
    """

    __slots__ = ("_tables", "lexer", "states", "values")

    def __init__(self, lexer: Lexer) -> None:
        self._tables = tables()
        self.lexer = lexer
        self.states: list[int] = [0]
        self.values: list[Any] = []

    @property
    def accepted(self) -> frozenset[str]:
        """The terminals that the state on top of the stack accepts."""
        return self._tables.accepted[self.states[-1]]

    @property
    def body(self) -> int:
        """The index in `values` of the innermost open body, or -1 outside of any graph."""
        bodies, states = self._tables.bodies, self.states
        for at in range(self._unclosed() - 1, 0, -1):
            if states[at] in bodies:
                return at - 1
        return -1

    def _unclosed(self) -> int:
        """Return how many states are below a body whose closing brace was read.

        Such a body is reduced only when the lexeme after the brace has been read.
        """
        closed = bool(self.values) and getattr(self.values[-1], "type", "") == "RBRACE"
        return len(self.states) - 2 * closed

    def open_bodies(self) -> list[int]:
        """Return the indexes in `values` of all open bodies, outermost first."""
        bodies = self._tables.bodies
        return [at - 1 for at, state in enumerate(self.states[: self._unclosed()]) if state in bodies]

    def in_header(self) -> bool:
        """Return whether a graph header has begun and its brace has not been read."""
        return (
            bool(self.values)
            and not isinstance(self.values[-1], list)
            and getattr(self.values[-1], "type", "") != "RBRACE"
        )

    def finish_graph(self) -> None:
        """Reduce a complete graph into the list of graphs, which is then the only value."""
        self.feed(Lexeme("GRAPH", self.lexer.text, 0, 0))
        self.cut(1)

    def cut(self, length: int) -> None:
        """Truncate the stacks to the first `length` values."""
        del self.values[length:]
        del self.states[length + 1 :]

    def feed(self, lexeme: Lexeme) -> Any:  # noqa: ANN401  # the value of the start symbol, at the end
        """Process one lexeme. Raises `Stop` if it is not accepted."""
        states, values = self.states, self.values
        table, rules, end, accepted, *_ = self._tables
        kind = lexeme.type
        while True:
            taken = table[states[-1]]
            action = taken.get(kind)
            if action is None:
                raise Stop(lexeme, accepted[states[-1]])
            if action >= 0:
                states.append(action)
                values.append(lexeme)
                return None
            name, size, build = rules[-1 - action]
            if size:
                value = build(values[-size:])
                del states[-size:], values[-size:]
            else:
                value = build([])
            state = table[states[-1]][name]
            states.append(state)
            values.append(value)
            if state == end and kind == END:
                return value

    def read(self, lexer: Lexer) -> None:
        """Process all remaining lexemes of the lexer. Raises `Stop`."""
        feed = self.feed
        while True:
            try:
                for lexeme in lexer.lexemes(self.states, self._tables.states, self._tables.runs):
                    feed(lexeme)
            except Stop as stop:
                if not isinstance(stop.lexeme, StatementRun):
                    raise
                start = stop.lexeme.at
            else:
                return
            # It was no statement: its first token belongs to a list, or is the unexpected one.
            lexer.rewind(start)
            feed(lexer.token(lexer.skip(), {}))

    def run(self) -> list[GraphBlock]:
        """Read to the end and return the graphs.

        Raises `Stop` at a mistake; call it again after recovery.
        """
        lexer = self.lexer
        self.read(lexer)
        if self.states[-1] == self._tables.end:  # recovery has already reduced the last graph
            complete: list[GraphBlock] = self.values[0]
            return complete
        graphs: list[GraphBlock] = self.feed(Lexeme(END, lexer.text, lexer.position, lexer.position))
        return graphs


def parses(text: str) -> bool:
    """Return whether a whole text has no mistake that stops the parser."""
    try:
        Parse(Lexer(text)).run()
    except Stop:
        return False
    return True
