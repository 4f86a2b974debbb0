"""The drawn stage that a missing one is copied from, and its renumbering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.deployment.patterns.renumber import Shift, ShiftError, map_gpus
from dotlint.deployment.patterns.stage_links import inner_edges
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.deployment.model import Deployment, Reading, Stage
    from dotlint.strategy.gpus import GpuSet

# Roles at the ends of the model, which no other stage has.
_MODEL_ENDS = ("input", "embedding", "head", "sampling")


def completeness(unit: Stage, drawn: int, with_output: int) -> tuple[int, int, int]:
    """Return the rank of a unit as exemplar: most of what every stage has, then least else, then the first."""
    kept = operators_of_every_stage(unit, drawn, with_output)
    names = {reading.name for reading in kept}
    inner = sum(tail in names and head in names for tail, head in inner_edges(unit))
    return inner + len(kept), -len(unit.operators), -unit.stage


def operators_of_every_stage(unit: Stage, drawn: int, with_output: int) -> list[Reading]:
    """Return the operators that every stage has, without those of the ends of the model.

    An output belongs to each stage if other stages have one too, or if it names the stage and no other stage is
    drawn: of the `drawn` stages, `with_output` have one.
    """
    outputs = with_output > bool(unit.with_role("output"))
    kept = [
        reading
        for reading in unit.operators
        if not reading.is_role(*_MODEL_ENDS)
        and (not reading.is_role("output") or outputs or (drawn == 1 and reading.stage_named))
    ]
    return kept if len(kept) > 1 else unit.operators


def find_shift(
    deployment: Deployment, exemplar: Stage, stage: int, gpus: Mapping[int, GpuSet], *, certain: bool
) -> Shift | None:
    """Return the renumbering from the exemplar to the stage; None if its GPUs are unknown."""
    layers, step = _layers_and_step(deployment, exemplar, stage)
    named = [r.gpus for r in exemplar.operators if r.gpus]
    moved: dict[int, int] = {}
    if named:
        target = _stage_gpus(deployment, exemplar, stage, gpus, certain=certain)
        moved = map_gpus(exemplar.stated or union(named), target) if target else {}
        if not moved:
            return None
    shift = Shift(
        deployment.stage_number(exemplar.stage),
        deployment.stage_number(stage),
        layers,
        step,
        moved,
        deployment.vocabulary.devices,
    )
    try:
        for reading in exemplar.operators + exemplar.headers:
            shift.name(reading.name, None)
            shift.text(reading.node.attributes.get("label", ""))
    except ShiftError:
        return None
    return shift


def _stage_gpus(
    deployment: Deployment, exemplar: Stage, stage: int, gpus: Mapping[int, GpuSet], *, certain: bool
) -> GpuSet | None:
    """Return the GPUs of the stage: as laid out if the exemplar follows the layout, else as in another phase."""
    own = exemplar.stated or union(r.gpus for r in exemplar.operators if r.gpus)
    if gpus.get(exemplar.stage) == own:
        return gpus.get(stage)
    if certain:
        return None
    for units in deployment.units.values():
        here, there = units.get(exemplar.stage), units.get(stage)
        if here is None or there is None or here is exemplar:
            continue
        one, two = (unit.stated or union(r.gpus for r in unit.operators if r.gpus) for unit in (here, there))
        if one == own and len(two) == len(one):
            return two
    return None


def _layers_and_step(deployment: Deployment, exemplar: Stage, stage: int) -> tuple[tuple[int, int] | None, int]:
    """Return the first and last layer of the exemplar, and the distance to those of the stage."""
    own = _layer_range(exemplar)
    if own is None:
        return None, 0
    size = own[1] - own[0] + 1
    for units in deployment.units.values():
        there = _layer_range(units[stage]) if stage in units else None
        if there is not None and there[1] - there[0] + 1 == size:
            return own, there[0] - own[0]
    return own, (stage - exemplar.stage) * size


def _layer_range(unit: Stage) -> tuple[int, int] | None:
    if unit.layers is not None:
        return unit.layers
    layers = [reading.layer for reading in unit.operators if reading.layer is not None]
    return (min(layers), max(layers)) if layers else None
