"""The view of a graph that plugin checks get: plain read-only objects, which stay stable if dotlint's own change.

`API_VERSION` increases if something here is renamed, removed or changes its meaning, but not for additions.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.deployment.model import Reading
    from dotlint.engine.context import GraphContext
    from dotlint.strategy import GpuSet, Strategy

API_VERSION: Final = 1


class Node(Struct, frozen=True):
    """A node: its name as Graphviz has it, its effective attributes, and its reading.

    `start` and `end` are offsets in code points: of the statement that declares the node, or else of its first
    occurrence. `role` and `kind` are those of the vocabulary; `stage` counts from 0 in its phase. None means unknown.
    """

    name: str
    label: str
    attributes: Mapping[str, str]
    start: int
    end: int
    declared: bool
    annotation: bool
    role: str | None
    kind: str | None
    phase: str | None
    stage: int | None
    layer: int | None
    gpus: GpuSet | None


class Edge(Struct, frozen=True):
    """An edge between named nodes, with its effective attributes; `start` and `end` are offsets in code points."""

    tail: str
    head: str
    label: str
    attributes: Mapping[str, str]
    start: int
    end: int


class Subgraph(Struct, frozen=True):
    """A subgraph or cluster with the names of all its nodes; `end` is the offset after its opening brace."""

    name: str | None
    label: str
    is_cluster: bool
    attributes: Mapping[str, str]
    nodes: tuple[str, ...]
    start: int
    end: int


class Context(Struct, frozen=True):
    """One graph of a file, for a plugin's check; `version` is `API_VERSION`.

    `start` and `end` are the offsets of the graph's header. `strategy` has the phases, degrees and GPUs that are
    declared for the file, or is None. `is_deployment` is false if no deployment is recognized: roles and stages are
    then not reliable.
    """

    version: int
    path: str
    text: str
    index: int
    name: str | None
    directed: bool
    attributes: Mapping[str, str]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    subgraphs: tuple[Subgraph, ...]
    is_deployment: bool
    strategy: Strategy | None
    start: int
    end: int


def plugin_view(context: GraphContext) -> Context:
    """Return the view of one graph."""
    graph, deployment = context.graph, context.deployment
    return Context(
        version=API_VERSION,
        path=context.file.name,
        text=context.file.document.text,
        index=graph.index,
        name=graph.name,
        directed=graph.directed,
        attributes=MappingProxyType(dict(graph.attributes)),
        nodes=tuple(_node(reading) for reading in deployment.readings),
        edges=tuple(
            Edge(e.tail.name, e.head.name, e.label, MappingProxyType(e.attributes), e.start, e.end)
            for e in graph.edges
        ),
        subgraphs=tuple(
            Subgraph(
                s.name, s.label, s.is_cluster, MappingProxyType(dict(s.attributes)), tuple(s.nodes), s.start,
                s.statements[0].open.end,
            )
            for s in graph.subgraphs
        ),
        is_deployment=deployment.recognized,
        strategy=context.strategy,
        start=graph.header[0],
        end=graph.header[1],
    )  # fmt: skip


def _node(reading: Reading) -> Node:
    node = reading.node
    first = node.statements[0] if node.statements else node
    return Node(
        name=node.name,
        label=node.label,
        attributes=MappingProxyType(node.attributes),
        start=first.start,
        end=first.end,
        declared=node.declared,
        annotation=reading.annotation,
        role=reading.role.name if reading.role else None,
        kind=reading.kind,
        phase=reading.phase,
        stage=reading.stage,
        layer=reading.layer,
        gpus=reading.gpus,
    )
