"""Map the findings of a graph to its nodes and edges, and decide which of them a picture marks."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.picture.model import Mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.unit import Unit
    from dotlint.engine.card import NodeState
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Pair
    from dotlint.engine.result import FileResult
    from dotlint.graph.model import Edge
    from dotlint.picture.model import State

_STATES: dict[NodeState | None, State] = {
    "isolated": "isolated",
    "no-consumer": "no consumer",
    "no-producer": "no producer",
}
_FEW = 12  # a finding on no more nodes than this is always drawn


class Proposal(Struct, frozen=True):
    """An edge that a finding proposes; `planned` if one of its ends is a planned node."""

    pair: Pair
    mark: Mark
    attributes: str
    planned: bool


class Marked(Struct):
    """The findings of one graph by node, edge and unit.

    `nodes` are marked in the picture. `hints` are only in titles: findings of severity info, and of rules that name
    more than half of all operators, which would mark almost everything (`widespread` has their names and numbers by
    code). `edges` are by edge index, `units` by the unit that a finding is about.
    """

    nodes: dict[str, list[Mark]] = field(default_factory=lambda: defaultdict(list))
    hints: dict[str, list[Mark]] = field(default_factory=lambda: defaultdict(list))
    edges: dict[int, list[Mark]] = field(default_factory=lambda: defaultdict(list))
    edge_hints: dict[int, list[Mark]] = field(default_factory=lambda: defaultdict(list))
    proposals: list[Proposal] = field(default_factory=list)
    planned: dict[str, Mark] = field(default_factory=dict)
    units: dict[Unit, list[Mark]] = field(default_factory=lambda: defaultdict(list))
    on_cycle: dict[Pair, int] = field(default_factory=dict)
    widespread: dict[str, tuple[str, int]] = field(default_factory=dict)

    def marked_nodes(self) -> set[str]:
        """Return the nodes with a visible mark, and the ends of proposed edges."""
        return {name for name, marks in self.nodes.items() if marks} | {n for p in self.proposals for n in p.pair}


def marks_of(result: FileResult, context: GraphContext) -> Marked:
    """Map the findings of a graph to its nodes and edges."""
    marked, rules = Marked(), context.file.rules
    findings = [
        (_mark(result, index, _STATES.get(rules[f.code].node_state)), f)
        for index, f in enumerate(result.findings)
        if f.graph == context.graph.index and f.section != "meta"
    ]
    wide = _widespread(context, (f for _, f in findings))
    spans: dict[tuple[int, int], list[Edge]] = defaultdict(list)
    for edge in context.graph.edges if findings else ():
        spans[edge.span].append(edge)
    for mark, finding in findings:
        if finding.about is not None:
            marked.units[finding.about].append(mark)
        quiet = finding.severity == "info" or finding.code in wide
        if finding.missing_edges or finding.planned_edges or finding.missing_nodes:
            _propose(marked, mark, finding)
            for name in finding.nodes:
                marked.hints[name].append(mark)
            continue
        if finding.code in wide and finding.severity != "info":
            marked.widespread[finding.code] = (finding.name, wide[finding.code])
        for name in finding.nodes:
            (marked.hints if quiet else marked.nodes)[name].append(mark)
        _mark_edges(marked, mark, finding, spans, quiet=quiet)
        if rules[finding.code].node_state == "cycle":
            _mark_cycle(marked, mark, finding, context.graph.edges)
    _hide_widespread(marked, context)
    return marked


def _mark(result: FileResult, index: int, state: State | None) -> Mark:
    f = result.findings[index]
    return Mark(index, f.code, f.name, f.severity, f.message, result.source.position(f.start).line, state)


def _hide_widespread(marked: Marked, context: GraphContext) -> None:
    """Move the marks of a rule that marks more than half of all edges to the hints, except for cycles."""
    edges, rules = len(context.graph.edges), context.file.rules
    number = Counter(mark.code for marks in marked.edges.values() for mark in marks)
    wide = {code for code, n in number.items() if n > _FEW and 2 * n > edges and rules[code].node_state != "cycle"}
    for index, marks in list(marked.edges.items()) if wide else ():
        marked.edge_hints[index] += [mark for mark in marks if mark.code in wide]
        marked.edges[index] = [mark for mark in marks if mark.code not in wide]


def _widespread(context: GraphContext, findings: Iterable[Finding]) -> dict[str, int]:
    named: dict[str, set[str]] = defaultdict(set)
    for finding in findings:
        if context.file.rules[finding.code].node_state is None and not finding.missing_edges:
            named[finding.code].update(finding.nodes)
    operators = len(context.deployment.operators)
    return {code: len(names) for code, names in named.items() if len(names) > _FEW and 2 * len(names) > operators}


def _propose(marked: Marked, mark: Mark, finding: Finding) -> None:
    for pair in finding.missing_edges:
        marked.proposals.append(Proposal(pair, mark, finding.edge_attributes.get(pair, ""), planned=False))
    for pair in finding.planned_edges:
        marked.proposals.append(Proposal(pair, mark, finding.edge_attributes.get(pair, ""), planned=True))
    for name in finding.missing_nodes:
        marked.planned.setdefault(name, mark)


def _mark_edges(
    marked: Marked, mark: Mark, finding: Finding, spans: dict[tuple[int, int], list[Edge]], *, quiet: bool
) -> None:
    """Mark the edges at the location and the related locations of a finding."""
    inside = set(finding.nodes)
    for span in dict.fromkeys([(finding.start, finding.end), *((r.start, r.end) for r in finding.related)]):
        for edge in spans.get(span, ()):
            if not inside or {edge.tail.name, edge.head.name} <= inside:
                (marked.edge_hints if quiet else marked.edges)[edge.index].append(mark)


def _mark_cycle(marked: Marked, mark: Mark, finding: Finding, edges: Iterable[Edge]) -> None:
    members = set(finding.nodes)
    path = set(zip(finding.path, finding.path[1:], strict=False))
    for edge in edges:
        pair = (edge.tail.name, edge.head.name)
        if pair in path or (not path and pair[0] == pair[1] and pair[0] in members):
            marked.on_cycle[pair] = 2
        elif pair[0] in members and pair[1] in members:
            marked.on_cycle.setdefault(pair, 1)
        else:
            continue
        if mark not in marked.edges[edge.index]:
            marked.edges[edge.index].append(mark)
