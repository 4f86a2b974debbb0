"""The outline of a text: the phases, stages and layers of a deployment, otherwise the clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from dotlint.graph.model import Subgraph
from dotlint.server.messages import Symbol
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.engine.context import FileContext, GraphContext
    from dotlint.graph.model import Graph, Node

MOST_NODES: Final = 5_000
"""A graph with more nodes has an outline without nodes, since a larger one slows down editors."""

_DEEPEST: Final = 40
_Kind = Literal["graph", "phase", "stage", "layer", "cluster", "operator", "transfer", "tensor", "note"]
_KINDS: Final[dict[str, _Kind]] = {
    "communication": "transfer",
    "routing": "transfer",
    "io": "tensor",
    "memory": "tensor",
    "annotation": "note",
}


def outline(file: FileContext) -> tuple[Symbol, ...]:
    """Return the outline; if there are several graphs, each has an entry."""
    several = len(file.graphs) > 1
    found: list[Symbol] = []
    for graph in file.graphs:
        inner = _graph_symbols(graph)
        if several:
            found.append(_container("graph", _symbol_name("graph", graph.graph.name), "", inner, graph.graph.header))
        else:
            found += inner
    return tuple(found)


def _graph_symbols(context: GraphContext) -> list[Symbol]:
    with_nodes = len(context.graph.nodes) <= MOST_NODES
    deployment = context.deployment
    if deployment.recognized:
        return _phase_symbols(deployment, with_nodes=with_nodes)
    return _cluster_symbols(context.graph, deployment, with_nodes=with_nodes)


def _phase_symbols(deployment: Deployment, *, with_nodes: bool) -> list[Symbol]:
    groups: dict[str | None, dict[int | None, list[Reading]]] = {}
    for (phase, stage), readings in deployment.by_unit(deployment.readings).items():
        groups.setdefault(phase, {})[stage] = readings
    found: list[Symbol] = []
    for phase, stages in groups.items():
        inner: list[Symbol] = []
        for stage, readings in stages.items():
            layers = _layer_symbols(readings, with_nodes=with_nodes)
            if stage is None:
                inner += layers
            else:
                gpus = _gpus(deployment, phase, stage)
                inner.append(
                    _container("stage", f"stage {deployment.stage_number(stage)}", gpus, layers, _extent(readings))
                )
        if phase and len(groups) > 1:
            members_of_phase = [reading for readings in stages.values() for reading in readings]
            found.append(_container("phase", one_line(phase), "", inner, _extent(members_of_phase)))
        else:
            found += inner
    return _sorted(found)


def _gpus(deployment: Deployment, phase: str | None, stage: int) -> str:
    unit = deployment.units.get(phase or "", {}).get(stage)
    return f"GPUs {unit.stated}" if unit is not None and unit.stated else ""


def _layer_symbols(readings: Sequence[Reading], *, with_nodes: bool) -> list[Symbol]:
    layers: dict[int | None, list[Reading]] = {}
    for reading in readings:
        layers.setdefault(reading.layer, []).append(reading)
    named = [layer for layer in layers if layer is not None]
    if len(named) < 2:
        return [_node_symbol(reading) for reading in readings] if with_nodes else []
    found: list[Symbol] = []
    for layer, members in layers.items():
        inner = [_node_symbol(reading) for reading in members] if with_nodes else []
        found += inner if layer is None else [_container("layer", f"layer {layer}", "", inner, _extent(members))]
    return found


def _node_symbol(reading: Reading) -> Symbol:
    parts = [reading.role.name] if reading.role else []
    parts += [f"GPUs {reading.gpus}"] if reading.gpus else []
    kind: _Kind = "note" if reading.annotation else _KINDS.get(reading.kind or "", "operator")
    return _symbol(reading.node, one_line(", ".join(parts), 80), kind)


def _symbol(node: Node, detail: str, kind: _Kind) -> Symbol:
    start, end = first, last = node.span
    if node.statements:
        statement = node.statements[0]
        start, end = statement.start, statement.core_end
        own = next((ref.id for ref in statement.nodes if ref.id.value == node.name), None)
        first, last = (own.start, own.end) if own is not None else (start, start)
    return Symbol(one_line(node.name, 120) or '""', detail, kind, start, max(end, last), first, last)


def _extent(readings: Iterable[Reading]) -> tuple[int, int]:
    spans = [(symbol.start, symbol.end) for symbol in (_symbol(reading.node, "", "operator") for reading in readings)]
    return min(start for start, _ in spans), max(end for _, end in spans)


def _container(kind: _Kind, name: str, detail: str, inner: Sequence[Symbol], span: tuple[int, int]) -> Symbol:
    """Return an entry that contains `inner`, sorted; its extent covers them and `span`, and its name is at the start."""
    start = min([span[0], *(symbol.start for symbol in inner)])
    end = max([span[1], *(symbol.end for symbol in inner)])
    return Symbol(name, one_line(detail, 80), kind, start, end, start, start, tuple(_sorted(inner)))


def _sorted(symbols: Iterable[Symbol]) -> list[Symbol]:
    return sorted(symbols, key=lambda symbol: symbol.start)


def _cluster_symbols(graph: Graph, deployment: Deployment, *, with_nodes: bool) -> list[Symbol]:
    """Return the named subgraphs with their nodes and subgraphs; those nested too deep are flattened."""
    children: dict[Subgraph | None, list[Symbol]] = {}
    if with_nodes:
        for name, node in graph.nodes.items():
            home = _entry_subgraph(node.subgraphs[0]) if node.subgraphs else None
            children.setdefault(home, []).append(_node_symbol(deployment.by_name[name]))
    for subgraph in sorted(graph.subgraphs, key=lambda one: -one.depth):
        if _entry_subgraph(subgraph) is subgraph:
            inner = children.pop(subgraph, [])
            detail = subgraph.own_attributes.get("label", "")
            entry = _container(
                "cluster", _symbol_name("", subgraph.name), detail, inner, (subgraph.start, subgraph.end)
            )
            around = _entry_subgraph(subgraph.parent) if isinstance(subgraph.parent, Subgraph) else None
            children.setdefault(around, []).append(entry)
    return _sorted(children.get(None, []))


def _entry_subgraph(subgraph: Subgraph) -> Subgraph | None:
    """Return the subgraph with the entry for this one: itself, or an ancestor if it has no name or is nested too deep."""
    for one in (subgraph, *subgraph.ancestors):
        if one.name is not None and one.depth <= _DEEPEST:
            return one
    return None


def _symbol_name(kind: str, name: str | None) -> str:
    return f"{kind} {one_line(name or '', 120)}".strip() or '""'
