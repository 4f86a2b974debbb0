"""Which tensor rank the operators of an attention are, and which KV heads and tokens that rank holds."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import combinations, permutations, product
from math import prod
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.shards import ATTENTION, groups
from dotlint.strategy.gpus import union
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.engine.context import GraphContext
    from dotlint.strategy import Phase
    from dotlint.strategy.gpus import GpuSet

Cell = tuple[int | None, int | None, int | None]
Part = tuple[int, int]  # which, and of how many equal parts
PHASES = ("prefill", "decode")
_AXES = ("dp", "ep", "cp", "sp", "tp")  # outermost first, as most systems lay them out
_NEAR = 3  # edges within which the ranks of an operator meet in a collective
_JOINS = ("gather", "aggregate", "sequence-gather")
# Words that say that ranks may divide something else than heads.
_OTHER_AXES = regex(
    r"\b(?:cp|sp|dp|dcp|pcp)\s*[=:_-]?\s*[2-9]|\bring\b|ulysses|context[\s_-]*parallel"
    r"|sequence[\s_-]*parallel|data[\s_-]*parallel|\breplicas?\b",
    re.IGNORECASE,
)


class Place(Struct, frozen=True):
    """What a rank holds: its part of the heads, of the tokens (divided by the axis `by`), and in which replica."""

    replica: int = 0
    head: Part = (0, 1)
    tokens: Part = (0, 1)
    by: str = ""


class Rank(Struct, frozen=True, eq=False):
    """The operators of one rank in one cell; `number` counts the ranks of the cell.

    `places` has what the rank may hold, one for each reading of the strategy; none if that is unknown.
    """

    phase: str
    cell: Cell
    number: int
    members: tuple[Reading, ...]
    places: tuple[Place, ...]

    @property
    def slot(self) -> tuple[int | None, int]:
        """What identifies the rank in all layers: its replica and number."""
        return self.cell[0], self.number

    @property
    def first(self) -> Reading:
        """The operator that names it: its attention, which reads the cache, else the first."""
        return next((r for r in self.members if r.is_role("attention")), self.members[0])


def cell_of(reading: Reading) -> Cell:
    """Return the replica, stage and layer of a node."""
    return reading.replica, reading.stage, reading.layer_index


def phases_of(context: GraphContext) -> dict[str, str | None]:
    """Return the phase of each node by its name; where the file tells none, by the GPUs that the phases have alone."""
    readings = context.deployment.readings
    if {"prefill", "decode"} <= set(context.deployment.phases):
        return {r.name: r.phase for r in readings}
    declared = [p for p in context.strategy.phases if p.name in PHASES] if context.strategy is not None else []
    if len(declared) != len(PHASES) or declared[0].gpus & declared[1].gpus:
        return {}
    return {r.name: next((p.name for p in declared if r.gpus and r.gpus <= p.gpus), None) for r in readings}


def holders(deployment: Deployment, phases: Mapping[str, str | None], phase: str) -> list[Reading]:
    """Return the operators of a phase that compute or read keys and values."""
    found = [r for r in deployment.operators if r.is_role(*ATTENTION) and not r.summary]
    return [r for r in found if phases.get(r.name) == phase]


def ranks_of(context: GraphContext, phases: Mapping[str, str | None], phase: str) -> list[Rank]:
    """Return the ranks of a phase in each replica, stage and layer in which they can be told apart."""
    deployment = context.deployment
    cells: dict[Cell, list[Reading]] = defaultdict(list)
    for reading in holders(deployment, phases, phase):
        cells[cell_of(reading)].append(reading)
    numbers = _numbers(deployment)
    found: list[Rank] = []
    for cell, members in cells.items():
        known = _in_order(members, numbers)
        if known is None:
            continue
        by_number: dict[int, list[Reading]] = defaultdict(list)
        for reading in members:
            if reading.node.index in known:
                by_number[known[reading.node.index]].append(reading)
        options = _options(context, phase, cell, by_number)
        found += [
            Rank(phase, cell, number, tuple(by_number[number]), tuple(option[number] for option in options))
            for number in sorted(by_number)
        ]
    return found


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


def _in_order(members: Sequence[Reading], numbers: Mapping[int, int]) -> dict[int, int] | None:
    """Return the rank of each node by its GPUs, else by its number; None if they contradict each other or say nothing.

    An operator on the GPUs of several ranks, or without a number where others have one, is none of a rank.
    """
    placed = {r.gpus for r in members if r.gpus}
    if not _disjoint(placed):
        placed = {s for s in placed if not any(other < s for other in placed)}
    if not _disjoint(placed) or len({len(s) for s in placed}) > 1:
        return None
    sets = {gpus: index for index, gpus in enumerate(sorted(placed, key=lambda gpus: gpus.first))}
    known = [r for r in members if r.gpus in sets or (not r.gpus and not sets)]
    stated = _shards(known)
    named = stated or {r.node.index: numbers[r.node.index] for r in known if r.node.index in numbers}
    if all(r.gpus for r in known) and (len(sets) > 1 or all(r.own_gpus for r in known)):
        by_gpus = {r.node.index: sets[r.gpus] for r in known if r.gpus}
        repeat = len(set(named.values())) < len(sets)  # in each replica, or they count something else
        agree = repeat or all(by_gpus[index] == number for index, number in named.items())
        return by_gpus if agree else None
    if not named and len({r.role.name for r in known if r.role}) == len(known):
        return dict.fromkeys((r.node.index for r in known), 0)
    return named or None


def _disjoint(sets: Collection[GpuSet]) -> bool:
    return sum(map(len, sets)) == len(union(sets))


def _shards(members: Sequence[Reading]) -> dict[int, int]:
    """Return the tensor rank of each node, counted from 0; empty if it is not known of all of them."""
    counted = _counted(r.shard for r in members) if all(r.shard is not None for r in members) else {}
    return {r.node.index: counted[r.shard] for r in members if r.shard is not None} if counted else {}


def _options(
    context: GraphContext, name: str, cell: Cell, ranks: Mapping[int, Sequence[Reading]]
) -> list[dict[int, Place]]:
    """Return what each rank may hold, one mapping for each possible reading; none if it cannot be decided."""
    numbers = sorted(ranks)
    stated = _shards([r for n in numbers for r in ranks[n]])
    shards = {n: stated[ranks[n][0].node.index] for n in numbers} if stated else {}
    phase = context.phase(name)
    return _shown(context, ranks, shards) if phase is None else _declared(phase, cell, ranks, shards)


def _is_shard(place: Place, shard: int, parts: int) -> bool:
    """Return whether a place is in one of so many shards, which Ulysses may divide further."""
    index, of = place.head
    return of % parts == 0 and index * parts // of == shard


def _shown(
    context: GraphContext, ranks: Mapping[int, Sequence[Reading]], shards: Mapping[int, int]
) -> list[dict[int, Place]]:
    """Return what each rank may hold if no strategy is declared: of ranks with one number there are copies."""
    numbers = sorted(ranks)
    if len(numbers) == 1:
        return [{numbers[0]: Place()}]
    if not _divides_heads(context.deployment, [ranks[n] for n in numbers]):
        return []
    shards = shards or {n: n for n in numbers}
    parts = len(set(shards.values()))
    copies, uneven = divmod(len(numbers), parts)
    copy = {n: sum(shards[m] == shards[n] for m in numbers if m < n) for n in numbers}
    replicas = {n: Place(copy[n], (shards[n], parts)) for n in numbers}
    if copies == 1 or uneven:
        return [] if uneven else [replicas]
    return [replicas, {n: Place(0, (shards[n], parts), (copy[n], copies), "cp") for n in numbers}]


def _declared(
    phase: Phase, cell: Cell, ranks: Mapping[int, Sequence[Reading]], shards: Mapping[int, int]
) -> list[dict[int, Place]]:
    """Return what each rank may hold by the degrees of its phase; none if it may be on the axis of experts."""
    numbers = sorted(ranks)
    first = ranks[numbers[0]][0]
    size = len(first.gpus) if first.gpus and first.own_gpus else 0
    parts = len(set(shards.values()))
    found: list[dict[int, Place]] = []
    others: list[dict[int, Place]] = []
    for axes in _divisions(phase, len(numbers), size, replica=cell[0] is not None):
        for splits_heads in _sp_splits_heads(phase) if "sp" in axes else (True,):
            sizes = [phase.degrees.get(axis) for axis in axes]
            at = product(*map(range, sizes))
            some = [_place(phase, dict(zip(axes, each, strict=True)), heads=splits_heads) for each in at]
            option = dict(zip(numbers, some, strict=True))
            if ("ep" in axes and phase.degrees.tp != len(numbers)) or {"cp", "sp"} <= set(axes):
                return []
            if "ep" not in axes:  # as many shards as TP are those of TP
                fits = parts == 0 or all(_is_shard(option[n], shards[n], parts) for n in numbers)
                (found if fits else others).append(option)
    return found or (others if parts == len(numbers) else [])  # a number may count the ranks of all axes


def _divisions(phase: Phase, count: int, size: int, *, replica: bool) -> Iterator[tuple[str, ...]]:
    """Yield the axes, outermost first, along which so many operators of so many GPUs each may divide an attention."""
    degrees = phase.degrees
    shared = phase.layout.flavor == "megatron"
    axes = [a for a in _AXES if degrees.get(a) > 1 and not (a == "sp" and shared) and not (a == "dp" and replica)]
    if phase.layout.model != "product":
        axes = [a for a in axes if a != "ep"]
    fixed = phase.placement.dense.axes if phase.placement.dense_fixed else None
    for number in range(len(axes), -1, -1):
        for some in combinations(axes, number):
            free = ("dp", "ep") if "tp" in some else ("dp",)  # a shard may be drawn on one of these alone
            inside = prod(degrees.get(a) for a in axes if a not in (*some, *free))
            if prod(map(degrees.get, some)) != count or 0 < size < inside:
                continue
            if fixed is not None and set(some) <= set(fixed):
                yield tuple(sorted(some, key=fixed.index))
            else:
                yield from permutations(some)


def _sp_splits_heads(phase: Phase) -> tuple[bool, ...]:
    """Return whether sequence parallelism divides heads (Ulysses) or tokens (ring); both if it is not declared."""
    if phase.layout.sp is None and phase.layout.preset is None:
        return True, False
    return (phase.layout.flavor == "ulysses",)


def _place(phase: Phase, at: Mapping[str, int], *, heads: bool) -> Place:
    degrees = phase.degrees
    head = (at["tp"], degrees.tp) if "tp" in at else (0, 1)
    tokens, by = ((at["cp"], degrees.cp), "cp") if "cp" in at else ((0, 1), "")
    if "sp" in at and heads:
        head = head[0] * degrees.sp + at["sp"], head[1] * degrees.sp
    elif "sp" in at:
        tokens, by = (at["sp"], degrees.sp), "cp"
    if degrees.dcp > 1 and "tp" in at and not by:
        tokens, by = (at["tp"] % degrees.dcp, degrees.dcp), "dcp"
    return Place(at.get("dp", 0), head, tokens, by)


def _divides_heads(deployment: Deployment, ranks: Sequence[Sequence[Reading]]) -> bool:
    """Return whether ranks without a declared strategy are shards: numbers say so, or they meet in a collective."""
    members = [r for some in ranks for r in some]
    clusters = {s for r in members for inner in r.node.subgraphs for s in (inner, *inner.ancestors)}
    texts = [s.own_attributes.get("label", "") for s in clusters] + [line for r in members for line in r.evidence.lines]
    if any(_OTHER_AXES.search(text) for text in texts):
        return False
    if all(r.shard is not None for r in members):
        return True
    return bool(set.intersection(*(_joins(deployment, some) for some in ranks)))


def _joins(deployment: Deployment, members: Sequence[Reading]) -> set[int]:
    """Return the collectives that few edges lead to."""
    found: set[int] = set()
    nodes = [r.node for r in members]
    for _ in range(_NEAR):
        nodes = list({edge.head.index: edge.head for node in nodes for edge in node.out_edges}.values())
        found |= {n.index for n in nodes}
    readings = deployment.readings
    return {n for n in found if readings[n].is_role(*_JOINS) or getattr(readings[n].role, "collective", False)}
