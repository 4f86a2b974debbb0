"""Mutations of GPUs, shards and experts, and of what is said of the strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.mutation.defects import Defect, mutation, of_role, pick, units

if TYPE_CHECKING:
    import random

    from bench.mutation.model import Op, World
    from bench.mutation.schemes import Page, Scheme


def _placed(world: World, stage: int, phase: str) -> list[Op]:
    return [op for op in world.ops.values() if (op.stage, op.phase) == (stage, phase) and op.gpus]


def _moved(world: World, ops: list[Op], by: int) -> Defect:
    mutated = world.copy()
    for op in ops:
        assert op.gpus is not None
        mutated.change(op.key, gpus=(op.gpus[0] + by, op.gpus[1] + by))
    return Defect(mutated, tuple(op.key for op in ops))


@mutation("D003 D004", "D009 D006 S002 S007")
def gpus_shifted(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """A stage is on GPUs that overlap its neighbour's."""
    plan = world.plan
    if plan.pp < 2 or plan.stage_gpus < 4 or plan.replicas > 1:
        return None
    return _moved(world, _placed(world, rng.randrange(1, plan.pp), plan.phases[0]), -(plan.stage_gpus // 2))


@mutation("D003 S005", "D004 D009 S004 S009 C004")
def stages_exchanged(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Two stages have each other's GPUs."""
    plan = world.plan
    if plan.pp < 2 or plan.replicas > 1:
        return None
    stage, phase = rng.randrange(1, plan.pp), plan.phases[0]
    later = _moved(world, _placed(world, stage, phase), -plan.stage_gpus)
    both = _moved(later.world, _placed(world, stage - 1, phase), plan.stage_gpus)
    return Defect(both.world, later.keys + both.keys)


@mutation("D003 D005 D006", "D009 P007 P008 C005")
def stage_on_half(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """The last stage is drawn on the first half of its GPUs."""
    plan = world.plan
    ops = _placed(world, plan.pp - 1, plan.phases[0])
    if plan.pp < 2 or plan.stage_gpus < 4 or plan.replicas > 1 or scheme.headers or scheme.clusters == "stage":
        return None  # what a header says counts, and operators on a part of it may be a part of what there is
    mutated = world.copy()
    for op in ops:
        assert op.gpus is not None
        assert op.unit is not None
        low, high = op.gpus[0] - op.unit[0], op.gpus[1] - op.unit[0]
        mutated.change(op.key, gpus=(op.unit[0] + low // 2, op.unit[0] + high // 2))
    del rng
    return Defect(mutated, tuple(op.key for op in ops))


@mutation("D005", "D009")
def shard_overlap(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Two shards of one operator share GPUs."""
    op = pick(rng, world, "qkv")
    if op is None or op.shard in (None, world.plan.tp - 1) or op.gpus is None or op.gpus[0] == op.gpus[1]:
        return None
    return _moved(world, [op], 1)


@mutation("D008 D003", "D006 D009 C006 T003 D004")
def gpu_out_of_range(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """An operator is on a GPU that the deployment does not have."""
    op = pick(rng, world, "norm", "gate", "mlp_up")
    assert op is not None
    mutated = world.copy()
    last = 2 * world.plan.pp * world.plan.stage_gpus * world.plan.dp
    mutated.change(op.key, gpus=(last + 8, last + 8))
    return Defect(mutated, (op.key,))


@mutation("D001")
def gpu_forgotten(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """One operator names no GPUs."""
    op = pick(rng, world, "norm", "all_gather", "gate", "qkv", "expert")
    if (
        op is None
        or units(world) * (1 if op.shard is None else 2) < 3
        or ("{gpu}" in scheme.name and op.shard is not None)
    ):
        return None
    mutated = world.copy()
    mutated.change(op.key, gpus=None)
    return Defect(mutated, (op.key,))


@mutation("D002")
def gpu_vague(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """One operator says `all GPUs`."""
    op = pick(rng, world, "norm", "all_gather", "gate", "qkv", "expert")
    if op is None or op.gpus is None:
        return None

    def edit(page: Page) -> str:
        line = page.lines[op.key]
        at = line.upper().rindex("DEVICE" if "Device" in scheme.gpu else "GPU")
        stop = min(i for i in (line.find('"', at), line.find(">", at)) if i > 0)
        return page.text.replace(line, f"{line[:at]}GPU: All GPUs{line[stop:]}", 1)

    return Defect(world, (op.key,), edit=edit)


@mutation("D009", "C006")
def name_contradicted(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """The labels of two shards have each other's GPUs; their names say which are right."""
    op = pick(rng, world, "qkv", "attention")
    if op is None or op.shard is None or "{gpu}" not in scheme.name or units(world) < 3:
        return None
    other = next(o for o in of_role(world, op.role) if o.shard != op.shard and o.key[:-1] == op.key[:-1])
    mutated = world.copy()
    mutated.change(op.key, gpus=other.gpus)
    mutated.change(other.key, gpus=op.gpus)
    return Defect(mutated, (op.key, other.key))


@mutation("D007", "D003 D004 D006 D009")
def pool_shared(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Disaggregated decode is drawn on GPUs of prefill."""
    plan = world.plan
    del rng
    return (
        _moved(world, [op for op in world.ops.values() if op.phase == "decode" and op.gpus], -plan.pp * plan.stage_gpus)
        if plan.apart
        else None
    )


@mutation("P001")
def header_wrong(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """The file declares another degree of pipelining."""
    del rng
    said = f"PP{world.plan.pp}"
    if not scheme.declares:
        return None
    return Defect(world, edit=lambda page: page.text.replace(said, f"PP{world.plan.pp * 2}", 1))


@mutation("P001")
def total_wrong(world: World, rng: random.Random, scheme: Scheme) -> Defect | None:
    """A title node declares degrees that are right and a number of GPUs that is not."""
    plan = world.plan
    title = f'"title" [label="Deployment: PP={plan.pp}, TP={plan.tp}\\n{plan.pp * plan.stage_gpus * plan.dp + 3} GPUs Total", shape=plaintext]'
    del rng, scheme
    return Defect(world, edit=lambda page: page.text.replace("  rankdir=TB", f"  {title};\n  rankdir=TB", 1))


def _model(world: World, **facts: int) -> Defect | None:
    table = dict(world.plan.strategy)
    if "model" not in table:
        return None
    table["model"] = {**table["model"], **facts}  # type: ignore[dict-item]
    return Defect(world, strategy=table)


@mutation("P002", "T008")
def heads_odd(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Heads do not divide by TP."""
    del rng
    return _model(world, heads=15) if world.plan.tp > 1 and not world.plan.heads else None


@mutation("P003", "T004")
def experts_odd(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Experts do not divide by EP."""
    del rng
    return _model(world, experts=world.plan.ep * world.plan.experts_each + 1) if world.plan.ep > 1 else None


@mutation("P004")
def sequence_odd(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """The sequence does not divide by SP."""
    del rng
    return _model(world, seq=world.plan.seq + 1) if world.plan.sp > 1 else None


@mutation("P005", "S007")
def layers_few(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """There are fewer layers than stages."""
    del rng
    return _model(world, layers=world.plan.pp - 1) if world.plan.pp > 1 else None


@mutation("P010")
def top_k_wrong(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """A router says another top-k than the model's."""
    op = pick(rng, world, "route")
    if op is None or not world.plan.facts:
        return None
    return Defect(world, (op.key,), edit=lambda page: _replaced(page, op.key, "top-2", "top-3"))


def _replaced(page: Page, key: str, old: str, new: str) -> str:
    line = page.lines[key]
    return page.text.replace(line, line.replace(old, new, 1), 1)


@mutation("P009", "P008")
def expert_overlap(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """Two groups hold the same expert."""
    op = pick(rng, world, "expert")
    if op is None or op.experts is None or op.shard == 0 or world.plan.experts_each < 2:
        return None
    mutated = world.copy()
    mutated.change(op.key, experts=(op.experts[0] - 1, op.experts[1]))
    return Defect(mutated, (op.key,))


@mutation("P009", "P008")
def expert_gap(world: World, rng: random.Random, _: Scheme) -> Defect | None:
    """An expert belongs to no group."""
    op = pick(rng, world, "expert")
    if op is None or op.experts is None or world.plan.experts_each < 2 or op.shard in (0, world.plan.ep - 1):
        return None
    mutated = world.copy()
    mutated.change(op.key, experts=(op.experts[0] + 1, op.experts[1]))
    return Defect(mutated)
