"""Mutations of dimensions and of communication."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.mutation.defects import Defect, mutation, of_role, pick
from bench.mutation.model import sized

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from bench.mutation.model import Dims, World
    from bench.mutation.schemes import Page, Scheme


@mutation("T001")
def dims_forgotten(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """One operator states no dimensions."""
    op = pick(rng, world, "norm", "qkv", "expert", "gate", "all_reduce")
    return _stated(world, op.key, None, None) if op else None


def _stated(world: World, key: str, before: Dims | None, after: Dims | None) -> Defect:
    mutated = world.copy()
    mutated.change(key, before=before, after=after)
    return Defect(mutated, (key,))


def _line(world: World, key: str, change: Callable[[str], str]) -> Defect:
    def edit(page: Page) -> str | None:
        line = page.lines[key]
        return page.text.replace(line, change(line), 1) if change(line) != line else None

    return Defect(world, (key,), edit=edit)


@mutation("T002", "T003")
def dims_open(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """A size is left open."""
    op = pick(rng, world, "norm", "mlp_up", "gate")
    assert op is not None
    size = f"{scheme.keys.split()[0]}={world.plan.batch}," if scheme.keys else f"[{world.plan.batch},"
    return _line(world, op.key, lambda line: line.replace(size, size.replace(f"{world.plan.batch},", "?,")))


@mutation("T002")
def dims_run_together(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """A comma is missing between two axes."""
    op = pick(rng, world, "norm", "mlp_up", "gate")
    assert op is not None
    axis = f", {scheme.keys.split()[1]}=" if scheme.keys else ""
    return _line(world, op.key, lambda line: line.replace(axis, axis[1:], 1)) if axis else None


@mutation("T002", "T003")
def dims_nameless(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """One operator does not name its axes."""
    op = pick(rng, world, "norm", "mlp_up", "gate")
    assert op is not None
    usual = dict(zip(("batch", "seq", "hidden"), scheme.keys.split(), strict=False))

    def change(line: str) -> str:
        for axis in (*usual.values(), "ffn", "num_experts"):
            line = line.replace(f"{axis}=", "")
        return line

    return _line(world, op.key, change) if usual else None


@mutation("T002")
def dims_renamed(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """One operator calls an axis by another name."""
    op = pick(rng, world, "norm", "mlp_up", "gate")
    assert op is not None
    if "batch" not in scheme.keys:
        return None
    old, new = ("batch_size=", "batch=") if "batch_size" in scheme.keys else ("batch=", "batch_size=")
    return _line(world, op.key, lambda line: line.replace(old, new))


@mutation("T003")
def edge_dims(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """An operator takes more than the one before makes."""
    op = pick(rng, world, "mlp_down")
    if op is None or op.before is None:
        return None
    return _stated(world, op.key, sized(op.before, ffn=3 * dict(op.before)["ffn"]), op.after)


@mutation("T004", "T003")
def norm_changes(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """A norm changes its dimensions."""
    op = pick(rng, world, "norm", "norm2", "add")
    if op is None or op.before is None:
        return None
    return _stated(world, op.key, op.before, sized(op.before, hidden=world.plan.hidden // 2))


@mutation("T004", "T003")
def split_idle(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """A sequence split or gather leaves the sequence as it is."""
    op = pick(rng, world, "sp_split", "sp_gather")
    return _stated(world, op.key, op.before, op.before) if op else None


@mutation("T004", "T003")
def projection_too_wide(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """A QKV projection makes more features than query, key and value of every shard together have."""
    op = pick(rng, world, "qkv", phase=world.plan.phases[0])  # what is assumed of decode is held against nobody
    if op is None or op.after is None or world.plan.heads or not scheme.keys:
        return None
    return _stated(world, op.key, op.before, sized(op.after, hidden=world.plan.hidden * (3 * world.plan.tp + 2)))


@mutation("T004")
def gate_scores_few(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """A gate scores fewer experts than the model has."""
    op = pick(rng, world, "gate")
    if op is None or op.after is None or not world.plan.facts or not scheme.keys:
        return None
    return _stated(world, op.key, op.before, sized(op.after, experts=dict(op.after)["experts"] + 3))


@mutation("T005", "T003")
def allreduce_changes(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """An all-reduce changes its dimensions."""
    op = pick(rng, world, "all_reduce")
    return _stated(world, op.key, sized(op.after or (), hidden=world.plan.hidden // 2), op.after) if op else None


@mutation("T005", "T003")
def allgather_idle(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """An all-gather leaves its dimensions as they are."""
    op = pick(rng, world, "all_gather")
    return _stated(world, op.key, op.after, op.after) if op else None


@mutation("T004", "T003")
def allgather_uneven(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """An all-gather multiplies by what is no whole number."""
    op = pick(rng, world, "all_gather")
    if op is None or op.before is None:
        return None
    return _stated(world, op.key, sized(op.before, hidden=world.plan.hidden * 2 // 3), op.after)


@mutation("T006", "T003")
def tokens_wrong(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """The experts of a layer take more tokens than are routed to them."""
    op = pick(rng, world, "expert")
    if op is None or op.before is None or not world.plan.facts or world.plan.ep < 2 or not scheme.keys:
        return None
    mutated = world.copy()
    many = sized(op.before, tokens=7 * dict(op.before)["tokens"])
    group = [o.key for o in of_role(world, "expert") if (o.phase, o.layer) == (op.phase, op.layer)]
    for key in group:
        mutated.change(key, before=many, after=many)
    return Defect(mutated, tuple(group))


@mutation("T007", "C003 S010")
def payload_lost(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """Experts are fed by the router alone, which hands on scores."""
    if not world.plan.payload or not scheme.keys:
        return None
    del rng
    mutated = world.copy()
    for op in of_role(world, "dispatch"):
        gate_side = [e for e in mutated.edges if e[1] == op.key and world.ops[e[0]].role == "route"]
        mutated.edges = [e for e in mutated.edges if e[1] != op.key or e in gate_side]
        mutated.bypass(op.key)
    return Defect(mutated, tuple(op.key for op in of_role(world, "expert")))


@mutation("T008", "T003")
def heads_too_large(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """A head is of another size than heads and hidden size make it."""
    op = pick(rng, world, "qkv")
    if op is None or op.after is None or not (world.plan.heads and world.plan.facts and scheme.keys):
        return None
    return _stated(world, op.key, op.before, sized(op.after, d_k=80))


def _replaced(world: World, role: str, other: str) -> Defect | None:
    ops = of_role(world, role)
    mutated = world.copy()
    for op in ops:
        mutated.change(op.key, role=other)
    return Defect(mutated, tuple(op.key for op in ops)) if ops else None


def _removed(world: World, *roles: str) -> Defect | None:
    ops = [op for role in roles for op in of_role(world, role)]
    mutated = world.copy()
    for op in ops:
        mutated.bypass(op.key)
    return Defect(mutated) if ops else None


@mutation("T005 F002 F003 F005")
def gather_called_reduce(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """All-gathers are called all-reduces."""
    del rng
    return _replaced(world, "all_gather", "all_reduce") if world.plan.moe else None


@mutation("T005 F001", "S003")
def reduce_called_gather(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """All-reduces are called all-gathers; their dimensions stay."""
    op = pick(rng, world, "all_reduce")
    if op is None:
        return None
    changed = world.copy()
    changed.change(op.key, role="all_gather")
    return Defect(changed, (op.key,))


@mutation("T004 F001 F002 F003 F005")
def gather_called_scatter(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """All-gathers are called reduce-scatters, though their dimensions grow."""
    del rng
    return _replaced(world, "all_gather", "reduce_scatter")


@mutation("C001 F002 F005", "T003 T004")
def gather_removed(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Every all-gather after attention is gone: shards meet in the next operator."""
    del rng
    return _removed(world, "all_gather") if world.plan.moe and not world.plan.residual else None


