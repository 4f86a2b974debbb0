"""P007 and P008: numbers of shards and expert groups that differ from the strategy, and fixes that add the missing."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.checks.grouping import LEFT_OUT, names
from dotlint.checks.strategy.experts import has_ranges, summarized
from dotlint.deployment.patterns.renumber import with_numbers
from dotlint.deployment.shards import groups, may_be_short, one_layer_each, parts_of_groups, unplaced
from dotlint.deployment.words import label_lines, parse_name
from dotlint.edits.fix_context import NotCertain, fixed_by
from dotlint.engine.finding import Fix, Holds, Undecided
from dotlint.text.english import count, the

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.deployment.devices.reader import DeviceReader
    from dotlint.deployment.shards import Group
    from dotlint.edits.fix_context import FixContext
    from dotlint.edits.planned_nodes import Numbers, PlannedNode
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome
    from dotlint.strategy import Phase
    from dotlint.strategy.gpus import GpuSet


class MissingMembers(Struct, frozen=True, eq=False):
    """The shards or expert groups of one operator, whose number differs from the degrees of its phase."""

    group: Group
    phase: Phase


def add_members(fix: FixContext, finding: Finding) -> Fix | str:
    """Add the missing shards or expert groups, which continue the numbering of the existing ones."""
    from dotlint.edits.planned_nodes import PlannedNode, Siblings  # noqa: PLC0415 - few runs write nodes
    from dotlint.edits.write_nodes import write_nodes  # noqa: PLC0415

    data = finding.data
    assert isinstance(data, MissingMembers)
    found, phase = data.group, data.phase
    siblings = Siblings(fix)
    why = "there are more than the strategy has, and it is unclear which of them to remove"
    for number in _possible_numbers(fix, found, phase):
        try:
            rows = _missing_numbers(fix, found, number)
        except NotCertain as reason:
            why = str(reason)
            continue
        for row in rows:
            unit = found.stage, found.layer
            lacking = [PlannedNode(_member_name(found, numbers), numbers, found.members[-1], unit) for numbers in row]
            try:
                planned = siblings.plan(lacking, more=True)
                _refuse_taken(found, planned, phase, fix.deployment.vocabulary.devices)
                title = f"Add {the(len(planned), 'missing operator')}{grouping.of_unit(finding.about)}"
                return Fix("unsafe", tuple(write_nodes(fix, siblings, planned)), title)
            except NotCertain as reason:
                why = str(reason)
    return why


def _possible_numbers(fix: FixContext, group: Group, phase: Phase) -> list[int]:
    """Return the possible numbers of members, the likeliest first: the most frequent number in other units."""
    degrees = phase.degrees
    if group.role == "expert":
        return [degrees.ep] if degrees.ep > len(group.members) else []
    possible = [n for n in (degrees.tp, degrees.tp * degrees.sp, degrees.tp * degrees.cp) if n > len(group.members)]
    drawn = [len(g.members) for g in groups(fix.deployment, group.role) if g.phase == group.phase]
    return sorted(dict.fromkeys(possible), key=lambda n: (-drawn.count(n), n))


def _missing_numbers(fix: FixContext, group: Group, number: int) -> list[list[Numbers]]:
    """Return the possible rows of numbers of missing names, the likeliest first.

    They are taken from other units, else from the sequence of the existing ones, which may lack its first or last.
    Raise `NotCertain` if there is none.
    """
    there = sorted(r.evidence.name.numbers for r in group.members)
    free = [i for i, column in enumerate(zip(*there, strict=True)) if len(set(column)) > 1]
    if not free:
        raise NotCertain("the numbering of the existing ones cannot be continued")
    family = group.members[0].evidence.name.family
    rows = [
        {tuple(r.evidence.name.numbers[i] for i in free) for r in other.members}
        for other in groups(fix.deployment, group.role)
        if other.phase == group.phase and other.members[0].evidence.name.family == family
    ]
    own = {tuple(numbers[i] for i in free) for numbers in there}
    usual = [row for row in rows if len(row) == number and own < row]
    steps = [tuple(b - a for a, b in zip(one, two, strict=True)) for one, two in zip(there, there[1:], strict=False)]
    step = min(steps, key=sum)
    if not usual:
        for first in (there[0], tuple(a - (number - 1) * d for a, d in zip(there[-1], step, strict=True))):
            row = {tuple(first[i] + n * step[i] for i in free) for n in range(number)}
            if own < row and all(value >= 0 for numbers in row for value in numbers):
                usual.append(row)
    if not usual:
        raise NotCertain("the numbering of the existing ones cannot be continued")
    columns = dict(zip(free, range(len(free)), strict=True))
    return [
        [
            tuple(free_ones[columns[i]] if i in columns else n for i, n in enumerate(there[0]))
            for free_ones in sorted(row - own)
        ]
        for row in usual
    ]


def _member_name(group: Group, numbers: Numbers) -> str:
    return with_numbers(group.members[-1].name, numbers)


def _refuse_taken(group: Group, planned: Sequence[PlannedNode], phase: Phase, devices: DeviceReader) -> None:
    """Raise `NotCertain` if the GPUs of the new members are not free GPUs of the unit."""
    family = group.members[0].evidence.name.family
    taken = [r.gpus for r in group.members if r.own_gpus and r.gpus]
    if not taken:
        return
    for one in planned:
        if parse_name(one.name).family != family:
            continue
        stated = devices.read(label_lines(one.statement.split("[", 1)[-1].replace('"', "\n")))
        gpus = stated.ids if stated else None
        if gpus is None or any(not gpus.isdisjoint(other) for other in taken):
            raise NotCertain(f"`{one.name}` would be on GPUs of other members")
        if not any(gpus <= whole for whole in _allowed(group, phase)):
            raise NotCertain(f"`{one.name}` would be on GPUs {gpus}, which the unit does not have")
        taken.append(gpus)


def _allowed(group: Group, phase: Phase) -> Iterable[GpuSet]:
    if group.stage is None:
        return (phase.gpus,)
    if group.stage >= phase.stage_count:
        return ()
    return (phase.stage_gpus(group.stage), *phase.replica_stage_gpus(group.stage))


@fixed_by(add_members)
def shard_counts(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report attention with a number of shards that the TP, SP, CP, DP and EP degrees do not explain."""
    right: dict[str, set[int]] = {}
    short = unplaced(context.deployment)
    found = groups(context.deployment, "qkv", "query", "attention")
    parted = parts_of_groups(found)
    for index, group in enumerate(found):
        phase = context.phase(group.phase)
        number = len(group.members)
        if phase is None or number < 2 or not one_layer_each(context.deployment, group):
            continue
        if may_be_short(group, short):
            continue
        if index in parted:
            continue  # some of its shards are on GPUs of another stage, which is reported instead
        degrees = phase.degrees
        allowed = {degrees.tp, degrees.tp * degrees.sp, degrees.tp * degrees.cp, degrees.sp, degrees.cp}
        allowed |= {n * degrees.dp for n in allowed} | {n * degrees.ep for n in allowed} | {phase.stage_size}
        if number in allowed:
            right.setdefault(group.role, set()).add(number)
            continue
        if context.abridged.parts:
            yield Undecided(card.section, "shard counts", LEFT_OUT)
            return
        start, end = grouping.of_node(group.members[0].node)
        unit = grouping.unit_of(context.deployment, group.members)
        expected = f"TP={degrees.tp}" + (f", SP={degrees.sp}" if degrees.sp > 1 else "")
        yield card.finding(
            f"{group.role} has {count(number, 'shard')}{grouping.in_unit(unit)}, but the strategy has {expected}",
            start,
            end,
            nodes=names(group.members),
            about=unit,
            graph=context.graph.index,
            help=f"draw {degrees.tp} shards, one per tensor-parallel rank",
            data=MissingMembers(group, phase),
        )
    for role, numbers in right.items():
        if len(numbers) == 1:
            yield Holds("arithmetic", "shard counts", f"{role}: {numbers.pop()} shards in every unit")


