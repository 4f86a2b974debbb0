"""Parsing that goes on after a mistake.

The broken statement is mended or left out, and reading resumes behind it.

One mistake gives one problem. What can be understood of a broken statement is kept, so that the other rules
may go on; the text itself is never changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotlint.syntax.lexemes import Lexeme, real
from dotlint.syntax.lexer import END, OPEN, Lexer, Run
from dotlint.syntax.parser import Parse, Stop
from dotlint.syntax.problem import Problem
from dotlint.syntax.recovery.bounds import (
    line_end,
    line_start,
)
from dotlint.syntax.recovery.broken_statement import recover_statement
from dotlint.syntax.recovery.missing_header import header_problem
from dotlint.syntax.recovery.outside_graph import outside
from dotlint.syntax.recovery.program_text import escaped_edits
from dotlint.syntax.recovery.repairs import Remedy
from dotlint.syntax.recovery.truncation import cut_off, truncated, unclosed
from dotlint.syntax.recovery.wording import described, expected, one_of, shown
from dotlint.syntax.source import edited
from dotlint.syntax.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.syntax.problem import Edit
    from dotlint.syntax.source import Source

MOST_PROBLEMS = 200


def recover(source: Source, parse: Parse, stop: Stop | None) -> Tree:
    """Go on with a parse that stopped at a mistake, or has met wrong edge operators.

    Gives the tree and its problems.
    """
    reading = Reading(source, parse)
    while not reading.run(stop):
        stop = None
    reading.tree.comments.sort(key=lambda comment: comment.start)
    return reading.tree


class Again(Exception):  # noqa: N818  # not an error: the text is to be read from its start in another way
    """The whole text was escaped: read it anew with these edits."""

    def __init__(self, at: int, edits: list[Edit]) -> None:
        super().__init__(at)
        self.at = at
        self.edits = edits


class Reading:
    """A file being read: the parser, what was found so far, and what to do about a mistake."""

    def __init__(self, source: Source, parse: Parse) -> None:
        self.allowance = 20 * len(source.text) + 500_000  # what recovery may look at, in characters
        self.escaped: Problem | None = None
        self.start(Tree(source), parse)

    def start(self, tree: Tree, parse: Parse) -> None:
        """Begin with a parse."""
        self.tree = tree
        self.parse = parse
        self.lexer = parse.lexer
        self.text = parse.lexer.text
        self.groups: dict[tuple[str, str], list[Remedy]] = {}
        self.turned = -1  # where reading went on after the last statement that was mended
        self.left_out: tuple[int, int] | None = None  # the body, and its length, at the last statement left out
        self.muted = False  # the file is program text, or hopeless: nothing more is worth telling
        self.headless: int | None = None  # where the body starts that has no header
        self.closing: int | None = None  # where a wrapping ends, such as a Markdown fence

    def run(self, stop: Stop | None) -> bool:
        """Read to the end, past all mistakes.

        False where the text has to be read once more from its start.
        """
        try:
            while True:
                if stop is not None:
                    self.recover(stop)
                stop = None
                try:
                    self.tree.graphs = self.parse.run()
                    break
                except Stop as another:
                    stop = another
        except Again as again:
            edits = tuple((real(self.text, start), real(self.text, end), put) for start, end, put in again.edits)
            at = real(self.text, again.at)
            self.escaped = Problem(
                "E009",
                "the text is an escaped string: its line ends are written as `\\n`",
                at,
                min(at + 2, len(self.tree.source.text)),
                help="save the string itself and not its source form",
                edits=edits,
                applicability="safe",
            )
            self.start(Tree(self.tree.source), Parse(Lexer(edited(self.text, 0, len(self.text), again.edits))))
            return False
        self.tree.comments.extend(self.lexer.comments)
        self.collect()
        return True

    def recover(self, stop: Stop) -> None:
        """Get the parser to a state and place from where it can go on."""
        self.allowance -= 200
        lexeme = stop.lexeme
        if self.allowance < 0 or len(self.tree.problems) + len(self.groups) > MOST_PROBLEMS:
            if lexeme.type != END:
                self.problem("E001", "too many mistakes: the text from here on was not read", lexeme.at, lexeme.to)
            self.muted = True
            self.finish()
            return
        if lexeme.raw.startswith("\\") and self.escaped is None:
            edits = escaped_edits(self.text, lexeme.at)
            if edits:
                raise Again(lexeme.at, edits)
        if lexeme_type(self.parse.values) == "LBRACE":
            self.parse.feed(self.nothing())  # so that the body that has just been opened stands on the stack
            self.parse.cut(len(self.parse.values) - 1)
        body = self.parse.body
        if body < 0:
            outside(self, stop)
        elif lexeme.type == END:
            self.recover_end(body)
        else:
            recover_statement(self, stop, body)

    def cut_off(self, start: int, at: int, what: str) -> None:
        """Tell that the file ends inside of something that starts at `at`, and end there."""
        if not self.muted:
            self.tree.problems.append(truncated(self.text, self.parse, start, at, what))
        self.finish()

    def may_move(self, position: int) -> bool:
        """Return whether reading may go on at a place.

        An odd quote takes it back, but never to where it was taken before.
        """
        return position > self.turned

    def move(self, position: int) -> None:
        """Go on reading at a place."""
        self.turned = position
        self.lexer.position = position

    def complete(self, body: int) -> bool:
        """Close what stands behind the body if it is a whole statement; else leave the stacks as they are."""
        states, values = self.parse.states[body + 1 :], self.parse.values[body:]
        try:
            self.parse.feed(self.nothing())
        except Stop:
            self.parse.cut(body)
            self.parse.states[body + 1 :] = states
            self.parse.values[body:] = values
            return False
        self.parse.cut(body + 1)
        return True

    def nothing(self) -> Run:
        """Return a lexeme that ends the statement before it and adds none."""
        return Run("STATEMENTS", self.text, self.lexer.position, self.lexer.position, [])

    # At the end, and outside of any graph

    def recover_end(self, body: int) -> None:
        """Tell what the end of the file leaves open, and close it."""
        if self.parse.values[body + 1 :]:
            self.complete(body)
        start = cut_off(self.text, self.parse, body)
        if not self.muted:
            if start is None:
                if self.headless is None or len(self.parse.bodies_at()) > 1:
                    self.tree.problems.append(unclosed(self.text, self.parse))
            else:
                self.tree.problems.append(truncated(self.text, self.parse, start, start, "a statement"))
        if start is not None and not self.parse.values[body + 1 :] and self.parse.values[body]:
            self.parse.values[body].pop()
        self.finish()

    def finish(self) -> None:
        """Close every open body at the end of the text."""
        while (body := self.parse.body) >= 0:
            if not self.complete(body):
                self.parse.cut(body + 1)
            end = len(self.text)
            self.parse.feed(Lexeme("RBRACE", self.text, end, end))
        if self.parse.in_header():
            self.parse.cut(1)
        self.lexer.position = len(self.text)

    def reopen(self, at: int) -> None:
        """Go on inside the graph that was closed last."""
        graph = self.parse.values[0].pop()
        self.lexer.choose(directed=graph.directed)
        for lexeme in (graph.strict, graph.keyword, graph.id, graph.open):
            if lexeme is not None:
                kind = "STRING" if lexeme is graph.id else lexeme.type
                self.parse.feed(Lexeme(kind, lexeme.text, lexeme.at, lexeme.to))
        self.parse.feed(self.nothing())
        self.parse.values[self.parse.body] = graph.body
        self.lexer.position = at

    # Telling

    def problem(
        self,
        code: str,
        message: str,
        at: int,
        to: int,
        *,
        help: str | None = None,  # noqa: A002
        related: Sequence[tuple[str, int, int]] = (),
    ) -> None:
        """Note a problem that no edit mends; offsets are those of the parsed text."""
        if not self.muted:
            text = self.text
            places = tuple((words, real(text, start), real(text, end)) for words, start, end in related)
            self.tree.problems.append(Problem(code, message, real(text, at), real(text, to), places, help))

    def unexpected(self, stop: Stop, help: str | None = None) -> None:  # noqa: A002
        """Note a problem that no rule names."""
        if self.muted:
            return
        names = expected(stop.taken, directed=self.lexer.directed)
        message = f"{described(stop.lexeme)} is not expected here"
        if help is None and names:
            help = f"expected {one_of(names)}"  # noqa: A001
        start = stop.lexeme.start
        end = stop.lexeme.end if stop.lexeme.type not in OPEN else start + 1
        self.tree.problems.append(Problem("E001", message, start, end, help=help, expected=names))

    def stray(self, what: str, at: int, to: int, edits: list[Edit]) -> None:
        """Note something around a graph that is to be taken out."""
        code = "E009" if "host" in what else "E011"
        self.note(
            [
                Remedy(
                    code,
                    f"{what} that is not DOT: `{shown(self.text[at:to])}`",
                    at,
                    to,
                    tuple(edits),
                    "safe",
                    "take it out",
                )
            ]
        )

    def program(self, at: int) -> None:
        """Note that the file is a program; from there on nothing more is told."""
        if not self.muted:
            start = line_start(self.text, at)
            while self.text[start : start + 1].isspace():
                start += 1
            self.problem(
                "E010",
                "this is program text, not DOT",
                start,
                line_end(self.text, at),
                help="run the program and lint what it writes",
            )
            self.muted = True

    def note(self, found: list[Remedy]) -> None:
        """Note the mistakes of a statement that was mended; those of one group are one problem in the end."""
        if self.muted:
            return
        for remedy in found:
            key = (remedy.code, remedy.group if remedy.group is not None else f"at {remedy.start}")
            self.groups.setdefault(key, []).append(remedy)

    def collect(self) -> None:
        """Turn what was noted into problems."""
        text = self.text
        for wrong in [] if self.muted else self.lexer.wrong:
            right = "--" if wrong.raw == "->" else "->"
            graph = "a digraph" if right == "->" else "a graph"
            remedy = Remedy(
                "E013",
                f"`{wrong.raw}` joins nothing in {graph}",
                wrong.at,
                wrong.to,
                ((wrong.at, wrong.to, right),),
                "safe",
                f"write `{right}`",
                f"operator {wrong.raw}",
            )
            self.groups.setdefault((remedy.code, wrong.raw), []).append(remedy)
        for (code, _), found in self.groups.items():
            first, others = found[0], found[1:]
            related = [*first.related, *(("here too", one.start, one.end) for one in others[:20])]
            edits = apart(edit for one in found for edit in one.edits) if first.offered else []
            message = first.message
            if others:
                message += f" (and in {len(others)} more {'place' if len(others) == 1 else 'places'})"
            self.tree.problems.append(
                Problem(
                    code,
                    message,
                    real(text, first.start),
                    real(text, first.end),
                    tuple((words, real(text, start), real(text, end)) for words, start, end in related),
                    first.help,
                    tuple((real(text, start), real(text, end), put) for start, end, put in edits),
                    first.offered,
                )
            )

        if self.headless is not None and not self.muted and self.tree.graphs:
            self.tree.problems.append(header_problem(text, self.headless, self.tree))
        if self.escaped is not None:
            self.tree.problems.append(self.escaped)


def lexeme_type(values: list[Any]) -> str | None:
    """Return the type of the lexeme on top of the parser's values; None where there is no lexeme."""
    return values[-1].type if values and type(values[-1]) is Lexeme else None


def apart(edits: Iterable[Edit]) -> list[Edit]:
    """Put edits in order, each once, and leave out those that reach into the one before."""
    found: list[Edit] = []
    for edit in sorted(set(edits)):
        if not found or found[-1][1] <= edit[0]:
            found.append(edit)
    return found
