"""Fixes tried before they are shown: a report offers what `--fix` would write, `trials` says when that is.

Most fixes cannot be refused, and saying so costs nothing. The others are judged as fixing judges them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.pipeline.compute import help_with
from dotlint.pipeline.trials import apart, divided

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
    """Take the fixes away that would be refused; each finding's help says why. The fixes of `result` are computed."""
    if not any(finding.fix for finding in result.findings):
        return
    trials.know(result)
    doubtful: dict[object, list[int]] = {}
    for index, finding in enumerate(result.findings):
        if finding.fix and finding.fix.edits and not _accepted(finding, result, trials):
            doubtful.setdefault((finding.code, finding.fix), []).append(index)
    ones = [result.findings[indices[0]] for indices in doubtful.values()]
    for one, reason in _refused(ones, result.document.source, trials):
        for index in doubtful[one.code, one.fix]:
            finding = result.findings[index]
            result.findings[index] = replace(finding, fix=None, fixable=None, help=help_with(finding.help, reason))


def _refused(findings: Iterable[Finding], source: Source, trials: Trials) -> Iterator[tuple[Finding, str]]:
    """Give the findings whose fix is refused, and why; those of one rule are tried together."""
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
            alone, groups = divided(batch, against)
            todo += [*groups, *([finding] for finding in alone)]
        elif against is not None:
            yield batch[0], against.reason


def _accepted(finding: Finding, result: FileResult, trials: Trials) -> bool:
    """Whether it is known without a trial that nothing speaks against the fix.

    Where rules were left out the result does not say what else is wrong.
    """
    return result.rules[finding.code].fix_trial == "never" or (trials.asks_all and _certain(finding, result))


def _certain(finding: Finding, result: FileResult) -> bool:
    """Whether what surrounds the fix leaves nothing that could speak against it."""
    context = result.context
    if context is None or finding.graph >= len(context.graphs):
        return False
    graph, card = context.graphs[finding.graph], context.rules[finding.code]
    match card.fix_trial:
        case "if-across-stages" if finding.missing_edges:
            return _inside_units(finding, graph) and not _faulty(_taught(finding, graph), card, result)
        case "if-across-stages":
            return all(_within_its_stage(graph, name) for name in finding.nodes)
        case "if-other-stages":
            return _lone_template(finding, graph, card, result)
        case "if-dimensions-fail":
            return not _faulty_dimensions(finding, graph, result)
    return False


def _inside_units(finding: Finding, graph: GraphContext) -> bool:
    """Whether the edges stay within stages, as the edges that show them do, and the unit has no fan of one arm."""
    by_name = graph.deployment.by_name
    ends = [(by_name[tail], by_name[head]) for tail, head in finding.missing_edges]
    return all(_same(tail, head) for tail, head in ends) and len(ends) > 1


def _within_its_stage(graph: GraphContext, name: str) -> bool:
    """Whether a collective joins operators of its own stage only, so that naming their GPUs moves nothing."""
    reading = graph.deployment.by_name.get(name)
    if reading is None or reading.stage is None:
        return False
    beside = (graph.deployment.readings[(e.head if e.tail is reading.node else e.tail).index]
              for e in (*reading.node.in_edges, *reading.node.out_edges))  # fmt: skip
    return all((other.phase, other.stage) == (reading.phase, reading.stage) for other in beside if other.own_gpus)


def _same(tail: Reading, head: Reading) -> bool:
    return (tail.phase, tail.stage) == (head.phase, head.stage) or None in (tail.stage, head.stage)


def _taught(finding: Finding, graph: GraphContext) -> set[str]:
    shown = [m.exemplar for m in graph.missing if m.pair in set(finding.missing_edges)]
    return {name for edge in shown for name in (edge.tail.name, edge.head.name)}


def _faulty_dimensions(finding: Finding, graph: GraphContext, result: FileResult) -> bool:
    """Whether dimensions of operators with the roles of these are in error."""
    by_name = graph.deployment.by_name
    kinds = {(r.role.name, r.phase) for n in finding.nodes if (r := by_name.get(n)) and r.role}
    alike = {r.name for r in graph.deployment.operators if r.role and (r.role.name, r.phase) in kinds}
    return any(
        f.severity == "error" and alike & set(f.nodes)
        for f in result.findings
        if result.rules[f.code].overview_remedy == "dimensions"
    )


def _faulty(names: set[str], card: Card, result: FileResult) -> bool:
    """Whether a rule finds an error at these nodes, or what refuses a fix, that siblings would share.

    What the fix of `card` fixes as well is none.
    """
    return any(
        names & set(f.nodes)
        for f in result.findings
        if f.code not in card.causes and (f.severity == "error" or result.rules[f.code].guards_fixes)
    )


def _lone_template(finding: Finding, graph: GraphContext, card: Card, result: FileResult) -> bool:
    """Whether the only stage that is drawn is copied, without fault, and nothing joins it to another phase."""
    template = graph.plans[(finding.about and finding.about.whole_phase) or ""][0].exemplar
    drawn = [unit for unit in graph.deployment.units.get(template.phase, {}).values() if unit.operators]
    names = {reading.name for reading in template.operators}
    across = any(
        graph.deployment.readings[(e.head if e.tail.name in names else e.tail).index].phase != template.phase
        for reading in template.operators
        for e in (*reading.node.in_edges, *reading.node.out_edges)
    )
    return len(drawn) == 1 and not across and not _faulty(names, card, result)
