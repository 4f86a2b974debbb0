"""Which operators of an attention are on one rank, in each phase, replica, stage and layer."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks.tensors.kv_holdings import possible_holdings
from dotlint.deployment.numberings.axes import worded_number
from dotlint.deployment.shards import ATTENTION, groups
from dotlint.strategy.gpus import disjoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dotlint.checks.tensors.kv_holdings import Holding
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.vocabulary import Vocabulary
    from dotlint.engine.context import GraphContext
    from dotlint.strategy import Phase

Cell = tuple[int | None, int | None, int | None]
PHASES = ("prefill", "decode")


class Rank(Struct, eq=False):
    """The operators of one rank in one cell; `number` counts the ranks of the cell.

    `holdings` has what the rank may hold, one for each reading of the strategy; none if that is unknown. `first` is the
    operator that names it: its attention, or what the cache is handed to, or by, in most cells.
    """

    phase: str
    cell: Cell
    number: int
    members: tuple[Reading, ...]
    holdings: tuple[Holding, ...]
    first: Reading

    @property
    def slot(self) -> tuple[int | None, int]:
        """What identifies the rank in all layers: its replica and number."""
        return self.cell[0], self.number


def cell_of(reading: Reading, phase: Phase | None) -> Cell:
    """Return the replica, stage and layer of a node; numbers of what its phase has only one of count something else."""
    replica = reading.replica if phase is None or phase.replica_count > 1 else None
    stage = reading.stage if phase is None or phase.stage_count > 1 else None
    return replica, stage, reading.layer_index


def phases_of(context: GraphContext) -> dict[str, str | None]:
    """Return the phase of each node by its name; if the file states none, by the GPUs that the phases have alone."""
    readings = context.deployment.readings
    if {"prefill", "decode"} <= set(context.deployment.phases):
        return {r.name: r.phase for r in readings}
    declared = [p for p in context.strategy.phases if p.name in PHASES] if context.strategy is not None else []
    if len(declared) != len(PHASES) or declared[0].gpus & declared[1].gpus:
        return {}
    found = {r.name: next((p.name for p in declared if r.gpus and r.gpus <= p.gpus), None) for r in readings}
    inside = all(found[r.name] for r in context.deployment.operators if r.is_role(*ATTENTION))
    return found if inside else {}


def holders(deployment: Deployment, phases: Mapping[str, str | None], phase: str) -> list[Reading]:
    """Return the operators of a phase that compute or read keys and values."""
    found = [r for r in deployment.operators if r.is_role(*ATTENTION) and not r.summary]
    return [r for r in found if phases.get(r.name) == phase]


def ranks_of(context: GraphContext, phases: Mapping[str, str | None], phase: str) -> list[Rank]:
    """Return the ranks of a phase in each replica, stage and layer in which they can be distinguished."""
    deployment = context.deployment
    declared = context.phase(phase)
    cells: dict[Cell, list[Reading]] = defaultdict(list)
    for reading in holders(deployment, phases, phase):
        cells[cell_of(reading, declared)].append(reading)
    numbers = _numbers(deployment)
    found: list[Rank] = []
    for cell, members in _whole(cells).items():
        known = _in_order(members, numbers, deployment.vocabulary)
        if known is None:
            continue
        by_number: dict[int, list[Reading]] = defaultdict(list)
        for reading in members:
            if reading.node.index in known:
                by_number[known[reading.node.index]].append(reading)
        stated = _shards([r for some in by_number.values() for r in some], deployment.vocabulary)
        shards = {n: stated[some[0].node.index] for n, some in by_number.items()} if stated else {}
        options = possible_holdings(context, declared, by_number, shards, replica=cell[0] is not None)
        found += [
            Rank(phase, cell, number, tuple(some), tuple(option[number] for option in options), _first(some))
            for number, some in sorted(by_number.items())
        ]
    return found


def _first(members: Sequence[Reading]) -> Reading:
    return next((r for r in members if r.is_role("attention")), members[0])


def _whole(cells: Mapping[Cell, list[Reading]]) -> Mapping[Cell, list[Reading]]:
    """Return the cells without those whose replica, stage or layer is unknown although it is known of others."""
    known = [any(cell[axis] is not None for cell in cells) for axis in range(3)]
    return {
        cell: members
        for cell, members in cells.items()
        if all(cell[axis] is not None for axis in range(3) if known[axis])
    }


def _numbers(deployment: Deployment) -> dict[int, int]:
    """Return the number of each node of a group in which one number of the names varies, counted from 0."""
    found: dict[int, int] = {}
    for group in groups(deployment, *ATTENTION):
        columns = group.varying
        numbers = [r.evidence.name.numbers[columns[0]] for r in group.members] if len(columns) == 1 else []
        if counted := _counted(numbers):
            found.update((r.node.index, counted[n]) for r, n in zip(group.members, numbers, strict=True))
    return found


def _counted(numbers: Iterable[int | None]) -> dict[int, int]:
    """Return the order of numbers that count from 0 or 1; empty if they do not."""
    distinct = sorted({n for n in numbers if n is not None})
    whole = distinct and distinct[0] in (0, 1) and distinct[-1] - distinct[0] + 1 == len(distinct)
    return {n: index for index, n in enumerate(distinct)} if whole else {}


def _in_order(members: Sequence[Reading], numbers: Mapping[int, int], vocabulary: Vocabulary) -> dict[int, int] | None:
    """Return the rank of each node by its GPUs, else by its number; None if they contradict each other or state nothing.

    An operator on the GPUs of several ranks, or without a number where others have one, is none of a rank.
    """
    placed = {r.gpus for r in members if r.gpus}
    if not disjoint(placed):
        placed = {s for s in placed if not any(other < s for other in placed)}
    if not disjoint(placed) or len({len(s) for s in placed}) > 1:
        return None
    sets = {gpus: index for index, gpus in enumerate(sorted(placed, key=lambda gpus: gpus.first))}
    known = [r for r in members if r.gpus in sets or (not r.gpus and not sets)]
    stated = _shards(known, vocabulary)
    named = stated or {r.node.index: numbers[r.node.index] for r in known if r.node.index in numbers}
    if all(r.gpus for r in known) and (len(sets) > 1 or all(r.own_gpus for r in known)):
        by_gpus = {r.node.index: sets[r.gpus] for r in known if r.gpus}
        repeat = len(set(named.values())) < len(sets)  # in each replica, or they count something else
        agree = repeat or all(by_gpus[index] == number for index, number in named.items())
        return by_gpus if agree else None
    if not named and len({r.role.name for r in known if r.role}) == len(known):
        return dict.fromkeys((r.node.index for r in known), 0)
    return named or None


def _shards(members: Sequence[Reading], vocabulary: Vocabulary) -> dict[int, int]:
    """Return the tensor rank of each node, counted from 0; empty if it is not known of all of them.

    A hand-over to the wrong rank connects ranks, so that the file may not show that its numbers are ranks; words do.
    """
    numbers = [worded_number(r.evidence, "shard", vocabulary) if r.shard is None else r.shard for r in members]
    counted = _counted(numbers) if None not in numbers else {}
    return {r.node.index: counted[n] for r, n in zip(members, numbers, strict=True) if n is not None} if counted else {}
