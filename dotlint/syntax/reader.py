"""Parse a source; recovery is loaded only if there is a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.syntax.encoding import encoding_problems, wide_problem
from dotlint.syntax.lexer import Lexer
from dotlint.syntax.parser import Parse, Stop
from dotlint.syntax.source import visible
from dotlint.syntax.tree import Tree

if TYPE_CHECKING:
    from dotlint.syntax.source import Source


def parse(source: Source) -> Tree:
    """Parse a source; never raises.

    Syntax errors are in the `problems` of the tree, ordered by offset.
    """
    wide = wide_problem(source)
    if wide is not None:
        return Tree(source, problems=[wide])
    lexer = Lexer(visible(source.text))
    parser = Parse(lexer)
    stop: Stop | None = None
    tree = Tree(source)
    try:
        tree.graphs = parser.run()
        tree.comments = lexer.comments
    except Stop as mistake:
        stop = mistake.with_traceback(None)
    if stop is not None or lexer.wrong_operators:
        from dotlint.syntax.recovery.recover import recover  # noqa: PLC0415  # slow to import, and most files have no mistake

        tree = recover(source, parser, stop)
    tree.problems.extend(encoding_problems(source))
    tree.problems.sort(key=lambda problem: (problem.start, problem.end))
    return tree
