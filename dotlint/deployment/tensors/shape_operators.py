"""Shapes through operators: where an operator changes its tensor in another way than its role does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment import axes
from dotlint.deployment.stated_dims import one_in_one_out
from dotlint.deployment.tensors.shape_gates import gate_error
from dotlint.deployment.tensors.shape_notation import global_phases
from dotlint.deployment.tensors.shape_rules import has_one_role, phase_of, shape_rule

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.shapes import Dims
    from dotlint.strategy import ModelFacts, Strategy


class ShapedOperators(Struct):
    """What operators do to shapes: the broken rule of those that contradict their role, and how many do not."""

    wrong: dict[int, str]
    checked: int
    collectives: dict[str, list[Reading]]
    right: int


def compare_operators(deployment: Deployment, strategy: Strategy | None, model: ModelFacts | None) -> ShapedOperators:
    """Compare input and output of each operator that states them with what its role does."""
    found = ShapedOperators({}, 0, {"all-reduce": [], "all-gather": []}, 0)
    for reading in deployment.operators:
        tensors = reading.evidence.tensors
        if not (tensors.inputs and tensors.outputs):
            continue
        kind = reading.role.communicates if reading.role else None
        if kind in found.collectives:
            _compare_collective(deployment, found, reading, kind)
        changes = shape_rule(deployment, reading).changes
        if changes is None or kind == "all-reduce" or reading.summary or not has_one_role(deployment, reading):
            continue
        found.checked += 1
        problem = _broken_rule(deployment, strategy, model, reading, changes)
        if problem:
            found.wrong[reading.node.index] = problem
    return found


def _compare_collective(deployment: Deployment, found: ShapedOperators, reading: Reading, kind: str) -> None:
    """Compare a collective with its kind.

    An all-reduce sums tensors of one shape; an all-gather concatenates shards along one axis (NCCL user guide,
    Collective operations). Where labels state whole tensors, it changes nothing.
    """
    tensors = reading.evidence.tensors
    if len(tensors.inputs) != 1 or len(tensors.outputs) != 1:
        return
    change = axes.change(tensors.inputs[0], tensors.outputs[0])
    if change is None or not (change.parts or change.whole):
        return
    if kind == "all-gather" and not change.parts and reading.phase in global_phases(deployment):
        return
    if bool(change.parts) == (kind == "all-reduce"):
        found.collectives[kind].append(reading)
    else:
        found.right += 1


def _broken_rule(
    deployment: Deployment, strategy: Strategy | None, model: ModelFacts | None, reading: Reading, changes: str
) -> str | None:
    """Return the rule of the role that the operator breaks; None if it breaks none or that cannot be decided."""
    if changes == "nothing":
        return _preservation_error(reading)
    pair = one_in_one_out(reading)
    if pair is None:
        return None
    before, after = pair
    match changes:
        case "split-sequence" | "gather-sequence":
            if reading.phase in global_phases(deployment):
                return None
            return _sequence_error(strategy, reading, before, after, split=changes == "split-sequence")
        case "gather" | "scatter":
            if changes == "scatter" and reading.phase in global_phases(deployment):
                return None
            return _axis_error(before, after, grows=changes == "gather")
        case "project":
            return _feature_error(strategy, reading, before, after)
        case _:
            return gate_error(deployment, strategy, model, reading, pair)


def _preservation_error(reading: Reading) -> str | None:
    tensors = reading.evidence.tensors
    if len(tensors.outputs) != 1:
        return None
    changes = [axes.change(before, tensors.outputs[0]) for before in tensors.inputs]
    if any(found is None or not found.parts for found in changes):
        return None
    kind = "a norm" if reading.is_role("norm") else "a residual add"
    return f"{kind} preserves its dimensions"


def _sequence_error(
    strategy: Strategy | None, reading: Reading, before: Dims, after: Dims, *, split: bool
) -> str | None:
    own, found = phase_of(strategy, reading), axes.change(before, after)
    every = strategy.phases if strategy else ()
    # Whatever phase it is of, it divides by a degree of one of them.
    phases = [phase for phase in ([own] if own else every) if not phase.assumed]
    if found is None or not (found.parts or found.whole):
        return None
    ways = {n for p in phases for n in (p.degrees.sp, p.degrees.cp, p.degrees.sp * p.degrees.cp)} - {1}
    ways |= {p.degrees.tp for p in phases if p.layout.sp == "megatron" or p.layout.preset is not None}
    if not ways:
        return None
    parts = [p for p in found.parts if p[0] == "seq" or (p[0] == "axis 1" and len(after.values) == 3)]
    fine = (
        len(found.parts) == 1
        and parts
        and any((a == b * n) if split else (b == a * n) for _, a, b in parts for n in ways)
    )
    if fine or (found.parts and not parts):
        return None
    sp = max(ways)
    return (
        f"a sequence split divides the sequence by SP={sp}"
        if split
        else f"a sequence gather multiplies the sequence by SP={sp}"
    )


def _axis_error(before: Dims, after: Dims, *, grows: bool) -> str | None:
    found = axes.change(before, after)
    if found is None or (not found.parts and (grows or not found.whole)):
        return None  # another rule reports an all-gather that changes nothing
    if len(found.parts) == 1:
        _, a, b = found.parts[0]
        small, large = (a, b) if grows else (b, a)
        if large > small and large % small == 0:
            return None
    return "an all-gather multiplies one axis" if grows else "a reduce-scatter divides one axis"


def _feature_error(strategy: Strategy | None, reading: Reading, before: Dims, after: Dims) -> str | None:
    """Check that a QKV projection of H features outputs f·H/TP of them, where f is 1 (fewer KV heads) to 3.

    It is checked only if TP is declared and both sides state one hidden size: the heads need not add up to H, and do not
    if the model states another size for them.
    """
    phase = phase_of(strategy, reading)
    taken, made = axes.size(before, "hidden"), axes.size(after, "hidden")
    if (
        phase is None
        or phase.assumed
        or "tp" not in phase.degrees.named
        or phase.facts.is_latent
        or phase.facts.head_dim is not None
        or not taken
        or not made
        or {"heads", "head-dim"} & {*axes.axes(before), *axes.axes(after)}
    ):
        return None
    tp = phase.degrees.tp * (phase.degrees.sp if phase.layout.sp == "megatron" else 1)
    if taken <= made * tp and made <= 3 * taken * tp:
        return None
    return f"a QKV projection of {taken} features outputs {taken} to {3 * taken}" + (
        f", or 1/{tp} of them on each rank of TP={tp}" if tp > 1 else ""
    )
