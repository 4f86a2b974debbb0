"""D005: shards and expert groups that do not divide the GPUs of their unit equally."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.checks.devices.misplaced import Misplaced, misplaced
from dotlint.checks.devices.placed import crosses, gpus_of_unit
from dotlint.deployment.shards import MLP, SHARDED, groups, of_experts, one_layer_each
from dotlint.edits.fix_context import fixed_by, in_order
from dotlint.engine.finding import Fix, Holds
from dotlint.strategy.gpus import GpuSet, union
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.shards import Group
    from dotlint.deployment.unit import Unit
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Edit, Finding, Outcome
    from dotlint.strategy import Phase

_ENDS = ("embedding", "head")


class UnequalShards(Struct, frozen=True, eq=False):
    """Operators whose shards or expert groups (`kind`) do not divide the GPUs of their unit equally."""

    groups: tuple[Group, ...]
    phase: Phase
    kind: str


def divide_gpus(fix: FixContext, finding: Finding) -> Fix | str:
    """Divide the unit's GPUs into equal parts, in the order of the shards; move a single misplaced shard."""
    from dotlint.edits.gpus.infer import GpuInference  # noqa: PLC0415 - only where GPUs are missing

    data = finding.data
    if isinstance(data, Misplaced):
        edit = fix.gpus.set(data.reading, data.usual)
        if edit is None:
            return f"`{data.reading.name}` does not name its GPUs in one place"
        return Fix("unsafe", (edit,), f"Move `{data.reading.name}` to GPUs {data.usual.short()}")
    assert isinstance(data, UnequalShards)
    inference = GpuInference(fix.deployment)
    edits: list[Edit] = []
    members = sorted(data.groups[0].members, key=lambda r: r.evidence.name.numbers)
    if members[0].stage is None:
        whole: GpuSet | None = data.phase.gpus
    else:
        whole = inference.unit_gpus(members[0], aside=members) or inference.unit_gpus(members[0])
    for group in data.groups:
        found = _divided(fix, group, data.phase, whole)
        if isinstance(found, str):
            return found
        edits += found
    if not edits:
        return "the parts are already equal"
    title = f"Divide GPUs {whole.short() if whole else ''} equally among {len(members)} {data.kind}"
    return Fix("unsafe", in_order(edits), title)


def _divided(fix: FixContext, group: Group, phase: Phase, whole: GpuSet | None) -> list[Edit] | str:
    """Return the edits that give each member its part of the GPUs, or why they are uncertain."""
    members = sorted(group.members, key=lambda r: r.evidence.name.numbers)
    if whole is None or len(whole) % len(members):
        return f"its GPUs cannot be divided into {len(members)} equal parts"
    edits: list[Edit] = []
    for reading, gpus in zip(members, _parts(phase, group.stage or 0, whole, len(members)), strict=True):
        if reading.gpus == gpus:
            continue
        edit = fix.gpus.set(reading, gpus)
        if edit is None:
            return f"`{reading.name}` does not name its GPUs in one place"
        edits.append(edit)
    disjoint = sum(len(r.gpus or ()) for r in members) == len(union(r.gpus for r in members if r.gpus))
    return "no shard is on the GPUs of an equal division" if len(edits) == len(members) and not disjoint else edits


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
    deployment = context.deployment
    fine = 0
    wrong: dict[tuple[Unit, GpuSet, str], list[Group]] = defaultdict(list)
    for group in groups(deployment, *SHARDED, "expert", *_ENDS):
        phase = context.phase(group.phase)
        if phase is None or not group.placed or len(group.members) < 2:
            continue
        if not one_layer_each(deployment, group) or (group.role in MLP and of_experts(deployment, group)):
            continue
        if group.role in _ENDS and group.disjoint and len(group.gpu_sets) == len(group.members):
            continue  # the ends of the model need not be on all GPUs
        whole = _whole(context, group, phase)
        beyond = context.file.layout_certain and any(s.first > phase.gpus.last for s in group.gpu_sets)
        if whole is None or beyond:
            continue  # another rule reports ids past the last GPU
        problem = _problem(group, phase, whole)
        if not problem:
            fine += len(group.gpu_sets) > 1
            continue
        text = f"{problem}: {listed([str(s) for s in group.gpu_sets], 8)}" if len(group.gpu_sets) > 1 else problem
        wrong[deployment.unit(group.phase, group.stage), whole, text].append(group)
    for (unit, whole, problem), some in wrong.items():
        left = grouping.remaining_nodes(context, card, (r for group in some for r in group.members))
        phase = context.phase(some[0].phase)
        if not left or phase is None:
            continue
        roles = listed(list(dict.fromkeys(group.role for group in some)))
        kind = "expert groups" if roles == "expert" else f"{roles} shards"
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            left,
            f"the {kind} of {unit} {problem}",
            help=f"divide GPUs {whole} into {max(len(some[0].gpu_sets), _declared(some[0], phase))} equal parts",
            data=UnequalShards(tuple(some), phase, kind),
        )
    known = {r.name for some in wrong.values() for group in some for r in group.members}
    alone = [
        each for each in misplaced(deployment) if context.phase(each.reading.phase) and each.reading.name not in known
    ]
    for each in alone:
        reading = each.reading
        yield grouping.nodes_finding(
            context,
            card,
            deployment.unit(reading.phase, reading.stage),
            [reading],
            f"`{reading.name}` shares GPUs {reading.gpus} with `{each.sibling.name}`; "
            f"{each.others} other operators of its rank are on GPUs {each.usual}",
            help=f"place `{reading.name}` on GPUs {each.usual}",
            data=each,
        )
    if fine and not wrong and not alone:
        yield Holds(
            "gpus",
            "shards",
            f"{count(fine, 'group')} of shards or experts divide{'s' * (fine == 1)} the GPUs of their unit equally",
        )


