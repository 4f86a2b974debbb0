"""The strategy file that `dotlint infer` writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dotlint.strategy.degrees import AXES
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.infer import Inference, PhaseInference


def strategy_file(inference: Inference, path: str) -> str:
    """Return the inferred strategy as TOML; comments give the evidence for each value."""
    lines = [f"# Strategy inferred from {one_line(path)}.", ""]
    for phase in inference.phases:
        named = f"[phases.{phase.name}]" if phase.name else "# one phase, which is the whole graph"
        lines += [named if phase.degrees or not phase.name else f"# {phase.name}"]
        lines += _phase_lines(phase)
        lines.append("")
    if inference.layout is not None:
        lines += ["[layout]", f"model = {json.dumps(inference.layout)}", ""]
    if inference.model:
        lines.append("[model]")
        lines += [f"{name} = {fact.value}  # {one_line(fact.because)}" for name, fact in inference.model.items()]
        lines.append("")
    lines += [f"# not written: {one_line(text)}" for text in inference.left_out]
    lines += [f"# contradiction: {one_line(text)}" for text in inference.contradictions]
    return "\n".join(lines).rstrip("\n") + "\n"


def _phase_lines(phase: PhaseInference) -> Iterable[str]:
    if not phase.degrees:
        yield "# no degree is stated or can be inferred"
        return
    axes = [axis for axis in AXES if axis in phase.degrees]
    spec = "".join(f"{axis}{phase.degrees[axis].value}" for axis in axes)
    at = f"@{phase.gpus}" if phase.gpus is not None and not phase.name and phase.gpus.last >= len(phase.gpus) else ""
    yield f"strategy = {json.dumps(spec + at)}"
    if phase.gpus is not None and phase.name:
        yield f"gpus = {json.dumps(str(phase.gpus))}"
    yield from (f"#   {axis} = {phase.degrees[axis].value}: {one_line(phase.degrees[axis].because)}" for axis in axes)
