"""The GPUs that stages are on, and those that the layout means them to have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.strategy.gpus import union
from dotlint.strategy.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.deployment.model import Stage
    from dotlint.engine.context import GraphContext
    from dotlint.strategy import Phase
    from dotlint.strategy.gpus import GpuSet


def gpus_of_unit(unit: Stage) -> GpuSet | None:
    """The GPUs that the unit's operators name; None where none does."""
    sets = [r.gpus for r in unit.operators if r.gpus]
    return union(sets) if sets else unit.stated


def placed_units(context: GraphContext, phase: str) -> dict[int, tuple[Stage, GpuSet]]:
    """Give the stages of a phase that name GPUs, each with those that it is on.

    Where the operators of every stage are on a part of the GPUs of its header, the file draws a share of each and the
    header tells; a stage that does so alone is on what its operators name.
    """
    found, stated = {}, {}
    for stage, unit in context.deployment.units.get(phase, {}).items():
        gpus = gpus_of_unit(unit)
        if unit.operators and gpus:
            found[stage] = unit, gpus
            if unit.stated is not None and gpus <= unit.stated and gpus != unit.stated:
                stated[stage] = unit, unit.stated
    return found | stated if context.abridged.parts or len(stated) == len(found) else found


def numbered_locally(units: dict[int, tuple[Stage, GpuSet]]) -> bool:
    """Whether every stage numbers its own GPUs from the same base, so that ids say nothing across stages."""
    return len(units) > 1 and len({gpus for _, gpus in units.values()}) == 1


def expected_gpus(phase: Phase, stage: int, drawn: Mapping[int, GpuSet]) -> GpuSet:
    """Give the set of the layout that the stage is meant to have: that of the replica that the other stages show.

    `drawn` are the GPUs of all stages. Where no replica shows, it is the smallest set that holds the stage's own,
    else the whole one.
    """
    gpus = drawn[stage]
    replicas = phase.replica_stage_gpus(stage)
    shown = [
        {i for i, each in enumerate(phase.replica_stage_gpus(other)) if each == theirs}
        for other, theirs in drawn.items()
        if other != stage and 0 <= other < phase.stage_count
    ]
    agreed = set.intersection(*shown) if shown else set()
    if len(agreed) == 1 and (replica := replicas[agreed.pop()]) and len(replica) >= len(gpus):
        return replica
    holding = [each for each in replicas if gpus <= each]
    return min(holding, key=len, default=phase.stage_gpus(stage))


def other_model(phase: Phase, units: dict[int, tuple[Stage, GpuSet]]) -> str | None:
    """Give the layout model by which every stage of the phase is where it should be; None where there is none."""
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
