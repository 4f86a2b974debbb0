"""Correct deployments as plain data, before anybody names or draws them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Dims = tuple[tuple[str, int], ...]
"""Axes (batch, seq, tokens, hidden, ffn, heads, d_k, experts) with their sizes, in order."""

HEAD = 64
"""The size of a head, where a plan states heads."""


@dataclass(frozen=True)
class Plan:
    """What is to be built; `layers` are those of one stage.

    `replicas` are drawn of `dp`. `ranks` draws norms and residual adds once a tensor rank. `payload` leads hidden
    states past the gate, `sends` puts send and receive nodes between stages, `facts` declares the model too.
    `decode` stands beside prefill, on GPUs of its own where the phases are `apart`; `only` is a graph of one phase.
    """

    pp: int = 2
    tp: int = 2
    ep: int = 1
    sp: int = 1
    dp: int = 1
    layers: int = 1
    moe: bool = False
    decode: bool = False
    apart: bool = False
    only: str = "prefill"
    replicas: int = 1
    ranks: bool = False
    residual: bool = False
    heads: bool = False
    payload: bool = False
    sends: bool = False
    facts: bool = False
    experts_each: int = 2
    batch: int = 8
    seq: int = 4096
    hidden: int = 1024

    @property
    def spec(self) -> str:
        """The degrees as `--strategy` takes them."""
        return f"pp{self.pp}ep{self.ep}tp{self.tp}sp{self.sp}dp{self.dp}"

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases of the graph."""
        return ("prefill", "decode") if self.decode else (self.only,)

    @property
    def stage_gpus(self) -> int:
        """GPUs of one stage of one replica."""
        return self.ep * self.tp * self.sp

    @property
    def strategy(self) -> dict[str, object]:
        """The strategy as a strategy file has it."""
        total = self.pp * self.stage_gpus * self.dp
        table: dict[str, object] = {"strategy": self.spec}
        if self.decode:
            gpus = f"{total}-{2 * total - 1}" if self.apart else f"0-{total - 1}"
            half = self.spec.replace(f"sp{self.sp}", "sp1")  # decode of a prefill with SP takes fewer, if apart
            table = {"phases": {"prefill": {"strategy": self.spec, "gpus": f"0-{total - 1}"}}}
            if self.apart:
                gpus = f"{total}-{total + total // self.sp - 1}"
                table["phases"]["decode"] = {"strategy": half, "gpus": gpus}  # type: ignore[index]
                table["pool"] = {"kind": "disaggregated"}
        if self.facts:
            experts = self.ep * self.experts_each
            table["model"] = {
                "layers": self.pp * self.layers, "heads": self.hidden // HEAD, "hidden": self.hidden,
                "batch": self.batch * self.dp, "seq": self.seq, **({"experts": experts, "top_k": 2} if self.moe else {}),
            }  # fmt: skip
        return table


@dataclass(frozen=True)
class Op:
    """One operator: where it belongs, what it is, its GPUs and tensors; `shard` and `experts` are None where it is whole.

    `home` is its first GPU by right and `unit` its stage's GPUs, for names and headers. `micro` is its micro-batch,
    `step` its step in a ring, `link` the stages that a transfer joins, `ends` their GPUs. `inputs` are its tensors where
    it takes several, `axis` what `shard` counts where its role does not say that, `note` is added to its title.
    """

    key: str
    role: str
    phase: str
    replica: int = 0
    stage: int | None = None
    layer: int | None = None
    shard: int | None = None
    experts: tuple[int, int] | None = None
    gpus: tuple[int, int] | None = None
    before: Dims | None = None
    after: Dims | None = None
    shape: str | None = None
    home: int | None = None
    unit: tuple[int, int] | None = None
    micro: int | None = None
    step: int | None = None
    link: tuple[int, int] | None = None
    ends: tuple[tuple[int, int], tuple[int, int]] | None = None
    inputs: tuple[tuple[str, Dims], ...] = ()
    axis: str = ""
    note: str = ""


