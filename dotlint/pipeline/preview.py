"""Fixes tried out before they are shown: what a report offers is what `--fix` would write for the finding alone.

Most fixes cannot be refused, and saying so costs nothing. The others are judged as fixing judges them: those of a
rule together, and one by one where that is refused.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from dotlint.edits.apply import touching
from dotlint.pipeline.fixpoint import Fixer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Edit, Finding
    from dotlint.engine.result import FileResult, Settings

# What sets a colour, a word or a number of a header, or takes away a statement or a comment that says nothing.
_HARMLESS = {
    "A002", "A003", "A004", "A005", "A006", "A007", "A010", "C004", "N004", "N008", "P001", "P010", "T002", "V001",
    "V002", "X002",
}  # fmt: skip
_MOST = 24  # fixes of a file that are tried one by one
_CONNECTION = {"G003", "G004", "G005", "G006", "G008", "S009"}


def refusals(result: FileResult, settings: Settings) -> dict[int, str]:
    """Tell for each finding (by its index) whose fix would be refused why; `result` has its fixes attached."""
    offered = [(i, f) for i, f in enumerate(result.findings) if f.fix is not None and f.fix.edits]
    fixer = Fixer(settings, unsafe=True)
    # Where rules were left out the result does not say what else is wrong.
    told = fixer.asks_all
    doubtful = [(i, f) for i, f in offered if f.code not in _HARMLESS and not (told and _certain(f, result))]
    if not doubtful:
        return {}
    fixer.know(result)
    source = result.document.source
    found: dict[int, str] = {}
    known: dict[tuple[Edit, ...], str | None] = {}
    doubtful.sort(key=lambda one: _rule(one[1]))
    for _, group in groupby(doubtful, key=lambda one: _rule(one[1])):
        some = list(group)
        if len(some) > 1 and _apart(some) and fixer.refusal(source, [f for _, f in some]) is None:
            continue
        for index, finding in some:
            edits = finding.fix.edits if finding.fix else ()
            if edits not in known:
                tried = len(known) < _MOST
                known[edits] = fixer.refusal(source, [finding]) if tried else "too many fixes here have to be tried"
            reason = known[edits]
            if reason is not None:
                found[index] = reason
    return found


def _rule(finding: Finding) -> str:
    return "E" if finding.code.startswith("E") else finding.code


def _apart(some: Sequence[tuple[int, Finding]]) -> bool:
    taken: list[Edit] = []
    for _, finding in some:
        assert finding.fix is not None
        if touching(finding.fix.edits, taken):
            return False
        taken += finding.fix.edits
    return True


def _certain(finding: Finding, result: FileResult) -> bool:
    """Whether it is known without a trial that nothing speaks against the fix."""
    context = result.context
    if context is None or finding.graph >= len(context.graphs):
        return False
    graph = context.graphs[finding.graph]
    if finding.code == "S001":
        return _inside_units(finding, graph) and not _faulty(_taught(finding, graph), result)
    if finding.code == "S002":
        return _lone_template(finding, graph, result)
    if finding.code == "C005":
        return all(_within_its_stage(graph, name) for name in finding.nodes)
    if finding.code == "T001":
        by_name = graph.deployment.by_name
        kinds = {(r.role.name, r.phase) for n in finding.nodes if (r := by_name.get(n)) and r.role}
        alike = {r.name for r in graph.deployment.operators if r.role and (r.role.name, r.phase) in kinds}
        return not any(f.code[0] == "T" and f.severity == "error" and alike & set(f.nodes) for f in result.findings)
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


def _faulty(names: set[str], result: FileResult) -> bool:
    """Whether a rule finds an error at these nodes, or something of structure, that siblings would share."""
    return any(
        names & set(f.nodes)
        for f in result.findings
        if f.code not in _CONNECTION and (f.severity == "error" or f.code[0] in "GS")
    )


def _lone_template(finding: Finding, graph: GraphContext, result: FileResult) -> bool:
    """Whether the only stage that is drawn is copied, without fault, and nothing joins it to another phase."""
    template = graph.plans[finding.unit or ""][0].exemplar
    drawn = [unit for unit in graph.deployment.units.get(template.phase, {}).values() if unit.operators]
    names = {reading.name for reading in template.operators}
    across = any(
        graph.deployment.readings[(e.head if e.tail.name in names else e.tail).index].phase != template.phase
        for reading in template.operators
        for e in (*reading.node.in_edges, *reading.node.out_edges)
    )
    return len(drawn) == 1 and not across and not _faulty(names, result)


def without(result: FileResult, refused: Mapping[int, str]) -> None:
    """Take the fixes away that would be refused; each finding's help says why."""
    from msgspec.structs import replace  # noqa: PLC0415 - only where one is refused

    from dotlint.pipeline.compute import help_with  # noqa: PLC0415 - imports this module

    for index, reason in refused.items():
        finding = result.findings[index]
        result.findings[index] = replace(finding, fix=None, fixable=None, help=help_with(finding.help, reason))
