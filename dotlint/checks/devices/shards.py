"""D005: shards and expert groups that do not divide the GPUs of their unit equally."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.checks.devices.placed import gpus_of_unit
from dotlint.checks.grouping import names
from dotlint.deployment.shards import SHARDED, groups, one_layer_each
from dotlint.edits.fix_context import fixed_by, in_order
from dotlint.edits.gpus.infer import GpuInference
from dotlint.engine.finding import Fix, Holds
from dotlint.strategy.gpus import GpuSet, union
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.shards import Group
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Edit, Finding, Outcome
    from dotlint.strategy import Phase


class UnequalShards(Struct, frozen=True, eq=False):
    """The shards or expert groups (`kind`) of one operator that do not divide the GPUs of their unit equally."""

    group: Group
    phase: Phase
    kind: str


def divide_gpus(fix: FixContext, finding: Finding) -> Fix | str:
    """Divide the unit's GPUs into equal parts, in the order of the shards."""
    data = finding.data
    assert isinstance(data, UnequalShards)
    phase = data.phase
    members = sorted(data.group.members, key=lambda r: r.evidence.name.numbers)
    inference = GpuInference(fix.deployment)
    if members[0].stage is None:
        whole: GpuSet | None = phase.gpus
    else:
        whole = inference.unit_gpus(members[0], aside=members) or inference.unit_gpus(members[0])
    if whole is None or len(whole) % len(members):
        return f"its GPUs cannot be divided into {len(members)} equal parts"
    parts = _parts(phase, members[0].stage or 0, whole, len(members))
    edits: list[Edit] = []
    for reading, gpus in zip(members, parts, strict=True):
        if reading.gpus == gpus:
            continue
        edit = fix.gpus.set(reading, gpus)
        if edit is None:
            return f"`{reading.name}` does not name its GPUs in one place"
        edits.append(edit)
    disjoint = sum(len(r.gpus or ()) for r in members) == len(union(r.gpus for r in members if r.gpus))
    if len(edits) == len(members) and not disjoint:
        return "no shard is on the GPUs of an equal division"
    if not edits:
        return "the parts are already equal"
    return Fix("unsafe", in_order(edits), f"Divide GPUs {whole.short()} equally among {len(members)} {data.kind}")


def _parts(phase: Phase, stage: int, whole: GpuSet, number: int) -> Sequence[GpuSet]:
    for sequence in (False, True):
        declared = phase.shards(stage, sequence=sequence) if stage < phase.stage_count else None
        if declared and declared.slices and declared.parts == number and union(declared.slices) == whole:
            return declared.slices
    size = len(whole) // number
    return [whole.pick(GpuSet.span(index * size, size)) for index in range(number)]


@fixed_by(divide_gpus)
def shard_gpus(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report shards and expert groups that do not divide the GPUs of their unit equally."""
    fine = 0
    for group in groups(context.deployment, *SHARDED, "expert"):
        phase = context.phase(group.phase)
        if phase is None or not group.placed or len(group.gpu_sets) < 2:
            continue
        if not one_layer_each(context.deployment, group):
            continue
        whole, sets = _whole(context, group, phase), group.gpu_sets
        if whole is None:
            continue
        sizes = {len(s) for s in sets}
        problem = ""
        if not group.disjoint:
            problem = "share GPUs"
        elif len(sizes) > 1:
            problem = f"have {listed([str(size) for size in sorted(sizes)])} GPUs"
        elif (
            group.layer is None
            and union(sets) != whole
            and union(sets) <= whole
            and len(sets) == (phase.degrees.ep if group.role == "expert" else phase.degrees.tp)
        ):
            problem = f"do not use GPUs {whole - union(sets)}"
        if not problem:
            fine += 1
            continue
        unit = context.deployment.unit(group.phase, group.stage)
        start, end = grouping.of_node(group.members[0].node)
        kind = "expert groups" if group.role == "expert" else f"{group.role} shards"
        yield card.finding(
            f"the {kind} of {unit} {problem}: {listed([str(s) for s in sets], 8)}",
            start,
            end,
            nodes=names(group.members),
            about=unit,
            graph=context.graph.index,
            help=f"divide GPUs {whole} into {len(sets)} equal parts",
            data=UnequalShards(group, phase, kind),
        )
    if fine:
        yield Holds(
            "gpus",
            "shards",
            f"{count(fine, 'group')} of shards or experts divide{'s' * (fine == 1)} the GPUs of their unit equally",
        )


def _whole(context: GraphContext, group: Group, phase: Phase) -> GpuSet | None:
    """Return the GPUs of the group's stage, or of its phase if that has only one stage; None if unknown."""
    if group.stage is None:
        alone = phase.stage_count == 1 and context.file.layout_certain
        return phase.gpus if alone and union(group.gpu_sets) <= phase.gpus else None
    unit = context.deployment.units.get(group.phase or "", {}).get(group.stage)
    whole = None if unit is None else unit.stated or gpus_of_unit(unit)
    # Another rule reports ids past the last GPU of the phase; shards cannot use them.
    return whole & phase.gpus or whole if whole is not None and context.file.layout_certain else whole
