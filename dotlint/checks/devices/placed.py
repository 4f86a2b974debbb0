"""The GPUs that stages are on, and those that the layout assigns to them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.checks.copies import ANY
from dotlint.strategy.gpus import GpuSet, union
from dotlint.strategy.layout import Layout
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dotlint.checks.copies import Copy
    from dotlint.deployment.model import Deployment, Reading, Stage
    from dotlint.engine.context import GraphContext
    from dotlint.strategy import Phase


def is_transfer(reading: Reading) -> bool:
    """Return whether the node moves data between devices: it may be on those of both ends."""
    stated = reading.evidence.gpus
    return reading.transfers or (stated is not None and stated.transfer)


def gpus_of(readings: Iterable[Reading]) -> GpuSet | None:
    """Return the GPUs that nodes name, transfers only if nothing else does; None if none names any."""
    placed = [r for r in readings if r.gpus]
    sets = [r.gpus for r in placed if r.gpus and not is_transfer(r)] or [r.gpus for r in placed if r.gpus]
    return union(sets) if sets else None


def crosses(deployment: Deployment, reading: Reading) -> bool:
    """Return whether a communication node leads to another phase or stage, so that its GPUs are those of both ends."""
    if reading.link is not None:
        return True
    if reading.kind not in {"communication", "memory"}:
        return False
    ends = [deployment.readings[e.tail.index] for e in reading.node.in_edges]
    ends += [deployment.readings[e.head.index] for e in reading.node.out_edges]
    stages = {r.stage for r in (*ends, reading) if r.stage is not None}
    return reading.is_role("kv-transfer") or len({r.phase for r in ends if r.phase is not None}) > 1 or len(stages) > 1


def gpus_of_unit(deployment: Deployment, unit: Stage) -> GpuSet | None:
    """Return the GPUs that the unit's operators name, else those of its header; None if neither names any."""
    own = [r for r in unit.operators if not crosses(deployment, r)]
    return gpus_of(own) or gpus_of(unit.operators) or unit.stated


def placed_units(context: GraphContext, phase: str) -> dict[int, tuple[Stage, GpuSet]]:
    """Return the stages of a phase that name GPUs, each with those that it is on.

    They are the GPUs of its operators. If the operators of every stage are on a part of the GPUs of its header, the
    file draws only a share of each stage, and the header counts.
    """
    found, stated = {}, {}
    for stage, unit in context.deployment.units.get(phase, {}).items():
        gpus = gpus_of_unit(context.deployment, unit)
        if unit.operators and gpus:
            found[stage] = unit, gpus
            if unit.stated is not None and gpus <= unit.stated and gpus != unit.stated:
                stated[stage] = unit, unit.stated
    return found | stated if context.abridged.parts or len(stated) == len(found) else found


def coverage(units: Mapping[int, tuple[Stage, GpuSet]]) -> str:
    """Return how many operators of these stages name their GPUs, unless all do."""
    inside = [r for unit, _ in units.values() for r in unit.operators if r.kind != "io" and not r.summary]
    placed = sum(1 for r in inside if r.gpus)
    return "" if placed == len(inside) else f" ({placed} of {count(len(inside), 'operator')} name their GPUs)"


def copies_of(unit: Stage, whole: GpuSet, copy_of: Callable[[Reading], Copy]) -> dict[Copy, GpuSet]:
    """Return the GPUs of a stage in each data replica and micro-batch; `whole` if it has only one."""
    members: dict[Copy, list[Reading]] = defaultdict(list)
    for reading in unit.operators:
        members[copy_of(reading)].append(reading)
    members.pop(ANY, None)
    found = {copy: gpus for copy, readings in members.items() if (gpus := gpus_of(readings))}
    return found if len(found) > 1 else {ANY: whole}


def numbered_locally(units: dict[int, tuple[Stage, GpuSet]]) -> bool:
    """Return whether every stage numbers its GPUs from the same base, so that ids of stages cannot be compared.

    Most stages are then on the same ids, and one of which only a part is drawn on some of them.
    """
    if len(units) < 2:
        return False
    most, number = Counter(gpus for _, gpus in units.values()).most_common(1)[0]
    return 2 * number > len(units) and all(gpus <= most for _, gpus in units.values())


def expected_gpus(phase: Phase, drawn: Mapping[int, GpuSet]) -> dict[int, GpuSet]:
    """Return the GPUs that the layout assigns to each stage that the phase has, in the replica the others are on.

    `drawn` are the GPUs of all stages. If the other stages agree on no replica, it is the smallest set that contains
    the stage's own GPUs, else those of all replicas.
    """
    replicas = {stage: phase.replica_stage_gpus(stage) for stage in drawn if 0 <= stage < phase.stage_count}
    matching = {s: {i for i, each in enumerate(some) if each == drawn[s]} for s, some in replicas.items()}
    votes = Counter(index for some in matching.values() for index in some)
    found: dict[int, GpuSet] = {}
    for stage, some in replicas.items():
        gpus, others = drawn[stage], len(replicas) - 1
        agreed = [index for index, number in votes.items() if others and number - (index in matching[stage]) == others]
        replica = some[agreed[0]] if len(agreed) == 1 and agreed[0] < len(some) else None
        if replica and len(replica) >= len(gpus):
            found[stage] = replica
        else:
            holding = [each for each in some if gpus <= each]
            found[stage] = min(holding, key=len, default=phase.stage_gpus(stage))
    return found


def fits_layout(phase: Phase, stage: int, gpus: GpuSet) -> bool:
    """Return whether the layout places a stage, or that of one data replica, on exactly these GPUs."""
    if not 0 <= stage < phase.stage_count:
        return False
    return gpus == phase.stage_gpus(stage) or gpus in phase.replica_stage_gpus(stage)


def other_model(phase: Phase, units: dict[int, tuple[Stage, GpuSet]]) -> str | None:
    """Return the other layout model that places every stage where it is drawn; None if none does."""
    for name in ("product", "overlay"):
        if name == phase.layout.name:
            continue
        layout = Layout.named(name)
        placed = layout.placement(phase.degrees)
        if units.keys() != set(range(phase.stage_count)) or placed.verdict != "ok":
            continue
        other = replace(phase, layout=layout, gpus=GpuSet.span(0, placed.world), grid_degrees=None)
        if all(fits_layout(other, s, gpus) for s, (_, gpus) in units.items()):
            return name
    return None
