"""The head of a report: what the file has, how far it was followed, and the number of findings of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks.strategy.header import product
from dotlint.report.verdict import flow_words, open_words, verdict_caveat, verdict_kind
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from dotlint.engine.facts import FileFacts, FlowFacts, PhaseFile
    from dotlint.engine.result import FileResult


def facts_of(result: FileResult, *, brief: bool = False) -> tuple[str, ...]:
    """Return the size of the graph with the strategy, the files of the deployment, and how far tensors were followed.

    A graph that is no deployment has its size alone, unless a strategy was given for it. `brief` leaves out why some
    tensors were not followed, if the file has findings and that does not limit the verdict.
    """
    known = result.facts
    edges = "too many edges to count" if known.edges is None else count(known.edges, "edge")
    size = f"{count(known.nodes, 'node')}, {edges}"
    if known.graphs != 1:
        size += f" in {count(known.graphs, 'graph')}"
    if not known.graphs:
        return (f"{size}: the file has no graph",)
    if known.is_deployment is False:
        given = known.strategy_source == "option"
        return (f"{size}; no deployment recognized, so the strategy was not used" if given else size,)
    flow = known.flow if known.flow is not None and known.flow.edges else None
    kind, limited = verdict_kind(result), verdict_caveat(result)  # which has the number of followed edges
    reasons = not brief or kind == "correct" or (kind == "warned" and limited)
    if flow is not None and not reasons:
        size += f" ({_followed(flow, known.edges)} followed)"
    facts = [f"{size}; {_strategy(known)}" if known.strategy is not None else size]
    if known.deployment and (known.is_deployment or not any(one.here and not one.file for one in known.deployment)):
        facts.append(_deployment_files(known.deployment))
    if flow is not None and reasons:
        facts.append(f"tensors not followed: {open_words(flow)}" if limited else f"tensor flow: {flow_words(flow)}")
    return tuple(facts)


def _followed(flow: FlowFacts, edges: int | None) -> str:
    if flow.followed in (0, flow.edges):
        return "all" if flow.followed else "no tensors"
    return f"{flow.followed}" if flow.edges == edges else f"{flow.followed} of {flow.edges}"


def _strategy(known: FileFacts) -> str:
    strategy = known.strategy
    assert strategy is not None
    source = {"file": " (in the file)", "configuration": " (from the configuration)"}.get(
        known.strategy_source or "", ""
    )
    parts = [
        f"{p.name} on the same GPUs (assumed, SP={p.degrees.sp})" if p.assumed else product(p) for p in strategy.phases
    ]
    return f"strategy {strategy.source}{source}: {'; '.join(parts)}"


def _deployment_files(deployment: tuple[PhaseFile, ...]) -> str:
    """Return which files form the deployment, or that this file is not one of them."""
    others = [one for one in deployment if not one.here]
    if len(others) == len(deployment):
        files = listed([f"{one.file} ({one.phase})" for one in deployment], 12)
        return (
            f"{deployment[0].origin} does not list this file as a phase (it lists {files}); checked without a strategy"
        )
    here = listed([one.phase for one in deployment if one.here], 12)
    parts = [f"{here} in this file"]
    for one in others:
        part = f"{one.phase} in {one.file or 'a file that the strategy does not name'}"
        parts.append(f"{part} (cannot be read: {one.problem})" if one.problem else part)
    return f"one deployment: {', '.join(parts)}"


def tally_of(result: FileResult) -> str:
    """Return the number of findings of each kind, without those that others cause: `54 missing edges · 4 warnings`."""
    own = [f for f in result.findings if not f.caused_by]
    causes = [f for f in own if f.severity == "error"]
    parts: list[str] = []
    edges = sum(len(f.missing_edges) for f in causes)
    if edges:
        parts.append(count(edges, "missing edge"))
    parts += [
        count(len(f.listings), f"missing {f'{f.about} ' if f.about else ''}stage") for f in causes if f.planned_edges
    ]
    others = sum(1 for f in causes if not f.missing_edges and not f.planned_edges)
    if others:
        parts.append(count(others, "other error" if parts else "error"))
    warned = verdict_kind(result) == "warned"  # the verdict already has the number of warnings
    for severity in ("info",) if warned else ("warning", "info"):
        number = sum(1 for f in own if f.severity == severity)
        if number:
            parts.append(count(number, severity))
    return " · ".join(parts)
