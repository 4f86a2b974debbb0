"""Collectives as groups of operators, and how edges are led past them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bench.mutation.model import Op, World

REDUCES = ("attn_reduce", "all_reduce")
SCATTERS = ("attn_scatter", "mlp_scatter")
EMBEDS = ("embed_reduce", "embed_scatter")
TOKENS = ("seq_ag", "mlp_ag")
KEYS = ("kv_ag", "k_ag", "v_ag")
EXCHANGES = ("a2a_heads", "a2a_seq")
WHOLES = ("all_gather", "embed_gather", "attn_pair", "mlp_pair")
GATHERS = (*WHOLES, "head_gather", *TOKENS, *KEYS)
COLLECTIVES = (*REDUCES, *SCATTERS, *EMBEDS, *GATHERS, *EXCHANGES, "sp_gather")


def unit(op: Op) -> tuple[object, ...]:
    """Where an operator belongs."""
    return op.phase, op.replica, op.stage, op.layer


def groups(world: World, roles: Iterable[str], where: Callable[[list[Op]], bool] = bool) -> list[list[Op]]:
    """List the operators of each role and place, those that are drawn once a rank together."""
    found: dict[tuple[object, ...], list[Op]] = {}
    for op in world.ops.values():
        if op.role in roles:
            found.setdefault((op.role, *unit(op)), []).append(op)
    return [some for some in found.values() if where(some)]


def before(world: World, group: list[Op]) -> list[Op]:
    """List what feeds a group."""
    keys = {op.key for op in group}
    return [world.ops[key] for key in dict.fromkeys(t for t, h, _ in world.edges if h in keys)]


def after(world: World, group: list[Op]) -> list[Op]:
    """List what a group feeds."""
    keys = {op.key for op in group}
    return [world.ops[key] for key in dict.fromkeys(h for t, h, _ in world.edges if t in keys)]


def sharded(ops: Iterable[Op]) -> bool:
    """Whether every one of these is drawn once a rank."""
    return all(op.shard is not None for op in ops)


def facing(tail: Op, head: Op) -> bool:
    """Whether two operators are of one rank, as far as they are of any."""
    apart = tail.shard is not None and head.shard is not None and tail.axis == head.axis
    return not apart or tail.shard == head.shard


def bypass(world: World, group: list[Op]) -> World:
    """Take a group away; what fed it feeds what was behind it, rank by rank."""
    mutated, keys = world.copy(), {op.key for op in group}
    styles = {h: s for t, h, s in world.edges if t in keys}
    tails, heads = before(world, group), after(world, group)
    mutated.drop(*keys)
    for tail in tails:
        for head in heads:
            if facing(tail, head):
                mutated.join(tail.key, head.key, styles[head.key])
    mutated.edges = list(dict.fromkeys(mutated.edges))
    return mutated


def put_behind(world: World, group: list[Op], role: str) -> tuple[World, list[Op]]:
    """Put another collective behind a group, drawn as it is; give it as well."""
    mutated, keys = world.copy(), {op.key for op in group}
    added = [replace(op, key=f"{op.key}/again", role=role, before=op.after, inputs=()) for op in group]
    mutated.edges = [(f"{t}/again" if t in keys else t, h, s) for t, h, s in world.edges]
    ops = list(mutated.ops.items())
    place = max(list(mutated.ops).index(key) for key in keys) + 1
    mutated.ops = dict([*ops[:place], *((op.key, op) for op in added), *ops[place:]])
    for tail in group:
        for head in added:
            if facing(tail, head):
                mutated.join(tail.key, head.key)
    return mutated, added
