"""One defect at a time: each mutation changes a correct deployment and says which rule has to find it, and where."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from bench.mutation.model import Op, World


@dataclass(frozen=True)
class Defect:
    """What was done to a deployment: `codes` are the rules that may name it, `keys` operators of which one has to be named.

    With `edges` the missing edges have to be proposed exactly.
    """

    world: World
    codes: tuple[str, ...]
    keys: tuple[str, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()


Mutation = Callable[[World, random.Random], Defect | None]


def _pick(rng: random.Random, world: World, *roles: str, stage_from: int = 0) -> Op | None:
    found = [op for op in world.ops.values() if op.role in roles and (op.stage or 0) >= stage_from]
    return rng.choice(found) if found else None


def _drop(world: World, keys: set[str]) -> None:
    world.ops = {key: op for key, op in world.ops.items() if key not in keys}
    world.edges = [edge for edge in world.edges if edge[0] not in keys and edge[1] not in keys]


def edge_deleted(world: World, rng: random.Random) -> Defect | None:
    """One edge inside a layer is gone; siblings show it."""
    inner = [
        e
        for e in world.edges
        if "/" in e[0]
        and e[2] in ("solid", "dashed")
        and world.ops[e[0]].layer is not None
        and world.ops[e[0]].layer == world.ops[e[1]].layer
    ]
    if world.plan.pp * world.plan.layers < 3 or not inner:
        return None
    tail, head, style = rng.choice(inner)
    mutated = world.copy()
    mutated.edges.remove((tail, head, style))
    return Defect(mutated, ("S001",), (tail, head), ((tail, head),))


def stage_unwired(world: World, rng: random.Random) -> Defect | None:
    """All edges inside one stage are gone."""
    if world.plan.pp < 2:
        return None
    stage = rng.randrange(world.plan.pp)
    mutated = world.copy()
    inner = [
        e
        for e in world.edges
        if world.ops[e[0]].stage == stage == world.ops[e[1]].stage
        and world.ops[e[0]].phase == "prefill" == world.ops[e[1]].phase
    ]
    mutated.edges = [e for e in world.edges if e not in inner]
    return Defect(mutated, ("S001",), tuple(e[0] for e in inner), tuple((e[0], e[1]) for e in inner))


def stage_dropped(world: World, rng: random.Random) -> Defect | None:
    """The last stage but one (or the last) was never written."""
    if world.plan.pp < 3:
        return None
    stage = world.plan.pp - 1
    mutated = world.copy()
    _drop(mutated, {key for key, op in world.ops.items() if op.stage == stage and op.phase == "prefill"})
    del rng
    return Defect(mutated, ("S002",))


def link_dropped(world: World, rng: random.Random) -> Defect | None:
    """The link between two stages is gone."""
    links = [e for e in world.edges if e[2] == "pipeline"]
    if not links:
        return None
    link = rng.choice(links)
    mutated = world.copy()
    mutated.edges.remove(link)
    return Defect(mutated, ("S001", "S004"), (link[0], link[1]), ((link[0], link[1]),))


def shard_dropped(world: World, rng: random.Random) -> Defect | None:
    """One tensor shard of attention was never written."""
    if world.plan.tp < 4:
        return None
    op = _pick(rng, world, "qkv")
    if op is None:
        return None
    mutated = world.copy()
    partner = op.key.replace("/qkv", "/attention")
    _drop(mutated, {op.key, partner})
    return Defect(mutated, ("P007",))


def gpus_shifted(world: World, rng: random.Random) -> Defect | None:
    """A stage is on GPUs that overlap its neighbour's."""
    if world.plan.pp < 2 or world.plan.stage_gpus < 4:
        return None
    stage = rng.randrange(1, world.plan.pp)
    mutated = world.copy()
    by = -(world.plan.stage_gpus // 2)
    keys = [k for k, op in world.ops.items() if op.stage == stage and op.phase == "prefill" and op.gpus]
    for key in keys:
        low, high = world.ops[key].gpus or (0, 0)
        mutated.change(key, gpus=(low + by, high + by))
    return Defect(mutated, ("D003", "D004"), tuple(keys))


def shard_overlap(world: World, rng: random.Random) -> Defect | None:
    """Two shards of one operator share GPUs."""
    op = _pick(rng, world, "qkv")
    if world.plan.tp < 2 or op is None or op.shard != 0 or op.gpus is None or op.gpus[0] == op.gpus[1]:
        return None
    mutated = world.copy()
    mutated.change(op.key, gpus=(op.gpus[0] + 1, op.gpus[1] + 1))
    return Defect(mutated, ("D005",), (op.key,))


def gpu_out_of_range(world: World, rng: random.Random) -> Defect | None:
    """An operator is on a GPU that the deployment does not have."""
    op = _pick(rng, world, "norm")
    if op is None:
        return None
    mutated = world.copy()
    total = world.plan.pp * world.plan.stage_gpus
    mutated.change(op.key, gpus=(total + 8, total + 8))
    return Defect(mutated, ("D008", "D003"), (op.key,))


def gpu_forgotten(world: World, rng: random.Random) -> Defect | None:
    """One operator names no GPUs."""
    op = _pick(rng, world, "norm", "all_gather", "gate")
    if op is None or world.plan.pp * world.plan.layers < 3:
        return None
    mutated = world.copy()
    mutated.change(op.key, gpus=None)
    return Defect(mutated, ("D001",), (op.key,))


def dims_forgotten(world: World, rng: random.Random) -> Defect | None:
    """One operator states no dimensions."""
    op = _pick(rng, world, "norm", "qkv", "expert", "gate")
    if op is None:
        return None
    mutated = world.copy()
    mutated.change(op.key, before=None, after=None)
    return Defect(mutated, ("T001",), (op.key,))


def allreduce_changes(world: World, rng: random.Random) -> Defect | None:
    """An all-reduce changes its dimensions."""
    op = _pick(rng, world, "all_reduce")
    if op is None or op.after is None:
        return None
    mutated = world.copy()
    mutated.change(op.key, before=(op.after[0], op.after[1], op.after[2] // 2))
    return Defect(mutated, ("T005",), (op.key,))


def allgather_idle(world: World, rng: random.Random) -> Defect | None:
    """An all-gather leaves its dimensions as they are."""
    op = _pick(rng, world, "all_gather")
    if op is None:
        return None
    mutated = world.copy()
    mutated.change(op.key, before=op.after)
    return Defect(mutated, ("T005",), (op.key,))


def wrong_shape(world: World, rng: random.Random) -> Defect | None:
    """A computation is drawn as communication."""
    op = _pick(rng, world, "norm", "qkv", "attention", "mlp_up")
    if op is None or world.plan.pp * world.plan.layers * (1 if op.shard is None else world.plan.tp) < 3:
        return None
    mutated = world.copy()
    mutated.change(op.key, shape="ellipse")
    return Defect(mutated, ("V001",), (op.key,))


def back_edge(world: World, rng: random.Random) -> Defect | None:
    """An edge goes from a stage back to the first."""
    op = _pick(rng, world, "norm", stage_from=1)
    if op is None or world.plan.pp < 2:
        return None
    first = next(o for o in world.ops.values() if o.role == "norm" and o.phase == op.phase)
    mutated = world.copy()
    mutated.edges.append((op.key, first.key, "solid"))
    return Defect(mutated, ("G001", "S005"), (op.key, first.key))


def skipped_stage(world: World, rng: random.Random) -> Defect | None:
    """An edge skips a stage."""
    if world.plan.pp < 3:
        return None
    norms = [op for op in world.ops.values() if op.role == "norm" and op.phase == "prefill"]
    late = [op for op in norms if op.stage is not None and op.stage >= 2]
    head = rng.choice(late)
    mutated = world.copy()
    mutated.edges.append((norms[0].key, head.key, "solid"))
    return Defect(mutated, ("S005",), (norms[0].key, head.key))


def expert_overlap(world: World, rng: random.Random) -> Defect | None:
    """Two groups hold the same expert."""
    op = _pick(rng, world, "expert")
    if op is None or op.experts is None or op.shard == 0 or world.plan.experts_each < 2:
        return None
    mutated = world.copy()
    mutated.change(op.key, experts=(op.experts[0] - 1, op.experts[1]))
    return Defect(mutated, ("P009",), (op.key,))


def expert_gap(world: World, rng: random.Random) -> Defect | None:
    """An expert belongs to no group."""
    op = _pick(rng, world, "expert")
    if op is None or op.experts is None or world.plan.experts_each < 2 or op.shard in (0, world.plan.ep - 1):
        return None
    mutated = world.copy()
    mutated.change(op.key, experts=(op.experts[0] + 1, op.experts[1]))
    return Defect(mutated, ("P009",))


def solid_gate_edge(world: World, rng: random.Random) -> Defect | None:
    """A solid edge from routing to an expert where the others are dashed."""
    op = _pick(rng, world, "expert")
    if op is None:
        return None
    mutated = world.copy()
    mutated.edges = [(t, h, "solid" if h == op.key and s == "dashed" else s) for t, h, s in world.edges]
    return Defect(mutated, ("V002",), (op.key,))


def collective_removed(world: World, rng: random.Random) -> Defect | None:
    """Every all-gather after attention is gone: shards meet in the next operator."""
    if world.plan.tp < 2:
        return None
    mutated = world.copy()
    for key, op in world.ops.items():
        if op.role == "all_gather":
            ins = [e[0] for e in mutated.edges if e[1] == key]
            outs = [e[1] for e in mutated.edges if e[0] == key]
            _drop(mutated, {key})
            mutated.edges += [(a, b, "solid") for a in ins for b in outs]
    if not world.plan.moe:
        return None  # then every shard feeds every shard of the next operator, and none meets another
    del rng
    return Defect(mutated, ("C001",))


def combine_removed(world: World, rng: random.Random) -> Defect | None:
    """The all-to-alls that combine the experts' results are gone."""
    if not world.plan.moe or world.plan.ep < 2:
        return None
    mutated = world.copy()
    for key, op in world.ops.items():
        if op.role == "combine":
            ins = [e[0] for e in mutated.edges if e[1] == key]
            outs = [(e[1], e[2]) for e in mutated.edges if e[0] == key]
            _drop(mutated, {key})
            mutated.edges += [(a, b, style) for a in ins for b, style in outs]
    del rng
    return Defect(mutated, ("C003",))


def gather_removed(world: World, rng: random.Random) -> Defect | None:
    """One stage splits the sequence and does not gather it."""
    op = _pick(rng, world, "sp_gather")
    if op is None or world.plan.pp < 2:
        return None
    mutated = world.copy()
    ins = [e[0] for e in world.edges if e[1] == op.key]
    outs = [(e[1], e[2]) for e in world.edges if e[0] == op.key]
    _drop(mutated, {op.key})
    mutated.edges += [(a, b, style) for a in ins for b, style in outs]
    return Defect(mutated, ("S009",))


def kv_removed(world: World, rng: random.Random) -> Defect | None:
    """Nothing hands the KV cache to decode."""
    if not world.plan.decode:
        return None
    mutated = world.copy()
    mutated.edges = [e for e in world.edges if e[2] != "kv"]
    del rng
    return Defect(mutated, ("H002",))


MUTATIONS: dict[str, Mutation] = {
    function.__name__: function
    for function in (
        edge_deleted, stage_unwired, stage_dropped, link_dropped, shard_dropped, gpus_shifted, shard_overlap,
        gpu_out_of_range, gpu_forgotten, dims_forgotten, allreduce_changes, allgather_idle, wrong_shape, back_edge,
        skipped_stage, expert_overlap, expert_gap, solid_gate_edge, collective_removed, combine_removed,
        gather_removed, kv_removed,
    )
}  # fmt: skip
