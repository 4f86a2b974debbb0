"""A graph as other libraries know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotlint.errors import DotlintError
from dotlint.syntax.tree import Html

if TYPE_CHECKING:
    import networkx as nx

    from dotlint.graph.model import Document, Graph, Subgraph


def first(document: Document) -> Graph:
    """Return the only graph that most files have; raises `DotlintError` where there is none."""
    if not document.graphs:
        raise DotlintError(f"{document.source.name}: there is no graph in this text")
    return document.graphs[0]


def to_networkx(graph: Graph) -> nx.MultiGraph[str] | nx.MultiDiGraph[str]:
    """Make a networkx multigraph with the names as node ids and the effective attributes.

    Ports are the attributes `tailport` and `headport`; subgraphs have no counterpart and are left out.
    """
    import networkx as nx  # noqa: PLC0415  # slow to load, and few ask for it

    made: nx.MultiGraph[str] = nx.MultiDiGraph() if graph.directed else nx.MultiGraph()
    made.graph.update(graph.attributes)
    if graph.name is not None:
        made.graph["name"] = graph.name
    for node in graph.nodes.values():
        made.add_node(node.name)
        made.nodes[node.name].update(node.attributes)
    for edge in graph.edges:
        key = made.add_edge(edge.tail.name, edge.head.name, edge.key)
        made.edges[edge.tail.name, edge.head.name, key].update(edge.attributes)
    return made


def to_pydot(graph: Graph) -> Any:  # noqa: ANN401  # pydot has no types
    """Make a `pydot.Dot` of the same nodes, edges, subgraphs and effective attributes.

    A node stands in the subgraphs that it is a direct member of. Everything is quoted, as pydot expects
    it to be.
    """
    import pydot  # noqa: PLC0415

    kind = "digraph" if graph.directed else "graph"
    made = pydot.Dot(graph_type=kind, strict=graph.strict, **_named(graph.name), **_quoted(graph.attributes))
    holders: dict[int, Any] = {id(graph): made}
    for subgraph in graph.subgraphs:
        inner = pydot.Subgraph(
            **_named(subgraph.name or f"_anonymous_{subgraph.index}"), **_quoted(subgraph.own_attributes)
        )
        holders[id(subgraph)] = inner
    for node in graph.nodes.values():
        for holder in [id(scope) for scope in node.subgraphs] or [id(graph)]:
            holders[holder].add_node(pydot.Node(_id(node.name), **_quoted(node.attributes)))
    for edge in graph.edges:
        ends = _id(edge.tail.name), _id(edge.head.name)
        holders[id(edge.scope)].add_edge(pydot.Edge(*ends, **_quoted(edge.attributes)))
    for subgraph in reversed(graph.subgraphs):  # inner ones first: pydot copies what it is given
        parent: Graph | Subgraph = subgraph.parent
        holders[id(parent)].add_subgraph(holders[id(subgraph)])
    return made


def _id(name: str) -> str:
    if isinstance(name, Html):
        return f"<{name}>"
    return '"' + name.replace('"', '\\"') + '"'


def _named(name: str | None) -> dict[str, Any]:
    return {} if name is None else {"graph_name": _id(name)}


def _quoted(attributes: dict[str, str]) -> dict[str, Any]:
    return {name: _id(value) for name, value in attributes.items()}
