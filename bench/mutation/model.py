"""Correct deployments as plain data, before anybody names or draws them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

Dims = tuple[int, int, int]  # batch, sequence, hidden (or what stands in its place)


@dataclass(frozen=True)
class Plan:
    """What is to be built; `moe` has experts, `layers` are those of one stage."""

    pp: int = 2
    tp: int = 2
    ep: int = 1
    sp: int = 1
    layers: int = 1
    moe: bool = False
    decode: bool = False
    batch: int = 4
    seq: int = 4096
    hidden: int = 1024
    experts_each: int = 2

    @property
    def spec(self) -> str:
        """The strategy as `--strategy` takes it."""
        return f"pp{self.pp}ep{self.ep}tp{self.tp}sp{self.sp}"

    @property
    def stage_gpus(self) -> int:
        """GPUs of one stage."""
        return self.ep * self.tp * self.sp


@dataclass(frozen=True)
class Op:
    """One operator: where it belongs, what it is, its GPUs and tensors. `shard` and `experts` are None where it is whole."""

    key: str
    role: str
    phase: str
    stage: int | None = None
    layer: int | None = None
    shard: int | None = None
    experts: tuple[int, int] | None = None
    gpus: tuple[int, int] | None = None
    before: Dims | None = None
    after: Dims | None = None
    shape: str | None = None
    home: int | None = None  # its first GPU by right, for names that carry it


@dataclass
class World:
    """A deployment: operators by key in order, edges with their style (`solid`, `dashed`, `pipeline`, `kv`)."""

    plan: Plan
    ops: dict[str, Op] = field(default_factory=dict)
    edges: list[tuple[str, str, str]] = field(default_factory=list)
    phases: tuple[str, ...] = ("prefill",)

    def copy(self) -> World:
        """A copy to be mutated."""
        return World(self.plan, dict(self.ops), list(self.edges), self.phases)

    def change(self, key: str, **values: object) -> None:
        """Replace fields of one operator."""
        self.ops[key] = replace(self.ops[key], **values)  # type: ignore[arg-type]


def build(plan: Plan) -> World:
    """Build a correct deployment: prefill, and decode beside it where the plan says so."""
    world = World(plan, phases=("prefill", "decode") if plan.decode else ("prefill",))
    for phase in world.phases:
        _phase(world, phase)
    if plan.decode:
        heads = [key for key, op in world.ops.items() if op.role == "attention" and op.phase == "prefill"]
        world.edges += [(key, "decode" + key.removeprefix("prefill"), "kv") for key in heads]
    return world


def _phase(world: World, phase: str) -> None:
    plan = world.plan
    sp = plan.sp if phase == "prefill" else 1
    whole: Dims = (plan.batch, plan.seq if phase == "prefill" else 1, plan.hidden)
    source = _add(world, Op(f"{phase}/input", "input", phase, before=whole, after=whole))
    previous, style = source, "solid"
    for stage in range(plan.pp):
        base = stage * plan.stage_gpus
        gpus = (base, base + plan.stage_gpus - 1)
        part: Dims = (whole[0], whole[1] // sp, whole[2])

        def add(role: str, layer: int | None, **more: object) -> str:
            name = f"{phase}/{stage}/{'-' if layer is None else layer}/{role}"
            suffix = more.pop("suffix", "")
            values: dict[str, object] = {"gpus": gpus, "before": part, "after": part, **more}
            return _add(world, Op(f"{name}{suffix}", role, phase, stage, layer, **values))  # type: ignore[arg-type]

        if sp > 1:
            split = add("sp_split", None, before=whole)
            _join(world, previous, split, style)
            previous, style = split, "solid"
        for index in range(plan.layers):
            layer = stage * plan.layers + index
            previous = _layer(world, add, previous, style, layer, part, gpus)
            style = "solid"
        if sp > 1:
            gather = add("sp_gather", None, after=whole)
            _join(world, previous, gather)
            previous = gather
        style = "pipeline"
    sink = _add(world, Op(f"{phase}/output", "output", phase, before=whole, after=whole))
    _join(world, previous, sink)


def _layer(world: World, add: object, previous: str, style: str, layer: int, part: Dims, gpus: tuple[int, int]) -> str:
    assert callable(add)
    plan = world.plan
    batch, seq, hidden = part
    norm = add("norm", layer)
    _join(world, previous, norm, style)
    size = (gpus[1] - gpus[0] + 1) // plan.tp
    narrow = (batch, seq, hidden // plan.tp)
    meet = add("all_gather", layer, before=narrow) if plan.tp > 1 else None
    heads = []
    for shard in range(plan.tp):
        own = (gpus[0] + shard * size, gpus[0] + (shard + 1) * size - 1)
        which = shard if plan.tp > 1 else None
        qkv = add("qkv", layer, suffix=shard, shard=which, gpus=own, after=narrow)
        attention = add("attention", layer, suffix=shard, shard=which, gpus=own, before=narrow, after=narrow)
        _join(world, norm, qkv)
        _join(world, qkv, attention)
        heads.append(attention)
    if meet is not None:
        for head in heads:
            _join(world, head, meet)
        previous = meet
    else:
        previous = heads[0]
    return (
        _experts(world, add, previous, layer, part, gpus) if plan.moe else _mlp(world, add, previous, layer, part, gpus)
    )


def _mlp(world: World, add: object, previous: str, layer: int, part: Dims, gpus: tuple[int, int]) -> str:
    assert callable(add)
    plan = world.plan
    batch, seq, hidden = part
    size = (gpus[1] - gpus[0] + 1) // plan.tp
    wide = (batch, seq, 4 * hidden // plan.tp)
    meet = add("all_reduce", layer) if plan.tp > 1 else None
    last = previous
    for shard in range(plan.tp):
        own = (gpus[0] + shard * size, gpus[0] + (shard + 1) * size - 1)
        which = shard if plan.tp > 1 else None
        up = add("mlp_up", layer, suffix=shard, shard=which, gpus=own, after=wide)
        down = add("mlp_down", layer, suffix=shard, shard=which, gpus=own, before=wide)
        _join(world, previous, up)
        _join(world, up, down)
        last = down
        if meet is not None:
            _join(world, down, meet)
    return meet or last


def _experts(world: World, add: object, previous: str, layer: int, part: Dims, gpus: tuple[int, int]) -> str:
    assert callable(add)
    plan = world.plan
    batch, seq, hidden = part
    number = plan.ep * plan.experts_each
    size = (gpus[1] - gpus[0] + 1) // plan.ep
    few = (batch, seq * 2 // plan.ep if plan.ep > 1 else seq, hidden)
    gate = add("gate", layer, after=(batch, seq, number))
    route = add("route", layer)
    dispatch = add("dispatch", layer, after=few)
    combine = add("combine", layer, before=few)
    _join(world, previous, gate)
    _join(world, gate, route)
    _join(world, route, dispatch)
    for group in range(plan.ep):
        own = (gpus[0] + group * size, gpus[0] + (group + 1) * size - 1)
        held = (group * plan.experts_each, (group + 1) * plan.experts_each - 1)
        expert = add("expert", layer, suffix=group, experts=held, shard=group, gpus=own, before=few, after=few)
        _join(world, dispatch, expert, "dashed")
        _join(world, expert, combine)
    return combine


def _add(world: World, op: Op) -> str:
    world.ops[op.key] = replace(op, home=op.gpus[0] if op.gpus else None)
    return op.key


def _join(world: World, tail: str, head: str, style: str = "solid") -> None:
    world.edges.append((tail, head, style))
