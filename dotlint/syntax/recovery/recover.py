"""Parse past syntax errors.

A broken statement is repaired or skipped, and parsing resumes after it. One mistake gives one problem. What can be
understood of a broken statement is kept, so that other rules can run; the text itself is never changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotlint.syntax.lexemes import Lexeme, source_offset
from dotlint.syntax.lexer import END, Lexer
from dotlint.syntax.parser import Parse, Stop
from dotlint.syntax.problem import Problem
from dotlint.syntax.recovery.broken_statement import recover_statement
from dotlint.syntax.recovery.outside_graph import outside
from dotlint.syntax.recovery.program_text import unescaping_edits
from dotlint.syntax.recovery.state import Recovery
from dotlint.syntax.source import edited
from dotlint.syntax.tree import Tree

if TYPE_CHECKING:
    from dotlint.syntax.problem import Replacement
    from dotlint.syntax.source import Source

MOST_PROBLEMS = 200


def recover(source: Source, parse: Parse, stop: Stop | None) -> Tree:
    """Continue a parse that stopped at a mistake or met wrong edge operators.

    Returns the tree with its problems.
    """
    recovery = Recovery(source, parse)
    while not _run(recovery, stop):
        stop = None
    recovery.tree.comments.sort(key=lambda comment: comment.start)
    return recovery.tree


class Restart(Exception):  # noqa: N818  # control flow: the text is parsed again from its start
    """The whole text was escaped: parse it again with these edits applied."""

    def __init__(self, at: int, edits: list[Replacement]) -> None:
        super().__init__(at)
        self.at = at
        self.edits = edits


def _run(recovery: Recovery, stop: Stop | None) -> bool:
    """Read to the end, past all mistakes.

    Returns False if the text has to be parsed again from its start.
    """
    try:
        while True:
            if stop is not None:
                _recover_at(recovery, stop)
            stop = None
            try:
                recovery.tree.graphs = recovery.parse.run()
                break
            except Stop as another:
                stop = another.with_traceback(None)  # its frames would form cycles, and none are collected now
    except Restart as restart:
        edits = tuple(
            (source_offset(recovery.text, start), source_offset(recovery.text, end), put)
            for start, end, put in restart.edits
        )
        at = source_offset(recovery.text, restart.at)
        recovery.escaped = Problem(
            "E009",
            "the text is an escaped string: its line ends are written as `\\n`",
            at,
            min(at + 2, len(recovery.tree.source.text)),
            help="save the value of the string, not its source form",
            edits=edits,
            applicability="safe",
        )
        recovery.start(
            Tree(recovery.tree.source), Parse(Lexer(edited(recovery.text, 0, len(recovery.text), restart.edits)))
        )
        return False
    recovery.tree.comments.extend(recovery.lexer.comments)
    recovery.collect_problems()
    return True


def _recover_at(recovery: Recovery, stop: Stop) -> None:
    """Bring the parser to a state and position from which it can continue."""
    recovery.allowance -= 200
    lexeme = stop.lexeme
    if recovery.allowance < 0 or len(recovery.tree.problems) + len(recovery.groups) > MOST_PROBLEMS:
        if lexeme.type != END:
            message = "too many mistakes: the rest of the file was not read"
            recovery.report("E001", message, lexeme.at, lexeme.to, cut=True)
        recovery.muted = True
        recovery.finish()
        return
    if lexeme.raw.startswith("\\") and recovery.escaped is None:
        edits = unescaping_edits(recovery.text, lexeme.at)
        if edits:
            raise Restart(lexeme.at, edits)
    if lexeme_type(recovery.parse.values) == "LBRACE":
        recovery.parse.feed(recovery.empty_run())  # puts the body that was just opened on the stack
        recovery.parse.cut(len(recovery.parse.values) - 1)
    body = recovery.parse.body
    if body < 0:
        outside(recovery, stop)
    elif lexeme.type == END:
        recovery.recover_end(body)
    else:
        recover_statement(recovery, stop, body)


def lexeme_type(values: list[Any]) -> str | None:
    """Return the type of the lexeme on top of the parser's values, or None if it is not a lexeme."""
    return values[-1].type if values and type(values[-1]) is Lexeme else None
