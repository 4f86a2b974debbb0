"""Fixes worked out for the findings of a run, for rules whose repair needs more than their check looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.engine.finding import Fix
from dotlint.fix.carried import Carrier
from dotlint.fix.dimensions import DimensionCopier
from dotlint.fix.edges import EdgeWriter, Wanted
from dotlint.fix.links import link_attributes, stage_links
from dotlint.fix.stages import StageWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult


def attach_fixes(result: FileResult) -> FileResult:
    """Fill `fix` and `fixable` of a result's findings; the result itself is changed and given back.

    Afterwards `fixable` is true to `fix`: a finding whose repair turned out to be uncertain offers none.
    Calling it again changes nothing.
    """
    if result.context is None:
        return result
    writers = [_Writers(graph, result) for graph in result.context.graphs]
    for index, finding in enumerate(result.findings):
        fix = finding.fix
        if fix is None and finding.code in _FIXERS and finding.graph < len(writers):
            fix = _FIXERS[finding.code](writers[finding.graph], finding)
        applicability = fix.applicability if fix else None
        if fix is not finding.fix or applicability != finding.fixable:
            result.findings[index] = replace(finding, fix=fix, fixable=applicability)
    return result


class _Writers:
    """What writes into one graph, each made when first needed."""

    def __init__(self, context: GraphContext, result: FileResult) -> None:
        self.context = context
        self.text = result.document.text
        self.comments = result.document.comments
        self._edges: EdgeWriter | None = None
        self._carrier: Carrier | None = None
        self._dims: DimensionCopier | None = None

    @property
    def edges(self) -> EdgeWriter:
        if self._edges is None:
            every = [Wanted(m.tail, m.head, m.exemplar, "") for m in self.context.missing]
            self._edges = EdgeWriter(self.text, self.context.deployment, self.comments, every)
        return self._edges

    @property
    def carrier(self) -> Carrier:
        if self._carrier is None:
            self._carrier = Carrier(self.text, self.context.deployment)
        return self._carrier

    @property
    def dims(self) -> DimensionCopier:
        if self._dims is None:
            self._dims = DimensionCopier(self.context.deployment)
        return self._dims


def _stage_edges(writers: _Writers, finding: Finding) -> Fix | None:
    missing = {m.pair: m for m in writers.context.missing}
    if not finding.missing_edges or not set(finding.missing_edges) <= set(missing):
        return None
    chosen = [missing[pair] for pair in finding.missing_edges]
    wanted = [Wanted(m.tail, m.head, m.exemplar, finding.edge_attributes.get(m.pair, "")) for m in chosen]
    return Fix("safe", tuple(writers.edges.edits(wanted)))


def _stage_link(writers: _Writers, finding: Finding) -> Fix | None:
    """Give the one edge that joins two stages, drawn as the phase's other links.

    There is none where those pass through other nodes.
    """
    if len(finding.missing_edges) != 1:
        return None
    deployment = writers.context.deployment
    tail, head = (deployment.by_name[name] for name in finding.missing_edges[0])
    if tail.phase is None or tail.stage is None:
        return None
    links = stage_links(deployment)
    own = [(stage, edge) for phase, stage, edge in links if phase == tail.phase]
    nearest = min(own, key=lambda one: abs(one[0] - tail.stage), default=None)  # type: ignore[operator]
    units = deployment.units[tail.phase]
    pairs = sum(
        1
        for stage, unit in units.items()
        if unit.operators and stage + 1 in units and units[stage + 1].operators
    )
    if nearest is None and pairs > 1:
        return None
    exemplar = nearest[1] if nearest else next((e for e in reversed(tail.node.in_edges)), None)
    if exemplar is None:
        return None
    attributes = link_attributes(deployment, writers.carrier, tail.phase, tail.stage) if links else ""
    return Fix("safe", tuple(writers.edges.edits([Wanted(tail, head, exemplar, attributes)])))


def _fan_edges(writers: _Writers, finding: Finding) -> Fix | None:
    """Give the other arms of a fan, each drawn as the arm that is there."""
    deployment = writers.context.deployment
    wanted: list[Wanted] = []
    for pair in finding.missing_edges:
        tail, head = (deployment.by_name[name] for name in pair)
        arms = [e for e in tail.node.out_edges if _family(writers, e.head.index) == head.evidence.name.family]
        arms += [e for e in head.node.in_edges if _family(writers, e.tail.index) == tail.evidence.name.family]
        if not arms:
            return None
        wanted.append(Wanted(tail, head, arms[0], writers.carrier.attributes(arms[0], tail.stage)))
    return Fix("unsafe", tuple(writers.edges.edits(wanted))) if wanted else None


def _family(writers: _Writers, index: int) -> str:
    return writers.context.deployment.readings[index].evidence.name.family


def _stages(writers: _Writers, finding: Finding) -> Fix | None:
    context = writers.context
    names = set(finding.missing_nodes)
    plans = next(
        (p for p in context.plans.values() if p and {name for plan in p for _, name in plan.copies} <= names),
        None,
    )
    if plans is None:
        return None
    edits = StageWriter(writers.text, context.deployment, writers.comments, writers.carrier, plans).edits()
    return Fix("unsafe", tuple(edits)) if edits else None


def _dimensions(writers: _Writers, finding: Finding) -> Fix | None:
    by_name = writers.context.deployment.by_name
    return writers.dims.fix(by_name[name] for name in finding.nodes if name in by_name)


_FIXERS: dict[str, Callable[[_Writers, Finding], Fix | None]] = {
    "S001": _stage_edges,
    "S002": _stages,
    "S004": _stage_link,
    "S011": _fan_edges,
    "T001": _dimensions,
}
