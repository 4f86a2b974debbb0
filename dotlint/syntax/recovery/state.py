"""A parse with error recovery: what was read so far, and what is reported of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.syntax.lexemes import Lexeme, source_offset
from dotlint.syntax.lexer import OPEN, StatementRun
from dotlint.syntax.parser import Parse, Stop
from dotlint.syntax.problem import Problem
from dotlint.syntax.recovery.bounds import offset_within
from dotlint.syntax.recovery.certainty import quote_is_missing
from dotlint.syntax.recovery.missing_header import header_problem
from dotlint.syntax.recovery.remedy import Remedy
from dotlint.syntax.recovery.truncation import truncated_statement_start, truncation_problem, unclosed_problem
from dotlint.syntax.recovery.unquoted_values import OTHER_QUOTES_GROUP, requoted
from dotlint.syntax.recovery.wording import describe_lexeme, excerpt, expected_names, join_with_or
from dotlint.syntax.tree import Tree
from dotlint.text.lines import line_end, line_start
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.syntax.problem import Replacement
    from dotlint.syntax.recovery.certainty import Applicability
    from dotlint.syntax.source import Source


class Recovery:
    """A parse with error recovery: the parser, the tree so far, and the problems found."""

    def __init__(self, source: Source, parse: Parse) -> None:
        self.allowance = 20 * len(source.text) + 500_000  # how many characters recovery may look at
        self.escaped: Problem | None = None
        self.start(Tree(source), parse)

    def start(self, tree: Tree, parse: Parse) -> None:
        """Begin with a parse."""
        self.tree = tree
        self.parse = parse
        self.lexer = parse.lexer
        self.text = parse.lexer.text
        self.groups: dict[tuple[str, str, Applicability], list[Remedy]] = {}
        self.resumed_at = -1  # where parsing resumed after the last repaired statement
        self.skipped_at: tuple[int, int] | None = None  # id and length of the body at the last skipped statement
        self.muted = False  # the file is program text or has too many mistakes: report nothing more
        self.missing_header_at: int | None = None  # where a body without a header starts
        self.closed_early = False  # statements follow the closing brace of a graph
        self.wrapper_end: int | None = None  # where a wrapper such as a Markdown fence ends

    def report_truncation(self, start: int, at: int, what: str) -> None:
        """Report that the file ends inside of something that starts at `at`, and stop parsing."""
        if not self.muted:
            self.tree.problems.append(truncation_problem(self.text, self.parse, start, at, what))
        self.finish()

    def can_resume_at(self, position: int) -> bool:
        """Return whether parsing may resume at a position.

        An unbalanced quote moves it back, but never to or before a position where it already resumed.
        """
        return position > self.resumed_at

    def resume_at(self, position: int) -> None:
        """Resume parsing at a position."""
        self.resumed_at = position
        self.lexer.position = position

    def finish_statement(self, body: int) -> bool:
        """Reduce what follows the body if it is a complete statement; otherwise leave the stacks unchanged."""
        states, values = self.parse.states[body + 1 :], self.parse.values[body:]
        try:
            self.parse.feed(self.empty_run())
        except Stop:
            self.parse.cut(body)
            self.parse.states[body + 1 :] = states
            self.parse.values[body:] = values
            return False
        self.parse.cut(body + 1)
        return True

    def empty_run(self) -> StatementRun:
        """Return a lexeme that ends the statement before it and adds none."""
        return StatementRun("STATEMENTS", self.text, self.lexer.position, self.lexer.position, [])

    # At the end, and outside of any graph

    def recover_end(self, body: int) -> None:
        """Report what is open at the end of the file, and close it."""
        if self.parse.values[body + 1 :]:
            self.finish_statement(body)
        start = truncated_statement_start(self.text, self.parse, body)
        cut_name = start is not None and not self.parse.values[body + 1 :]
        if cut_name:
            self.parse.values[body].pop()
        if not self.muted:
            if start is None:
                if self.missing_header_at is None or len(self.parse.open_bodies()) > 1:
                    self.tree.problems.append(unclosed_problem(self.text, self.parse))
            else:
                what = "a name" if cut_name else "a statement"
                self.tree.problems.append(truncation_problem(self.text, self.parse, start, start, what))
        self.finish()

    def finish(self) -> None:
        """Close every open body at the end of the text."""
        while (body := self.parse.body) >= 0:
            if not self.finish_statement(body):
                self.parse.cut(body + 1)
            end = len(self.text)
            self.parse.feed(Lexeme("RBRACE", self.text, end, end))
        if self.parse.in_header():
            self.parse.cut(1)
        self.lexer.position = len(self.text)

    def reopen(self, at: int) -> None:
        """Continue inside the graph that was closed last."""
        graph = self.parse.values[0].pop()
        self.lexer.set_directed(directed=graph.directed)
        for lexeme in (graph.strict, graph.keyword, graph.id, graph.open):
            if lexeme is not None:
                kind = "STRING" if lexeme is graph.id else lexeme.type
                self.parse.feed(Lexeme(kind, lexeme.text, lexeme.at, lexeme.to))
        self.parse.feed(self.empty_run())
        self.parse.values[self.parse.body] = graph.body
        self.lexer.position = at

    def _is_unbalanced(self) -> bool:
        """Return whether a brace is missing or stray and another bracket is, too: one of them may stand for the other."""
        graphs = self.tree.graphs
        end = offset_within(graphs[-1].close.text, graphs[-1].close.at, self.text) if graphs else None
        moved = [one for found in self.groups.values() for one in found if _moves_brackets(self.text, one)]
        braces = self.closed_early + sum(1 for problem in self.tree.problems if problem.code in {"E002", "E006"})
        return len(moved) + braces > 1 and (braces > 0 or any(end is not None and one.start > end for one in moved))

    # Reporting

    def report(
        self,
        code: str,
        message: str,
        at: int,
        to: int,
        *,
        help: str | None = None,  # noqa: A002
        related: Sequence[tuple[str, int, int]] = (),
        cut: bool = False,
    ) -> None:
        """Add a problem without a fix; offsets are those of the parsed text."""
        if not self.muted:
            text = self.text
            spans = tuple(
                (words, source_offset(text, start), source_offset(text, end)) for words, start, end in related
            )
            self.tree.problems.append(
                Problem(code, message, source_offset(text, at), source_offset(text, to), spans, help, cut=cut)
            )

    def report_unexpected(self, stop: Stop, help: str | None = None) -> None:  # noqa: A002
        """Add E001 for a lexeme that the parser does not accept."""
        if self.muted:
            return
        names = expected_names(stop.accepted, directed=self.lexer.directed)
        message = f"{describe_lexeme(stop.lexeme)} is not expected here"
        if help is None and names:
            help = f"expected {join_with_or(names)}"  # noqa: A001
        start = stop.lexeme.start
        end = stop.lexeme.end if stop.lexeme.type not in OPEN else start + 1
        self.tree.problems.append(Problem("E001", message, start, end, help=help, expected=names))

    def report_stray(
        self, what: str, at: int, to: int, edits: list[Replacement], offered: Applicability = "safe"
    ) -> None:
        """Add a problem for text around a graph that has to be removed."""
        code = "E009" if "host" in what else "E011"
        self.add_remedies(
            [
                Remedy(
                    code,
                    f"{what} outside the graph: `{excerpt(self.text[at:to])}`",
                    at,
                    to,
                    tuple(edits),
                    offered,
                    "remove it",
                )
            ]
        )

    def report_program(self, at: int) -> None:
        """Report that the file is a program; after that nothing more is reported."""
        if not self.muted:
            start = line_start(self.text, at)
            while self.text[start : start + 1].isspace():
                start += 1
            self.report(
                "E010",
                "this is program text, not DOT",
                start,
                line_end(self.text, at),
                help="run the program and lint its output",
            )
            self.muted = True

    def add_remedies(self, found: list[Remedy]) -> None:
        """Record the mistakes of a statement that was repaired; mistakes of one group become one problem."""
        if self.muted:
            return
        for remedy in found:
            group = remedy.group if remedy.group is not None else f"at {remedy.start}"
            key = remedy.code, group, remedy.offered
            self.groups.setdefault(key, []).append(remedy)

    def collect_problems(self) -> None:
        """Turn the recorded mistakes into problems."""
        text = self.text
        for wrong in [] if self.muted else self.lexer.wrong_operators:
            right = "--" if wrong.raw == "->" else "->"
            graph = "a digraph" if right == "->" else "a graph"
            remedy = Remedy(
                "E013",
                f"`{wrong.raw}` is not an edge operator in {graph}",
                wrong.at,
                wrong.to,
                ((wrong.at, wrong.to, right),),
                "unsafe",
                "write `->`, with `[dir=none]` for a line without an arrow" if right == "->" else "write `--`",
                f"operator {wrong.raw}",
            )
            self.groups.setdefault((remedy.code, wrong.raw, remedy.offered), []).append(remedy)
        doubtful = quote_is_missing(text)
        unbalanced = self._is_unbalanced()
        for (code, *_), found in self.groups.items():
            first, others = found[0], found[1:]
            if first.offered == "safe" and (
                (doubtful and '"' not in text[first.start : first.end])
                or (unbalanced and (code == "E011" or _moves_brackets(text, first)))
            ):
                first = replace(first, offered="unsafe")
            related = [*first.related, *(("also here", one.start, one.end) for one in others[:20])]
            edits = without_overlaps(edit for one in found for edit in one.edits) if first.offered else []
            if first.offered and first.group == OTHER_QUOTES_GROUP:
                edits = without_overlaps([*edits, *requoted(text)])  # half of them would leave another graph
            message = first.message
            if others:
                message += f" (and {len(others)} more)"
            self.tree.problems.append(
                Problem(
                    code,
                    message,
                    source_offset(text, first.start),
                    source_offset(text, first.end),
                    tuple(
                        (words, source_offset(text, start), source_offset(text, end)) for words, start, end in related
                    ),
                    first.help,
                    tuple((source_offset(text, start), source_offset(text, end), put) for start, end, put in edits),
                    first.offered,
                    suggestion=first.suggestion,
                )
            )

        if self.missing_header_at is not None and not self.muted and self.tree.graphs:
            self.tree.problems.append(header_problem(text, self.missing_header_at, self.tree))
        if self.escaped is not None:
            self.tree.problems.append(self.escaped)


_BRACKETS = regex(r"[()\[\]{}]")


def _moves_brackets(text: str, remedy: Remedy) -> bool:
    """Return whether the remedy writes or removes a bracket or brace."""
    return any(_BRACKETS.search(text[start:end] + put) for start, end, put in remedy.edits)


def without_overlaps(edits: Iterable[Replacement]) -> list[Replacement]:
    """Return the distinct edits in order, without those that overlap the one before."""
    found: list[Replacement] = []
    for edit in sorted(set(edits)):
        if not found or found[-1][1] <= edit[0]:
            found.append(edit)
    return found
