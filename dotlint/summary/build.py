"""Build the summary of a file from its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.errors import DotlintError
from dotlint.report.outline import outline
from dotlint.summary import communication, operators, strategy
from dotlint.summary.ledger import Ledger, fact
from dotlint.summary.model import GraphSummary, Line, Summary, SummarySection
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from dotlint.engine.context import GraphContext
    from dotlint.engine.result import FileResult
    from dotlint.summary.model import LineMark

_DEPLOYMENT = (
    strategy.strategy_section,
    strategy.gpus_section,
    strategy.stages_section,
    operators.operators_section,
    communication.communication_section,
    communication.sequence_section,
    operators.gates_section,
    operators.dimensions_section,
    operators.flow_section,
    operators.conventions_section,
)


def summarize(result: FileResult) -> Summary:
    """Return the summary of a file. Raises `DotlintError` if it could not be read or has no graph."""
    if result.context is None:
        raise DotlintError(f"{result.path}: {result.unreadable or 'a slim result has no graph'}")
    if not result.context.graphs:
        raise DotlintError(f"{result.path}: the file has no graph")
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


def _overview(result: FileResult, ledger: Ledger) -> SummarySection:
    context = ledger.context
    graph, deployment = context.graph, context.deployment
    clusters = sum(1 for subgraph in graph.subgraphs if subgraph.is_cluster)
    edges = "too many edges to expand" if graph.expansion_limited else count(len(graph.edges), "edge")
    sizes = [count(len(graph.nodes), "node"), edges]
    sizes += [count(clusters, "cluster")] if clusters else []
    lines = [fact("size", ", ".join(sizes))]
    if deployment.recognized:
        operators_ = len(deployment.operators)
        annotations = count(len(deployment.readings) - operators_, "annotation")
        lines.append(fact("nodes", f"{count(operators_, 'operator')}, {annotations}"))
        if len(deployment.phases) > 1:
            per_phase = [f"{sum(1 for r in deployment.operators if r.phase == p)} in {p}" for p in deployment.phases]
            lines.append(fact("phases", f"{' and '.join(deployment.phases)}; operators: {', '.join(per_phase)}"))
    else:
        why = listed(deployment.recognition.objections)
        lines.append(fact("kind", f"no deployment is recognized ({why}); only the graph itself is described"))
    report = outline(result)
    marks: dict[str, LineMark] = {"correct": "holds", "warned": "fact"}
    words = " · ".join(
        text for text in (", ".join(filter(None, (report.verdict, report.caveat))), report.tally) if text
    )
    return SummarySection("Overview", (*lines, Line(marks.get(report.kind, "fails"), "verdict", words)))


def _rest(ledger: Ledger) -> SummarySection | None:
    """Return a section with the findings that no other line reports."""
    reported = ledger.reported.union(ledger.codes(strategy.EACH_STAGE))
    rest = [f for f in ledger.findings() if f.code not in reported and f.section not in communication.WHOLE_SECTIONS]
    codes = sorted({finding.code for finding in rest})
    lines = tuple(ledger.counted(code, "", findings=[f for f in rest if f.code == code]) for code in codes)
    return SummarySection("Other findings", lines) if lines else None
