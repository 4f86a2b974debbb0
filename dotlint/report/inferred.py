"""The output of `dotlint explain`: the description of one node or of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.engine.facts import flow_facts
from dotlint.errors import DotlintError
from dotlint.report.numbers import number_lines
from dotlint.report.tensors import flow_of, graph_lines, node_lines
from dotlint.report.verdict import flow_words
from dotlint.text.display import one_line
from dotlint.text.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.engine.context import GraphContext
    from dotlint.engine.result import FileResult


def page(result: FileResult, node: str | None, name: str) -> str:
    """Return the description of a node, or of the file if `node` is None.

    Raises `DotlintError` if the file has no such node; `name` is that of the file in the message.
    """
    assert result.context is not None
    graphs = result.context.graphs
    if node is None:
        return file_page(result, graphs)
    for graph in graphs:
        reading = graph.deployment.by_name.get(node)
        if reading is not None:
            return node_page(result, graph, reading)
    near = suggestion(node, [name for graph in graphs for name in graph.graph.nodes])
    raise DotlintError(f"{name}: no node `{node}`{near}")


def node_page(result: FileResult, context: GraphContext, reading: Reading) -> str:
    """Return the role, stage and GPUs inferred for a node, the evidence, and the findings about it.

    `result.findings` are searched for those that name the node.
    """
    deployment, evidence = context.deployment, reading.evidence
    node = reading.node
    position = result.document.source.position(node.statements[0].start if node.statements else node.start)
    lines = [f"{one_line(node.name)}  ({one_line(result.path, 4096)}:{position.line})", ""]
    rows = [
        (
            "kind",
            "annotation"
            if reading.annotation
            else "summary"
            if reading.summary
            else reading.kind or "operator of unknown role",
        ),
        ("role", reading.role.name if reading.role else "-"),
        ("phase", reading.phase or ("shared" if reading.phase is None else "-")),
        ("stage", "-" if reading.stage is None else str(deployment.stage_number(reading.stage))),
        ("layer", "-" if reading.layer is None else str(reading.layer)),
        *(
            (name, str(number))
            for name, number in (
                ("replica", reading.replica),
                ("batch", reading.micro_batch),
                ("step", reading.step),
                ("shard", reading.shard),
            )
            if number is not None
        ),
        ("GPUs", str(reading.gpus) if reading.gpus else _gpus_without_ids(reading)),
        ("experts", "{}-{}".format(*reading.experts) if reading.experts else "-"),
        ("input", "; ".join(dims.text for dims in evidence.tensors.inputs) or "-"),
        ("output", "; ".join(dims.text for dims in evidence.tensors.outputs) or "-"),
        ("fed by", ", ".join(dict.fromkeys(edge.tail.name for edge in node.in_edges)) or "-"),
        ("feeds", ", ".join(dict.fromkeys(edge.head.name for edge in node.out_edges)) or "-"),
    ]
    lines += [f"  {name:<8} {one_line(text)}" for name, text in rows]
    tensors = node_lines(flow_of(context), reading)
    lines += ["", "tensors", *(f"  {one_line(line)}" for line in tensors)] if tensors else []
    if reading.why:
        lines += ["", "because", *(f"  {one_line(why)}" for why in reading.why)]
    numbers = number_lines(deployment, node.index)
    lines += ["", "numbers", *(f"  {line}" for line in numbers)] if numbers else []
    lines += ["", *_recognition(deployment)]
    about = [f for f in result.findings if node.name in f.nodes or any(node.name in pair for pair in f.missing_edges)]
    if about:
        lines += ["", "findings", *(f"  {f.code} {f.severity}: {one_line(f.message)}" for f in about)]
    return "\n".join(lines) + "\n"


def file_page(result: FileResult, contexts: Iterable[GraphContext]) -> str:
    """Return what was decided for each graph of a file: whether it is a deployment, its numbers and its tensors."""
    lines = [one_line(result.path, 4096)]
    for context in contexts:
        deployment, flow = context.deployment, flow_of(context)
        lines += ["", *_recognition(deployment)]
        numbers = number_lines(deployment)
        lines += ["", "numbers", *(f"  {line}" for line in numbers)] if numbers else []
        if flow is not None:
            lines += [
                "",
                "tensors",
                f"  flow: {flow_words(flow_facts([flow]))}",
                *(f"  {x}" for x in graph_lines(deployment, flow)),
            ]
        lines += [f"not understood: {one_line(text)}" for text in deployment.unread_devices]
    return "\n".join(lines) + "\n"


def _recognition(deployment: Deployment) -> list[str]:
    found = deployment.recognition
    title = "the graph is a deployment" if found.recognized else "the graph is not a deployment"
    evidence = [*(f"for: {text}" for text in found.reasons), *(f"against: {text}" for text in found.objections)]
    return [title, *(f"  {one_line(text)}" for text in evidence)]


def _gpus_without_ids(reading: Reading) -> str:
    gpus = reading.evidence.gpus
    if gpus is None:
        return "-"
    if gpus.count is not None:
        return f"{gpus.count} GPUs, ids not stated"
    if gpus.unread is not None:
        return f"not understood: {gpus.unread}"
    return f"ids not stated: {gpus.vague}" if gpus.vague else "host" if gpus.host else "-"
