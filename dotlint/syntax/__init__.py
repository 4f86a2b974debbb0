"""Parse DOT text into a lossless tree, with recovery from every syntax error."""

from __future__ import annotations

from dotlint.syntax.problem import Problem
from dotlint.syntax.source import Position, Source
from dotlint.syntax.tree import Html, Tree

__all__ = ["Html", "Position", "Problem", "Source", "Tree", "parse"]


def parse(source: Source) -> Tree:
    """Parse a source; never raises. Syntax errors are in the `problems` of the tree."""
    from dotlint.syntax.reader import parse as read  # noqa: PLC0415 - a run that the cache answers needs no parser

    return read(source)
