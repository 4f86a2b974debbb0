"""What hovers show of nodes: the role, stage, GPUs and tensors inferred for each, the evidence, and its findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.report.tensors import flow_of, node_lines
from dotlint.server.messages import NodeFacts, NodePages
from dotlint.text.display import one_line
from dotlint.text.english import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.deployment.tensors.model import Flow
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult

_PER_MESSAGE: Final = 500
_MOST_ENDS: Final = 6
_MOST_REASONS: Final = 3
_MOST_FINDINGS: Final = 8


def node_pages(result: FileResult) -> Iterator[NodePages]:
    """Yield the facts of all nodes, in groups."""
    assert result.context is not None
    by_node: dict[tuple[int, str], list[Finding]] = {}
    for finding in result.findings:
        names = dict.fromkeys((*finding.nodes, *(name for pair in finding.missing_edges for name in pair)))
        for name in names:
            by_node.setdefault((finding.graph, name), []).append(finding)
    first, facts = 0, []
    for context in result.context.graphs:
        flow = flow_of(context)
        for name in context.graph.nodes:
            found = by_node.get((context.graph.index, name), [])
            facts.append(_node_facts(context, flow, context.deployment.by_name[name], found))
            if len(facts) == _PER_MESSAGE:
                yield NodePages(first, tuple(facts))
                first, facts = first + len(facts), []
    if facts:
        yield NodePages(first, tuple(facts))


def _node_facts(context: GraphContext, flow: Flow | None, reading: Reading, found: Sequence[Finding]) -> NodeFacts:
    recognized, node = context.deployment.recognized, reading.node
    rows = [
        *(_inferred(context, reading) if recognized else ()),
        *_ends("fed by", (edge.tail.name for edge in node.in_edges)),
        *_ends("feeds", (edge.head.name for edge in node.out_edges)),
    ]
    return NodeFacts(
        reading.name,
        tuple((title, one_line(text)) for title, text in rows),
        tuple(one_line(line, 300) for line in node_lines(flow, reading)),
        tuple(one_line(why, 200) for why in reading.why[:_MOST_REASONS]) if recognized else (),
        tuple((f.code, f.severity, one_line(f.message, 300)) for f in found[:_MOST_FINDINGS]),
    )


def _inferred(context: GraphContext, reading: Reading) -> Iterator[tuple[str, str]]:
    deployment = context.deployment
    if reading.annotation or reading.summary:
        yield "kind", "annotation" if reading.annotation else "summary of other operators"
    else:
        role = reading.role.name if reading.role else "unknown"
        yield "role", f"{role} ({reading.kind})" if reading.kind and reading.kind != role else role
    if reading.phase:
        yield "phase", reading.phase
    if reading.stage is not None:
        yield "stage", str(deployment.stage_number(reading.stage))
    numbers = [
        ("layer", reading.layer),
        ("replica", reading.replica),
        ("batch", reading.micro_batch),
        ("step", reading.step),
        ("shard", reading.shard),
    ]
    yield from ((title, str(number)) for title, number in numbers if number is not None)
    if reading.gpus:
        yield "GPUs", str(reading.gpus)
    if reading.experts:
        yield "experts", "{}-{}".format(*reading.experts)


def _ends(title: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    ends = list(dict.fromkeys(names))
    if ends:
        yield title, quoted(ends, _MOST_ENDS)
