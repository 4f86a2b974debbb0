"""Find the causes of follow-on findings: the findings whose fixes also fix them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.engine.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext
    from dotlint.engine.finding import Outcome, Pair

    CheckOf = Callable[[Card], Callable[..., Iterator[Outcome]]]

    Causes = Sequence[tuple[int, Finding, tuple[Pair, ...]]]


def assign_causes(file: FileContext, findings: list[Finding], check_of: CheckOf) -> list[Finding]:
    """Set `caused_by` to the causes of each finding.

    Typos come first, then cycles, then missing edges: for these the rules run again on the graph with every proposed
    edge, with the checks that `check_of` returns. A cause is never a follow-on finding itself: its own causes count.
    """
    if not findings:
        return findings
    caused: dict[int, tuple[int, ...]] = {}
    if any(file.rules[f.code].damages for f in findings) and len({f.section for f in findings}) > 1:
        from dotlint.engine.causes.typos import find_typos  # noqa: PLC0415 - most files have none, or nothing else

        caused.update((index, (cause,)) for index, cause in find_typos(file, findings).items())
    for index, cause in _by_cycles(file, findings).items():
        caused.setdefault(index, (cause,))
    for index, causes in _by_missing_edges(file, findings, check_of).items():
        caused.setdefault(index, causes)
    return [replace(f, caused_by=_root_causes(i, caused)) if i in caused else f for i, f in enumerate(findings)]


def _root_causes(index: int, caused: dict[int, tuple[int, ...]]) -> tuple[int, ...]:
    """Return the causes of a finding that have no causes themselves."""
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


def _by_cycles(file: FileContext, findings: Sequence[Finding]) -> dict[int, int]:
    """Return, by index, the cause of findings about an edge of a cycle: a self-loop, an edge to an earlier stage.

    If stages form a cycle but nodes do not, the cause is the finding about the edge that goes back.
    """
    found: dict[int, int] = {}
    cycles = [(i, f) for i, f in enumerate(findings) if f.path and file.rules[f.code].causes]
    followers = {code for _, f in cycles for code in file.rules[f.code].causes}
    # Reported cycles share no nodes, so the cycle of a finding can be looked up: there may be thousands.
    cycle = {(f.graph, name): i for i, f in cycles for name in f.path}
    for index, finding in enumerate(findings):
        if finding.code in followers:
            met = {cycle.get((finding.graph, name)) for name in finding.nodes[:2]}
            cause = met.pop() if len(met) == 1 else None
            if cause is not None and (len(finding.nodes) == 1 or _goes_back(file, finding)):
                found[index] = cause
        elif finding.path and (causes := _backward_edges(file, findings, finding)):
            found[index] = causes[0]
    return found


def _backward_edges(file: FileContext, findings: Sequence[Finding], cycle: Finding) -> list[int]:
    """Return the findings about an edge that goes back within a cycle of stages."""
    return [
        i
        for i, f in enumerate(findings)
        if cycle.code in file.rules[f.code].causes
        and f.graph == cycle.graph
        and set(f.nodes[:2]) <= set(cycle.nodes)
        and _goes_back(file, f)
    ]


def _goes_back(file: FileContext, finding: Finding) -> bool:
    """Return whether the first edge of a finding about edges between stages leads to an earlier stage."""
    context = next(context for context in file.graphs if context.graph.index == finding.graph)
    ends = [context.deployment.by_name[name].stage for name in finding.nodes[:2]]
    return len(ends) == 2 and None not in ends and (ends[0] or 0) > (ends[1] or 0)


def _added_edges(file: FileContext, finding: Finding) -> tuple[Pair, ...]:
    """Return the edges that the fix of a finding adds."""
    if finding.fix is not None and file.rules[finding.code].damages in {"name", "split"}:
        from dotlint.engine.causes.typos import fixed_edges  # noqa: PLC0415 - as above

        return fixed_edges(file, finding)
    return (*finding.missing_edges, *finding.planned_edges)


def _by_missing_edges(file: FileContext, findings: Sequence[Finding], check_of: CheckOf) -> dict[int, tuple[int, ...]]:
    """Run the rules about dead ends again with all missing edges; return the causes of findings that disappear, by index."""
    rules = file.rules
    reported = {f.code for f in findings}
    causes = [
        (i, pairs)
        for i, f in enumerate(findings)
        if not reported.isdisjoint(rules[f.code].causes) and (pairs := _added_edges(file, f))
    ]
    found: dict[int, tuple[int, ...]] = {}
    followers: dict[tuple[int, ...], list[str]] = {}
    for code in sorted({code for i, _ in causes for code in rules[findings[i].code].causes if code in reported}):
        own = tuple(i for i, _ in causes if code in rules[findings[i].code].causes)
        followers.setdefault(own, []).append(code)
    for own, codes in followers.items():
        some = [(i, findings[i], pairs) for i, pairs in causes if i in own]
        left = _still_found(file, codes, some, check_of)
        for index, finding in enumerate(findings):
            if finding.code in codes and not _keys(finding) & left[finding.graph]:
                found[index] = _causes_of(file, finding, some)
    return found


def _still_found(
    file: FileContext, codes: Iterable[str], causes: Causes, check_of: CheckOf
) -> dict[int, set[tuple[str, str]]]:
    """Return the keys of what these rules find in each graph with the edges of the causes added."""
    left: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for context in file.graphs:
        index = context.graph.index
        with_edges = context.with_edges(pair for _, cause, pairs in causes if cause.graph == index for pair in pairs)
        for card in (file.rules[code] for code in codes):
            for outcome in check_of(card)(with_edges, card):
                if isinstance(outcome, Finding):
                    left[index] |= _keys(outcome)
    return left


def _keys(finding: Finding) -> set[tuple[str, str]]:
    return {(finding.code, node) for node in finding.nodes} or {(finding.code, str(finding.about))}


def _whole_phase(finding: Finding) -> str | None:
    """Return the phase that a finding is about as a whole, else None."""
    return finding.about.whole_phase if finding.about is not None else None


def _causes_of(file: FileContext, finding: Finding, causes: Causes) -> tuple[int, ...]:
    """Return the causes whose edges touch nodes of the finding, else all in its graph: a path may need all of them."""
    here = [(index, f, pairs) for index, f, pairs in causes if f.graph == finding.graph]
    nodes = set(finding.nodes)
    if file.rules[finding.code].concerns == "nodes":
        touching = tuple(i for i, _, pairs in here if any(nodes & set(pair) for pair in pairs))
        same_unit = tuple(i for i, f, _ in here if f.about == finding.about)
        if touching or same_unit:
            return touching or same_unit
    by_name = next(g.deployment.by_name for g in file.graphs if g.graph.index == finding.graph)
    own = {by_name[node].phase for node in finding.nodes if node in by_name}
    phases = (own or {_whole_phase(finding)}) - {None}
    in_phase = tuple(
        index
        for index, f, pairs in here
        if _whole_phase(f) in phases
        or (not own and f.about == finding.about)
        or phases & {by_name[end].phase for pair in pairs for end in pair if end in by_name}
    )
    return in_phase or tuple(index for index, _, _ in here)
