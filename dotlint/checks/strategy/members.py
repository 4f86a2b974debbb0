"""P007 and P008: numbers of shards and expert groups that differ from the strategy, and fixes that add the missing."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.checks.grouping import LEFT_OUT
from dotlint.checks.strategy.experts import has_ranges, summarized
from dotlint.deployment.patterns.renumber import with_numbers
from dotlint.deployment.shards import (
    MLP,
    groups,
    of_experts,
    one_layer_each,
    parts_of_groups,
    torn,
)
from dotlint.deployment.words import label_lines, parse_name
from dotlint.edits.fix_context import NotCertain, fixed_by
from dotlint.engine.finding import Fix, Holds, Undecided
from dotlint.text.english import count, listed, the

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.deployment.devices.reader import DeviceReader
    from dotlint.deployment.model import Reading
    from dotlint.deployment.shards import Group
    from dotlint.deployment.unit import Unit
    from dotlint.edits.fix_context import FixContext
    from dotlint.edits.planned_nodes import Numbers, PlannedNode, Siblings
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome
    from dotlint.strategy import Phase
    from dotlint.strategy.gpus import GpuSet


class MissingMembers(Struct, frozen=True, eq=False):
    """Operators of a phase whose numbers of shards or expert groups differ from its degrees."""

    groups: tuple[Group, ...]
    phase: Phase


def add_members(fix: FixContext, finding: Finding) -> Fix | str:
    """Add the missing shards or expert groups, which continue the numbering of the existing ones."""
    from dotlint.edits.planned_nodes import Siblings  # noqa: PLC0415 - few runs write nodes
    from dotlint.edits.write_nodes import write_nodes  # noqa: PLC0415

    data = finding.data
    assert isinstance(data, MissingMembers)
    siblings = Siblings(fix)
    added: dict[str, PlannedNode] = {}
    for found in data.groups:
        planned = _planned_members(fix, siblings, found, data.phase)
        if isinstance(planned, str):
            return planned
        # The shards of one operator bring those of the next one with them.
        added |= {one.name: one for one in planned if one.name not in added}
    title = f"Add {the(len(added), 'missing operator')}{grouping.of_unit(finding.about)}"
    return Fix("unsafe", tuple(write_nodes(fix, siblings, list(added.values()))), title)


def _planned_members(fix: FixContext, siblings: Siblings, found: Group, phase: Phase) -> list[PlannedNode] | str:
    """Return the nodes that a group lacks and those that come with them, or why they are uncertain."""
    from dotlint.edits.planned_nodes import PlannedNode  # noqa: PLC0415 - few runs write nodes

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
            except NotCertain as reason:
                why = str(reason)
                continue
            return planned
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
            raise NotCertain(
                f"`{one.name}` would be on GPU{'s' * (len(gpus) > 1)} {gpus}, which the unit does not have"
            )
        taken.append(gpus)


def _allowed(group: Group, phase: Phase) -> Iterable[GpuSet]:
    if group.stage is None:
        return (phase.gpus,)
    if group.stage >= phase.stage_count:
        return ()
    return (phase.stage_gpus(group.stage), *phase.replica_stage_gpus(group.stage))


class _Wrong(Struct, frozen=True):
    """A group with another number than the strategy has; `drawn` is what groups with the same mistake share."""

    group: Group
    phase: Phase
    drawn: str


def _by_unit(context: GraphContext, card: Card, wrong: list[_Wrong]) -> Iterator[tuple[list[_Wrong], list[Reading]]]:
    """Yield the groups of one unit with the same mistake, and their members that are to be reported."""
    alike: dict[tuple[str, str, Unit | None], list[_Wrong]] = defaultdict(list)
    for one in wrong:
        unit = grouping.unit_of(context.deployment, one.group.members)
        alike[one.phase.name, one.drawn, unit].append(one)
    for same in alike.values():
        members = grouping.remaining_nodes(context, card, (r for one in same for r in one.group.members))
        if members:
            yield same, members


@fixed_by(add_members)
def shard_counts(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report sharded operators with a number of shards that the TP, SP, CP, DP and EP degrees do not explain."""
    deployment = context.deployment
    right: dict[str, Counter[int]] = defaultdict(Counter)
    open_roles: set[str] = set()
    wrong: list[_Wrong] = []
    roles = ("qkv", "query", "attention", *MLP)
    short = torn(deployment, *roles)
    found = groups(deployment, *roles)
    parted = parts_of_groups(found)
    copies: dict[str | None, set[int | None]] = defaultdict(set)
    for group in found:
        copies[group.phase] |= {r.replica for r in group.members}
    for index, group in enumerate(found):
        phase = context.phase(group.phase)
        if phase is None or len(group.members) < 2:
            open_roles |= {group.role} if phase is None or phase.degrees.tp > 1 else set()
            continue
        # Some of the shards of a parted group are on GPUs of another stage, which is reported instead.
        unsure = index in parted or short.may_lack(group) or not one_layer_each(deployment, group)
        numbers = () if unsure or (group.role in MLP and of_experts(deployment, group)) else group.ranks()
        confirmed = [n for n in numbers if n > 1 and n in _shard_numbers(group, phase)]
        if confirmed:
            right[group.role][confirmed[0]] += 1
        elif not numbers or numbers[0] < 2 or not _also_explained(phase, copies[group.phase]).isdisjoint(numbers):
            open_roles.add(group.role)
        else:
            wrong.append(_Wrong(group, phase, count(numbers[0], "shard")))
    if wrong and context.abridged.parts:
        yield Undecided(card.section, "shard counts", LEFT_OUT)
        return
    for same, members in _by_unit(context, card, wrong):
        unit, phase = grouping.unit_of(deployment, members), same[0].phase
        shared = list(dict.fromkeys(one.group.role for one in same))
        expected = f"TP={phase.degrees.tp}" + (f", SP={phase.degrees.sp}" if phase.degrees.sp > 1 else "")
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            members,
            f"{listed(shared)} {'has' if len(shared) == 1 else 'have'} {same[0].drawn}{grouping.in_unit(unit)}, "
            f"but the strategy has {expected}",
            slip=same[0].drawn,
            help=f"draw {phase.degrees.tp} shards, one per tensor-parallel rank",
            data=MissingMembers(tuple(one.group for one in same), phase),
        )
    open_roles |= {one.group.role for one in wrong}
    for role, numbers_of_role in right.items():
        if len(numbers_of_role) == 1 and role not in open_roles:
            ((number, operators),) = numbers_of_role.items()
            which = f"each of {operators} operators" if operators > 1 else "the only operator"
            yield Holds("arithmetic", "shard counts", f"{role}: {number} shards of {which}")


