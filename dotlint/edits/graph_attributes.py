"""Set an attribute of the graph beside its other attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.edits.attributes import set_attribute
from dotlint.edits.insertion import insert_after, insert_before, style_of
from dotlint.syntax.tree import Assignment, DefaultsStatement

if TYPE_CHECKING:
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.finding import Edit


def set_graph_attribute(fix: FixContext, name: str, value: str) -> Edit | str:
    """Return the edit that sets an attribute of the graph, or the reason why it cannot be set.

    It goes into the first `graph [...]`, else after the assignments at the start of the body, else before all
    statements.
    """
    text, block = fix.text, fix.context.graph.statement
    if text[block.open.start : block.open.end] != "{":
        return "the graph has no opening brace"
    last: Assignment | None = None
    for statement in block.body:
        if isinstance(statement, DefaultsStatement) and statement.target == "graph" and statement.attributes:
            return set_attribute(text, statement, name, value)
        if not isinstance(statement, Assignment):
            break
        last = statement
    written = f"{name}={value}"
    if last is not None:
        return insert_after(text, last.end, [written], style_of(text, last))
    first = block.body[0]
    style = replace(style_of(text, first), end=";")
    return insert_before(text, first, [written], style, fix.comments)
