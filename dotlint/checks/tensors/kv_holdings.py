"""Which KV heads and tokens a rank may hold, by the declared degrees or by what the graph shows."""

from __future__ import annotations

import re
from itertools import combinations, permutations, product
from math import prod
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.engine.context import GraphContext
    from dotlint.strategy import Phase

    Ranks = Mapping[int, Sequence[Reading]]

Part = tuple[int, int]  # which, and of how many equal parts
_AXES = ("dp", "ep", "cp", "sp", "tp")  # outermost first, as most systems lay them out
_NEAR = 3  # edges within which the ranks of an operator meet in a collective
_JOINS = ("gather", "aggregate", "sequence-gather")
# Words by which ranks may divide something else than heads.
_OF_TOKENS = regex(
    r"\b(?:cp|sp|dcp|pcp)\s*[=:_-]?\s*[2-9]|\bring\b|ulysses|(?:context|sequence)[\s_-]*parallel", re.IGNORECASE
)
_OF_REPLICAS = regex(r"\bdp\s*[=:_-]?\s*[2-9]|data[\s_-]*parallel|\breplicas?\b", re.IGNORECASE)


class Holding(Struct, frozen=True):
    """What a rank holds: its part of the heads, of the tokens (divided by the axis `by`), and in which replica."""

    replica: int = 0
    head: Part = (0, 1)
    tokens: Part = (0, 1)
    by: str = ""


def possible_holdings(
    context: GraphContext, phase: Phase | None, ranks: Ranks, shards: Mapping[int, int], *, replica: bool
) -> list[dict[int, Holding]]:
    """Return what each rank may hold, one mapping for each possible reading; none if it cannot be decided.

    `ranks` are those of one stage and layer by number, of one replica if `replica`; `shards` are their tensor ranks,
    if known.
    """
    if phase is None:
        return _undeclared(context.deployment, ranks, shards, replica=replica)
    return _declared(phase, ranks, shards, replica=replica)


def _is_shard(holding: Holding, shard: int, parts: int) -> bool:
    """Return whether a holding is in one of so many shards, which Ulysses may divide further."""
    index, of = holding.head
    return of % parts == 0 and index * parts // of == shard


def _undeclared(
    deployment: Deployment, ranks: Ranks, shards: Mapping[int, int], *, replica: bool
) -> list[dict[int, Holding]]:
    """Return what each rank may hold if no strategy is declared: of ranks with one number there are copies."""
    numbers = sorted(ranks)
    if len(numbers) == 1:
        return [{numbers[0]: Holding()}]
    if not _divides_heads(deployment, [ranks[n] for n in numbers], replica=replica):
        return []
    shards = shards or {n: n for n in numbers}
    parts = len(set(shards.values()))
    copies, uneven = divmod(len(numbers), parts)
    copy = {n: sum(shards[m] == shards[n] for m in numbers if m < n) for n in numbers}
    replicas = {n: Holding(copy[n], (shards[n], parts)) for n in numbers}
    if copies == 1 or uneven:
        return [] if uneven else [replicas]
    return [replicas, {n: Holding(0, (shards[n], parts), (copy[n], copies), "cp") for n in numbers}]


def _declared(phase: Phase, ranks: Ranks, shards: Mapping[int, int], *, replica: bool) -> list[dict[int, Holding]]:
    """Return what each rank may hold by the degrees of its phase; none if it may be on the axis of experts."""
    numbers = sorted(ranks)
    first = ranks[numbers[0]][0]
    size = len(first.gpus) if first.gpus and first.own_gpus else 0
    parts = len(set(shards.values()))
    found: list[dict[int, Holding]] = []
    others: list[dict[int, Holding]] = []
    for axes in _divisions(phase, len(numbers), size, replica=replica):
        for splits_heads in _sp_splits_heads(phase) if "sp" in axes else (True,):
            sizes = [phase.degrees.get(axis) for axis in axes]
            at = product(*map(range, sizes))
            some = [_holding(phase, dict(zip(axes, each, strict=True)), heads=splits_heads) for each in at]
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


def _holding(phase: Phase, at: Mapping[str, int], *, heads: bool) -> Holding:
    degrees = phase.degrees
    head = (at["tp"], degrees.tp) if "tp" in at else (0, 1)
    tokens, by = ((at["cp"], degrees.cp), "cp") if "cp" in at else ((0, 1), "")
    if "sp" in at and heads:
        head = head[0] * degrees.sp + at["sp"], head[1] * degrees.sp
    elif "sp" in at:
        tokens, by = (at["sp"], degrees.sp), "cp"
    if degrees.dcp > 1 and "tp" in at and not by:
        tokens, by = (at["tp"] % degrees.dcp, degrees.dcp), "dcp"
    return Holding(at.get("dp", 0), head, tokens, by)


def _divides_heads(deployment: Deployment, ranks: Sequence[Sequence[Reading]], *, replica: bool) -> bool:
    """Return whether ranks without a declared strategy are shards: they are numbered so, or meet in a collective."""
    members = [r for some in ranks for r in some]
    clusters = {s for r in members for inner in r.node.subgraphs for s in (inner, *inner.ancestors)}
    texts = [s.own_attributes.get("label", "") for s in clusters] + [line for r in members for line in r.evidence.lines]
    others = (_OF_TOKENS,) if replica else (_OF_TOKENS, _OF_REPLICAS)
    if any(words.search(text) for words in others for text in texts):
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
