"""The output of a phase that has none, written as another phase's output is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.deployment.gpus_and_dims import read_tensors
from dotlint.edits.copying import respelled
from dotlint.edits.statement import id_text
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.deployment.gpus_and_dims import Dims
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.patterns.stage_plan import StagePlan

_BREAK = regex(r"(\\[nlr]|\r?\n)")
_BRACKET = regex(r"\[[^\[\]]*\]")


def output_statement(text: str, deployment: Deployment, plan: StagePlan) -> str:
    """Write the statement that declares `plan.new_output`, without its `;`.

    Attributes are those of another phase's output, else of the phase's input. Dimensions are the phase's own:
    what its input states, where the other phase's output has those of its input; else they are left out.
    """
    assert plan.new_output is not None
    other = _end(deployment, "output", lambda phase: phase != plan.phase)
    model = other or _end(deployment, "input", lambda phase: phase == plan.phase)
    if model is None or not model.node.statements:
        return f'{id_text(plan.new_output)} [label="Output"]'
    statement = model.node.statements[-1]
    if len(statement.nodes) != 1:
        return f'{id_text(plan.new_output)} [label="Output"]'
    written = text[statement.start : statement.core_end]
    label = next((a for a in statement.attributes if a.name.value == "label"), None)
    own = statement.nodes[0].id
    if label is not None and label.value.html and (model.evidence.tensors.inputs or model.evidence.tensors.outputs):
        return f'{id_text(plan.new_output)} [label="Output"]'
    if label is not None:
        raw = _label(label.value.raw, deployment, plan, model, as_output=other is not None)
        written = written[: label.value.start - statement.start] + raw + written[label.value.end - statement.start :]
    return respelled(own, plan.new_output) + written[own.end - statement.start :]


def _label(raw: str, deployment: Deployment, plan: StagePlan, model: Reading, *, as_output: bool) -> str:
    own = _end(deployment, "input", lambda phase: phase == plan.phase)
    if not as_output:
        return re.sub(
            "input(?!:)",
            lambda m: "OUTPUT" if m[0].isupper() else "Output",
            raw,
            count=1,
            flags=re.IGNORECASE,
        )
    if plan.phase:
        raw = _in_phase(raw, model, plan.phase)
    source = _end(deployment, "input", lambda phase: phase == model.phase)
    given = model.evidence.tensors.inputs + model.evidence.tensors.outputs
    if not given:
        return raw
    stated = own.evidence.tensors.outputs[0].text if own and source and _same(own, source, given) else None
    pieces = _BREAK.split(raw[1:-1])
    written = pieces[0]
    for brk, line in zip(pieces[1::2], pieces[2::2], strict=True):
        tensors = read_tensors([line.strip()])
        if not (tensors.inputs or tensors.outputs):
            written += brk + line
        elif stated is not None:
            written += brk + _BRACKET.sub(lambda _: f"[{stated}]", line)
    return f'"{written}"'


def _in_phase(raw: str, model: Reading, phase: str) -> str:
    """Name the phase in a label: in place of the model's where it names that, else at its start."""
    first, words, last = (raw[0], raw[1:-1], raw[-1]) if raw[0] in '"<' else ('"', raw, '"')
    cases = {str.upper: model.evidence.title.isupper(), str.lower: model.evidence.title.islower()}
    write = next((case for case, fits in cases.items() if fits), str.capitalize)
    named = re.search(rf"(?<!(?-i:[A-Za-z])){re.escape(model.phase or '')}(?!(?-i:[A-Za-z]))", words, re.IGNORECASE)
    if model.phase and named:
        return f"{first}{words[: named.start()]}{write(phase)}{words[named.end() :]}{last}"
    return f"{first}{write(phase)} {words}{last}"


def _same(own: Reading, source: Reading, given: tuple[Dims, ...]) -> bool:
    """Whether the model's output has the dimensions of its input, and the phase states those of its own."""
    passed = source.evidence.tensors.outputs
    return bool(own.evidence.tensors.outputs) and bool(passed) and all(d.sizes == passed[0].sizes for d in given)


def _end(deployment: Deployment, role: str, phase: Callable[[str | None], bool]) -> Reading | None:
    return next((r for r in deployment.operators if r.is_role(role) and r.stage is None and phase(r.phase)), None)
