"""Parsing that goes on after a mistake: the broken statement is mended or left out, and reading resumes behind it.

One mistake gives one problem. What can be understood of a broken statement is kept, so that the other rules may go on; the
text itself is never changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.syntax.encoding import encoding_problems
from dotlint.syntax.ending import cut_off, nothing_follows, truncated, unclosed
from dotlint.syntax.headless import header_problem
from dotlint.syntax.hosts import escaped_edits, program_text
from dotlint.syntax.lexer import END, OPEN, OPEN_COMMENT, OPEN_HTML, OPEN_STRING, Lexer, Run
from dotlint.syntax.mending import Broken, Remedy, remedies
from dotlint.syntax.outside import outside
from dotlint.syntax.parser import Parse, Stop
from dotlint.syntax.problem import Problem
from dotlint.syntax.region import first_offset, line_end, line_start, open_ended, statement_end
from dotlint.syntax.source import edited, visible
from dotlint.syntax.tree import Lexeme, Tree, real
from dotlint.syntax.wording import described, expected, one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.syntax.problem import Edit
    from dotlint.syntax.source import Source
    from dotlint.syntax.tree import Statement

MOST_PROBLEMS = 200
LONGEST_MENDED = 20_000
MOST_STEPS = 8


def parse(source: Source) -> Tree:
    """Read a file; never raises. What is wrong with it stands in the tree's `problems`, in the order of the text."""
    reading = Reading(source)
    while not reading.run():
        pass
    tree = reading.tree
    tree.problems.extend(encoding_problems(source))
    tree.problems.sort(key=lambda problem: (problem.start, problem.end))
    tree.comments.sort(key=lambda comment: comment.start)
    return tree


class Again(Exception):  # noqa: N818  # not an error: the text is to be read from its start in another way
    """The whole text was escaped: read it anew with these edits."""

    def __init__(self, at: int, edits: list[Edit]) -> None:
        super().__init__(at)
        self.at = at
        self.edits = edits


