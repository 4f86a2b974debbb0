"""The GPUs that stages are on, and those that the layout assigns to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.strategy.gpus import union
from dotlint.strategy.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.deployment.model import Deployment, Reading, Stage
    from dotlint.engine.context import GraphContext
    from dotlint.strategy import Phase
    from dotlint.strategy.gpus import GpuSet


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
    placed = [r for r in unit.operators if r.gpus]
    own = [r for r in placed if not crosses(deployment, r)] or placed
    return union(r.gpus for r in own if r.gpus) if own else unit.stated


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


def numbered_locally(units: dict[int, tuple[Stage, GpuSet]]) -> bool:
    """Return whether every stage numbers its GPUs from the same base, so that ids of stages cannot be compared."""
    return len(units) > 1 and len({gpus for _, gpus in units.values()}) == 1


def all_resized(phase: Phase, units: Mapping[int, tuple[Stage, GpuSet]]) -> bool:
    """Return whether several stages all have the same number of GPUs, which is not that of the layout."""
    sizes = {len(gpus) for _, gpus in units.values()}
    of_replica = {len(gpus) for gpus in phase.replica_stage_gpus(0)}
    return len(units) > 1 and len(sizes) == 1 and not sizes & {phase.stage_size, *of_replica}


def expected_gpus(phase: Phase, stage: int, drawn: Mapping[int, GpuSet]) -> GpuSet:
    """Return the GPUs that the layout assigns to the stage, in the replica that the other stages are on.

    `drawn` are the GPUs of all stages. If the other stages agree on no replica, return the smallest set that contains
    the stage's own GPUs, else those of all replicas.
    """
    gpus = drawn[stage]
    replicas = phase.replica_stage_gpus(stage)
    matching = [
        {i for i, each in enumerate(phase.replica_stage_gpus(other)) if each == theirs}
        for other, theirs in drawn.items()
        if other != stage and 0 <= other < phase.stage_count
    ]
    agreed = set.intersection(*matching) if matching else set()
    if len(agreed) == 1 and (replica := replicas[agreed.pop()]) and len(replica) >= len(gpus):
        return replica
    holding = [each for each in replicas if gpus <= each]
    return min(holding, key=len, default=phase.stage_gpus(stage))


def other_model(phase: Phase, units: dict[int, tuple[Stage, GpuSet]]) -> str | None:
    """Return the other layout model that places every stage where it is drawn; None if none does."""
    for name in ("product", "overlay"):
        if name == phase.layout.name:
            continue
        placed = Layout.named(name).placement(phase.degrees)
        if (
            units.keys() == set(range(phase.stage_count))
            and placed.verdict == "ok"
            and all(placed.stage(s) == gpus for s, (_, gpus) in units.items())
        ):
            return name
    return None
