"""A body that has no header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.syntax.lexemes import real
from dotlint.syntax.problem import Edit, Problem
from dotlint.syntax.recovery.bounds import indent, line_end
from dotlint.syntax.tree import EdgeStatement, GraphBlock, NodeStatement, Tree

if TYPE_CHECKING:
    from typing import Literal


def header_problem(text: str, at: int, tree: Tree) -> Problem:
    """Say that the header is missing before `at`.

    Mended where the body is whole, not where only its tail is there.
    """
    graph = tree.graphs[0]
    start, end = real(text, at), real(text, line_end(text, at))
    if _is_tail(text, at, graph):
        return Problem(
            "E007",
            "only the tail of a graph is here: no header, and edges name nodes that stand nowhere",
            start,
            end,
            help="look for the rest of the file",
        )
    word = "digraph" if graph.directed else "graph"
    if text.startswith("{", at):
        edits: list[Edit] = [(start, start, f"{word} ")]
    else:
        head = real(text, _head(text, at, tree))
        edits = [(head, head, f"{word} G {{\n")]
    closed_by_another = any(problem.code in {"E002", "E006"} for problem in tree.problems)
    if graph.close.at == graph.close.to and not closed_by_another:
        edits.append((graph.close.end, graph.close.end, "}\n" if text.endswith("\n") else "\n}\n"))
    applicability: Literal["unsafe"] = "unsafe"
    return Problem(
        "E007",
        f"there is no `{word} {{` before the first statement",
        start,
        end,
        help=f"write `{word} G {{` before it",
        edits=tuple(edits),
        applicability=applicability,
    )


def _head(text: str, at: int, tree: Tree) -> int:
    """Return the place of the header: above the comment that heads the first statement.

    That is one right above it, apart from a comment on the whole file further up. The only comment of a file's head
    may be on the whole.
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
    """Return whether statements before the first are lost: it is indented, and nodes are declared nowhere."""
    declared: set[str] = set()
    named: set[str] = set()
    for statement in graph.body:
        if isinstance(statement, NodeStatement):
            declared.update(ref.id.value for ref in statement.nodes)
        elif isinstance(statement, EdgeStatement):
            named.update(ref.id.value for side in statement.sides if isinstance(side, list) for ref in side)
    return indent(text, at) > 0 and bool(declared) and not named <= declared