class Reading:
    """A file being read: the parser, what was found so far, and what to do about a mistake."""

    def __init__(self, source: Source) -> None:
        self.allowance = 40 * len(source.text) + 1_000_000  # what recovery may look at, in characters
        self.escaped: Problem | None = None
        self.start(Tree(source), visible(source.text))

    def start(self, tree: Tree, text: str) -> None:
        """Begin to read a text."""
        self.tree = tree
        self.text = text
        self.lexer = Lexer(text)
        self.parse = Parse(self.lexer)
        self.groups: dict[tuple[str, str], list[Remedy]] = {}
        self.muted = False  # the file is program text, or hopeless: nothing more is worth telling
        self.headless: int | None = None  # where the body starts that has no header
        self.closing: int | None = None  # where a wrapping ends, such as a Markdown fence
        self.cut: int | None = None

    def run(self) -> bool:
        """Read to the end, past all mistakes; False where the text has to be read once more from its start."""
        try:
            while True:
                try:
                    self.tree.graphs = self.parse.run()
                    break
                except Stop as stop:
                    self.recover(stop)
        except Again as again:
            edits = tuple((real(self.text, start), real(self.text, end), put) for start, end, put in again.edits)
            at = real(self.text, again.at)
            self.escaped = Problem(
                "E009",
                "the text is an escaped string: its line ends are written as `\\n`",
                at,
                at + 2,
                help="save the string itself and not its source form",
                edits=edits,
                applicability="safe",
            )
            self.start(Tree(self.tree.source), edited(self.text, 0, len(self.text), again.edits))
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
        body = self.parse.body
        if body < 0:
            outside(self, stop)
        elif lexeme.type == END:
            self.recover_end(body)
        else:
            self.recover_statement(stop, body)

    # Inside a body

    def recover_statement(self, stop: Stop, body: int) -> None:
        """Mend the statement or leave it out."""
        text, lexeme = self.text, stop.lexeme
        if lexeme.type in OPEN:
            self.allowance -= 3 * (len(text) - lexeme.at)
        if lexeme.type == OPEN_COMMENT:
            if not any(problem.code == "E005" for problem in self.tree.problems):
                self.problem("E005", "the comment is never closed", lexeme.at, lexeme.at + 2, help="write `*/` where it ends")
            self.lexer.position = line_end(text, lexeme.at)
            return
        partial_start = first_offset(self.parse.values[body + 1 :])
        if self.complete(body):
            start = lexeme.at
            statements: list[Statement] = self.parse.values[body]
            before = open_ended(statements[-1], text, start) if statements else None
            if before is not None:
                start = before
                statements.pop()
        else:
            start = lexeme.at if partial_start is None else min(partial_start, lexeme.at)
            self.parse.cut(body + 1)
        if program_text(text, lexeme.at) or program_text(text, start):
            self.program(start)
        end = max(statement_end(text, start, lexeme.at), lexeme.at + (lexeme.type != "RBRACE"))
        broken = Broken(text, start, end, lexeme, stop.taken, self.lexer.directed)
        if end - start <= LONGEST_MENDED and self.mend(broken, body):
            return
        if lexeme.type in {OPEN_STRING, OPEN_HTML} and nothing_follows(text, lexeme.at):
            what = "a string" if lexeme.type == OPEN_STRING else "an HTML label"
            if not self.muted:
                self.tree.problems.append(truncated(text, self.parse, start, lexeme.at, what))
            self.finish()
            return
        if lexeme.type == OPEN_STRING:
            self.problem("E003", "the string is never closed", lexeme.at, lexeme.at + 1, help="close it where the value ends")
            broken = Broken(text, start, line_end(text, lexeme.at), lexeme, stop.taken, broken.directed)
        elif lexeme.type == OPEN_HTML:
            self.problem("E004", "the HTML label is never closed", lexeme.at, lexeme.at + 1, help="each `<` needs its `>`")
            broken = Broken(text, start, line_end(text, lexeme.at), lexeme, stop.taken, broken.directed)
        else:
            self.unexpected(stop)
        self.skip(broken)

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
        """Give a lexeme that ends the statement before it and adds none."""
        run = Run("STATEMENTS", self.text, self.lexer.position, self.lexer.position)
        run.statements = []
        return run

    def mend(self, broken: Broken, body: int) -> bool:
        """Try remedies, one after the other where several mistakes are in one statement; True where it then parses."""
        edits: list[Edit] = []
        found: list[Remedy] = []
        for _ in range(MOST_STEPS):
            best: tuple[int, list[Edit], Remedy, Broken] | None = None
            for remedy in remedies(broken):
                together = merged(edits, remedy.edits)
                until = broken.end if remedy.until is None else remedy.until
                if together is None or together[-1][1] > until:
                    continue
                stop = self.attempt(broken.text, broken.start, until, together, body)
                if stop is None:
                    self.note([*found, remedy])
                    self.lexer.position = until
                    self.lexer.wrong = [one for one in self.lexer.wrong if not broken.start <= one.at < until]
                    return True
                fragment = stop.lexeme.text
                at = fragment.local(stop.lexeme.at)  # type: ignore[attr-defined]  # made by `edited`
                if stop.lexeme.type != END and at > max(broken.lexeme.at, remedy.end - 1) and (best is None or at > best[0]):
                    lexeme = Lexeme(stop.lexeme.type, broken.text, at, max(fragment.local(stop.lexeme.to), at + 1))  # type: ignore[attr-defined]
                    further = Broken(broken.text, broken.start, until, lexeme, stop.taken, broken.directed)
                    best = at, together, remedy, further
            if best is None:
                return False
            _, edits, remedy, broken = best
            found.append(remedy)
        return False

    def attempt(self, text: str, start: int, end: int, edits: list[Edit], body: int) -> Stop | None:
        """Parse `text[start:end]` with the edits in place of the broken statement; keep what it gives if all of it parses."""
        fragment = edited(text, start, end, edits)
        if fragment.count("}") > fragment.count("{"):
            return Stop(Lexeme(END, fragment, len(fragment), len(fragment)), frozenset())
        self.allowance -= len(fragment)
        lexer = Lexer(fragment, directed=self.lexer.directed)
        statements: list[Statement] = self.parse.values[body]
        own: list[Statement] = []
        states, values = (self.parse.states[:], self.parse.values[:]) if "}" in fragment else ([], [])
        self.parse.values[body] = own
        try:
            self.parse.read(lexer)
            if lexer.unread is not None or self.parse.body < body:
                raise Stop(Lexeme(END, fragment, len(fragment), len(fragment)), frozenset())
            self.parse.feed(self.nothing())
        except Stop as stop:
            if states:
                self.parse.states[:], self.parse.values[:] = states, values
            self.parse.cut(body + 1)
            self.parse.values[body] = statements
            if stop.lexeme.text is not fragment:
                stop.lexeme = Lexeme(END, fragment, len(fragment), len(fragment))
            return stop
        statements.extend(own)
        self.parse.values[body] = statements
        self.tree.comments.extend(lexer.comments)
        self.lexer.wrong.extend(lexer.wrong)
        return None

    def skip(self, broken: Broken) -> None:
        """Leave the statement out; a block that it opens is read as one without a name."""
        end = broken.end
        if broken.text[end - 1] == "{" and end - 1 > broken.lexeme.at:
            end -= 1
        self.lexer.position = end

    # At the end, and outside of any graph

    def recover_end(self, body: int) -> None:
        """Tell what the end of the file leaves open, and close it."""
        start = cut_off(self.text, self.parse, body)
        if not self.muted:
            if start is None or (self.parse.values[body + 1 :] and self.complete(body)):
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
        self.note([Remedy(code, f"{what} that is not DOT: `{self.text[at:to]}`"[:80], at, to, tuple(edits), "safe", "take it out")])

    def program(self, at: int) -> None:
        """Note that the file is a program; from there on nothing more is told."""
        if not self.muted:
            start = line_start(self.text, at)
            while self.text[start : start + 1].isspace():
                start += 1
            self.problem(
                "E010", "this is program text, not DOT", start, line_end(self.text, at), help="run the program and lint what it writes"
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
                "E013", f"`{wrong.raw}` joins nothing in {graph}", wrong.at, wrong.to, ((wrong.at, wrong.to, right),),
                "safe", f"write `{right}`", f"operator {wrong.raw}",
            )  # fmt: skip
            self.groups.setdefault((remedy.code, wrong.raw), []).append(remedy)
        for (code, _), found in self.groups.items():
            first, others = found[0], found[1:]
            related = [*first.related, *(("here too", one.start, one.end) for one in others[:20])]
            edits = [edit for one in found for edit in one.edits] if first.offered else []
            message = first.message if not others else f"{first.message} (and in {len(others)} more {'place' if len(others) == 1 else 'places'})"
            self.tree.problems.append(
                Problem(
                    code,
                    message,
                    real(text, first.start),
                    real(text, first.end),
                    tuple((words, real(text, start), real(text, end)) for words, start, end in related),
                    first.help,
                    tuple((real(text, start), real(text, end), put) for start, end, put in sorted(edits)),
                    first.offered,
                )
            )

        if self.headless is not None and self.tree.graphs:
            self.tree.problems.append(header_problem(text, self.headless, self.tree.graphs[0]))
        if self.escaped is not None:
            self.tree.problems.append(self.escaped)


def merged(edits: list[Edit], more: tuple[Edit, ...]) -> list[Edit] | None:
    """Put edits in order; None where they overlap or there is none."""
    together = sorted({*edits, *more})
    if not together or any(one[1] > other[0] for one, other in zip(together, together[1:], strict=False)):
        return None
    return together