def _covered(group: Group) -> int:
    """Return the number of experts that the group's names and labels cover, counting whole ranges."""
    covered: set[int] = set()
    for reading in group.members:
        if reading.experts:
            covered.update(range(reading.experts[0], reading.experts[1] + 1))
    return len(covered)


def _numbered_through(group: Group) -> bool:
    """Return whether the experts are numbered without gaps; if not, a few stand for all."""
    ranges = sorted({r.experts for r in group.members if r.experts})
    return all(two[0] <= one[1] + 1 for one, two in itertools.pairwise(ranges))


@fixed_by(add_members)
def expert_counts(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report units whose number of expert groups differs from EP."""
    fine = 0
    short = unplaced(context.deployment)
    for group in groups(context.deployment, "expert"):
        phase = context.phase(group.phase)
        if phase is None or phase.degrees.ep < 2 or len(group.members) < 2 or summarized(context, group):
            continue
        if not one_layer_each(context.deployment, group) or not _numbered_through(group):
            continue
        if may_be_short(group, short):
            continue
        ep = phase.degrees.ep
        drawn, sets, covered = len(group.members), len(group.gpu_sets), _covered(group)
        if ep in (drawn, covered) or (group.placed and sets == ep):
            fine += 1
            continue
        if (
            not has_ranges(group)
            and (drawn % ep == 0 or (covered and covered % ep == 0))
            and not (group.placed and group.disjoint and sets < ep)
        ):
            continue
        if context.abridged.parts:
            yield Undecided(card.section, "experts", LEFT_OUT)
            return
        start, end = grouping.of_node(group.members[0].node)
        unit = grouping.unit_of(context.deployment, group.members)
        groups_drawn = sets if group.placed and not has_ranges(group) else drawn
        yield card.finding(
            f"{count(groups_drawn, 'expert group')}{grouping.in_unit(unit)}, but the strategy has EP={ep}",
            start,
            end,
            nodes=names(group.members),
            about=unit,
            graph=context.graph.index,
            help=f"draw {ep} expert groups, one per expert-parallel rank",
            data=MissingMembers(group, phase),
        )
    if fine:
        yield Holds("arithmetic", "experts", f"the number of expert groups is EP in {count(fine, 'unit')}")
