"""Conversion of graphs to those of other libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotlint.syntax.tree import Html

if TYPE_CHECKING:
    from collections.abc import Mapping

    import networkx as nx

    from dotlint.graph.model import Graph, Subgraph


def to_networkx(graph: Graph) -> nx.MultiGraph[str] | nx.MultiDiGraph[str]:
    """Return a networkx multigraph with the names as node ids and the effective attributes.

    Ports are the attributes `tailport` and `headport`; subgraphs are dropped, because networkx has none.
    """
    import networkx as nx  # noqa: PLC0415  # slow to import, and rarely used

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
    """Return a `pydot.Dot` with the same nodes, edges, subgraphs and effective attributes.

    A node is in the subgraphs of which it is a direct member. Everything is quoted, as pydot expects.
    """
    import pydot  # noqa: PLC0415

    kind = "digraph" if graph.directed else "graph"
    made = pydot.Dot(
        graph_type=kind, strict=graph.strict, **_name_argument(graph.name), **_attribute_arguments(graph.attributes)
    )
    holders: dict[int, Any] = {id(graph): made}
    for subgraph in graph.subgraphs:
        inner = pydot.Subgraph(
            **_name_argument(subgraph.name or f"_anonymous_{subgraph.index}"),
            **_attribute_arguments(subgraph.own_attributes),
        )
        holders[id(subgraph)] = inner
    for node in graph.nodes.values():
        for holder in [id(scope) for scope in node.subgraphs] or [id(graph)]:
            holders[holder].add_node(pydot.Node(_quoted_id(node.name), **_attribute_arguments(node.attributes)))
    for edge in graph.edges:
        ends = _quoted_id(edge.tail.name), _quoted_id(edge.head.name)
        holders[id(edge.scope)].add_edge(pydot.Edge(*ends, **_attribute_arguments(edge.attributes)))
    for subgraph in reversed(graph.subgraphs):  # inner ones first, because pydot copies its arguments
        parent: Graph | Subgraph = subgraph.parent
        holders[id(parent)].add_subgraph(holders[id(subgraph)])
    return made


def _quoted_id(name: str) -> str:
    if isinstance(name, Html):
        return f"<{name}>"
    return '"' + name.replace('"', '\\"') + '"'


def _name_argument(name: str | None) -> dict[str, Any]:
    return {} if name is None else {"graph_name": _quoted_id(name)}


def _attribute_arguments(attributes: Mapping[str, str]) -> dict[str, Any]:
    return {name: _quoted_id(value) for name, value in attributes.items()}
