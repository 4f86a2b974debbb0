"""Deployments drawn at random: a plan, and what is built into it besides."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from bench.mutation.model import Plan, World, build, sized

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from bench.mutation.drawn.manner import Manner
    from bench.mutation.model import Op

@dataclass(frozen=True)
class Extras:
    """What is built into the plan's deployment: output projections, activations, embedding and head, and so on.

    `each` draws every expert of a group, `micro` that many micro-batches, `major` says which is counted first on GPUs.
    """

    o_proj: bool
    act: bool
    ends: bool
    shared: bool
    each: bool
    kv_nodes: bool
    micro: int
    major: str


def draw_plan(rng: random.Random, manner: Manner) -> tuple[Plan, Extras]:
    """Draw a plan; how large it becomes is decided elsewhere."""
    moe = rng.random() < 0.4
    tp = rng.choice((1, 2, 2, 2, 4, 4, 8))
    pp = rng.choice((1, 1, 2, 2, 2, 3, 4, 4, 4, 6, 8))
    replicas = 2 if rng.random() < 0.15 else 1
    decode = replicas == 1 and rng.random() < 0.12
    plan = Plan(
        pp=pp, tp=tp, ep=rng.choice((2, 4, 8)) if moe else 1, sp=2 if rng.random() < 0.15 else 1,
        dp=replicas if replicas > 1 else rng.choice((1, 1, 1, 2)), layers=rng.choice((1, 1, 2, 2, 3, 4)),
        moe=moe, decode=decode, apart=decode and rng.random() < 0.5, only="decode" if rng.random() < 0.05 else "prefill",
        replicas=replicas, ranks=tp > 1 and rng.random() < 0.12, residual=rng.random() < 0.4,
        heads=rng.random() < 0.15, payload=moe and rng.random() < 0.3,
        sends=manner.link in ("send recv", "transfer", "send to") and pp > 1, facts=rng.random() < 0.4,
        experts_each=rng.choice((1, 1, 2, 4)), batch=rng.choice((1, 4, 8, 16, 32)), seq=rng.choice((1024, 2048, 4096)),
        hidden=rng.choice((1024, 2048, 4096)),
    )  # fmt: skip
    extras = Extras(
        o_proj=rng.random() < 0.5, act=rng.random() < 0.3, ends=rng.random() < 0.35, shared=moe and rng.random() < 0.3,
        each=moe and plan.experts_each > 1 and rng.random() < 0.6, kv_nodes=decode and rng.random() < 0.4,
        micro=2 if not decode and replicas == 1 and plan.batch > 1 and rng.random() < 0.08 else 1,
        major=rng.choice(("stage", "replica")),
    )  # fmt: skip
    return plan, extras


def built(plan: Plan, extras: Extras, manner: Manner) -> World:
    """Build the deployment."""
    world = build(plan)
    if extras.each:
        _each_expert(world)
    if extras.shared:
        _shared_experts(world)
    if extras.o_proj:
        _output_projections(world)
    if extras.act:
        _behind(world, "mlp_up", "act", lambda up: (up.after, up.after))
    if extras.ends:
        _ends(world)
    if plan.replicas > 1 and extras.major == "replica":
        _replica_major(world)
    if plan.sends and manner.link == "transfer":
        _transfers(world)
    if plan.sends and manner.link == "send to":
        for key, op in world.ops.items():
            if op.role in ("send", "recv") and op.stage is not None:
                world.change(key, link=(op.stage, op.stage + 1) if op.role == "send" else (op.stage - 1, op.stage))
    if extras.kv_nodes:
        _kv_nodes(world)
    if extras.micro > 1:
        _micro_batches(world, extras.micro)
    return world


def plan_factors(plan: Plan, extras: Extras) -> dict[str, str]:
    """What was drawn, as factors."""
    left = ("batch", "seq", "hidden", "sends")
    return {f"plan.{name}": str(value) for name, value in (asdict(plan) | asdict(extras)).items() if name not in left}


def _insert(world: World, behind: str, op: Op) -> None:
    ops = list(world.ops.items())
    place = list(world.ops).index(behind)
    world.ops = dict([*ops[: place + 1], (op.key, op), *ops[place + 1 :]])


def _behind(world: World, role: str, added: str, dims: object) -> None:
    """Put an operator behind each of a role, which takes over its solid and pipeline edges."""
    for op in [op for op in world.ops.values() if op.role == role]:
        before, after = dims(op)  # type: ignore[operator]
        head, _, tail = op.key.rpartition("/")
        new = replace(op, key=f"{head}/{tail.replace(role, added)}", role=added, before=before, after=after)
        _insert(world, op.key, new)
        world.edges = [(new.key if t == op.key and s != "kv" else t, h, s) for t, h, s in world.edges]
        world.join(op.key, new.key)


def _output_projections(world: World) -> None:
    """Let attention end in an output projection, whose shards make sums that an all-reduce adds up."""
    whole = {op.key: op.after for op in world.ops.values() if op.role == "norm"}
    for op in list(world.ops.values()):
        if op.role == "all_gather":
            world.change(op.key, role="attn_reduce", before=op.after)
    full = next(iter(whole.values()))
    assert full is not None
    hidden = dict(full)["hidden"]
    _behind(world, "attention", "o_proj", lambda op: (op.after, sized(op.after, hidden=hidden)))


def _each_expert(world: World) -> None:
    """Draw every expert of a group by itself, on the group's GPUs."""
    for op in [op for op in world.ops.values() if op.role == "expert"]:
        assert op.experts is not None
        assert op.before is not None
        low, high = op.experts
        axis = "tokens" if "tokens" in dict(op.before) else "seq"
        few = sized(op.before, **{axis: max(1, dict(op.before)[axis] // (high - low + 1))})
        ins, outs = [e for e in world.edges if e[1] == op.key], [e for e in world.edges if e[0] == op.key]
        place, last = op.key.rpartition("/")[0], op.key
        for number in range(low, high + 1):
            key = f"{place}/expert.{number}"
            _insert(world, last, replace(op, key=key, shard=number, experts=(number, number), before=few, after=few))
            world.edges += [(t, key, s) for t, _, s in ins] + [(key, h, s) for _, h, s in outs]
            last = key
        world.drop(op.key)


def _shared_experts(world: World) -> None:
    """Give every layer a shared expert: fed by what feeds the gate, added to what is combined."""
    for combine in [op for op in world.ops.values() if op.role == "combine"]:
        place = combine.key.rpartition("/")[0]
        shared = replace(combine, key=f"{place}/shared", role="shared", before=combine.after)
        merge = replace(combine, key=f"{place}/merge", role="merge", before=combine.after)
        entering = [t for t, h, s in world.edges if h == f"{place}/gate"]
        world.edges = [(merge.key if t == combine.key else t, h, s) for t, h, s in world.edges]
        _insert(world, combine.key, merge)
        _insert(world, combine.key, shared)
        for tail in entering:
            world.join(tail, shared.key)
        world.join(combine.key, merge.key)
        world.join(shared.key, merge.key)


def _ends(world: World) -> None:
    """Put an embedding behind each input and a head before each output."""
    for op in [op for op in world.ops.values() if op.role in ("input", "output")]:
        stage = 0 if op.role == "input" else world.plan.pp - 1
        like = next(
            o for o in world.ops.values() if (o.phase, o.replica, o.stage, o.role) == (op.phase, op.replica, stage, "norm")
        )  # fmt: skip
        assert like.unit is not None
        assert op.after is not None
        ids, vocab = op.after[:2], (*op.after[:2], ("vocab", 32000))
        new = replace(op, key=op.key.replace("put", "put_end"), stage=stage, gpus=like.unit, unit=like.unit, home=like.unit[0])
        if op.role == "input":
            new = replace(new, role="embed", before=ids)
            world.change(op.key, before=ids, after=ids)
            world.edges = [(new.key if t == op.key else t, h, s) for t, h, s in world.edges]
            world.join(op.key, new.key)
            _insert(world, op.key, new)
        else:
            new = replace(new, role="head", after=vocab)
            world.change(op.key, before=vocab, after=vocab)
            world.edges = [(t, new.key if h == op.key else h, s) for t, h, s in world.edges]
            world.join(new.key, op.key)
            _insert(world, [k for k in world.ops if k != op.key and world.ops[k].phase == op.phase and world.ops[k].replica == op.replica][-1], new)


def _replica_major(world: World) -> None:
    """Count the stages of one replica before those of the next."""
    plan = world.plan
    size = plan.stage_gpus
    for key, op in list(world.ops.items()):
        if op.stage is not None and op.unit is not None:
            by = (op.replica * plan.pp + op.stage) * size - op.unit[0]
            moved = {name: (span[0] + by, span[1] + by) for name in ("gpus", "unit") if (span := getattr(op, name))}
            world.change(key, home=None if op.home is None else op.home + by, **moved)


def _transfers(world: World) -> None:
    """Draw one node between two stages instead of a send and a receive."""
    for send in [op for op in world.ops.values() if op.role == "send"]:
        (receive,) = world.outs(send.key)
        stage, end = send.stage, world.ops[receive]
        assert stage is not None
        assert send.gpus is not None
        assert end.gpus is not None
        both = (min(send.gpus[0], end.gpus[0]), max(send.gpus[1], end.gpus[1]))
        joined = both if both[1] - both[0] + 1 == 2 * (send.gpus[1] - send.gpus[0] + 1) else None
        world.change(send.key, role="transfer", stage=None, link=(stage, stage + 1), gpus=joined, unit=None)
        heads = [(h, s) for t, h, s in world.edges if t == receive]
        world.drop(receive)
        for head, _ in heads:
            world.join(send.key, head, "pipeline")


def _kv_nodes(world: World) -> None:
    """Let KV caches travel through nodes."""
    for tail, head, style in [e for e in world.edges if e[2] == "kv"]:
        op = world.ops[tail]
        kv = replace(op, key=f"{op.key}/kv", role="kv", gpus=None, before=op.after, after=op.after)
        _insert(world, tail, kv)
        world.edges.remove((tail, head, style))
        world.edges += [(tail, kv.key, style), (kv.key, head, style)]


def _micro_batches(world: World, number: int) -> None:
    """Draw every operator once a micro-batch, between a split and a join."""
    ops, edges = list(world.ops.values()), list(world.edges)
    ends = [op for op in ops if op.role in ("input", "output")]
    first, last = ends
    outer = {op.key for op in ends}
    world.ops, world.edges = {}, []
    divided = {op.key: replace(op, before=_divided(op.before, number), after=_divided(op.after, number)) for op in ops}
    split = replace(first, key=f"{first.key}/mb", role="mb_split", before=first.after, after=divided[first.key].after)
    join = replace(last, key=f"{last.key}/mb", role="mb_join", before=divided[last.key].before, after=last.before)
    world.ops = {first.key: first, split.key: split}
    world.join(first.key, split.key)
    for micro in range(number):
        for op in ops:
            if op.key not in outer:
                world.ops[f"{op.key}@{micro}"] = replace(divided[op.key], key=f"{op.key}@{micro}", micro=micro)
        for tail, head, style in edges:
            world.join(_end(tail, first.key, split.key, micro), _end(head, last.key, join.key, micro), style)
    world.ops |= {join.key: join, last.key: last}
    world.join(join.key, last.key)


def _divided(dims: Iterable[tuple[str, int]] | None, number: int) -> tuple[tuple[str, int], ...] | None:
    """Divide the batch, or the tokens."""
    return dims and tuple((axis, size // number if axis in ("batch", "tokens") else size) for axis, size in dims)


def _end(key: str, outer: str, inner: str, micro: int) -> str:
    return inner if key == outer else f"{key}@{micro}"
