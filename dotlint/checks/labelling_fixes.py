"""C004 and P001: what labels say of pipeline transfers and of the strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks.devices_fixes import label_of_block
from dotlint.deployment.words import number_spans
from dotlint.edits.attributes import set_attribute
from dotlint.edits.edge_attributes import moved_label
from dotlint.engine.finding import Edit, Fix
from dotlint.strategy.declarations import rank_axes, read_declarations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotlint.edits.fix_context import Writers
    from dotlint.engine.finding import Finding
    from dotlint.graph.model import Edge

Span = tuple[int, int]


def pipeline_labels(writers: Writers, finding: Finding) -> Fix | str:
    """C004: label the edges between two stages, in the words of those that are labelled."""
    from dotlint.checks.transfers import crossing_edges, draws_one_edge  # noqa: PLC0415 - imports this room

    deployment = writers.deployment
    links = crossing_edges(writers.context)
    spans = {(location.start, location.end) for location in finding.locations}
    edges = [edge for edge in links.unmarked if (edge.start, edge.end) in spans]
    tail, head = (deployment.readings[node.index].stage for node in (edges[0].tail, edges[0].head))
    if tail is None or head is None or head != tail + 1:
        return "the edge does not go from a stage to the next"
    edits: list[Edit] = []
    for edge in edges:
        if len(edge.statements) > 1 or not draws_one_edge(edge):
            return "a label of a chain or of a set would be another edge's too"
        numbers = deployment.stage_number(tail), deployment.stage_number(head)
        label = _worded(writers, links.marked, tail, head)
        label = label or f"pipeline: stage {numbers[0]} to {numbers[1]}"
        edits.append(set_attribute(writers.text, edge.statement, "label", label))
    return Fix("safe", tuple(edits))


def _worded(writers: Writers, marked: list[Edge], tail: int, head: int) -> str | None:
    """Give the label of the nearest link of the same length, with this one's stage numbers; None where there is none."""
    deployment = writers.deployment
    shown: list[tuple[int, str]] = []
    for other in marked:
        one, two = deployment.readings[other.tail.index].stage, deployment.readings[other.head.index].stage
        said = other.attribute("label")
        if one is None or two is None or two - one != head - tail or said is None or said.value.html:
            continue
        label = said.value.value
        if one != tail and number_spans(label):
            moved = moved_label(deployment, label, one, tail)
            label = "" if moved is None or moved == label else moved
        if label:
            shown.append((abs(one - tail), label))
    return min(shown)[1] if shown else None


def header(writers: Writers, finding: Finding) -> Fix | str:
    """P001: write the declared degrees and total into the text that states others."""
    context = writers.context
    ranks = rank_axes([writers.text[: 1 << 20]])
    found: dict[Span, int] = {}
    for declaration in context.file.declarations:
        if (declaration.start, declaration.end) != (finding.start, finding.end):
            continue
        if declaration.where in {"the file's name", "the graph's name"}:
            return f"{declaration.where} says it: rename it"
        phase = context.phase(declaration.phase or context.deployment.phases[0])
        place = _place(writers, declaration.where, (declaration.start, declaration.end))
        if phase is None or place is None:
            continue
        start, end = place
        for said in read_declarations(writers.text[start:end], ranks=ranks):
            if {m.axis: m.value for m in said.terms} != declaration.degrees or said.phase != declaration.phase:
                continue
            for m in said.terms:
                if m.value != phase.degrees.get(m.axis):
                    found[start + m.number_start, start + m.number_end] = phase.degrees.get(m.axis)
            totals = {phase.total, phase.total // max(1, phase.degrees.dp)}
            if said.total is not None and said.total.value not in totals:
                found[start + said.total.number_start, start + said.total.number_end] = phase.total
    return Fix("unsafe", tuple(_numbers(found))) if found else "where it says so is not certain"


def _numbers(found: Mapping[Span, int]) -> Iterator[Edit]:
    for (start, end), number in sorted(found.items()):
        yield Edit(start, end, str(number))


def _place(writers: Writers, where: str, span: Span) -> Span | None:
    """Give the place of the text that declares something: a comment or a node's label as they stand, else a label."""
    graph = writers.context.graph
    if where == "the comment" or where.startswith("header "):
        return span
    subgraph = next((s for s in graph.subgraphs if s.start == span[0]), None)
    blocks = [graph.statement] if where == "the graph's label" else subgraph.statements if subgraph else []
    attribute = label_of_block(blocks)
    return (attribute.value.start, attribute.value.end) if attribute else None
