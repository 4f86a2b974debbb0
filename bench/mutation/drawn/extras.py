"""What is built into a plan's deployment besides: each function changes the world that it gets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.mutation.model import sized

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.mutation.model import Dims, Op, World


def _insert(world: World, behind: str, op: Op) -> None:
    ops = list(world.ops.items())
    place = list(world.ops).index(behind)
    world.ops = dict([*ops[: place + 1], (op.key, op), *ops[place + 1 :]])


def behind(world: World, role: str, added: str, dims: Callable[[Op], tuple[Dims | None, Dims | None]]) -> None:
    """Put an operator behind each of a role, which takes over its solid and pipeline edges."""
    for op in [op for op in world.ops.values() if op.role == role]:
        before, after = dims(op)
        head, _, tail = op.key.rpartition("/")
        new = replace(op, key=f"{head}/{tail.replace(role, added)}", role=added, before=before, after=after)
        _insert(world, op.key, new)
        world.edges = [(new.key if t == op.key and s != "kv" else t, h, s) for t, h, s in world.edges]
        world.join(op.key, new.key)


def output_projections(world: World) -> None:
    """Let attention end in an output projection, whose shards make sums that an all-reduce adds up."""
    whole = {op.key: op.after for op in world.ops.values() if op.role == "norm"}
    for op in list(world.ops.values()):
        if op.role == "all_gather":
            world.change(op.key, role="attn_reduce", before=op.after)
    full = next(iter(whole.values()))
    assert full is not None
    hidden = dict(full)["hidden"]
    behind(world, "attention", "o_proj", lambda op: (op.after, sized(op.after or (), hidden=hidden)))


def each_expert(world: World) -> None:
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


def shared_experts(world: World) -> None:
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


def ends(world: World) -> None:
    """Put an embedding behind each input and a head before each output."""
    for op in [op for op in world.ops.values() if op.role in ("input", "output")]:
        stage = 0 if op.role == "input" else world.plan.pp - 1
        like = next(
            o for o in world.ops.values() if (o.phase, o.replica, o.stage, o.role) == (op.phase, op.replica, stage, "norm")
        )  # fmt: skip
        assert like.unit is not None
        assert op.after is not None
        ids, vocab = op.after[:2], (*op.after[:2], ("vocab", 32000))
        new = replace(
            op, key=op.key.replace("put", "put_end"), stage=stage, gpus=like.unit, unit=like.unit, home=like.unit[0]
        )
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
            _insert(
                world,
                [
                    k
                    for k in world.ops
                    if k != op.key and world.ops[k].phase == op.phase and world.ops[k].replica == op.replica
                ][-1],
                new,
            )


def replica_major(world: World) -> None:
    """Count the stages of one replica before those of the next."""
    plan = world.plan
    size = plan.stage_gpus
    for key, op in list(world.ops.items()):
        if op.stage is not None and op.unit is not None:
            by = (op.replica * plan.pp + op.stage) * size - op.unit[0]
            moved = {name: (span[0] + by, span[1] + by) for name in ("gpus", "unit") if (span := getattr(op, name))}
            world.change(key, home=None if op.home is None else op.home + by, **moved)


def transfers(world: World) -> None:
    """Draw one node between two stages instead of a send and a receive."""
    for send in [op for op in world.ops.values() if op.role == "send"]:
        (receive,) = world.outs(send.key)
        stage, end = send.stage, world.ops[receive]
        assert stage is not None
        assert send.gpus is not None
        assert end.gpus is not None
        both = (min(send.gpus[0], end.gpus[0]), max(send.gpus[1], end.gpus[1]))
        joined = both if both[1] - both[0] + 1 == 2 * (send.gpus[1] - send.gpus[0] + 1) else None
        world.change(
            send.key,
            role="transfer",
            stage=None,
            link=(stage, stage + 1),
            gpus=joined,
            unit=None,
            ends=(send.gpus, end.gpus),
        )
        heads = [(h, s) for t, h, s in world.edges if t == receive]
        world.drop(receive)
        for head, _ in heads:
            world.join(send.key, head, "pipeline")


def kv_nodes(world: World) -> None:
    """Let KV caches travel through nodes."""
    for tail, head, style in [e for e in world.edges if e[2] == "kv"]:
        op = world.ops[tail]
        kv = replace(op, key=f"{op.key}/kv", role="kv", gpus=None, before=op.after, after=op.after)
        _insert(world, tail, kv)
        world.edges.remove((tail, head, style))
        world.edges += [(tail, kv.key, style), (kv.key, head, style)]


def micro_batches(world: World, number: int) -> None:
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


def _divided(dims: Dims | None, number: int) -> Dims | None:
    """Divide the batch, or the tokens."""
    return dims and tuple((axis, size // number if axis in ("batch", "tokens") else size) for axis, size in dims)


def _end(key: str, outer: str, inner: str, micro: int) -> str:
    return inner if key == outer else f"{key}@{micro}"


def name_links(world: World) -> None:
    """Let sends and receives name the stage at their other end."""
    for key, op in world.ops.items():
        if op.role in ("send", "recv") and op.stage is not None:
            world.change(key, link=(op.stage, op.stage + 1) if op.role == "send" else (op.stage - 1, op.stage))


def split_qkv(world: World) -> None:
    """Draw query, key and value projections by themselves."""
    for op in [op for op in world.ops.values() if op.role == "qkv"]:
        ins, outs, last = world.ins(op.key), world.outs(op.key), op.key
        styles = {(tail, head): style for tail, head, style in world.edges}
        for role in ("q_proj", "k_proj", "v_proj"):
            key = op.key.replace("/qkv", f"/{role}")
            _insert(world, last, replace(op, key=key, role=role))
            world.edges += [(tail, key, styles[tail, op.key]) for tail in ins] + [(key, head, "solid") for head in outs]
            last = key
        world.drop(op.key)


def ring(world: World) -> None:
    """Draw attention as a ring: every sequence rank works in steps, and hands its K and V blocks to the next."""
    size = world.plan.sp
    for op in [op for op in world.ops.values() if op.role == "attention" and op.phase == "prefill"]:
        assert op.gpus is not None
        ins, outs, place, last = world.ins(op.key), world.outs(op.key), op.key.rpartition("/")[0], op.key
        styles = {(tail, head): style for tail, head, style in world.edges}
        wide = (op.gpus[1] - op.gpus[0] + 1) // size
        for rank in range(size):
            span = (op.gpus[0] + rank * wide, op.gpus[0] + (rank + 1) * wide - 1)
            for step in range(size):
                here = replace(
                    op, key=f"{place}/ring{rank}.{step}", role="ring", shard=rank, step=step, gpus=span, home=span[0]
                )
                _insert(world, last, here)
                last = here.key
                if step < size - 1:
                    send = replace(here, key=f"{place}/ring_send{rank}.{step}", role="ring_send", after=here.before)
                    _insert(world, last, send)
                    last = send.key
                    world.join(here.key, f"{place}/ring{rank}.{step + 1}")
                    world.join(here.key, send.key)
                    world.join(send.key, f"{place}/ring{(rank + 1) % size}.{step + 1}")
            for tail in ins:
                world.join(tail, f"{place}/ring{rank}.0")
            for head in outs:
                world.join(last, head, styles[op.key, head])
        world.drop(op.key)