def _shard_numbers(group: Group, phase: Phase) -> set[int]:
    """Return the numbers of shards that the degrees require: TP, also times SP or CP, or SP or CP of whole operators."""
    degrees = phase.degrees
    required = {degrees.tp, degrees.tp * degrees.sp, degrees.tp * degrees.cp}
    if not group.placed or all(r.gpus and len(r.gpus) >= degrees.tp for r in group.members):
        required |= {degrees.sp, degrees.cp}
    if phase.attention_replicas > 1:  # attention may be drawn once per replica, or per shard of one
        required |= {phase.attention_replicas, phase.attention_tp}
    return required


def _also_explained(phase: Phase, replicas: set[int | None]) -> set[int]:
    """Return the numbers that replicas or expert ranks explain, so that they are neither right nor wrong.

    If the strategy has no replicas, what seems to be several may be ranks: TP is then the number of all of them.
    """
    degrees = phase.degrees
    shards = {degrees.tp, degrees.tp * degrees.sp, degrees.tp * degrees.cp, degrees.sp, degrees.cp}
    parts = {n // len(replicas) for n in shards if degrees.dp == 1 and n % len(replicas) == 0 and None not in replicas}
    return {n * more for n in shards for more in (degrees.dp, degrees.ep)} | {phase.stage_size} | parts


def _gaps(held: Iterable[tuple[int, int]]) -> bool:
    """Return whether experts are left out between others, unless each node stands for the experts of one rank."""
    firsts = sorted(set(held))
    steps = {two[0] - one[0] for one, two in itertools.pairwise(firsts)}
    return len(steps) > 1 and any(two[0] > one[1] + 1 for one, two in itertools.pairwise(firsts))


_NUMBER_THEM = "number the experts of a layer so that each is drawn once"


@fixed_by(add_members)
def expert_counts(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report units whose number of expert groups differs from EP."""
    deployment = context.deployment
    fine = 0
    wrong: list[_Wrong] = []
    short = torn(deployment, "expert")
    unclear: str | None = None
    for group in groups(deployment, "expert"):
        phase = context.phase(group.phase)
        if phase is None or phase.degrees.ep < 2 or len(group.members) < 2 or summarized(context, group):
            continue
        if short.may_lack(group) or not one_layer_each(deployment, group):
            unclear = _NUMBER_THEM
            continue
        ep, held = phase.degrees.ep, group.experts()
        if held is None:
            fine += ep in group.grid()
            unclear = unclear if ep in group.grid() else _NUMBER_THEM
            continue
        drawn, sets = len(set(held.values())), len(group.gpu_sets)
        covered = len({n for low, high in held.values() for n in range(low, high + 1)})
        gaps = _gaps(held.values())
        if gaps and has_ranges(group):
            continue  # the rule about ranges reports it
        if group.placed and sets == ep and gaps:
            unclear = "draw the experts that are left out, or a summary of them"
        elif ep in (drawn, covered) or (group.placed and sets == ep):
            fine += 1
        elif gaps:
            only = listed(["-".join(map(str, dict.fromkeys(span))) for span in _spans(held.values())], 8)
            wrong.append(_Wrong(group, phase, f"only experts {only} are drawn"))
        elif (
            (drawn % ep == 0 or covered % ep == 0)
            and not has_ranges(group)
            and not (group.placed and group.disjoint and sets < ep)
        ):
            unclear = "name the GPUs of the experts"
        else:
            number = sets if group.placed and not has_ranges(group) else drawn
            wrong.append(_Wrong(group, phase, count(number, "expert group")))
    if wrong and context.abridged.parts:
        yield Undecided(card.section, "experts", LEFT_OUT)
        return
    for same, members in _by_unit(context, card, wrong):
        unit, phase = grouping.unit_of(deployment, members), same[0].phase
        ep = phase.degrees.ep
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            members,
            f"{same[0].drawn}{grouping.in_unit(unit)}, but the strategy has EP={ep}",
            slip=same[0].drawn,
            help=f"draw {ep} expert groups, one per expert-parallel rank, or a node that stands for the others",
            data=MissingMembers(tuple(one.group for one in same), phase),
        )
    if unclear and not wrong:
        yield Undecided(card.section, "experts", unclear)
    if fine and not wrong and not unclear:
        which = count(fine, "set of expert groups has", "sets of expert groups have")
        yield Holds("arithmetic", "experts", f"{which} a group for each rank of EP")


def _spans(held: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the experts as runs without gaps."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(set(held)):
        if found and low <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(high, found[-1][1])
        else:
            found.append((low, high))
    return found
