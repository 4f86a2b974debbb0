"""The parser: Lark's LALR tables and loop, our lexer, our tree. The one module that imports Lark."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from sys import intern
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from lark import Lark
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer as LarkLexer
from lark.parsers.lalr_parser_state import ParseConf, ParserState

from dotlint.syntax import actions
from dotlint.syntax.lexer import END, Lexer, Run
from dotlint.syntax.tree import Lexeme

if TYPE_CHECKING:
    from dotlint.syntax.tree import GraphBlock


class _OwnLexer(LarkLexer):
    """Tells Lark that it need not make a lexer."""

    __future_interface__ = 2

    def __init__(self, conf: object) -> None:
        """Take no notice of the configuration."""

    def lex(self, lexer_state: Any, parser_state: Any) -> Any:  # noqa: ANN401
        raise NotImplementedError


class Tables(NamedTuple):
    """The compiled grammar: Lark's configuration, what the states take, and which states are which."""

    start: dict[str, Any]
    states: dict[Any, dict[str, Any]]
    runs: frozenset[Any]  # take STATEMENTS
    bodies: frozenset[Any]  # have just seen a body, and take more of it or its brace


@cache
def tables() -> Tables:
    """Compile the grammar, once a process."""
    grammar = files("dotlint.syntax").joinpath("dot.lark").read_text("utf-8")
    lark = Lark(
        grammar, parser="lalr", lexer=_OwnLexer, start="file", keep_all_tokens=True, transformer=actions
    )
    parser = lark.parser.parser.parser
    states = parser.parse_table.states
    for state, taken in states.items():
        # Lark's own names are instances of Token, whose comparison is written in Python.
        states[state] = {intern(str(name)): action for name, action in taken.items()}
    for rule in parser.callbacks:
        rule.origin.name = intern(str(rule.origin.name))
    start = {"file": ParseConf(parser.parse_table, parser.callbacks, "file")}
    runs = frozenset(state for state, taken in states.items() if "STATEMENTS" in taken)
    bodies = frozenset(taken["body"][1] for taken in states.values() if "body" in taken)
    return Tables(start, states, runs, bodies)


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

    __slots__ = ("_state", "_tables", "lexer", "states", "values")

    def __init__(self, lexer: Lexer) -> None:
        self._tables = tables()
        self.lexer = lexer
        self._state = ParserState(self._tables.start["file"], cast("Any", lexer))
        self.states: list[Any] = self._state.state_stack
        self.values: list[Any] = self._state.value_stack

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

        Lark puts such a body away only when it sees what follows.
        """
        closed = bool(self.values) and getattr(self.values[-1], "type", "") == "RBRACE"
        return len(self.states) - 2 * closed

    def bodies_at(self) -> list[int]:
        """Give the places of all open bodies in `values`, outermost first."""
        bodies = self._tables.bodies
        return [at - 1 for at, state in enumerate(self.states[: self._unclosed()]) if state in bodies]

    def in_header(self) -> bool:
        """Tell whether a header has begun whose brace has not come."""
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
        try:
            return self._state.feed_token(cast("Any", lexeme), lexeme.type == END)
        except UnexpectedToken as error:
            raise Stop(lexeme, frozenset(error.expected)) from None

    def read(self, lexer: Lexer) -> None:
        """Take all that the lexer has left; raises `Stop`."""
        feed: Any = self._state.feed_token
        lexeme = None
        try:
            for lexeme in lexer.lexemes(self.states, self._tables.states, self._tables.runs):
                feed(lexeme)
        except UnexpectedToken as error:
            assert lexeme is not None
            if isinstance(lexeme, Run):
                lexer.position = lexeme.at
                lexeme = lexer.token(lexer.skip(), {})
            raise Stop(lexeme, frozenset(error.expected)) from None

    def run(self) -> list[GraphBlock]:
        """Read to the end and give the graphs.

        Raises `Stop` at the first mistake, and may be called again after it.
        """
        lexer = self.lexer
        self.read(lexer)
        if (
            self.states[-1] == self._state.parse_conf.end_state
        ):  # a recovery has put the last graph away already
            settled: list[GraphBlock] = self.values[0]
            return settled
        graphs: list[GraphBlock] = self.feed(Lexeme(END, lexer.text, lexer.position, lexer.position))
        return graphs


def parses(text: str) -> bool:
    """Tell whether a whole text has no mistake that stops the parser."""
    try:
        Parse(Lexer(text)).run()
    except Stop:
        return False
    return True
