"""A012: record labels that Graphviz cannot take apart. The parser follows `parse_reclbl` in lib/common/shapes.c."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks.grouping import at_node, of_node, remaining
from dotlint.engine.finding import Related
from dotlint.syntax.tree import Html
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Node

_MOST_RELATED = 3
_SWALLOWED = "text in `<...>` is the name of a port, which is not drawn"


def bad_record_labels(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report record labels that Graphviz rejects or cuts off, with one finding for each flaw."""
    broken: dict[str, list[Node]] = defaultdict(list)
    for node in context.graph.nodes.values():
        if node.attributes.get("shape") in {"record", "Mrecord"} and not isinstance(node.label, Html):
            found = record_flaw(node.label.replace("\\N", node.name))
            if found and not (found == _SWALLOWED and _has_ports(node)):
                broken[found].append(node)
    for what, every in broken.items():
        some = remaining(context.file, card, every, at_node)
        if not some:
            continue
        more = f", and of {count(len(some) - 1, 'more node')}" if len(some) > 1 else ""
        yield card.finding(
            f"the record label of `{some[0].name}`{more}: {what}",
            *of_node(some[0]),
            nodes=tuple(node.name for node in some),
            locations=tuple(map(at_node, some)),
            related=tuple(Related("the same here", *of_node(node)) for node in some[1 : _MOST_RELATED + 1]),
            graph=context.graph.index,
            help=r"write `\{`, `\}`, `\<`, `\>` and `\|` for characters that are part of the text",
        )


def record_flaw(label: str) -> str | None:
    """Return what Graphviz cannot read in a record label, None if it draws all of it."""
    depth, at = 0, 0
    text = port = table = in_port = swallowed = False
    while at < len(label):
        char = label[at]
        at += 1
        if char == "\\" and at < len(label):
            at += 1  # an escaped character is text
            char = "x"
        if char == "<" and not in_port:
            if table or port:
                return "a second `<port>` in one field" if port else "a `<port>` beside a group in braces"
            if text and label[at - 2] != " ":
                swallowed = True
            port = in_port = True
        elif char == ">":
            if not in_port:
                return "a `>` without its `<`"
            in_port = False
        elif in_port:
            if char in "{}|":
                return f"`{char}` inside of `<...>`"
        elif char == "{":
            if text or port or table or at >= len(label):
                return "a `{` behind other text of its field"
            depth += 1
        elif char == "}":
            if not depth:
                return "a `}` without its `{`, which ends the label"
            depth -= 1
            text = port = False
            table = True
        elif char == "|":
            text = port = table = False
        elif char != " ":
            if table:
                return "text behind a group in braces"
            text = True
    if in_port:
        return "a `<` without its `>`"
    if depth:
        return "a `{` without its `}`"
    return _SWALLOWED if swallowed else None


def _has_ports(node: Node) -> bool:
    return any(edge.tail_port for edge in node.out_edges) or any(edge.head_port for edge in node.in_edges)
