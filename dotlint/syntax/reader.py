"""Reading a source: parser and, only where there is a mistake, recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.syntax.encoding import encoding_problems
from dotlint.syntax.lexer import Lexer
from dotlint.syntax.parser import Parse, Stop
from dotlint.syntax.source import visible
from dotlint.syntax.tree import Tree

if TYPE_CHECKING:
    from dotlint.syntax.source import Source


def parse(source: Source) -> Tree:
    """Read a file; never raises.

    What is wrong with it stands in the tree's `problems`, in the order of the text.
    """
    lexer = Lexer(visible(source.text))
    under_way = Parse(lexer)
    stop: Stop | None = None
    tree = Tree(source)
    try:
        tree.graphs = under_way.run()
        tree.comments = lexer.comments
    except Stop as mistake:
        stop = mistake
    if stop is not None or lexer.wrong:
        from dotlint.syntax.recovery.recover import recover  # noqa: PLC0415  # most files have no mistake, and it is slow to load

        tree = recover(source, under_way, stop)
    tree.problems.extend(encoding_problems(source))
    tree.problems.sort(key=lambda problem: (problem.start, problem.end))
    return tree
