"""An attribute that a whole graph lacks, written where the graph sets the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.edits.attributes import set_attribute
from dotlint.edits.insertion import insert_after, insert_before, style_of
from dotlint.engine.finding import Edit, Fix
from dotlint.syntax.tree import Assignment, DefaultsStatement

if TYPE_CHECKING:
    from dotlint.edits.fix_context import Writers
    from dotlint.engine.finding import Finding
    from dotlint.syntax.tree import GraphBlock


def compound(writers: Writers, _: Finding) -> Fix | str:
    """Make the graph compound."""
    block = writers.context.graph.statement
    if writers.text[block.open.start : block.open.end] != "{":
        return "the graph has no opening brace"
    return Fix("unsafe", (_set(writers, block, "compound", "true"),))


def _set(writers: Writers, block: GraphBlock, name: str, value: str) -> Edit:
    """Set a graph's attribute: in its first `graph [...]`, after the assignments that begin its body, or before all."""
    text = writers.text
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
    return insert_before(text, first, [written], style, writers.comments)
