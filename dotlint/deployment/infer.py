"""Infer the strategy that the labels of a file imply, node by node, and find contradictions to its headers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.deployment import axes
from dotlint.deployment.shards import MLP, groups, of_experts, one_layer_each
from dotlint.deployment.tensors.mesh import numbering_siblings, stated_degrees
from dotlint.strategy.gpus import GpuSet, union
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.shards import Group

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
    """What a graph implies: its phases, the layout model if known, facts of the model, and remarks, one line each.

    `contradictions` are headers that what is drawn contradicts, `left_out` what is implied but contradicts the rest.
    """

    phases: list[PhaseInference]
    model: dict[str, Implied]
    contradictions: list[str]
    layout: str | None = None
    left_out: list[str] = field(default_factory=list)


def infer(deployment: Deployment, declared: Mapping[str | None, Mapping[str, int]]) -> Inference:
    """Infer from what is drawn. `declared` are the degrees that headers state, by phase (None: for all phases)."""
    found = Inference([], _model(deployment), [])
    for name in deployment.phases:
        inside = [r for r in deployment.operators if r.phase == name]
        stated = {**declared.get(None, {}), **declared.get(name, {})}
        phase = PhaseInference(name, _drawn(deployment, name, inside, declared=bool(stated)))
        sets = [r.gpus for r in inside if r.gpus and not r.is_role("kv-transfer")]  # which is on those of both phases
        phase.gpus = union(sets) if sets else None
        for axis, value in stated.items():
            drawn = phase.degrees.get(axis)
            shards = (
                value // max(1, stated.get("dpa", 1)) if axis == "tp" else value
            )  # data-parallel attention has fewer
            if drawn is not None and drawn.value not in {value, shards}:
                found.contradictions.append(
                    f"{name or 'the graph'}: a header declares {axis.upper()}={value}, but {drawn.because}"
                )
            phase.degrees[axis] = Implied(value, "stated in the file")
        found.phases.append(phase)
    return found


def _drawn(deployment: Deployment, phase: str, inside: list[Reading], *, declared: bool) -> dict[str, Implied]:
    """Return the degrees that are drawn; a guess from the number of GPUs only if no header declares the phase."""
    degrees: dict[str, Implied] = {}
    stages = [stage for stage, unit in deployment.units.get(phase, {}).items() if unit.operators or unit.headers]
    if stages:
        number = max(stages) + 1
        degrees["pp"] = Implied(number, f"{number} stages are drawn")
    replicas = {r.replica for r in inside if r.replica is not None}
    if len(replicas) > 1:
        degrees["dp"] = Implied(len(replicas), f"{len(replicas)} replicas are drawn")
    found = [g for g in groups(deployment, *_SHARDED) if g.phase == phase and one_layer_each(deployment, g)]
    whole = [g for g in found if g.role not in MLP or not of_experts(deployment, g)]
    widest = {axis: max((n for r in inside if (n := _size(r, axis))), default=0) for axis in ("batch", "seq")}
    divided = [
        (_divided_axis(g, widest), drawn[0], "MLP" if g.role in MLP else "attention")
        for g in whole
        if (drawn := g.ranks())
    ]
    for axis, text in _DIVIDED.items():
        for what in ("attention", "MLP"):
            ranks = _most_common(n for of, n, kind in divided if (of, kind) == (axis, what) and n > 1)
            if ranks is not None and axis not in degrees:
                degrees[axis] = Implied(ranks, text.format(what, ranks))
    whole_on = _most_common(len(r.gpus) for r in inside if r.is_role(*_SHARDED) and r.own_gpus and r.gpus)
    if whole_on and whole_on > 1 and "tp" not in degrees and not declared:
        degrees["tp"] = Implied(whole_on, f"attention or MLP is drawn once for {whole_on} GPUs")
    experts = [g for g in groups(deployment, "expert") if g.phase == phase and one_layer_each(deployment, g)]
    parts = _most_common(_expert_ranks(g) for g in experts)
    if parts and parts > 1:
        degrees["ep"] = Implied(parts, f"experts form {parts} groups in a unit")
    splits: dict[str, list[int]] = defaultdict(list)
    for reading in inside:
        if reading.is_role("sequence-split"):
            splits[_split_axis(reading)].append(_ratio(reading))
    for axis, ratios in splits.items():
        split = _most_common(ratios)
        if axis and split and split > 1:
            degrees[axis] = Implied(split, f"a sequence split divides the sequence by {split}")
    return degrees


_SHARDED = ("qkv", "query", "attention", *MLP)
_DIVIDED = {
    "tp": "{} has {} shards in a unit",
    "dp": "{} is drawn {} times in a unit, each for its part of the batch or for all heads",
    "sp": "{} has {} parts of the sequence in a unit",
}


def _divided_axis(group: Group, widest: Mapping[str, int]) -> str:
    """Return the degree that the members of a group count: tensor shards, parts of the batch or of the sequence.

    `widest` are the largest sizes of these axes in the phase.
    """
    number = len(group.members)
    named = set(numbering_siblings(group.members))
    if len(named) == 1:
        return named.pop()
    first = group.members[0].evidence.tensors
    pairs = [(first.inputs[0], first.outputs[0])] if first.inputs and first.outputs else []
    widths = [(axes.size(one, "hidden"), axes.size(two, "heads"), axes.size(two, "head-dim")) for one, two in pairs]
    if any(whole and n and d and n * d * number == whole for whole, n, d in widths):
        return "tp"
    for axis, degree in (("batch", "dp"), ("seq", "sp")):
        own = {_size(r, axis) for r in group.members}
        part = own.pop() if len(own) == 1 else None
        if part and part * number == widest[axis]:
            return degree
    whole_heads = any(h and n and d and n * d == h for h, n, d in widths)
    return "dp" if whole_heads and group.placed and group.disjoint and number == len(group.gpu_sets) else "tp"


def _size(reading: Reading, axis: str) -> int | None:
    tensors = reading.evidence.tensors
    stated = (*tensors.inputs, *tensors.bare, *tensors.outputs)
    return next((n for dims in stated if (n := axes.size(dims, axis)) is not None), None)


def _expert_ranks(group: Group) -> int:
    """Return how many parts the experts are in; several operators that state the same experts are shards of one part."""
    stated = Counter(reading.experts for reading in group.members)
    if None not in stated and min(stated.values()) > 1 and len(set(stated.values())) == 1:
        return len(stated)
    if group.placed and len(group.gpu_sets) > 1:
        sets = len(group.gpu_sets)
        names = [reading.evidence.name for reading in group.members]
        shards = {name.numbers[at] for at in group.varying if names[0].words[at] == "etp" for name in names}
        return sets // len(shards) if shards and sets % len(shards) == 0 else sets
    return len(set((group.experts() or {}).values())) or len(group.members)


def _split_axis(reading: Reading) -> str:
    """Return the degree that a split of the sequence counts, by its label; "" if it divides it along several axes."""
    stated = [axis for line in reading.evidence.lines for axis in stated_degrees(line) if axis in {"sp", "cp"}]
    return "sp" if not stated else stated[0] if len(set(stated)) == 1 else ""


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
