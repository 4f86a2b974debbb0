"""What a plugin's check sees of a graph: plain, read-only objects that stay while dotlint's own change.

`API_VERSION` grows where something here is renamed, removed or means something else; additions leave it as it
is.
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
    """A node: its name as Graphviz has it, its effective attributes, and what it was read as.

    `start` and `end` are offsets in code points: the statement that declares it, else its first mention.
    `role` and `kind` are the vocabulary's; `stage` is 0-based in its phase; None stands for what is not
    known.
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
    """An edge by the names of its ends, with its effective attributes and its place."""

    tail: str
    head: str
    label: str
    attributes: Mapping[str, str]
    start: int
    end: int


class Subgraph(Struct, frozen=True):
    """A subgraph or cluster, with the names of all nodes in it; `end` is behind its opening brace."""

    name: str | None
    label: str
    is_cluster: bool
    attributes: Mapping[str, str]
    nodes: tuple[str, ...]
    start: int
    end: int


class Context(Struct, frozen=True):
    """One graph of a file, for a plugin's check. `version` is that of this class: see `API_VERSION`.

    `start` and `end` are the graph's header; `strategy` is the one that holds for the file, with its phases,
    degrees and GPUs, None where nobody declared one. `is_deployment` is false where the graph does not look
    like a deployment at all: roles and stages then mean little.
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


def look_at(context: GraphContext) -> Context:
    """Make the view of one graph."""
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
