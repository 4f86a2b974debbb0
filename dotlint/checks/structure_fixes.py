"""S: edges and stages that are missing, written as those that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.edits.links import link_like, stage_links
from dotlint.edits.planned_edge import PlannedEdge
from dotlint.engine.finding import Fix

if TYPE_CHECKING:
    from dotlint.deployment.model import Reading
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.finding import Finding
    from dotlint.graph.model import Edge


def stage_edges(writers: FixContext, finding: Finding) -> Fix | str:
    """Write the edges that the pattern of a unit's siblings asks for."""
    missing = {m.pair: m for m in writers.context.missing}
    chosen = [missing[pair] for pair in finding.missing_edges]
    wanted = [PlannedEdge(m.tail, m.head, m.exemplar, finding.edge_attributes.get(m.pair, "")) for m in chosen]
    return Fix("safe", tuple(writers.edges.edits(wanted)))


def stage_link(writers: FixContext, finding: Finding) -> Fix | str:
    """Write the one edge that joins two stages, drawn as the phase's other links.

    There is none where those pass through other nodes.
    """
    deployment = writers.deployment
    tail, head = (deployment.by_name[name] for name in finding.missing_edges[0])
    assert tail.phase is not None
    assert tail.stage is not None
    for reading, beyond in (
        (tail, [e.head for e in tail.node.out_edges]),
        (head, [e.tail for e in head.node.in_edges]),
    ):
        others = {deployment.readings[node.index].stage for node in beyond}
        if others - {None, reading.stage}:
            return f"`{reading.name}` is joined to another stage already"
    links = stage_links(deployment)
    own = [(stage, edge) for phase, stage, edge in links if phase == tail.phase]
    nearest = min(own, key=lambda one: abs(one[0] - tail.stage), default=None)  # type: ignore[operator]
    units = deployment.units[tail.phase]
    pairs = sum(
        1 for stage, unit in units.items() if unit.operators and stage + 1 in units and units[stage + 1].operators
    )
    if nearest is None and pairs > 1:
        return "the other stages are joined through nodes between them"
    exemplar = nearest[1] if nearest else next((e for e in reversed(tail.node.in_edges)), None)
    if exemplar is None:
        return "nothing shows how the edge is drawn"
    attributes = link_like(deployment, writers.attributes, tail.phase, tail.stage)[0] if links else ""
    wanted = PlannedEdge(tail, head, exemplar, attributes, alike=nearest is not None)
    return Fix("safe", tuple(writers.edges.edits([wanted])))


def fan_edges(writers: FixContext, finding: Finding) -> Fix | str:
    """Write the other arms of a fan, each drawn as the arm that is there."""
    deployment = writers.deployment
    wanted: list[PlannedEdge] = []
    for pair in finding.missing_edges:
        tail, head = (deployment.by_name[name] for name in pair)
        arms = [e for e in tail.node.out_edges if _family(writers, e.head.index) == head.evidence.name.family]
        arms += [e for e in head.node.in_edges if _family(writers, e.tail.index) == tail.evidence.name.family]
        wanted.append(PlannedEdge(tail, head, arms[0], writers.attributes.attributes(arms[0], tail.stage)))
    return Fix("unsafe", tuple(writers.edges.edits(wanted)))


def flow_edges(writers: FixContext, finding: Finding) -> Fix | str:
    """Write the edges between two roles that follow each other, where it is clear which node feeds which."""
    deployment = writers.deployment
    if not finding.missing_edges:
        return "it is not clear which of the nodes feeds which"
    inside = set(finding.nodes)
    wanted: list[PlannedEdge] = []
    for pair in finding.missing_edges:
        tail, head = (deployment.by_name[name] for name in pair)
        beside = [*reversed(tail.node.in_edges), *head.node.out_edges]
        beside += [e for name in inside for e in (*_ends(deployment.by_name[name]),)]
        if not beside:
            return "no edge beside it shows where it belongs"
        wanted.append(PlannedEdge(tail, head, beside[0], "", alike=False))
    return Fix("unsafe", tuple(writers.edges.edits(wanted)))


def _ends(reading: Reading) -> list[Edge]:
    return [*reading.node.in_edges, *reading.node.out_edges]


def _family(writers: FixContext, index: int) -> str:
    return writers.deployment.readings[index].evidence.name.family


def stages(writers: FixContext, finding: Finding) -> Fix | str:
    """Write the stages that a phase lacks as copies of the most complete one."""
    from dotlint.edits.stages.write import StageWriter  # noqa: PLC0415 - only where a stage is missing

    context = writers.context
    plans = context.plans[finding.unit or ""]
    if any(plan.shift is None for plan in plans):
        return (
            "the GPUs of the stages that are drawn are not those of the layout, so those of the others are not certain"
        )
    edits = StageWriter(writers.text, context.deployment, writers.comments, writers.attributes, plans).edits()
    return edits if isinstance(edits, str) else Fix("unsafe", tuple(edits))