@dataclass
class World:
    """A deployment: operators by key in order, edges with their style (`solid`, `dashed`, `pipeline`, `kv`, `residual`)."""

    plan: Plan
    ops: dict[str, Op] = field(default_factory=dict)
    edges: list[tuple[str, str, str]] = field(default_factory=list)

    def copy(self) -> World:
        """A copy to be mutated."""
        return World(self.plan, dict(self.ops), list(self.edges))

    def change(self, key: str, **values: object) -> None:
        """Replace fields of one operator."""
        self.ops[key] = replace(self.ops[key], **values)  # type: ignore[arg-type]

    def join(self, tail: str, head: str, style: str = "solid") -> None:
        """Add an edge."""
        self.edges.append((tail, head, style))

    def drop(self, *keys: str) -> None:
        """Take operators and their edges away."""
        self.ops = {key: op for key, op in self.ops.items() if key not in keys}
        self.edges = [edge for edge in self.edges if edge[0] not in keys and edge[1] not in keys]

    def bypass(self, key: str) -> None:
        """Take an operator away and join those before it to those after it."""
        ins = [edge for edge in self.edges if edge[1] == key]
        outs = [edge for edge in self.edges if edge[0] == key]
        self.drop(key)
        for tail, _, style in ins:
            for _, head, other in outs:
                self.join(tail, head, other if style == "solid" else style)

    def ins(self, key: str) -> list[str]:
        """Give what feeds an operator."""
        return [tail for tail, head, _ in self.edges if head == key]

    def outs(self, key: str) -> list[str]:
        """Give what an operator feeds."""
        return [head for tail, head, _ in self.edges if tail == key]


def sized(dims: Dims, **sizes: int) -> Dims:
    """Give dimensions with other sizes of some axes."""
    return tuple((axis, sizes.get(axis, size)) for axis, size in dims)


def build(plan: Plan) -> World:
    """Build a correct deployment: one phase, or prefill and decode beside it."""
    world = World(plan)
    for phase in plan.phases:
        for replica in range(plan.replicas):
            _Phase(world, phase, replica).draw()
    if plan.decode:
        heads = [key for key, op in world.ops.items() if op.role == "attention" and op.phase == "prefill"]
        world.edges += [(key, key.replace("prefill", "decode"), "kv") for key in heads]
    return world


