"""Group the nodes of a graph into operators: siblings on the ranks of one axis of the mesh are one operator."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.deployment.shards import groups
from dotlint.deployment.tensors.model import MeshAxis, Operator
from dotlint.deployment.tensors.parts import node_rule
from dotlint.deployment.tensors.table import OperatorRule
from dotlint.strategy.gpus import disjoint, union
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.tensors.roles import Known
    from dotlint.strategy.gpus import GpuSet
    from dotlint.strategy.phase import Phase

Pairs = dict[int, list[int]]
"""The nodes that each node feeds, or is fed by, by index; edges that lead back are left out."""
_LETTER = regex(r"(?<![A-Za-z])[A-Pa-p](?![A-Za-z])")
_ALPHABET = "abcdefghijklmnop"
_PASSES = 4  # chains of siblings that are split because a neighbor is


def operators_of(
    deployment: Deployment, ins: Pairs, outs: Pairs, phase_of: Callable[[str | None], Phase | None]
) -> tuple[list[Operator], dict[int, Operator]]:
    """Return the operators of a graph, in document order, and the operator of each node by its index."""
    known: Known = {}
    found: list[Operator] = []
    by_node: dict[int, Operator] = {}
    for members, axis in _with_axes(_sibling_groups(deployment, ins, outs, phase_of), ins, outs):
        operator = Operator(0, tuple(members), axis=axis)
        for reading in members:
            by_node[reading.node.index] = operator
    for reading in deployment.operators:
        operator = by_node.setdefault(reading.node.index, Operator(0, (reading,)))
        if reading is operator.first:
            operator.index = len(found)
            if all(r.whole_box for r in operator.members):
                operator.rule = OperatorRule("block")
            elif not any(r.summary for r in operator.members):
                operator.rule = node_rule(deployment, reading, known)
            found.append(operator)
    return found, by_node


def _sibling_groups(
    deployment: Deployment, ins: Pairs, outs: Pairs, phase_of: Callable[[str | None], Phase | None]
) -> list[list[Reading]]:
    """Return the groups of siblings that are drawn on ranks of their own, one node each."""
    roles = [role.name for role in deployment.vocabulary.roles.values() if role.kind != "annotation"]
    found = [list(group.members) for group in groups(deployment, *roles) if len(group.members) > 1]
    found += _without_role(deployment)
    found += _lettered(deployment, {r.node.index for members in found for r in members})

    def feeding(reading: Reading) -> list[Reading]:
        return [deployment.readings[index] for index in ins.get(reading.node.index, ())]

    found = [members for members in found if _on_ranks(members) and _is_one_each(members, feeding)]
    whole: list[list[Reading]] = []
    others: list[list[Reading]] = []
    for members in found:
        (whole if _is_degree(len(members), phase_of(members[0].phase)) else others).append(members)
    return whole + _split(others, ins, outs)


def _without_role(deployment: Deployment) -> list[list[Reading]]:
    """Return the families of a unit whose words mean no role by themselves."""
    families: dict[tuple[object, ...], list[Reading]] = defaultdict(list)
    for reading in deployment.operators:
        if reading.role is None and not reading.summary and reading.evidence.name.numbers:
            unit = reading.phase, reading.replica, reading.micro_batch, reading.stage, reading.layer
            families[(*unit, reading.evidence.name.family)].append(reading)
    return [members for members in families.values() if len(members) > 1]


def _lettered(deployment: Deployment, grouped: set[int]) -> list[list[Reading]]:
    """Return the operators of a unit that differ only in a letter of their names: `up_a`, `up_b`."""
    families: dict[tuple[object, ...], dict[str, Reading]] = defaultdict(dict)
    for reading in deployment.operators:
        if reading.node.index in grouped or reading.role is None or reading.summary:
            continue
        for letter in _LETTER.finditer(reading.name):
            name = f"{reading.name[: letter.start()]}#{reading.name[letter.end() :]}"
            unit = reading.phase, reading.replica, reading.stage, reading.layer, reading.role.name
            families[(*unit, name)].setdefault(letter[0].lower(), reading)
    found = [
        list(some.values())
        for some in families.values()
        if "".join(sorted(some)) in _ALPHABET[: len(some)] and len(some) > 1
    ]
    once = Counter(r.node.index for members in found for r in members)
    return [members for members in found if all(once[r.node.index] == 1 for r in members)]


def _is_degree(number: int, phase: Phase | None) -> bool:
    """Return whether siblings are as many as the ranks of one degree, and there is only one replica of them."""
    if phase is None or phase.degrees.dp > 1:
        return False
    return number in {phase.degrees.tp, phase.attention_tp, phase.degrees.sp, phase.degrees.cp}


def _on_ranks(members: Sequence[Reading]) -> bool:
    """Return whether each member has GPUs of its own, or none states any."""
    placed = [r.gpus for r in members if r.gpus and r.own_gpus]
    if not placed:
        return len({r.gpus for r in members}) == 1
    return len(placed) == len(members) and disjoint(placed)


def _is_one_each(members: Sequence[Reading], feeding: Callable[[Reading], list[Reading]]) -> bool:
    """Return whether collectives are drawn once for each rank: each takes what one rank gives, or is on few of their GPUs."""
    role = members[0].role
    if role is None or not role.communicates:
        return True
    for reading in members:
        tails = feeding(reading)
        if len(tails) > 1 and not (reading.gpus and reading.own_gpus and _beyond(reading.gpus, tails)):
            return False
    return True


def _beyond(gpus: GpuSet, tails: Sequence[Reading]) -> bool:
    """Return whether producers are on GPUs beside these."""
    return any(r.gpus is not None and not r.gpus <= gpus for r in tails)


def _split(found: list[list[Reading]], ins: Pairs, outs: Pairs) -> list[list[Reading]]:
    """Separate siblings of which some share producers or consumers that others do not: those of two replicas."""
    parts = [_components(members, ins, outs) for members in found]
    owner = {r.node.index: number for number, members in enumerate(found) for r in members}
    for _ in range(_PASSES if any(len(part) > 1 for part in parts) else 0):
        changed = False
        for number, members in enumerate(found):
            if len(parts[number]) == 1 and (other := _split_neighbor(members, number, owner, parts, (ins, outs))):
                parts[number], changed = other, True
        if not changed:
            break
    return [part for some in parts for part in some if len(part) > 1]


def _components(members: list[Reading], ins: Pairs, outs: Pairs) -> list[list[Reading]]:
    inside = {r.node.index for r in members}
    leader = {index: index for index in inside}

    def find(index: int) -> int:
        while leader[index] != index:
            index = leader[index]
        return index

    for beside in (ins, outs):
        sharing: dict[int, list[int]] = defaultdict(list)
        for index in inside:
            for other in beside.get(index, ()):
                sharing[other].append(index)
        for some in sharing.values():
            for index in some[1:]:
                leader[find(index)] = find(some[0])
    parts: dict[int, list[Reading]] = defaultdict(list)
    for reading in members:
        parts[find(reading.node.index)].append(reading)
    sizes = {len(part) for part in parts.values()}
    return list(parts.values()) if len(sizes) == 1 and sizes != {1} else [members]


def _split_neighbor(
    members: list[Reading],
    number: int,
    owner: dict[int, int],
    parts: list[list[list[Reading]]],
    ways: tuple[Pairs, Pairs],
) -> list[list[Reading]] | None:
    """Return the members in the parts of a group to which they lead one to one; None if no such group is split."""
    for beside in ways:
        partner: dict[int, int] = {}
        for reading in members:
            heads = [head for head in beside.get(reading.node.index, ()) if head in owner]
            if len(heads) == 1:
                partner[reading.node.index] = heads[0]
        others = {owner[head] for head in partner.values()} - {number}
        if len(partner) < len(members) or len(others) != 1 or len(set(partner.values())) < len(members):
            continue
        split = parts[others.pop()]
        if len(split) > 1:
            part_of = {r.node.index: index for index, part in enumerate(split) for r in part}
            found: dict[int, list[Reading]] = defaultdict(list)
            for reading in members:
                found[part_of[partner[reading.node.index]]].append(reading)
            return list(found.values())
    return None


def _with_axes(found: list[list[Reading]], ins: Pairs, outs: Pairs) -> Iterator[tuple[list[Reading], MeshAxis]]:
    """Yield the groups that really run side by side, each with its axis.

    Groups of a phase on the same ranks share an axis. A group without GPUs has the axis of the only one of its size in its stage.
    """
    placed: dict[tuple[str | None, frozenset[GpuSet]], MeshAxis] = {}
    open_axes: dict[tuple[object, ...], MeshAxis] = {}
    axis_of: dict[int, MeshAxis] = {}
    meeting = [_meet(members, ins, outs) for members in found]
    sets = {
        (m[0].phase, frozenset(r.gpus for r in m if r.gpus)) for m, meets in zip(found, meeting, strict=True) if meets
    }
    by_stage: dict[tuple[object, ...], set[frozenset[GpuSet]]] = defaultdict(set)
    for members in found:
        if members[0].own_gpus and members[0].gpus:
            by_stage[_stage(members)].add(frozenset(r.gpus for r in members if r.gpus))
    for number, members in enumerate(found):
        ranks = frozenset(r.gpus for r in members if r.gpus) if members[0].own_gpus else frozenset()
        if not ranks and len(by_stage[_stage(members)]) == 1:
            (ranks,) = by_stage[_stage(members)]
        if ranks:
            if meeting[number] or (members[0].phase, ranks) in sets:
                ordered = tuple(sorted(ranks, key=lambda gpus: gpus.first))
                axis = MeshAxis(len(ranks), ordered, union(ordered))
                axis_of[number] = placed.setdefault((members[0].phase, ranks), axis)
        elif meeting[number] or _unplaced(members) in open_axes:
            axis_of[number] = open_axes.setdefault(_unplaced(members), MeshAxis(len(members)))
    for number, axis in axis_of.items():
        yield found[number], axis


def _stage(members: Sequence[Reading]) -> tuple[object, ...]:
    first = members[0]
    return first.phase, first.replica, first.stage, len(members)


def _unplaced(members: Sequence[Reading]) -> tuple[object, ...]:
    """Return what siblings without GPUs that share an axis have in common."""
    first = members[0]
    return first.phase, first.replica, len(members)


def _meet(members: Sequence[Reading], ins: Pairs, outs: Pairs) -> bool:
    """Return whether one node feeds all members, or takes what all of them give."""
    for beside in (ins, outs):
        shared = set(beside.get(members[0].node.index, ()))
        for reading in members[1:]:
            shared.intersection_update(beside.get(reading.node.index, ()))
        if shared:
            return True
    return False
