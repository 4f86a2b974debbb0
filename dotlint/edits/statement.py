"""Write DOT statements in the style of the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.syntax.tree import Block, EdgeStatement, Html, NodeStatement, PlainEdge
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.graph.model import Edge, Graph, Node
    from dotlint.syntax.tree import NodeRef, Statement

_PLAIN = regex(r"[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*|-?(?:\d+(?:\.\d*)?|\.\d+)")
_KEYWORDS = {"node", "edge", "graph", "digraph", "subgraph", "strict"}
COMPASS = {"n", "ne", "e", "se", "s", "sw", "w", "nw", "c", "_"}
_HTML_PORT = regex(r"port\s*=\s*[\"']([^\"']*)[\"']", re.IGNORECASE)
PortTexts = tuple[str, str]


def id_text(name: str) -> str:
    r"""Return the id that Graphviz reads as `name`, without quotes if possible.

    An id that was read from a file still has its escapes, so only quotes are escaped here.
    """
    if isinstance(name, Html):
        return f"<{name}>"
    if _PLAIN.fullmatch(name) and name.lower() not in _KEYWORDS:
        return name
    return '"' + name.replace('"', '\\"') + '"'


def edge_text(text: str, graph: Graph, pair: tuple[str, str], attributes: str = "", ports: PortTexts = ("", "")) -> str:
    """Return an edge statement without a semicolon, `a -> b [style=dashed]`, with the ids as written in `text`.

    `ports` are those of both ends as written, such as `:out`.
    """
    operator = "->" if graph.directed else "--"
    ends = f"{as_written(text, graph, pair[0])}{ports[0]} {operator} {as_written(text, graph, pair[1])}{ports[1]}"
    return f"{ends} [{attributes}]" if attributes else ends


def ports_like(text: str, exemplar: Edge, tail: Node, head: Node) -> PortTexts:
    """Return the ports that an edge from `tail` to `head` copies from its exemplar, as written there.

    A port that is defined in the label of the exemplar's end is copied only if the new end's label defines it too.
    """
    if isinstance(exemplar.statement, PlainEdge) and exemplar.statement.bare:
        return "", ""
    sides = exemplar.statement.sides[exemplar.step : exemplar.step + 2]
    found = [
        _port(text, side, old, new)
        for side, old, new in zip(sides, (exemplar.tail, exemplar.head), (tail, head), strict=True)
    ]
    return found[0], found[1]


def _port(text: str, side: list[NodeRef] | Block, old: Node, new: Node) -> str:
    named = references(side) if isinstance(side, Block) else side
    reference = next((r for r in named if r.ports and r.id.value == old.name), None)
    if reference is None:
        return ""
    port = reference.ports[0].value
    if port not in COMPASS and _defines(old.label, port) and not _defines(new.label, port):
        return ""
    return text[reference.id.end : reference.end]


def _defines(label: str, port: str) -> bool:
    """Return whether a record label or an HTML label defines the port."""
    return f"<{port}>" in label or any(match[1] == port for match in _HTML_PORT.finditer(label))


def own_statement(node: Node) -> NodeStatement | None:
    """Return the one statement that declares a node and no other; None if there is none or more than one.

    If any statement has attributes, those without attributes, such as `{a b} -> c`, are not counted.
    """
    listed = [s for s in node.statements if s.lists] or node.statements
    return listed[0] if len(listed) == 1 and len(listed[0].nodes) == 1 else None


def references(statement: Statement) -> Iterator[NodeRef]:
    """Yield every reference to a node in a statement and in the statements inside it."""
    if isinstance(statement, NodeStatement):
        yield from statement.nodes
    elif isinstance(statement, EdgeStatement):
        for side in statement.sides:
            if isinstance(side, Block):
                yield from references(side)
            else:
                yield from side
    elif isinstance(statement, Block):
        for inner in statement.body:
            yield from references(inner)


def as_written(text: str, graph: Graph, name: str) -> str:
    """Return the id of a node as written at its first mention, or as `id_text` writes it if the node is new."""
    node = graph.nodes.get(name)
    return id_text(name) if node is None else text[slice(*node.span)]
