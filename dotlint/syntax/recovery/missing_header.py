"""A graph body without a header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.syntax.lexemes import source_offset
from dotlint.syntax.problem import Problem, Replacement
from dotlint.syntax.recovery.bounds import indent
from dotlint.syntax.tree import EdgeStatement, GraphBlock, NodeStatement, Tree
from dotlint.text.lines import line_end

if TYPE_CHECKING:
    from typing import Literal


def header_problem(text: str, at: int, tree: Tree) -> Problem:
    """Return the problem that the header is missing before `at`.

    It has a fix if the body is complete, but not if only the end of a graph is there.
    """
    graph = tree.graphs[0]
    start, end = source_offset(text, at), source_offset(text, line_end(text, at))
    if _is_tail(text, at, graph):
        return Problem(
            "E007",
            "the beginning of the graph is missing: there is no header, and edges name undeclared nodes",
            start,
            end,
            help="restore the beginning of the file",
            cut=True,
        )
    word = "digraph" if graph.directed else "graph"
    if text.startswith("{", at):
        edits: list[Replacement] = [(start, start, f"{word} ")]
    else:
        head = source_offset(text, _head(text, at, tree))
        edits = [(head, head, f"{word} G {{\n")]
    closed_by_another = any(problem.code in {"E002", "E006"} for problem in tree.problems)
    if graph.close.at == graph.close.to and not closed_by_another:
        edits.append((graph.close.end, graph.close.end, "}\n" if text.endswith("\n") else "\n}\n"))
    applicability: Literal["unsafe"] = "unsafe"
    return Problem(
        "E007",
        f"`{word} {{` is missing before the first statement",
        start,
        end,
        help=f"write `{word} G {{` before it",
        edits=tuple(edits),
        applicability=applicability,
    )


def _head(text: str, at: int, tree: Tree) -> int:
    """Return the offset for the header: above the comment that belongs to the first statement.

    That comment is directly above the statement and separated from a comment on the whole file. The only comment at
    the start of a file may be about the whole file.
    """
    head = at
    for comment in reversed(tree.comments):
        if comment.end > head:
            continue
        between = text[comment.end : head]
        if between.strip() or between.count("\n") > 1:
            return head if not between.strip() else at
        head = comment.start
    return at


def _is_tail(text: str, at: int, graph: GraphBlock) -> bool:
    """Return whether statements before the first are lost: it is indented, and edges name undeclared nodes."""
    declared: set[str] = set()
    named: set[str] = set()
    for statement in graph.body:
        if isinstance(statement, NodeStatement):
            declared.update(ref.id.value for ref in statement.nodes)
        elif isinstance(statement, EdgeStatement):
            named.update(ref.id.value for side in statement.sides if isinstance(side, list) for ref in side)
    return indent(text, at) > 0 and bool(declared) and not named <= declared
