"""Locations of findings, and grouping of nodes and edges into findings."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from dotlint.deployment.unit import Unit
from dotlint.engine.finding import Finding, Location, Related

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext, GraphContext
    from dotlint.graph.model import Edge, Graph, Node, Subgraph


class Spanned(Protocol):
    """Anything with a start and an end offset in the text."""

    @property
    def start(self) -> int: ...  # noqa: D102

    @property
    def end(self) -> int: ...  # noqa: D102


T = TypeVar("T")
Span = tuple[int, int]
LEFT_OUT = "draw the complete graph (the file says it is abridged)"
"""What a rule that compares units needs when the file states that it does not draw all of them."""


def of_node(node: Node) -> Span:
    """Return the span of the statement that declares the node, else of its first mention."""
    if node.statements:
        return node.statements[0].start, node.statements[0].end
    return node.span


def of_nodes(readings: Sequence[Reading], graph: Graph) -> Span:
    """Return the span of the first node's declaration; the graph's header if there are no nodes."""
    return of_node(readings[0].node) if readings else graph.header


def at_node(node: Node) -> Location:
    """Return the location of a node: the statement that declares it, else its first mention."""
    return Location(*of_node(node), str(node.name))


def at_edge(edge: Edge) -> Location:
    """Return the location of an edge."""
    return Location(edge.start, edge.end)


def at_span(one: Spanned) -> Location:
    """Return the location of a statement, an id or a comment."""
    return Location(one.start, one.end)


def at_subgraph(subgraph: Subgraph) -> Location:
    """Return the location of a subgraph: its header."""
    return Location(subgraph.start, subgraph.statements[0].open.end)


def at_nodes(readings: Iterable[Reading]) -> tuple[Location, ...]:
    """Return the locations of nodes, for a finding that is about each of them."""
    return tuple(at_node(reading.node) for reading in readings)


def at_edges(edges: Iterable[Edge]) -> tuple[Location, ...]:
    """Return the locations of edges, for a finding that is about each of them."""
    return tuple(map(at_edge, edges))


def remaining(file: FileContext, card: Card, some: Iterable[T], where: Callable[[T], Location]) -> list[T]:
    """Return the occurrences of a problem except those that a comment or the baseline hides.

    A check that reports several occurrences in one finding calls this last, after it has decided what is wrong.
    """
    hidden = file.hidden.get(card.code)
    return [one for one in some if where(one).key not in hidden] if hidden else list(some)


def remaining_nodes(context: GraphContext, card: Card, readings: Iterable[Reading]) -> list[Reading]:
    """Return the nodes whose problem no comment or baseline entry hides."""
    return remaining(context.file, card, readings, lambda reading: at_node(reading.node))


def nodes_finding(
    context: GraphContext,
    card: Card,
    unit: Unit | None,
    readings: Sequence[Reading],
    message: str,
    **more: Any,  # noqa: ANN401 - the fields of Finding, which has their types
) -> Finding:
    """Return the finding of a rule about nodes of one unit, each of which is a location; it starts at the first.

    `more` are further fields of `Finding` and the `outcome` of the card.
    """
    start, end = of_node(readings[0].node)
    return card.finding(
        message,
        start,
        end,
        nodes=names(readings),
        locations=at_nodes(readings),
        about=unit,
        graph=context.graph.index,
        **more,
    )


def edges_finding(
    context: GraphContext,
    card: Card,
    unit: Unit | None,
    edges: Sequence[Edge],
    message: str,
    **more: Any,  # noqa: ANN401 - the fields of Finding, which has their types
) -> Finding:
    """Return the finding of a rule about edges of one unit, each of which is a location; it starts at the first.

    `more` are further fields of `Finding` and the `outcome` of the card.
    """
    return card.finding(
        message,
        edges[0].start,
        edges[0].end,
        nodes=tuple(dict.fromkeys(name for e in edges for name in (e.tail.name, e.head.name))),
        locations=at_edges(edges),
        related=tuple(Related(f"{e.tail.name} -> {e.head.name}", e.start, e.end) for e in edges[1:9]),
        about=unit,
        graph=context.graph.index,
        **more,
    )


def units(deployment: Deployment, readings: Iterable[Reading]) -> dict[Unit | None, list[Reading]]:
    """Group nodes for findings: by stage, else by layer, else by family of names; None for nodes without a unit.

    Stages come first, ordered by phase and stage.
    """
    groups: dict[tuple[int, int, int, Unit | None], list[Reading]] = defaultdict(list)
    for reading in readings:
        phase = deployment.phases.index(reading.phase) if reading.phase in deployment.phases else len(deployment.phases)
        if reading.stage is not None:
            groups[0, phase, reading.stage, deployment.unit(reading.phase, reading.stage)].append(reading)
        elif reading.layer is not None:
            groups[1, phase, reading.layer, Unit(layer=reading.layer)].append(reading)
        else:
            name = reading.evidence.name
            groups[2, phase, 0, Unit(family=name.family) if name.numbers else None].append(reading)
    found: dict[Unit | None, list[Reading]] = {}
    titled: dict[str, Unit | None] = {}
    for key in sorted(groups, key=lambda k: k[:3]):
        found.setdefault(titled.setdefault(str(key[3]), key[3]), []).extend(groups[key])
    return found


def unit_of(deployment: Deployment, readings: Iterable[Reading]) -> Unit | None:
    """Return the first unit that the nodes belong to."""
    return next(iter(units(deployment, readings)))


def only_unit(deployment: Deployment, readings: Iterable[Reading]) -> Unit | None:
    """Return the unit that all nodes belong to; None if there are several."""
    found = list(units(deployment, readings))
    return found[0] if len(found) == 1 else None


def names(readings: Iterable[Reading]) -> tuple[str, ...]:
    """Return the names of the nodes, in order."""
    return tuple(reading.name for reading in readings)


def of_unit(unit: Unit | None) -> str:
    """Return ` of stage 2`, or the empty string if there is no unit to name."""
    return f" of {unit}" if unit else ""


def in_unit(unit: Unit | None) -> str:
    """Return ` in stage 2`, or the empty string if there is no unit to name."""
    return f" in {unit}" if unit else ""
