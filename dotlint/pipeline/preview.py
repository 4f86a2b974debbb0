"""Withdraw the fixes that `--fix` would refuse before they are reported.

Most fixes certainly pass and need no trial. The others are tried as `--fix` tries them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.pipeline.trials import apart, split_refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult
    from dotlint.pipeline.trials import Trials
    from dotlint.syntax.source import Source


def withdraw_refused(result: FileResult, trials: Trials) -> None:
    """Withdraw the fixes of a result that would be refused, with the reason."""
    if not any(finding.fix for finding in result.findings):
        return
    trials.remember(result)
    doubtful: dict[object, list[int]] = {}
    for index, finding in enumerate(result.findings):
        if finding.fix and finding.fix.edits and not _passes_untried(finding, result, trials):
            doubtful.setdefault((finding.code, finding.fix), []).append(index)
    ones = [result.findings[indices[0]] for indices in doubtful.values()]
    for one, reason in _refused(ones, result.document.source, trials):
        for index in doubtful[one.code, one.fix]:
            finding = result.findings[index]
            result.findings[index] = replace(finding, fix=None, fixable=None, no_fix=reason)


def _refused(findings: Iterable[Finding], source: Source, trials: Trials) -> Iterator[tuple[Finding, str]]:
    """Yield the findings whose fix is refused, with the reason; fixes of one rule are tried together."""
    rules: dict[str, list[Finding]] = {}
    todo: list[list[Finding]] = []
    for finding in findings:
        if trials.refused_alone(source, finding):  # known from fixing
            todo.append([finding])
        else:
            rules.setdefault("syntax" if finding.section == "syntax" else finding.code, []).append(finding)
    todo += rules.values()
    while todo:
        batch, rest = apart(todo.pop())
        if rest:
            todo.append(rest)
        against = trials.objection(source, batch)
        if against is not None and len(batch) > 1:
            alone, groups = split_refused(batch, against)
            todo += [*groups, *([finding] for finding in alone)]
        elif against is not None:
            yield batch[0], against.reason


def _passes_untried(finding: Finding, result: FileResult, trials: Trials) -> bool:
    """Return whether the fix certainly passes, without a trial.

    If some rules did not run, the result does not show what else is wrong.
    """
    return result.rules[finding.code].fix_trial == "never" or (
        trials.runs_all_rules and _passes_by_context(finding, result)
    )


def _passes_by_context(finding: Finding, result: FileResult) -> bool:
    """Return whether the surroundings of the fix exclude every objection."""
    context = result.context
    if context is None or finding.graph >= len(context.graphs):
        return False
    graph, card = context.graphs[finding.graph], context.rules[finding.code]
    match card.fix_trial:
        case "if-across-stages" if finding.missing_edges:
            return _stays_in_stages(finding, graph) and not _faulty(_exemplar_ends(finding, graph), card, result)
        case "if-across-stages":
            return all(_within_its_stage(graph, name) for name in finding.nodes)
        case "if-other-stages":
            return _is_lone_exemplar(finding, graph, card, result)
        case "if-dimensions-fail":
            return not _faulty_dimensions(finding, graph, result)
    return False


def _stays_in_stages(finding: Finding, graph: GraphContext) -> bool:
    """Return whether the edges are several and each stays within one stage."""
    by_name = graph.deployment.by_name
    ends = [(by_name[tail], by_name[head]) for tail, head in finding.missing_edges]
    return all(_same_stage(tail, head) for tail, head in ends) and len(ends) > 1


def _within_its_stage(graph: GraphContext, name: str) -> bool:
    """Return whether a collective connects only operators of its own stage, so that adding GPUs causes no transfer."""
    reading = graph.deployment.by_name.get(name)
    if reading is None or reading.stage is None:
        return False
    beside = (graph.deployment.readings[(e.head if e.tail is reading.node else e.tail).index]
              for e in (*reading.node.in_edges, *reading.node.out_edges))  # fmt: skip
    return all((other.phase, other.stage) == (reading.phase, reading.stage) for other in beside if other.own_gpus)


def _same_stage(tail: Reading, head: Reading) -> bool:
    return (tail.phase, tail.stage) == (head.phase, head.stage) or None in (tail.stage, head.stage)


def _exemplar_ends(finding: Finding, graph: GraphContext) -> set[str]:
    exemplars = [m.exemplar for m in graph.missing if m.pair in set(finding.missing_edges)]
    return {name for edge in exemplars for name in (edge.tail.name, edge.head.name)}


def _faulty_dimensions(finding: Finding, graph: GraphContext, result: FileResult) -> bool:
    """Return whether operators with the same roles have errors in their dimensions."""
    by_name = graph.deployment.by_name
    kinds = {(r.role.name, r.phase) for n in finding.nodes if (r := by_name.get(n)) and r.role}
    alike = {r.name for r in graph.deployment.operators if r.role and (r.role.name, r.phase) in kinds}
    return any(
        f.severity == "error" and alike & set(f.nodes)
        for f in result.findings
        if result.rules[f.code].overview_remedy == "dimensions"
    )


def _faulty(names: set[str], card: Card, result: FileResult) -> bool:
    """Return whether these nodes have errors or findings that prevent fixes, which copies would share.

    Findings that the fix of `card` fixes too are ignored.
    """
    return any(
        names & set(f.nodes)
        for f in result.findings
        if f.code not in card.causes and (f.severity == "error" or result.rules[f.code].guards_fixes)
    )


def _is_lone_exemplar(finding: Finding, graph: GraphContext, card: Card, result: FileResult) -> bool:
    """Return whether the exemplar is the only existing stage, without faults or edges to another phase."""
    exemplar = graph.plans[(finding.about and finding.about.whole_phase) or ""][0].exemplar
    drawn = [unit for unit in graph.deployment.units.get(exemplar.phase, {}).values() if unit.operators]
    names = {reading.name for reading in exemplar.operators}
    across = any(
        graph.deployment.readings[(e.head if e.tail.name in names else e.tail).index].phase != exemplar.phase
        for reading in exemplar.operators
        for e in (*reading.node.in_edges, *reading.node.out_edges)
    )
    return len(drawn) == 1 and not across and not _faulty(names, card, result)
