"""Which rank of prefill hands its KV cache to which rank of decode."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.mutation.flow.layers import LATENT_KV
from bench.mutation.model import HEAD

if TYPE_CHECKING:
    from bench.mutation.flow.plan import FlowPlan
    from bench.mutation.model import World


def held(plan: FlowPlan, rank: int, ranks: int) -> range:
    """The KV heads that a rank works on; the latent of MLA is whole on each, as if it were one head."""
    heads = 1 if plan.attention == "mla" else plan.kv_heads
    first = rank * heads // ranks
    return range(first, max((rank + 1) * heads // ranks, first + 1))


def senders(plan: FlowPlan, rank: int, before: int, after: int) -> list[int]:
    """The ranks of prefill that hand over what a rank of decode needs, one for each head; its own number where it may."""
    if before == after:
        return [rank]
    need = held(plan, rank, after)
    holders = {head: [r for r in range(before) if head in held(plan, r, before)] for head in need}
    return sorted({some[rank * len(some) // after % len(some)] for some in holders.values()})


def hand_over(world: World, plan: FlowPlan, before: int, after: int) -> None:
    """Join attention of prefill to that of decode, by edges or through nodes."""
    for layer in {op.layer for op in world.ops.values() if op.layer is not None}:
        sides = {
            phase: [
                op for op in world.ops.values()
                if op.role in ("attention", "attn_block") and (op.phase, op.layer) == (phase, layer)
            ]
            for phase in ("prefill", "decode")
        }  # fmt: skip
        tails = [op.key for op in sides["prefill"]]
        heads = [op.key for op in sides["decode"]]
        if plan.kv == "node":
            tails = [_through(world, plan, key, before if len(tails) > 1 else 1) for key in tails]
        single = len(tails) == 1 or len(heads) == 1
        for rank, head in enumerate(heads):
            chosen = range(len(tails)) if single else senders(plan, rank, before, after)
            for sender in chosen:
                world.join(tails[sender], head, "kv")


def _through(world: World, plan: FlowPlan, key: str, ranks: int) -> str:
    """Put a transfer behind what makes a cache."""
    op = world.ops[key]
    assert op.before
    heads = plan.kv_heads // (ranks if plan.local else 1)
    wide = ("latent", LATENT_KV) if plan.attention == "mla" else ("hidden", 2 * max(1, heads) * HEAD)
    cache = (*op.before[:2], wide)
    node = replace(op, key=f"{key}/kv", role="kv", before=cache, after=cache, inputs=(), note="")
    ops = list(world.ops.items())
    place = list(world.ops).index(key)
    world.ops = dict([*ops[: place + 1], (node.key, node), *ops[place + 1 :]])
    world.join(key, node.key, "kv")
    return node.key