@mutation("C001 F001 F005", "T003 T004")
def reduce_removed(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Every all-reduce after the MLP is gone: shards meet in the next norm."""
    del rng
    return _removed(world, "all_reduce") if not world.plan.residual and world.plan.layers > 1 else None


@mutation("C003", "T003 T004 F002 F005")
def combine_removed(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """The all-to-alls that combine the experts' results are gone."""
    del rng
    return _removed(world, "combine") if world.plan.ep > 1 else None


@mutation("C003", "T003 T004 F002 F005")
def dispatch_removed(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """The all-to-alls that dispatch tokens are gone."""
    del rng
    return _removed(world, "dispatch") if world.plan.ep > 1 and not world.plan.payload else None


@mutation("C002", "T003")
def sequence_removed(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Nothing splits and gathers the sequence, though it is parallel."""
    del rng
    return _removed(world, "sp_split", "sp_gather") if world.plan.sp > 1 else None


@mutation("C004")
def link_unmarked(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """A link between stages says nothing."""
    links = [e for e in world.edges if e[2] == "pipeline"]
    if not links or world.plan.sends:
        return None
    tail, head, _style = rng.choice(links)
    mutated = world.copy()
    mutated.edges = [(t, h, "solid" if (t, h) == (tail, head) else s) for t, h, s in world.edges]
    return Defect(mutated, (tail, head))


@mutation("C005", "D009 D003")
def collective_narrow(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """A collective is on the GPUs of its first shard alone."""
    op = pick(rng, world, "all_gather", "combine")
    if op is None or op.gpus is None or world.plan.tp < 2:
        return None
    mutated = world.copy()
    mutated.change(op.key, gpus=(op.gpus[0], op.gpus[0]))
    return Defect(mutated, (op.key,))


@mutation("C005 D001")
def collectives_without_gpus(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """No all-gather names its GPUs."""
    ops = of_role(world, "all_gather")
    mutated = world.copy()
    for op in ops:
        mutated.change(op.key, gpus=None)
    del rng
    return Defect(mutated, tuple(op.key for op in ops)) if ops and scheme.clusters != "stage" else None


@mutation("C006", "G009")
def silent_transfer(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """A projection feeds the attention of another shard too."""
    op = pick(rng, world, "qkv")
    if op is None or op.shard is None:
        return None
    other = op.key.replace("/qkv", "/attention")[: -len(str(op.shard))] + str((op.shard + 1) % world.plan.tp)
    mutated = world.copy()
    mutated.join(op.key, other)
    return Defect(mutated, (op.key, other))


@mutation("V001")
def shape_wrong(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """A computation is drawn as communication."""
    op = pick(rng, world, "norm", "qkv", "attention", "mlp_up", "expert")
    if op is None or sum(1 for o in world.ops.values() if o.role == op.role) < 3:
        return None
    mutated = world.copy()
    mutated.change(op.key, shape="ellipse")
    return Defect(mutated, (op.key,))


@mutation("V002")
def gate_edge_solid(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """A solid edge leads from routing to an expert where the others are dashed."""
    op = pick(rng, world, "expert")
    if op is None:
        return None
    mutated = world.copy()
    mutated.edges = [(t, h, "solid" if h == op.key and s == "dashed" else s) for t, h, s in world.edges]
    return Defect(mutated, (op.key,))


@mutation("V003")
def convention_of_its_own(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Every collective is drawn as computation is."""
    ops = [
        op
        for op in world.ops.values()
        if op.role in ("all_gather", "all_reduce", "dispatch", "combine", "send", "recv")
    ]
    mutated = world.copy()
    for op in ops:
        mutated.change(op.key, shape="box")
    del rng
    return Defect(mutated, tuple(op.key for op in ops)) if len(ops) >= 3 else None
