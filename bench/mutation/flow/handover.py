"""Which rank of prefill hands its KV cache to which rank of decode."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.mutation.flow.layers import LATENT_KV
from bench.mutation.model import HEAD

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.mutation.flow.plan import FlowPlan
    from bench.mutation.model import Op, World

Edge = tuple[str, str, str]
Part = tuple[int, int]
"""A KV head, and a slice of the tokens where a ring divides them."""


def parts(plan: FlowPlan, phase: str, rank: int) -> set[Part]:
    """What a rank works on; the latent of MLA is whole on each, as if it were one head."""
    slices = range(plan.sp if plan.exchange == "ring" else 1)
    heads, ranks = 1 if plan.attention == "mla" else plan.kv_heads, plan.ranks_of(phase)
    if phase == "prefill" and len(slices) > 1:
        return {(head, rank) for head in range(heads)}
    first = rank * heads // ranks
    return {(h, s) for h in range(first, max((rank + 1) * heads // ranks, first + 1)) for s in slices}


def _senders(plan: FlowPlan, rank: int) -> list[int]:
    """The ranks of prefill that hand over what a rank of decode needs; its own number where it may."""
    before, after = plan.ranks_of("prefill"), plan.ranks_of("decode")
    holders = [[r for r in range(before) if part in parts(plan, "prefill", r)] for part in parts(plan, "decode", rank)]
    return sorted({rank if before == after and rank in some else some[rank * len(some) // after] for some in holders})


def hand_over(world: World, plan: FlowPlan) -> None:
    """Join attention of prefill to that of decode: by edges, through transfers, or from cache to cache."""
    for layer in {op.layer for op in world.ops.values() if op.layer is not None}:
        tails, heads = ([op.key for op in _attention(world, phase, layer)] for phase in ("prefill", "decode"))
        single = len(tails) == 1 or len(heads) == 1
        chosen = [range(len(tails)) if single else _senders(plan, rank) for rank in range(len(heads))]
        if plan.kv != "edge":
            tails = [_cache(world, plan, key, "kv" if plan.kv == "node" else "kv_store") for key in tails]
        if plan.kv == "store":
            heads = [_cache(world, plan, key, "kv_store") for key in heads]
        for head, some in zip(heads, chosen, strict=True):
            for sender in some:
                world.join(tails[sender], head, "kv")


def _attention(world: World, phase: str, layer: int) -> list[Op]:
    """List the operators that make a cache, or read it: attention, or the last step of a ring."""
    last = {op.shard: op for op in world.ops.values() if (op.role, op.phase, op.layer) == ("ring", phase, layer)}
    return list(last.values()) or [
        op
        for op in world.ops.values()
        if op.role in ("attention", "attn_block") and (op.phase, op.layer) == (phase, layer)
    ]


def _cache(world: World, plan: FlowPlan, key: str, role: str) -> str:
    """Put a cache or a transfer behind what makes a cache, or a cache before what reads it."""
    op = world.ops[key]
    ring = plan.exchange == "ring" and op.phase == "prefill"
    ranks = plan.ranks_of(op.phase) if plan.local and op.shard is not None else 1
    heads, slices = (plan.kv_heads, ranks) if ring else (max(1, plan.kv_heads // ranks), 1)
    wide = ("latent", LATENT_KV) if plan.attention == "mla" else ("hidden", 2 * heads * HEAD)
    dims = (("batch", plan.batch), ("seq", plan.seq // slices), wide)
    node = replace(op, key=f"{key}/{role}", role=role, before=dims, after=dims, inputs=(), note="", step=None)
    ops = list(world.ops.items())
    place = list(world.ops).index(key) + (op.phase == "prefill")
    world.ops = dict([*ops[:place], (node.key, node), *ops[place:]])
    ends = (key, node.key) if op.phase == "prefill" else (node.key, key)
    world.join(*ends, "kv" if role == "kv" else "cache")
    return node.key


def handed(world: World) -> list[Edge]:
    """List the edges that end a hand-over from rank to rank."""
    ops = world.ops
    ranked = [e for e in world.edges if e[2] == "kv" and ops[e[0]].shard is not None and ops[e[1]].shard is not None]
    return [edge for edge in ranked if ops[edge[1]].phase == "decode"]


def lacking(world: World, plan: FlowPlan, edges: Iterable[Edge]) -> set[str]:
    """List what is handed over to ranks of decode in a world, but by these edges not all of what they work on."""
    needed = {head: parts(plan, "decode", world.ops[head].shard or 0) for _, head, _ in handed(world)}
    given: dict[str, set[Part]] = {head: set() for head in needed}
    for tail, head, style in edges:
        if style == "kv" and head in given and world.ops[tail].layer == world.ops[head].layer:
            given[head] |= parts(plan, "prefill", world.ops[tail].shard or 0)
    return {head for head, some in needed.items() if not some <= given[head]}
