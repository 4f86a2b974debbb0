"""Which findings the repair of another one repairs too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.engine.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext
    from dotlint.engine.finding import Outcome, Pair

    CheckOf = Callable[[Card], Callable[..., Iterator[Outcome]]]

_CAUSES = {"S001", "S002", "S004", "S011", "S014"}
_CONSEQUENCES = {"G003", "G004", "G005", "G006", "G008", "S009"}
_SLIPS = ("N0", "A0")
_BACKWARDS = {
    "S005",
    "S006",
    "C004",
}  # what an edge that goes back a stage is told for, besides the cycle that it closes


def assign_causes(
    file: FileContext, findings: list[Finding], cards: Sequence[Card], check_of: CheckOf
) -> list[Finding]:
    """Fill `caused_by` with the findings that each one goes away with.

    Slips of the text come first, then cycles, then edges that are missing: for these the rules are run once more on
    the graph with every proposed edge in place, by the checks that `check_of` gives. What is itself caused hands its
    own cause on.
    """
    if not findings:
        return findings
    caused: dict[int, tuple[int, ...]] = {}
    if any(f.code.startswith(_SLIPS) for f in findings) and len({f.code[0] for f in findings}) > 1:
        from dotlint.engine.causes.typos import slips  # noqa: PLC0415 - most files have none, or nothing else

        caused.update((index, (cause,)) for index, cause in slips(file, findings).items())
    for index, cause in _cycles(file, findings).items():
        caused.setdefault(index, (cause,))
    for index, causes in _missing(file, findings, cards, check_of).items():
        caused.setdefault(index, causes)
    return [replace(f, caused_by=_roots(i, caused)) if i in caused else f for i, f in enumerate(findings)]


def _roots(index: int, caused: dict[int, tuple[int, ...]]) -> tuple[int, ...]:
    """Follow causes to those that nothing causes."""
    found: dict[int, None] = {}
    seen, todo = {index}, list(caused[index])
    while todo:
        cause = todo.pop(0)
        if cause in seen:
            continue
        seen.add(cause)
        if cause in caused:
            todo += caused[cause]
        else:
            found[cause] = None
    return tuple(found) or caused[index]


def _cycles(file: FileContext, findings: Sequence[Finding]) -> dict[int, int]:
    """Find what tells of a cycle's edge once more: the self-loop, the way back to an earlier stage, the odd degree.

    Where no nodes form a cycle but stages do, the edge that goes back is told, and the cycle of stages follows.
    """
    found: dict[int, int] = {}
    # No two cycles that are told share a node, so the one that a finding follows from is looked up: there may be thousands.
    cycle = {(f.graph, name): i for i, f in enumerate(findings) if f.code == "G001" for name in f.path}
    back = [(i, f) for i, f in enumerate(findings) if f.code in _BACKWARDS and _goes_back(file, f)]
    odd = [(i, f) for i, f in enumerate(findings) if f.code in {"N006", "G009"}] if cycle else []
    for index, finding in (*odd, *(back if cycle else ())):
        names = finding.nodes[:2] if finding.code in _BACKWARDS else finding.nodes
        met = {cycle.get((finding.graph, name)) for name in names}
        cause = met.pop() if len(met) == 1 else None
        if cause is not None and (finding.code != "N006" or findings[cause].path == finding.nodes * 2):
            found[index] = cause
    for index, finding in enumerate(findings):
        if finding.code == "G002":
            told = [
                i
                for i, f in back
                if f.code == "S005" and f.graph == finding.graph and set(f.nodes[:2]) <= set(finding.nodes)
            ]
            if told:
                found[index] = told[0]
    return found


def _goes_back(file: FileContext, finding: Finding) -> bool:
    """Whether the first edge of a finding about edges between stages leads to an earlier stage."""
    context = next(context for context in file.graphs if context.graph.index == finding.graph)
    ends = [context.deployment.by_name[name].stage for name in finding.nodes[:2]]
    return len(ends) == 2 and None not in ends and (ends[0] or 0) > (ends[1] or 0)


def _pairs(file: FileContext, finding: Finding) -> tuple[Pair, ...]:
    """Give the edges that the repair of a finding brings."""
    if finding.code in {"N001", "N013"} and finding.fix is not None:
        from dotlint.engine.causes.typos import mended_edges  # noqa: PLC0415 - as above

        return mended_edges(file, finding)
    return (*finding.missing_edges, *finding.planned_edges) if finding.code in _CAUSES else ()


def _missing(
    file: FileContext, findings: Sequence[Finding], cards: Sequence[Card], check_of: CheckOf
) -> dict[int, tuple[int, ...]]:
    """Run the rules about dead ends again with all missing edges in place, and see what is gone."""
    codes = {f.code for f in findings if f.code in _CONSEQUENCES}
    causes = [(i, pairs) for i, f in enumerate(findings) if (pairs := _pairs(file, f))] if codes else []
    if not causes:
        return {}
    by_code = {card.code: card for card in cards}
    left: dict[int, set[tuple[str, str]]] = {}
    for context in file.graphs:
        remaining = left.setdefault(context.graph.index, set())
        extra = [pair for i, pairs in causes if findings[i].graph == context.graph.index for pair in pairs]
        twin = context.with_edges(extra)
        for code in codes:
            card = by_code[code]
            for outcome in check_of(card)(twin, card):
                if isinstance(outcome, Finding):
                    remaining |= _keys(outcome)
    return {
        index: _which(file, finding, [(i, findings[i], pairs) for i, pairs in causes])
        for index, finding in enumerate(findings)
        if finding.code in _CONSEQUENCES and not _keys(finding) & left.get(finding.graph, set())
    }


def _keys(finding: Finding) -> set[tuple[str, str]]:
    return {(finding.code, node) for node in finding.nodes} or {(finding.code, finding.unit or "")}


def _which(file: FileContext, finding: Finding, causes: list[tuple[int, Finding, tuple[Pair, ...]]]) -> tuple[int, ...]:
    """The findings whose edges touch its nodes, else all of its graph: a path may need every one of them."""
    here = [(index, f, pairs) for index, f, pairs in causes if f.graph == finding.graph]
    nodes = set(finding.nodes)
    if finding.code != "G006":
        touching = tuple(i for i, _, pairs in here if any(nodes & set(pair) for pair in pairs))
        same_unit = tuple(i for i, f, _ in here if f.unit == finding.unit)
        if touching or same_unit:
            return touching or same_unit
    by_name = next(g.deployment.by_name for g in file.graphs if g.graph.index == finding.graph)
    phases = {by_name[node].phase for node in finding.nodes if node in by_name} or {finding.unit}
    in_phase = tuple(
        index
        for index, f, pairs in here
        if f.unit in phases or phases & {by_name[end].phase for pair in pairs for end in pair if end in by_name}
    )
    return in_phase or tuple(index for index, _, _ in here)
