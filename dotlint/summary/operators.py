"""The sections on operators, gates, dimensions and visual conventions."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.deployment.infer import infer
from dotlint.deployment.shards import ATTENTION, groups
from dotlint.engine.facts import flow_facts
from dotlint.report.tensors import axis_lines, flow_of, notation_lines
from dotlint.report.verdict import flow_words
from dotlint.summary.ledger import STRATEGY, fact
from dotlint.summary.model import SummarySection
from dotlint.text.english import count, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.summary.ledger import Ledger
    from dotlint.summary.model import Line

_KINDS = ("computation", "routing", "communication", "memory", "io")


def operators_section(ledger: Ledger) -> SummarySection:
    """Count the operators by role, and check how attention, tensor shards and experts are drawn."""
    return SummarySection("Operators", tuple(_operators(ledger)))


def _operators(ledger: Ledger) -> Iterator[Line]:
    deployment = ledger.context.deployment
    roles: dict[str, Counter[str]] = defaultdict(Counter)
    for reading in deployment.operators:
        if reading.role is not None:
            roles[reading.role.kind][reading.role.name] += 1
    for kind in _KINDS:
        if roles[kind]:
            names = [f"{number} {name}" for name, number in roles[kind].most_common()]
            yield fact(kind, f"{sum(roles[kind].values())}: {listed(names, 16)}")
    unknown = [r.name for r in deployment.operators if r.role is None and not r.summary]
    if unknown:
        yield fact("no known role", f"{count(len(unknown), 'operator')}: {quoted(unknown)}")
    if any(r.is_role("attention", "qkv", "query") for r in deployment.operators):
        yield ledger.decided("attention decomposed")
    yield from _shards(ledger)
    yield from _experts(ledger)
    yield from ledger.if_decided("residual additions")


def _needs(ledger: Ledger) -> str | None:
    return STRATEGY if ledger.context.strategy is None else None


def _shards(ledger: Ledger) -> Iterator[Line]:
    drawn: dict[str, Counter[int]] = defaultdict(Counter)
    for group in groups(ledger.context.deployment, *ATTENTION):
        if len(group.members) > 1:
            drawn[group.role][len(group.members)] += 1
    if not drawn:
        return
    text = "nodes per operator: " + listed([f"{role} {_numbers(numbers)}" for role, numbers in drawn.items()], 8)
    yield ledger.decided("shards of attention", text, needs=_needs(ledger))


def _numbers(numbers: Counter[int]) -> str:
    """Return how many there are in how many units: `2 in each of 5 units`."""
    if len(numbers) == 1:
        ((number, units),) = numbers.items()
        return f"{number} in each of {units} units" if units > 1 else str(number)
    return listed([f"{number} in {count(units, 'unit')}" for number, units in sorted(numbers.items())], 4)


def _experts(ledger: Ledger) -> Iterator[Line]:
    deployment = ledger.context.deployment
    experts = [r for r in deployment.operators if r.is_role("expert")]
    if not experts:
        return
    numbers = Counter(len(group.members) for group in groups(deployment, "expert"))
    covered = sorted({n for r in experts if r.experts for n in range(r.experts[0], min(r.experts[1], 1 << 20) + 1)})
    ids = f"; {len(covered)} experts named, {covered[0]} to {covered[-1]}" if len(covered) > 1 else ""
    whole = len(covered) < 2 or len(covered) == covered[-1] - covered[0] + 1
    ids += "" if whole else ", with gaps"
    text = f"{count(len(experts), 'node')} of experts: {_numbers(numbers)}{ids}"
    yield ledger.decided("expert groups", text, needs=_needs(ledger))
    yield from ledger.if_decided("expert ranges")


def gates_section(ledger: Ledger) -> SummarySection | None:
    """Check gates and routing: top-k, dashed edges, and the inputs of the experts."""
    deployment = ledger.context.deployment
    gates = [r for r in deployment.operators if r.is_role("gate", "route", "dispatch")]
    if not gates or not any(r.is_role("expert") for r in deployment.operators):
        return None
    lines: list[Line] = []
    kinds = Counter(r.role.name for r in gates if r.role)
    lines.append(fact("gates and routing", listed([f"{number} {name}" for name, number in kinds.most_common()], 4)))
    chosen = [e for r in gates for e in r.node.out_edges if deployment.readings[e.head.index].is_role("expert")]
    styles = [set(e.attributes.get("style", "").replace(",", " ").split()) for e in chosen]
    dashed = sum(1 for style in styles if style & {"dashed", "dotted"})
    if chosen:
        text = f"{dashed} of {count(len(chosen), 'edge')} from gate or routing to experts"
        lines.append(ledger.decided("dashed edges", text, counted=dashed == len(chosen)))
    else:
        lines.append(fact("dashed edges", "no edge leads from gate or routing to an expert"))
    top = infer(deployment, {}).model.get("top_k")
    if top is not None or ledger.findings("top-k"):
        lines.append(ledger.decided("top-k", top.because if top else "labels differ"))
    lines += ledger.if_decided("experts are fed hidden states")
    return SummarySection("Gate selection", tuple(lines))


def dimensions_section(ledger: Ledger) -> SummarySection | None:
    """Count the operators that state dimensions, and check these against each other and the model."""
    operators = [r for r in ledger.context.deployment.operators if not r.summary]
    if not operators:
        return None
    stated = {
        "input": sum(1 for r in operators if r.evidence.tensors.inputs or r.evidence.tensors.bare),
        "output": sum(1 for r in operators if r.evidence.tensors.outputs or r.evidence.tensors.bare),
    }
    lines: list[Line] = []
    for side, number in stated.items():
        text = f"{number} of {len(operators)} operators state them"
        lines.append(ledger.decided("dimensions", text, subject=f"{side} dimensions", counted=number == len(operators)))
    if any(stated.values()):
        first = next((r for r in operators if r.is_role("input") and r.states_dims), None)
        if first is not None:
            lines.append(fact("of the model's input", f"{_dims(first)} (`{first.name}`)"))
        lines += ledger.if_decided(
            "one name an axis, no size open",
            "equal along edges",
            "right for the operator's role",
            "right for the collective",
            "one token in decode",
            "tokens of an expert group",
            "heads make the hidden size",
        )
    return SummarySection("Dimensions", tuple(lines))


def _dims(reading: Reading) -> str:
    tensors = reading.evidence.tensors
    return f"[{(tensors.outputs or tensors.inputs or tensors.bare)[0].text}]"


def flow_section(ledger: Ledger) -> SummarySection | None:
    """State how far the tensors were followed, along which axes of the mesh, and what shapes state."""
    flow = flow_of(ledger.context)
    if flow is None or not flow.edges:
        return None
    lines = [ledger.counted("edges", flow_words(flow_facts([flow])), holds=len(flow.followed) == flow.edges or None)]
    lines += [fact("axis of the mesh", text) for text in axis_lines(flow)]
    lines += [fact("notation of shapes", text) for text in notation_lines(ledger.context.deployment, flow)]
    lines += ledger.if_decided("tensors fit their operators")
    return SummarySection("Tensor flow", tuple(lines))


def conventions_section(ledger: Ledger) -> SummarySection | None:
    """Check the shapes of each kind of operator."""
    deployment = ledger.context.deployment
    drawn: dict[str, Counter[str]] = defaultdict(Counter)
    for reading in deployment.operators:
        if reading.kind in deployment.vocabulary.shapes and reading.node.declared and not reading.summary:
            drawn[str(reading.kind)][reading.node.attributes.get("shape", "ellipse").lower()] += 1
    lines: list[Line] = []
    for kind, shapes in drawn.items():
        usual = set(deployment.vocabulary.shapes[kind])
        text = listed([f"{shape} {number}" for shape, number in shapes.most_common()], 6)
        lines.append(ledger.counted(f"shapes of {kind}", text, holds=set(shapes) <= usual))
    convention = "one convention throughout"
    if ledger.has_outcome(convention):
        mixed = any(len(shapes) > 1 for shapes in drawn.values())
        subject = "the usual shape of each kind" if mixed else None
        lines.append(ledger.decided(convention, subject=subject, counted=False if mixed else None))
    return SummarySection("Visual conventions", tuple(lines)) if lines else None
