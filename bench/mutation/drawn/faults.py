"""Defects that only drawn deployments get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.mutation.defects import Defect, Mutation, units
from bench.mutation.model import sized

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from bench.mutation.defects import Change
    from bench.mutation.model import Op, World
    from bench.mutation.schemes import Scheme

FAULTS: dict[str, Mutation] = {}
_OTHERS = 2  # layers beside the one that is changed, so that a pattern is there to be left

LOST = "S001 S003 S004 S011 S012 S013 S014 G003 G004 G005 G006 G009"
"""Rules that may name what lacks an edge or an operator."""


def _fault(codes: str, brings: str = "") -> Callable[[Change], Change]:
    """Enter a change into the table under its own name."""

    def enter(change: Change) -> Change:
        FAULTS[str(getattr(change, "__name__", ""))] = Mutation(
            change, frozenset(codes.split()), frozenset(brings.split())
        )
        return change

    return enter


def _unit(op: Op) -> tuple[object, ...]:
    return op.phase, op.replica, op.stage, op.layer, op.micro


def _beside(world: World, op: Op) -> list[Op]:
    """List an operator's other shards."""
    return [
        o
        for o in world.ops.values()
        if o.role == op.role and _unit(o) == _unit(op) and o.key != op.key and o.shard is not None
    ]


def _choose(rng: random.Random, ops: list[Op]) -> Op | None:
    return rng.choice(ops) if ops else None


def _cut(world: World, rng: random.Random, edges: list[tuple[str, str, str]]) -> Defect | None:
    """Take one of these edges away."""
    if not edges:
        return None
    edge = rng.choice(edges)
    mutated = world.copy()
    mutated.edges.remove(edge)
    return Defect(mutated, edge[:2], (edge[:2],))


