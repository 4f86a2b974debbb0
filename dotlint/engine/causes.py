"""Which findings the repair of another one repairs too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.checks import find_check
from dotlint.engine.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext

_CAUSES = {"S001", "S002", "S004"}
_CONSEQUENCES = {"G003", "G004", "G005", "G006", "G008", "S009"}


def _loops(findings: list[Finding]) -> list[Finding]:
    """An edge from a node to itself is a cycle and a self-loop: taking it away mends both, so the cycle is told."""
    cycles = {(f.graph, f.nodes[0]): i for i, f in enumerate(findings) if f.code == "G001" and len(f.path) == 2}
    return [
        replace(f, caused_by=(cycles[f.graph, f.nodes[0]],))
        if f.code == "N006" and len(f.nodes) == 1 and (f.graph, f.nodes[0]) in cycles
        else f
        for f in findings
    ]


def assign_causes(file: FileContext, findings: list[Finding], cards: Sequence[Card]) -> list[Finding]:
    """Fill `caused_by`: run the rules once more on the graph with every proposed edge in place and see what is gone."""
    findings = _loops(findings)
    causes = [
        (index, f) for index, f in enumerate(findings) if f.code in _CAUSES and (f.missing_edges or f.planned_edges)
    ]
    if not causes:
        return findings
    left: dict[int, set[tuple[str, str]]] = {}
    by_code = {card.code: card for card in cards}
    codes = {f.code for f in findings if f.code in _CONSEQUENCES}
    for context in file.graphs:
        remaining = left.setdefault(context.graph.index, set())
        for code in codes:
            card = by_code[code]
            for outcome in find_check(card.check).load()(context.mended, card):
                if isinstance(outcome, Finding):
                    remaining |= {(code, node) for node in outcome.nodes} or {(code, outcome.unit or "")}
    found: list[Finding] = []
    for finding in findings:
        if finding.code in _CONSEQUENCES:
            keys = {(finding.code, node) for node in finding.nodes} or {(finding.code, finding.unit or "")}
            if not keys & left.get(finding.graph, set()):
                found.append(replace(finding, caused_by=_which(file, finding, causes)))
                continue
        found.append(finding)
    return found


def _which(file: FileContext, finding: Finding, causes: list[tuple[int, Finding]]) -> tuple[int, ...]:
    """The findings whose edges touch its nodes, else all of its graph: a path may need every one of them."""
    here = [(index, f) for index, f in causes if f.graph == finding.graph]
    nodes = set(finding.nodes)
    if finding.code != "G006":
        touching = tuple(i for i, f in here if any(nodes & set(pair) for pair in (*f.missing_edges, *f.planned_edges)))
        same_unit = tuple(i for i, f in here if f.unit == finding.unit)
        if touching or same_unit:
            return touching or same_unit
    by_name = next(g.deployment.by_name for g in file.graphs if g.graph.index == finding.graph)
    phases = {by_name[node].phase for node in finding.nodes if node in by_name} or {finding.unit}
    in_phase = tuple(
        index
        for index, f in here
        if f.unit in phases
        or phases & {by_name[end].phase for pair in f.missing_edges for end in pair if end in by_name}
    )
    return in_phase or tuple(index for index, _ in here)