class _Phase:
    """One replica of one phase, drawn stage by stage and layer by layer."""

    def __init__(self, world: World, phase: str, replica: int) -> None:
        self.world, self.plan, self.phase, self.replica = world, world.plan, phase, replica
        plan = self.plan
        self.sp = plan.sp if phase == "prefill" else 1
        shrunk = plan.sp if phase == "decode" and plan.apart else 1
        self.size = plan.stage_gpus // shrunk
        self.start = plan.pp * plan.stage_gpus * plan.dp if phase == "decode" and plan.apart else 0
        self.seq = plan.seq if phase == "prefill" else 1
        self.stage: int | None = None
        self.layer: int | None = None
        self.gpus: tuple[int, int] | None = None
        self.last: list[str] = []
        self.style = "solid"

    def dims(self, seq: int, **axes: int) -> Dims:
        return (("batch", self.plan.batch), ("seq", seq), *axes.items())

    def add(self, role: str, before: Dims, after: Dims, **more: object) -> str:
        """Add an operator of the present stage and layer; `shard` and `gpus` of its own where given."""
        shard = more.get("shard")
        key = f"{self.phase}/{self.replica}/{self.stage}/{self.layer}/{role}{'' if shard is None else shard}"
        gpus = more.pop("gpus", self.gpus)
        op = Op(key, role, self.phase, self.replica, self.stage, self.layer, before=before, after=after)
        op = replace(op, gpus=gpus, home=gpus[0] if gpus else None, unit=self.gpus, **more)  # type: ignore[arg-type, index]
        self.world.ops[key] = op
        return key

    def then(self, *keys: str, style: str | None = None) -> None:
        """Feed these with what came last and let them be the last."""
        self.feed(self.last, keys, style or self.style)
        self.last, self.style = list(keys), "solid"

    def feed(self, tails: Sequence[str], heads: Sequence[str], style: str = "solid") -> None:
        """Join rank to rank where both are drawn once a rank, else all with all."""
        for place, tail in enumerate(tails):
            for head in heads[place : place + 1] if len(tails) == len(heads) else heads:
                self.world.join(tail, head, style)

    def parts(self, number: int) -> list[dict[str, object]]:
        """Divide the stage's GPUs: shard and GPUs of each part; one part alone is no shard."""
        assert self.gpus is not None
        low, size = self.gpus[0], (self.gpus[1] - self.gpus[0] + 1) // number
        spans = [(low + i * size, low + (i + 1) * size - 1) for i in range(number)]
        return [{"shard": i if number > 1 else None, "gpus": span} for i, span in enumerate(spans)]

    def draw(self) -> None:
        plan = self.plan
        whole = self.dims(self.seq, hidden=plan.hidden)
        part = self.dims(self.seq // self.sp, hidden=plan.hidden)
        self.last = [self.add("input", whole, whole)]
        for stage in range(plan.pp):
            if plan.replicas > 1:
                low = self.start + (stage * plan.dp + self.replica) * self.size
            else:
                low = self.start + stage * self.size
            self.stage, self.gpus = stage, (low, low + self.size - 1)
            if stage and plan.sends:
                self.then(self.add("recv", whole, whole))
            if self.sp > 1:
                self.then(self.add("sp_split", whole, part))
            for index in range(plan.layers):
                self.layer = stage * plan.layers + index
                self.draw_layer(part)
            self.layer = None
            if self.sp > 1:
                self.then(self.add("sp_gather", part, whole))
            if stage < plan.pp - 1 and plan.sends:
                self.then(self.add("send", whole, whole))
            self.style = "pipeline" if stage < plan.pp - 1 else "solid"
        self.stage = self.gpus = None
        self.then(self.add("output", whole, whole))

    def draw_layer(self, part: Dims) -> None:
        plan = self.plan
        hidden, seq = plan.hidden, dict(part)["seq"]
        narrow = self.dims(seq, hidden=hidden // plan.tp)
        state = self.dims(seq, heads=hidden // HEAD // plan.tp, d_k=HEAD) if plan.heads else narrow
        entering = list(self.last), self.style
        self.kept("norm", part)
        ranks = self.parts(plan.tp)
        self.then(*[self.add("qkv", part, state, **rank) for rank in ranks])
        self.then(*[self.add("attention", state, narrow, **rank) for rank in ranks])
        if plan.tp > 1:
            self.then(self.add("all_gather", narrow, part))
        self.residual("add", part, entering)
        entering = list(self.last), "solid"
        if plan.residual:
            self.kept("norm2", part)
        self.draw_experts(part) if plan.moe else self.draw_mlp(part)
        self.residual("add2", part, entering)

    def kept(self, role: str, part: Dims) -> None:
        """Draw an operator that keeps dimensions, once, or once a tensor rank."""
        parts = self.parts(self.plan.tp) if self.plan.ranks else [{}]
        self.then(*[self.add(role, part, part, **each) for each in parts])

    def residual(self, role: str, part: Dims, entering: tuple[list[str], str]) -> None:
        if self.plan.residual:
            tails, style = entering
            self.kept(role, part)
            self.feed(tails, self.last, "residual" if style == "pipeline" else "solid")

    def draw_mlp(self, part: Dims) -> None:
        plan = self.plan
        wide = self.dims(dict(part)["seq"], ffn=4 * plan.hidden // plan.tp)
        ranks = self.parts(plan.tp)
        self.then(*[self.add("mlp_up", part, wide, **rank) for rank in ranks])
        self.then(*[self.add("mlp_down", wide, part, **rank) for rank in ranks])
        if plan.tp > 1:
            self.then(self.add("all_reduce", part, part))

    def draw_experts(self, part: Dims) -> None:
        plan, entering, seq = self.plan, self.last, dict(part)["seq"]
        number, each = plan.ep * plan.experts_each, plan.experts_each
        few: Dims = (("tokens", plan.batch * seq * 2 // plan.ep), ("hidden", plan.hidden))
        few = few if plan.facts else self.dims(max(1, seq * 2 // plan.ep), hidden=plan.hidden)
        scores = self.dims(seq, experts=number)
        gate = self.add("gate", part, scores)
        route = self.add("route", scores if plan.payload else part, scores if plan.payload else part)
        dispatch = self.add("dispatch", part, few)
        self.then(gate)
        self.then(route)
        self.then(dispatch, style="dashed" if plan.payload else None)
        if plan.payload:
            self.feed(entering, [dispatch])
        groups = [
            self.add("expert", few, few, experts=(i * each, (i + 1) * each - 1), **{**rank, "shard": i})
            for i, rank in enumerate(self.parts(plan.ep))
        ]
        self.then(*groups, style="dashed")
        self.then(self.add("combine", few, part))