def _declared(group: Group, phase: Phase) -> int:
    return phase.degrees.ep if group.role == "expert" else phase.degrees.tp


def _problem(group: Group, phase: Phase, whole: GpuSet) -> str:
    """Return what is wrong with the division of the unit's GPUs, or the empty string."""
    sets, declared = group.gpu_sets, _declared(group, phase)
    sizes = {len(s) for s in sets}
    if not group.disjoint:
        return "share GPUs"
    if len(sizes) > 1:
        return f"have {listed([str(size) for size in sorted(sizes)])} GPUs"
    unused = whole - union(sets)
    if not unused or not union(sets) <= whole:
        return ""
    size = sizes.pop()
    as_many = len(whole) == len(group.members) * size
    if len(sets) == 1:
        return f"are all on GPUs {sets[0]} and none on GPUs {unused}" if as_many else ""
    if group.layer is None and len(sets) == declared:
        return f"do not use GPUs {unused}"
    uses = Counter(r.gpus for r in group.members)
    crowded = [str(gpus) for gpus, number in uses.items() if gpus and number > min(uses.values())]
    as_many |= len(group.members) % declared == 0 and len(whole) == declared * size
    return f"are several on GPUs {listed(crowded)} and none on GPUs {unused}" if crowded and as_many else ""


def _whole(context: GraphContext, group: Group, phase: Phase) -> GpuSet | None:
    """Return the GPUs of the group's stage, or of its phase if that has only one stage; None if unknown.

    For a replica, they are its part of them.
    """
    drawn = union(group.gpu_sets)
    if group.members[0].replica is not None:
        stage = 0 if phase.stage_count == 1 else group.stage
        certain = context.file.layout_certain and stage is not None and stage < phase.stage_count
        parts = phase.replica_stage_gpus(stage or 0) if certain else ()
        return next((part for part in parts if drawn <= part), drawn)
    if group.stage is None:
        if phase.stage_count > 1 or not context.file.layout_certain or not drawn <= phase.gpus:
            return None
        inside = (r for r in context.deployment.operators if r.phase == group.phase)
        used = union(r.gpus for r in inside if r.gpus and not crosses(context.deployment, r))
        # Of several data replicas, only one may be drawn.
        return next((part for part in phase.replica_stage_gpus(0) if used <= part), phase.gpus)
    if group.stage < phase.stage_count and drawn == phase.stages[group.stage]:
        return drawn  # what the strategy assigns, wherever another operator of the stage is
    unit = context.deployment.units.get(group.phase or "", {}).get(group.stage)
    whole = None if unit is None else unit.stated or gpus_of_unit(context.deployment, unit)
    # Another rule reports ids past the last GPU of the phase; shards cannot use them.
    return whole & phase.gpus or whole if whole is not None and context.file.layout_certain else whole
