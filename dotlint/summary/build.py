"""Make the summary of a file out of what a run found in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks.grouping import count
from dotlint.errors import DotlintError
from dotlint.report.model import outline
from dotlint.summary import communication, operators, strategy
from dotlint.summary.ledger import Ledger, fact
from dotlint.summary.model import GraphSummary, Line, Section, Summary

if TYPE_CHECKING:
    from dotlint.engine.context import GraphContext
    from dotlint.engine.result import FileResult
    from dotlint.summary.model import Mark

_DEPLOYMENT = (
    strategy.strategy_section,
    strategy.gpus_section,
    strategy.stages_section,
    operators.operators_section,
    communication.communication_section,
    communication.sequence_section,
    operators.gates_section,
    operators.dimensions_section,
    operators.conventions_section,
)


def summarize(result: FileResult) -> Summary:
    """Summarise a file that could be read; raises `DotlintError` where there is no graph in it."""
    if result.context is None:
        raise DotlintError(f"{result.path}: {result.unreadable or 'the file has to be read anew'}")
    if not result.context.graphs:
        raise DotlintError(f"{result.path}: there is no graph in it")
    graphs = [_graph(result, context) for context in result.context.graphs]
    return Summary(result.path, result.verdict, graphs)


def _graph(result: FileResult, context: GraphContext) -> GraphSummary:
    ledger = Ledger(result, context)
    makers = _DEPLOYMENT if context.deployment.recognized else ()
    made = [maker(ledger) for maker in makers]
    sections = [_overview(result, ledger), *(s for s in made if s is not None)]
    sections.append(communication.validation_section(ledger))
    if context.deployment.recognized:
        sections.append(communication.completeness_section(ledger))
    rest = _rest(ledger)
    if rest is not None:
        sections.append(rest)
    return GraphSummary(context.graph.index, context.graph.name, tuple(s for s in sections if s.lines))


def _overview(result: FileResult, ledger: Ledger) -> Section:
    context = ledger.context
    graph, deployment = context.graph, context.deployment
    clusters = sum(1 for subgraph in graph.subgraphs if subgraph.is_cluster)
    edges = "more edges than are expanded" if graph.expansion_limited else count(len(graph.edges), "edge")
    sizes = [count(len(graph.nodes), "node"), edges]
    sizes += [count(clusters, "cluster")] if clusters else []
    lines = [fact("size", ", ".join(sizes))]
    if deployment.recognized:
        operators_ = len(deployment.operators)
        notes = len(deployment.readings) - operators_
        others = count(notes, "title, label or note", "titles, labels and notes")
        lines.append(fact("nodes", f"{count(operators_, 'operator')}, {others}"))
        if len(deployment.phases) > 1:
            shown = [f"{sum(1 for r in deployment.operators if r.phase == p)} in {p}" for p in deployment.phases]
            lines.append(fact("phases", f"{' and '.join(deployment.phases)}; operators: {', '.join(shown)}"))
    else:
        lines.append(fact("kind", "no deployment is recognised: only the graph itself is described"))
    tally = outline(result).tally
    mark: Mark = "holds" if result.verdict == "correct" else "fails"
    verdict = f"{result.verdict}: {tally}" if tally else result.verdict
    return Section("Overview", (*lines, Line(mark, "verdict", verdict)))


def _rest(ledger: Ledger) -> Section | None:
    """Tell the findings of rules that no line above has asked, so that nothing is kept back."""
    told = ledger.told.union(ledger.codes(strategy.EACH_STAGE))
    rest = [f for f in ledger.findings() if f.code not in told and f.section not in communication.WHOLE_SECTIONS]
    codes = sorted({finding.code for finding in rest})
    lines = tuple(ledger.counted(code, "", findings=[f for f in rest if f.code == code]) for code in codes)
    return Section("Other findings", lines) if lines else None
