"""The parser: the LALR(1) tables that Lark made of `dot.lark`, run over our lexemes, giving our tree."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.json import decode

from dotlint.files.paths import read_file, read_package_text, sibling_path
from dotlint.syntax import actions
from dotlint.syntax.lexer import END, Lexer, Run
from dotlint.syntax.terminals import GRAMMAR_CHECKSUM
from dotlint.syntax.tree import Lexeme

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.syntax.tree import GraphBlock


class Tables(NamedTuple):
    """The compiled grammar (see `dotlint.syntax.compile`), with its actions, and which states are which."""

    states: list[dict[str, int]]
    rules: list[tuple[str, int, Callable[[list[Any]], Any]]]
    end: int
    runs: frozenset[int]  # take STATEMENTS
    bodies: frozenset[int]  # have just seen a body, and take more of it or its brace


@cache
def tables() -> Tables:
    """Read the compiled grammar, once a process; compile it where the grammar has been changed since."""
    stored = sibling_path(__file__, "dot.tables.json")
    found: dict[str, Any] = decode(read_file(stored)) if os.path.isfile(stored) else {}
    if found.get("grammar") != GRAMMAR_CHECKSUM:
        from dotlint.syntax.compile import compiled  # noqa: PLC0415  # needs Lark, which is slow to load

        found = compiled(read_package_text(sibling_path(__file__, "dot.lark")))
    states: list[dict[str, int]] = found["states"]
    rules = [(name, size, getattr(actions, action)) for name, size, action in found["rules"]]
    runs = frozenset(at for at, taken in enumerate(states) if "STATEMENTS" in taken)
    bodies = frozenset(taken["body"] for taken in states if "body" in taken)
    return Tables(states, rules, found["end"], runs, bodies)


class Stop(Exception):  # noqa: N818  # not an error: the place where the text stops making sense
    """The parser cannot go on.

    `lexeme` is what no rule takes here, `taken` the terminals that would be right.
    """

    def __init__(self, lexeme: Lexeme, taken: frozenset[str]) -> None:
        super().__init__(lexeme.type)
        self.lexeme = lexeme
        self.taken = taken


class Parse:
    """A parse under way: the lexer, and the stacks of states and values, which a recovery may cut back.

    `states` has one more than `values`; its bottom is the start.
    """

    __slots__ = ("_tables", "lexer", "states", "values")

    def __init__(self, lexer: Lexer) -> None:
        self._tables = tables()
        self.lexer = lexer
        self.states: list[int] = [0]
        self.values: list[Any] = []

    @property
    def taken(self) -> frozenset[str]:
        """The terminals that the state on top takes."""
        return frozenset(name for name in self._tables.states[self.states[-1]] if name.isupper())

    @property
    def body(self) -> int:
        """The place of the innermost open body in `values`; -1 outside of any graph."""
        bodies, states = self._tables.bodies, self.states
        for at in range(self._unclosed() - 1, 0, -1):
            if states[at] in bodies:
                return at - 1
        return -1

    def _unclosed(self) -> int:
        """Count the states below a body that has its brace.

        Such a body is put away only when what follows has been seen.
        """
        closed = bool(self.values) and getattr(self.values[-1], "type", "") == "RBRACE"
        return len(self.states) - 2 * closed

    def bodies_at(self) -> list[int]:
        """Return the places of all open bodies in `values`, outermost first."""
        bodies = self._tables.bodies
        return [at - 1 for at, state in enumerate(self.states[: self._unclosed()]) if state in bodies]

    def in_header(self) -> bool:
        """Return whether a header has begun whose brace has not come."""
        return (
            bool(self.values)
            and not isinstance(self.values[-1], list)
            and getattr(self.values[-1], "type", "") != "RBRACE"
        )

    def settle(self) -> None:
        """Put a graph that is complete into the list of graphs, which then is the only value."""
        self.feed(Lexeme("GRAPH", self.lexer.text, 0, 0))
        self.cut(1)

    def cut(self, length: int) -> None:
        """Keep the first `length` values and forget the others."""
        del self.values[length:]
        del self.states[length + 1 :]

    def feed(self, lexeme: Lexeme) -> Any:  # noqa: ANN401  # the value of the start symbol, at the end
        """Take one lexeme; raises `Stop` where no rule takes it."""
        states, values = self.states, self.values
        table, rules, end, *_ = self._tables
        kind = lexeme.type
        while True:
            taken = table[states[-1]]
            action = taken.get(kind)
            if action is None:
                raise Stop(lexeme, frozenset(name for name in taken if name.isupper()))
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
        """Take all that the lexer has left; raises `Stop`."""
        feed = self.feed
        try:
            for lexeme in lexer.lexemes(self.states, self._tables.states, self._tables.runs):
                feed(lexeme)
        except Stop as stop:
            if isinstance(stop.lexeme, Run):  # what is unexpected is its first token
                lexer.position = stop.lexeme.at
                stop.lexeme = lexer.token(lexer.skip(), {})
            raise

    def run(self) -> list[GraphBlock]:
        """Read to the end and give the graphs.

        Raises `Stop` at the first mistake, and may be called again after it.
        """
        lexer = self.lexer
        self.read(lexer)
        if self.states[-1] == self._tables.end:  # a recovery has put the last graph away already
            settled: list[GraphBlock] = self.values[0]
            return settled
        graphs: list[GraphBlock] = self.feed(Lexeme(END, lexer.text, lexer.position, lexer.position))
        return graphs


def parses(text: str) -> bool:
    """Return whether a whole text has no mistake that stops the parser."""
    try:
        Parse(Lexer(text)).run()
    except Stop:
        return False
    return True
