"""Infer the strategy that the labels of a file imply, node by node, and find contradictions to its headers."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.deployment.shards import groups, one_layer_each
from dotlint.strategy.gpus import GpuSet, union
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotlint.deployment.model import Deployment, Reading

_TOP = regex(r"\btop[\s_-]?(\d+)\b", re.IGNORECASE)
_AXES = {
    "batch": ("batch", "batch_size", "b", "bs"),
    "seq": ("seq", "seq_len", "sequence", "s", "l", "tokens"),
    "hidden": ("hidden", "hidden_size", "hidden_dim", "d_model", "dim", "h", "d", "token_dim"),
    "heads": ("heads", "num_heads", "n_heads"),
}


class Implied(Struct, frozen=True):
    """A figure that the file implies: its `value` and how it was derived."""

    value: int
    because: str


class PhaseInference(Struct):
    """What the file implies for one phase; an axis without any indication is not in `degrees`."""

    name: str
    degrees: dict[str, Implied] = field(default_factory=dict)
    gpus: GpuSet | None = None


class Inference(Struct):
    """What a graph implies: its phases, facts of the model, and contradictions, one line each."""

    phases: list[PhaseInference]
    model: dict[str, Implied]
    contradictions: list[str]


def infer(deployment: Deployment, declared: Mapping[str | None, Mapping[str, int]]) -> Inference:
    """Infer from what is drawn. `declared` are the degrees that headers state, by phase (None: for all phases)."""
    found = Inference([], _model(deployment), [])
    for name in deployment.phases:
        inside = [r for r in deployment.operators if r.phase == name]
        phase = PhaseInference(name, _drawn(deployment, name, inside))
        sets = [r.gpus for r in inside if r.gpus]
        phase.gpus = union(sets) if sets else None
        for axis, value in {**declared.get(None, {}), **declared.get(name, {})}.items():
            drawn = phase.degrees.get(axis)
            if drawn is not None and drawn.value != value:
                found.contradictions.append(
                    f"{name or 'the graph'}: a header declares {axis.upper()}={value}, but {drawn.because}"
                )
            phase.degrees[axis] = Implied(value, "stated in the file")
        found.phases.append(phase)
    return found


def _drawn(deployment: Deployment, phase: str, inside: list[Reading]) -> dict[str, Implied]:
    degrees: dict[str, Implied] = {}
    stages = [stage for stage, unit in deployment.units.get(phase, {}).items() if unit.operators or unit.headers]
    if stages:
        number = max(stages) + 1
        degrees["pp"] = Implied(number, f"{number} stages are drawn")
    shards = _most_common(
        len(g.members)
        for g in groups(deployment, "qkv", "query", "attention")
        if g.phase == phase and one_layer_each(deployment, g)
    )
    if shards and shards > 1:
        degrees["tp"] = Implied(shards, f"attention has {shards} shards in a unit")
    experts = [g for g in groups(deployment, "expert") if g.phase == phase and one_layer_each(deployment, g)]
    parts = _most_common((len(g.gpu_sets) if g.placed and len(g.gpu_sets) > 1 else len(g.members)) for g in experts)
    if parts and parts > 1:
        degrees["ep"] = Implied(parts, f"experts form {parts} groups in a unit")
    split = _most_common(_ratio(r) for r in inside if r.is_role("sequence-split"))
    if split and split > 1:
        degrees["sp"] = Implied(split, f"a sequence split divides the sequence by {split}")
    return degrees


def _ratio(reading: Reading) -> int:
    tensors = reading.evidence.tensors
    if not tensors.inputs or not tensors.outputs:
        return 0
    before, after = tensors.inputs[0].size(*_AXES["seq"]), tensors.outputs[0].size(*_AXES["seq"])
    return before // after if before and after and before % after == 0 else 0


def _most_common(values: Iterable[int]) -> int | None:
    counted = Counter(value for value in values if value)
    return counted.most_common(1)[0][0] if counted else None


def _model(deployment: Deployment) -> dict[str, Implied]:
    facts: dict[str, Implied] = {}
    layers = [unit.layers for units in deployment.units.values() for unit in units.values() if unit.layers]
    numbers = {n for low, high in layers for n in range(low, min(high, low + 10_000) + 1)}
    numbers |= {r.layer_index for r in deployment.operators if r.layer_index is not None}
    if numbers and len(numbers) == max(numbers) - min(numbers) + 1:
        facts["layers"] = Implied(len(numbers), f"layers {min(numbers)} to {max(numbers)} are named")
    covered = {n for r in deployment.operators if r.experts for n in range(r.experts[0], r.experts[1] + 1)}
    if covered and len(covered) == max(covered) - min(covered) + 1:
        facts["experts"] = Implied(len(covered), f"experts {min(covered)} to {max(covered)} are named")
    tops = {int(m[1]) for r in deployment.operators for line in r.evidence.lines for m in _TOP.finditer(line)}
    if len(tops) == 1:
        top = tops.pop()
        facts["top_k"] = Implied(top, f"a label states top-{top}")
    first = next((r for r in deployment.operators if r.is_role("input") and r.states_dims), None)
    if first is not None:
        tensors = first.evidence.tensors
        dims = (tensors.outputs or tensors.inputs or tensors.bare)[0]
        for fact, keys in _AXES.items():
            size = dims.size(*keys)
            if size is not None:
                facts[fact] = Implied(size, f"`{first.name}` states it")
    return facts
