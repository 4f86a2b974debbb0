"""Mutations of who feeds whom, and of which operators there are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.mutation.defects import Defect, mutation, of_role, pick, units
from bench.mutation.model import sized

if TYPE_CHECKING:
    import random

    from bench.mutation.model import Op, World
    from bench.mutation.schemes import Scheme


def _without(world: World, edges: list[tuple[str, str, str]]) -> World:
    mutated = world.copy()
    mutated.edges = [edge for edge in world.edges if edge not in edges]
    return mutated


def _missing(world: World, edges: list[tuple[str, str, str]]) -> Defect:
    ends = tuple(dict.fromkeys(end for edge in edges for end in edge[:2]))
    return Defect(_without(world, edges), ends, tuple(edge[:2] for edge in edges))


@mutation("S001")
def edge_deleted(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One edge inside a layer is gone; siblings show it."""
    layers = {key: (op.phase, op.replica, op.layer) for key, op in world.ops.items() if op.layer is not None}
    inner = [e for e in world.edges if e[2] in ("solid", "dashed") and layers.get(e[0], 0) == layers.get(e[1], 1)]
    return _missing(world, [rng.choice(inner)]) if units(world) >= 3 else None


@mutation("S001")
def stage_unwired(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """All edges inside one stage are gone."""
    stage, phase = rng.randrange(world.plan.pp), world.plan.phases[0]
    inside = {key for key, op in world.ops.items() if (op.phase, op.replica, op.stage) == (phase, 0, stage)}
    inner = [e for e in world.edges if e[0] in inside and e[1] in inside]
    return _missing(world, inner) if world.plan.pp >= 2 else None


@mutation("S001 S004")
def link_dropped(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """The link between two stages is gone."""
    links = [e for e in world.edges if e[2] == "pipeline" and world.ops[e[0]].role not in ("add", "add2")]
    return _missing(world, [rng.choice(links)]) if links and not world.plan.ranks else None


@mutation("S014")
def flow_interrupted(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """In every unit the edges between two roles are gone: no unit shows how they are joined."""
    role = rng.choice(("qkv", "mlp_up", "gate", "route"))
    cut = [e for e in world.edges if world.ops[e[0]].role == role]
    ends = tuple(end for edge in cut for end in edge[:2])
    return (
        Defect(_without(world, cut), ends, every=True)
        if cut and not (world.plan.payload or world.plan.decode)
        else None
    )


@mutation("S011 S001")
def fan_out_leaked(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """In every layer the norm feeds the last shard alone: the edge stands behind its loop instead of in it."""
    left = {op.key for op in of_role(world, "qkv") if op.shard is not None and op.shard < world.plan.tp - 1}
    del rng
    cut = [e for e in world.edges if e[1] in left]
    return (
        Defect(_without(world, cut), tuple(left), every=True)
        if left and not world.plan.ranks and not scheme.label
        else None
    )


@mutation("S011 S001")
def fan_in_leaked(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """In every layer the result of the last expert group alone is combined."""
    left = {op.key for op in of_role(world, "expert") if op.shard is not None and op.shard < world.plan.ep - 1}
    del rng
    return (
        Defect(_without(world, [e for e in world.edges if e[0] in left]), tuple(left), every=True)
        if left and not scheme.label
        else None
    )


@mutation("S002", "D006 S007")
def stage_dropped(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """The last stage was never written."""
    last = [op.key for op in world.ops.values() if op.stage == world.plan.pp - 1 and op.phase == world.plan.phases[0]]
    mutated = world.copy()
    mutated.drop(*last)
    del rng
    return Defect(mutated) if world.plan.pp >= 3 else None


@mutation("S003", "S014 T003 C006 G009")
def operator_dropped(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """One layer lacks an operator that all others have; what was before it feeds what was behind."""
    op = pick(rng, world, "route", "norm2", "norm", "dispatch")
    if op is None or units(world) < 4 or op.shard is not None or scheme.label:
        return None
    mutated = world.copy()
    mutated.bypass(op.key)
    return Defect(mutated)


@mutation("S003 S010", "S013 T003")
def projection_dropped(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """One layer draws attention without its projections."""
    op = pick(rng, world, "qkv")
    if op is None or units(world) < 4 or scheme.label:
        return None
    mutated = world.copy()
    for other in of_role(world, "qkv"):
        if (other.phase, other.replica, other.layer) == (op.phase, op.replica, op.layer):
            mutated.bypass(other.key)
    return Defect(mutated)


@mutation("P007", "S003 S013")
def shard_dropped(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """One tensor shard of attention was never written."""
    op = pick(rng, world, "qkv")
    if world.plan.tp < 4 or world.plan.ranks or op is None or scheme.label:
        return None
    mutated = world.copy()
    mutated.drop(op.key, op.key.replace("/qkv", "/attention"))
    beside = (o.key for o in of_role(mutated, "qkv") if (o.phase, o.layer) == (op.phase, op.layer))
    return Defect(mutated, tuple(beside))


@mutation("P008 P009 S003", "S013")
def expert_dropped(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """One expert group was never written."""
    op = pick(rng, world, "expert")
    if world.plan.ep < 4 or op is None or scheme.label:
        return None
    mutated = world.copy()
    mutated.drop(op.key)
    return Defect(mutated)


@mutation("S007 S013", "S003 S008")
def layer_dropped(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """A layer in the middle was never written: the one before feeds the one behind."""
    plan = world.plan
    layers = [n for n in range(1, units(world) - 1) if 0 < n % plan.layers < plan.layers - 1]
    if not layers or units(world) < 6 or scheme.label or plan.decode or plan.ranks or plan.residual:
        return None
    gone = rng.choice(layers)
    ops = [op for op in world.ops.values() if op.layer == gone]
    mutated = world.copy()
    for replica in range(plan.replicas):
        of_replica = {op.key for op in ops if op.replica == replica}
        ins = {e[0] for e in world.edges if e[1] in of_replica} - of_replica
        outs = {e[1] for e in world.edges if e[0] in of_replica} - of_replica
        mutated.drop(*of_replica)
        for tail in ins:
            for head in outs:
                mutated.join(tail, head)
    return Defect(mutated)


@mutation("G001", "S006 C004")
def back_edge(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """An edge goes from a stage back to the first."""
    op = pick(rng, world, "norm", stage_from=1)
    if op is None:
        return None
    first = next(o for o in of_role(world, "norm", op.phase) if o.replica == op.replica and o.shard == op.shard)
    mutated = world.copy()
    mutated.join(op.key, first.key)
    return Defect(mutated, (op.key, first.key))


@mutation("G001")
def ring_in_layer(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Inside a layer data goes in a ring."""
    op = pick(rng, world, "mlp_down", "expert")
    assert op is not None
    gates = [o for o in of_role(world, "norm") if (o.phase, o.replica, o.layer) == (op.phase, op.replica, op.layer)]
    if op.shard is not None and gates[0].gpus != op.gpus and op.role != "expert":
        return None  # then it crosses GPUs too
    mutated = world.copy()
    mutated.join(op.key, gates[0].key, "residual")
    return Defect(mutated, (op.key, gates[0].key))


@mutation("G001 N006")
def loop_at_node(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """An operator feeds itself."""
    op = pick(rng, world, "norm", "qkv", "gate")
    assert op is not None
    mutated = world.copy()
    mutated.join(op.key, op.key)
    return Defect(mutated, (op.key,))


@mutation("G001", "G007 G008")
def closed_ring(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """The model's end feeds its start, which has no input."""
    plan = world.plan
    if plan.decode or plan.replicas > 1 or plan.pp > 1:
        return None
    (source,), (sink,) = of_role(world, "input"), of_role(world, "output")
    mutated = world.copy()
    for tail in world.ins(sink.key):
        for head in world.outs(source.key):
            mutated.join(tail, head)
    mutated.drop(source.key, sink.key)
    del rng
    return Defect(mutated, tuple(world.outs(source.key)))


@mutation("S005", "S006 C004")
def stage_skipped(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """An edge skips a stage."""
    phase = world.plan.phases[0]
    head = pick(rng, world, "norm", stage_from=2, phase=phase)
    if head is None:
        return None
    tail = next(op for op in of_role(world, "norm", phase) if (op.replica, op.shard) == (head.replica, head.shard))
    mutated = world.copy()
    mutated.join(tail.key, head.key)
    return Defect(mutated, (tail.key, head.key))


@mutation("S005 G002", "D003 D004 D005 D009 S003 S004 S006 S007 S008 S009 S013 C004 C006 P007")
def stage_confused(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """One operator of a later stage says that it is of the first."""
    op = pick(rng, world, "norm", "gate", "norm2", stage_from=2)
    if op is None or op.shard is not None or not ("stage}" in scheme.name + scheme.label or scheme.clusters == "stage"):
        return None
    mutated = world.copy()
    mutated.change(op.key, stage=0, unit=(0, world.plan.stage_gpus - 1))
    if scheme.clusters:  # it stands in the cluster, and is written there
        ops = list(mutated.ops.items())
        ops.remove((op.key, mutated.ops[op.key]))
        place = max(
            i
            for i, (_, other) in enumerate(ops)
            if (other.phase, other.replica, other.stage) == (op.phase, op.replica, 0)
        )
        mutated.ops = dict([*ops[: place + 1], (op.key, mutated.ops[op.key]), *ops[place + 1 :]])
    return Defect(mutated, (op.key,))


@mutation("S006")
def bypass(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """An edge leaves a stage from its middle, beside the link."""
    tail = pick(rng, world, "norm")
    if (
        tail is None
        or tail.stage is None
        or tail.stage == world.plan.pp - 1
        or tail.shard is not None
        or world.plan.sends
    ):
        return None
    heads = [
        e[1] for e in world.edges
        if e[2] == "pipeline" and (o := world.ops[e[0]]).stage == tail.stage and (o.phase, o.replica) == (tail.phase, tail.replica)
    ]  # fmt: skip
    mutated = world.copy()
    mutated.join(tail.key, heads[0], "pipeline")
    return Defect(mutated, (tail.key, heads[0]))


def _extra(world: World, rng: random.Random, *, fed: bool, feeds: bool) -> Defect | None:
    """Add a collective of a kind that the graph has not."""
    like = pick(rng, world, "all_gather")
    if like is None:
        return None
    mutated = world.copy()
    extra = replace(like, key=f"{like.key}/extra", role="reduce_scatter", before=like.after, after=like.before)
    mutated.ops[extra.key] = extra
    if fed:
        mutated.join(like.key, extra.key)
    if feeds:
        mutated.join(extra.key, world.outs(like.key)[-1])
    return Defect(mutated, (extra.key,))


@mutation("G003")
def isolated(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """An operator is joined to nothing."""
    return _extra(world, rng, fed=False, feeds=False)


@mutation("G004", "G009")
def dead_end(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Nobody takes an operator's result."""
    return _extra(world, rng, fed=True, feeds=False)


@mutation("G005", "G009")
def unfed(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Nobody feeds an operator."""
    return _extra(world, rng, fed=False, feeds=True)


@mutation("G003 G004 G005", "G006 S004")
def only_link_cut(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """The one path through the model is cut where no sibling shows how it goes."""
    if units(world) > 2 or world.plan.decode or world.plan.replicas > 1:
        return None
    if units(world) > 1 and world.plan.residual:
        return None
    ends = {op.key for op in of_role(world, "output")}
    cut = [e for e in world.edges if e[1] in ends]
    del rng
    return Defect(_without(world, cut), tuple(end for e in cut for end in e[:2]))


@mutation("G009")
def odd_degree(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """One of several shards is fed by the norm too."""
    op = pick(rng, world, "attention")
    if op is None or op.shard not in range(1, world.plan.tp - 1) or world.plan.ranks or scheme.label:
        return None
    norm = op.key.rpartition("/")[0] + "/norm"
    mutated = world.copy()
    mutated.join(norm, op.key)
    return Defect(mutated, (op.key,))


@mutation("S012")
def residuals_lost(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """No residual add has its second input."""
    adds = {op.key for op in of_role(world, "add")}
    if not adds:
        return None
    collective = {op.key for op in world.ops.values() if op.role in ("all_gather", "attention")}
    del rng
    return Defect(
        _without(world, [e for e in world.edges if e[1] in adds and e[0] not in collective]), tuple(adds), every=True
    )


def _sequence(world: World, rng: random.Random, role: str) -> Defect | None:
    op = pick(rng, world, role)
    if op is None or world.plan.pp < 2:
        return None
    mutated = world.copy()
    mutated.bypass(op.key)
    return Defect(mutated)


@mutation("S009", "S003 T003 C005")
def gather_dropped(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One stage splits the sequence and does not gather it."""
    return _sequence(world, rng, "sp_gather")


@mutation("S009", "S003 T003")
def split_dropped(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One stage gathers a sequence that it has not split."""
    return _sequence(world, rng, "sp_split")


@mutation("H002")
def cache_not_handed_over(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Nothing hands the KV cache to decode."""
    del rng
    return Defect(_without(world, [e for e in world.edges if e[2] == "kv"])) if world.plan.decode else None


@mutation("H001")
def phase_leak(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """Decode feeds prefill."""
    tail = pick(rng, world, "norm", phase="decode")
    if tail is None or tail.stage != 0 or not world.plan.decode or scheme.label:
        return None
    head = of_role(world, "norm", "prefill")[-1]
    mutated = world.copy()
    mutated.join(tail.key, head.key)
    return Defect(mutated, (tail.key, head.key))


@mutation("H003", "T004")
def sequence_in_decode(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Every stage of decode splits and gathers a sequence of one token."""
    splits = of_role(world, "sp_split")
    if not world.plan.decode or not splits:
        return None
    del rng
    mutated = world.copy()
    found = []
    for like in (*splits, *of_role(world, "sp_gather")):
        key = like.key.replace("prefill", "decode")
        norm = next(o for o in of_role(world, "norm", "decode") if o.stage == like.stage)
        last = [o for o in world.ops.values() if o.phase == "decode" and o.stage == like.stage][-1]
        seen = replace(norm, key=key, role=like.role, layer=None)
        mutated.ops[key] = seen
        found.append(key)
        if like.role == "sp_split":
            mutated.edges = [(t, key if h == norm.key else h, s) for t, h, s in mutated.edges]
            mutated.join(key, norm.key)
        else:
            mutated.edges = [(key if t == last.key else t, h, s) for t, h, s in mutated.edges]
            mutated.join(last.key, key)

    def place(op: Op) -> tuple[bool, int]:
        return op.phase == "decode", op.stage if op.stage is not None else -1 if op.role == "input" else len(found)

    mutated.ops = dict(sorted(mutated.ops.items(), key=lambda item: place(item[1])))
    return Defect(mutated, tuple(found))


@mutation("H004", "T003")
def long_decode(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """An operator of decode works on a whole sequence."""
    op = pick(rng, world, "norm", phase="decode")
    if op is None or not world.plan.decode or op.after is None or not scheme.keys:
        return None
    mutated = world.copy()
    mutated.change(op.key, before=sized(op.after, seq=world.plan.seq), after=sized(op.after, seq=world.plan.seq))
    return Defect(mutated, (op.key,))


@mutation("H005")
def decode_without_norms(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Decode has no norm."""
    if not world.plan.decode:
        return None
    mutated = world.copy()
    for op in of_role(world, "norm", "decode"):
        mutated.bypass(op.key)
    del rng
    return Defect(mutated)
