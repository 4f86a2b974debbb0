"""Set attributes of existing statements: replace the value, or add the attribute in the statement's style."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dotlint.edits.statement import id_text
from dotlint.engine.finding import Edit, Fix
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.graph.model import Edge, Graph, Node
    from dotlint.syntax.tree import Attribute, AttributedStatement, EdgeStatement

_SEPARATOR = regex(r"\s*[,;]?\s*")


def separator(text: str, attributes: Sequence[Attribute]) -> str:
    """Return the separator between the attributes of a list; `, ` if it has fewer than two."""
    if len(attributes) < 2:
        return ", "
    between = text[attributes[-2].end : attributes[-1].start]
    return between if between and _SEPARATOR.fullmatch(between) else ", "


def set_attribute(text: str, statement: AttributedStatement, name: str, value: str) -> Edit:
    """Return the edit that sets an attribute; if the statement sets it already, the last value is replaced."""
    written = id_text(value)
    present = statement.attributes
    for attribute in reversed(present):
        if attribute.name.value == name:
            if attribute.value.quoted and not written.startswith('"'):
                written = f'"{written}"'
            return Edit(attribute.value.start, attribute.value.end, written)
    lists = statement.lists
    if present:
        return Edit(present[-1].end, present[-1].end, f"{separator(text, present)}{name}={written}")
    if lists:
        at = lists[0].start + 1
        return Edit(at, at, f"{name}={written}")
    return Edit(statement.core_end, statement.core_end, f" [{name}={written}]")


def shape_fix(text: str, graph: Graph, nodes: Iterable[Node], shape: str) -> Fix | None:
    """Return the fix that sets the shape of each node in a statement that declares no other node.

    None if a node has no such statement. An unknown attribute with the value of a shape, such as `forme=box`, is
    renamed to `shape`.
    """
    edits: list[Edit] = []
    drawn: set[str] = set()
    for node in graph.nodes.values():
        for statement in node.statements:
            if "shape" in statement.values():
                drawn.update(statement.values())
    for node in nodes:
        own = [statement for statement in node.statements if len(statement.nodes) == 1]
        setting = [statement for statement in node.statements if "shape" in statement.values()]
        if not own or (setting and setting[-1] not in own):
            return None
        written = own[0].attributes if not setting else []
        meant = [a.name for a in written if a.value.value == shape and a.name.value not in drawn]
        if len(meant) == 1:
            edits.append(Edit(meant[0].start, meant[0].end, "shape"))
        else:
            edits.append(set_attribute(text, setting[-1] if setting else own[0], "shape", shape))
    return Fix("safe", _distinct(edits), f"Set shape={shape}") if edits else None


def dashed_fix(text: str, graph: Graph, edges: Sequence[Edge]) -> Fix | None:
    """Return the fix that dashes the edges.

    None if one of their statements draws another edge too, because its style would change as well.
    """
    dashed = {id(edge) for edge in edges}
    statements: dict[int, EdgeStatement] = {}
    drawn: Counter[int] = Counter()
    for edge in graph.edges:
        for statement in edge.statements:
            drawn[id(statement)] += 1
            if id(edge) in dashed:
                statements[id(statement)] = statement
                drawn[id(statement)] -= 1
    if any(drawn[key] for key in statements):
        return None
    edits: list[Edit] = []
    for edge in edges:
        styles = [word.strip() for word in edge.attributes.get("style", "").split(",")]
        kept = [word for word in styles if word and word not in {"solid", "dashed"}]
        last = edge.statements[-1]
        edits.append(set_attribute(text, last, "style", ",".join([*kept, "dashed"])))
    return Fix("safe", _distinct(edits), "Set style=dashed") if edits else None


def _distinct(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Return the edits in order and without duplicates: several edges of one statement need the same edit."""
    return tuple(sorted(dict.fromkeys(edits), key=lambda edit: (edit.start, edit.end)))