@_fault("D004 D005 D009 C006", "C005 P007 P008 S013")
def shard_on_sibling(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One tensor shard is on the GPU of another."""
    op = _choose(
        rng,
        [o for o in world.ops.values() if o.role in ("qkv", "attention", "mlp_up", "mlp_down") and _beside(world, o)],
    )
    if op is None or op.gpus is None:
        return None
    other = rng.choice(_beside(world, op))
    mutated = world.copy()
    mutated.change(op.key, gpus=other.gpus)
    return Defect(mutated, (op.key, other.key))


@_fault("D004 D005 D009 P008", "C005 S013")
def experts_collide(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Two experts of different GPUs are on one."""
    op = _choose(rng, [o for o in world.ops.values() if o.role == "expert"])
    others = [o for o in _beside(world, op) if o.gpus != op.gpus] if op else []
    if op is None or not others:
        return None
    other = rng.choice(others)
    mutated = world.copy()
    mutated.change(op.key, gpus=other.gpus)
    return Defect(mutated, (op.key, other.key, *(o.key for o in _beside(world, op) if o.gpus == op.gpus)))


@_fault("T003 T004 F006 F007")
def shard_resized(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One shard's dimension differs from its siblings'."""
    op = _choose(rng, [o for o in world.ops.values() if o.role in ("qkv", "mlp_up", "attention") and _beside(world, o)])
    if op is None or op.after is None:
        return None
    axis = op.after[-1][0]
    mutated = world.copy()
    mutated.change(op.key, after=sized(op.after, **{axis: dict(op.after)[axis] // 2}))
    return Defect(mutated, (op.key, *world.outs(op.key)))


@_fault(f"{LOST} S005 S006 C006 G002", "G001 D009")
def edge_to_wrong_stage(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """The link to the next stage ends in another."""
    links = [
        e for e in world.edges if e[2] == "pipeline" and (o := world.ops[e[1]]).stage is not None and o.shard is None
    ]
    if not links or world.plan.pp < 3:
        return None
    tail, head, style = rng.choice(links)
    op = world.ops[head]
    others = [
        o for o in world.ops.values()
        if (o.role, o.phase, o.replica, o.micro) == (op.role, op.phase, op.replica, op.micro)
        and o.stage not in (op.stage, (op.stage or 0) - 1) and (o.layer or 0) % world.plan.layers == 0
    ]  # fmt: skip
    if not others:
        return None
    mutated = world.copy()
    mutated.edges.remove((tail, head, style))
    other = rng.choice(others)
    mutated.join(tail, other.key, style)
    return Defect(mutated, (tail, head, other.key))


@_fault(f"{LOST} P007 D005 C005", "T003 D006 D003")
def mlp_shard_lost(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One tensor shard of an MLP was never written."""
    op = _choose(rng, [o for o in world.ops.values() if o.role == "mlp_up" and _beside(world, o)])
    if op is None or units(world) < 2:
        return None
    gone = [
        o.key
        for o in world.ops.values()
        if o.role in ("mlp_up", "act", "mlp_down") and _unit(o) == _unit(op) and o.shard == op.shard
    ]
    return _dropped(world, gone, [o.key for o in _beside(world, op)])


@_fault(f"{LOST} P008 P009 D005 C005", "T003 D006 D003")
def expert_lost(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One expert, or group of experts, was never written."""
    op = _choose(rng, [o for o in world.ops.values() if o.role == "expert" and len(_beside(world, o)) > 1])
    return _dropped(world, [op.key], [o.key for o in _beside(world, op)]) if op else None


def _dropped(world: World, gone: list[str], beside: list[str]) -> Defect:
    """Take operators away; what was beside, before and behind them may be named as well as they."""
    around = [end for edge in world.edges if set(edge[:2]) & set(gone) for end in edge[:2]]
    mutated = world.copy()
    mutated.drop(*gone)
    return Defect(mutated, (*gone, *beside, *around))


@_fault(f"{LOST} S009 S010 C001 C003 C005 T003 T004 T007 F001 F002 F005", "C006 P007")
def operator_lost(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One layer lacks an operator that the others have; what was before it feeds what was behind."""
    roles = ("norm", "norm2", "route", "dispatch", "combine", "act", "o_proj", "all_reduce", "attn_reduce", "add")
    op = _choose(rng, [o for o in world.ops.values() if o.role in roles])
    if op is None or units(world) < 4:
        return None
    gone = [o.key for o in world.ops.values() if o.role == op.role and _unit(o) == _unit(op)]
    around = [end for edge in world.edges if set(edge[:2]) & set(gone) for end in edge[:2]]
    mutated = world.copy()
    for key in gone:
        mutated.bypass(key)
    mutated.edges = list(dict.fromkeys(mutated.edges))
    return Defect(mutated, (*gone, *around))


@_fault(LOST, "P007 C006 T003 S002 C003")
def replica_edge_lost(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One of two data replicas lacks an edge that the other has."""
    ops = world.ops
    inner = [e for e in world.edges if ops[e[0]].layer == ops[e[1]].layer is not None]
    return _cut(world, rng, inner) if world.plan.replicas > 1 else None


@_fault(LOST, "P007 C006 T003 S002 C003")
def micro_edge_lost(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One of two micro-batches lacks an edge that the other has."""
    ops = world.ops
    return _cut(
        world,
        rng,
        [e for e in world.edges if ops[e[0]].micro is not None and ops[e[0]].layer == ops[e[1]].layer is not None],
    )


@_fault(f"{LOST} V002 T007 C003 P008", "P009")
def gate_edge_lost(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One edge by which the gate chooses is gone."""
    ops = world.ops
    chosen = [
        e
        for e in world.edges
        if ops[e[0]].role in ("gate", "route", "dispatch") and ops[e[1]].role in ("route", "dispatch", "expert")
    ]
    return _cut(world, rng, chosen) if units(world) > 1 else None


@_fault(LOST, "S002 C004")
def link_half_lost(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One edge of a send, receive or transfer is gone; the node is left."""
    ops = world.ops
    halves = [e for e in world.edges if {ops[e[0]].role, ops[e[1]].role} & {"send", "recv", "transfer"}]
    return _cut(world, rng, halves)


@_fault(LOST, "P007 C006")
def ring_edge_lost(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One K and V block is not handed on."""
    return _cut(world, rng, [e for e in world.edges if "ring_send" in (world.ops[e[0]].role, world.ops[e[1]].role)])


@_fault("G001 S005 S006 G002", "C006 D009 G009 C004")
def edge_reversed(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """An operator feeds the one by which it is fed."""
    ops = world.ops
    inner = [e for e in world.edges if e[2] == "solid" and ops[e[0]].layer == ops[e[1]].layer is not None]
    tail, head, style = rng.choice(inner)
    mutated = world.copy()
    mutated.join(head, tail, style)
    return Defect(mutated, (tail, head))


def _unlike(world: World, op: Op) -> list[Op]:
    """List the operators that do the same in the other layers of a phase, replica and micro-batch."""
    return [
        o
        for o in world.ops.values()
        if (o.role, o.phase, o.replica, o.micro, o.shard) == (op.role, op.phase, op.replica, op.micro, op.shard)
        and o.layer not in (op.layer, None)
    ]


def _astray(world: World, rng: random.Random, edges: list[tuple[str, str, str]], *, end: int) -> Defect | None:
    """Move one end of one of these edges to another layer."""
    if not edges:
        return None
    edge = rng.choice(edges)
    own = world.ops[edge[end]]
    others = _unlike(world, own)
    if len({o.layer for o in others}) < _OTHERS:
        return None
    others = [o for o in others if (o.layer or 0) > (own.layer or 0)] if end else others
    if not others:
        return None
    other = rng.choice(others)
    mutated = world.copy()
    mutated.edges.remove(edge)
    mutated.join(*((edge[0], other.key) if end else (other.key, edge[1])), edge[2])
    return Defect(mutated, (edge[0], edge[1], other.key), (edge[:2],))


@_fault(f"{LOST} S005 S006 C005 C006 F004", "G001 G002 D009 P007")
def shard_edge_astray(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One tensor shard feeds the reduction of a later layer."""
    ops = world.ops
    edges = [
        e
        for e in world.edges
        if ops[e[0]].shard is not None
        and ops[e[1]].role in ("all_reduce", "attn_reduce")
        and len(_beside(world, ops[e[0]])) > 1
    ]
    return _astray(world, rng, edges, end=1)


@_fault(f"{LOST} S005 S006 C006", "G001 G002 D009")
def stream_astray(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One residual add takes the stream of another layer."""
    ops = world.ops
    adds = [e for e in world.edges if ops[e[0]].role == "add" and ops[e[1]].role == "add2"]
    edges = [e for e in adds if ops[e[0]].layer == ops[e[1]].layer]
    earlier = [e for e in edges if any((o.layer or 0) < (ops[e[0]].layer or 0) for o in _unlike(world, ops[e[0]]))]
    return _astray(world, rng, earlier, end=0)
