"""S001: edges that sibling units have and a unit lacks."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.checks.grouping import LEFT_OUT, names
from dotlint.deployment.patterns.proposals import misdirected
from dotlint.edits.edge_attributes import EdgeAttributes
from dotlint.edits.fix_context import fixed_by
from dotlint.edits.planned_edge import PlannedEdge
from dotlint.edits.statement import edge_text, ports_like
from dotlint.engine.finding import Fix, Holds, Listing, Location, Related, Undecided
from dotlint.text.english import count, the

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.deployment.patterns.missing_edge import MissingEdge
    from dotlint.deployment.unit import Unit
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome
    from dotlint.graph.model import Edge


class MissingEdges(Struct, frozen=True, eq=False):
    """The planned edges of a unit that lacks them."""

    edges: tuple[PlannedEdge, ...]


def add_edges(fix: FixContext, finding: Finding) -> Fix | str:
    """Add the edges that the unit's siblings have."""
    data = finding.data
    if not isinstance(data, MissingEdges):
        return "one edge leads to the wrong end: move it"
    title = f"Add {the(len(data.edges), 'missing edge')}{grouping.of_unit(finding.about)}"
    return Fix("safe", tuple(fix.edges.edits(data.edges)), title)


@fixed_by(add_edges)
def missing_stage_edges(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edges that sibling units have and a unit lacks."""
    deployment, text = context.deployment, context.file.document.text
    if context.missing and context.abridged.edges:
        yield Undecided(card.section, "patterns", LEFT_OUT)
        return
    groups: dict[Unit | None, list[MissingEdge]] = defaultdict(list)
    owners = grouping.units(deployment, [_owner(missing) for missing in context.missing])
    for title, owned in owners.items():
        inside = {reading.name for reading in owned}
        groups[title] = [missing for missing in context.missing if _owner(missing).name in inside]
    edge_attributes = EdgeAttributes(text, deployment) if groups else None
    for title, missing in groups.items():
        assert edge_attributes is not None
        readings = sorted(
            {r.node.index: r for m in missing for r in (m.tail, m.head)}.values(), key=lambda r: r.node.index
        )
        exemplar_units = Counter(_unit_of(context, m.exemplar) for m in missing)
        exemplar_unit = exemplar_units.most_common(1)[0][0]
        from_unit = [m.exemplar for m in missing if _unit_of(context, m.exemplar) == exemplar_unit]
        exemplars = sorted(from_unit, key=lambda e: e.index)
        first, last = exemplars[0], exemplars[-1]
        attributes = {m.pair: own for m in missing if (own := edge_attributes.attributes(m.exemplar, m.tail.stage))}
        start, end = grouping.of_nodes(readings, context.graph)
        subject = str(title or "the graph")
        has = f"that {exemplar_unit} has" if exemplar_unit and exemplar_unit != title else "that its own siblings have"
        yield card.finding(
            f"{subject} lacks {count(len(missing), 'edge')} {has}",
            start,
            end,
            nodes=names(readings),
            locations=(Location(start, end, readings[0].name),) if readings else (),
            missing_edges=tuple(m.pair for m in missing),
            edge_attributes=attributes,
            related=(
                Related(
                    f"exemplar: {exemplar_unit or 'its siblings'}",
                    first.start,
                    last.end if last.end > first.start else first.end,
                ),
            ),
            about=title,
            graph=context.graph.index,
            help=f"add {the(len(missing), 'edge')}",
            note=f"like `{first.tail.name} -> {first.head.name}`" if len(missing) == 1 else None,
            listings=(
                Listing(
                    subject,
                    tuple(_line(text, m, attributes.get(m.pair, "")) for m in missing),
                    paste=True,
                ),
            ),
            data=MissingEdges(
                tuple(PlannedEdge(m.tail, m.head, m.exemplar, attributes.get(m.pair, "")) for m in missing)
            ),
        )
    astray = list(_misdirected(context, card))
    yield from astray
    if context.closing:
        edges = count(context.closing, "edge that siblings have", "edges that siblings have")
        needs = f"correct the existing edges ({edges} would form a cycle with them)"
        yield Undecided("connections", "patterns", needs)
    elif (
        not context.missing
        and not astray
        and any(len(units) > 1 for units in deployment.units.values())
        and not _unequal_ends(context)
    ):
        yield Holds("connections", "patterns", "no unit lacks an edge that its siblings have")


def _misdirected(context: GraphContext, card: Card) -> Iterator[Finding]:
    """Yield the edges that lead elsewhere than all edges like them, where the ends that they leave out stay open."""
    readings, proposed = context.deployment.readings, {missing.pair for missing in context.missing}
    edges = {(e.tail.index, e.head.index): e for e in reversed(context.graph.edges)}
    astray = context.deployment.derived(misdirected)
    faulty = {edge.index for fault in context.flow.faults for edge in fault.edges} if astray else set()
    for one in astray:
        edge, exemplar = edges[one.edge], edges[one.exemplar]
        tail, head = (readings[index] for index in one.instead)
        if edge.index in faulty or (tail.name, head.name) in proposed or tail.annotation or head.annotation:
            continue
        unit = grouping.unit_of(context.deployment, [tail if edge.tail is not tail.node else head])
        yield card.finding(
            f"`{edge.tail.name} -> {edge.head.name}` leaves the pattern of {one.siblings} other edges; by it, the edge is "
            f"`{tail.name} -> {head.name}`",
            edge.start,
            edge.end,
            nodes=tuple(dict.fromkeys((edge.tail.name, edge.head.name, tail.name, head.name))),
            missing_edges=((tail.name, head.name),),
            related=(Related(f"exemplar: {exemplar.tail.name} -> {exemplar.head.name}", exemplar.start, exemplar.end),),
            about=unit,
            graph=context.graph.index,
            help=f"replace the edge by `{tail.name} -> {head.name}`",
        )


def _unequal_ends(context: GraphContext) -> bool:
    """Return whether an operator has no producer or no consumer, and another of its family has one."""
    wiring = context.wiring
    ends: dict[str, set[tuple[bool, bool]]] = defaultdict(set)
    for reading in context.deployment.operators:
        if reading.kind != "io" and reading.evidence.name.numbers:
            has = bool(wiring.ins[reading.name]), bool(wiring.outs[reading.name])
            ends[reading.evidence.name.family].add(has)
    return any(len(sides) > 1 for sides in ends.values())


def _line(text: str, missing: MissingEdge, attributes: str) -> str:
    ports = ports_like(text, missing.exemplar, missing.tail.node, missing.head.node)
    return edge_text(text, missing.exemplar.graph, missing.pair, attributes, ports)


def _owner(missing: MissingEdge) -> Reading:
    return missing.head if missing.tail.stage is None and missing.head.stage is not None else missing.tail


def _unit_of(context: GraphContext, edge: Edge) -> Unit | None:
    readings = context.deployment.readings
    tail, head = readings[edge.tail.index], readings[edge.head.index]
    return grouping.unit_of(context.deployment, [head if tail.stage is None and head.stage is not None else tail])
