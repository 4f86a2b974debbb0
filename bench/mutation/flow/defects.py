"""Defects of how tensors travel, each where the labels state the facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.mutation.defects import Defect
from bench.mutation.flow import groups as g
from bench.mutation.flow.handover import handed, lacking
from bench.mutation.flow.plan import FlowPlan
from bench.mutation.model import sized

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator

    from bench.mutation.drawn.manner import Manner
    from bench.mutation.model import Op, World

    Change = Callable[[World, random.Random, Manner], Defect | None]

SHAPES = "F006 T003 T004"
"""The rules that speak where what is written before and behind a place no longer fits."""


@dataclass(frozen=True)
class Fault:
    """A change, None of which means that it cannot be done or would not be stated; `codes` and `brings` as in `Mutation`."""

    change: Change
    codes: frozenset[str]
    brings: frozenset[str] = field(default_factory=frozenset)


FLOW: dict[str, Fault] = {}


def _enter(codes: str, title: str, told: str, change: Change, brings: str = "") -> None:
    """Enter a change into the table; `told` says what is wrong."""
    change.__doc__ = told
    FLOW[title] = Fault(change, frozenset(codes.split()), frozenset(brings.split()))


def fault(codes: str, brings: str = "") -> Callable[[Change], Change]:
    """Enter a change into the table under its own name."""

    def enter(change: Change) -> Change:
        _enter(codes, str(getattr(change, "__name__", "")), change.__doc__ or "", change, brings)
        return change

    return enter


def _local(world: World, manner: Manner) -> bool:
    """Whether shapes are written and are those of one rank."""
    return manner.shape != "none" and bool(getattr(world.plan, "local", False))


def _keys(*ops: Iterable[Op]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(op.key for some in ops for op in some))


def _known(fair: str, world: World, manner: Manner, tails: list[Op]) -> bool:
    """Whether a collective is known to be needed: by shards before it, by shapes of one rank, or by the strategy."""
    told = {"shards": g.sharded(tails), "shapes": _local(world, manner), "strategy": manner.declared == "yes"}
    return any(told[word] for word in fair.split(" or "))


def _drop(title: str, told: str, roles: tuple[str, ...], fair: str, codes: str, partners: tuple[str, ...] = ()) -> None:
    """Enter a defect that takes collectives away; `partners` of the same phase and replica may be named as well."""

    def change(world: World, rng: random.Random, manner: Manner) -> Defect | None:
        found = g.groups(world, roles, lambda some: _known(fair, world, manner, g.before(world, some)))
        if not _local(world, manner):  # the down projections of MLA take a slice of the sequence as well as all of it
            found = [some for some in found if not {"q_a", "kv_a"} & {op.role for op in g.after(world, some)}]
        if not found:
            return None
        group = rng.choice(found)
        if group[0].role in ("k_ag", "v_ag", *g.EXCHANGES) and fair != "shapes":  # one of them alone is another defect
            group = [op for op in world.ops.values() if op.role in roles and g.unit(op) == g.unit(group[0])]
        mutated = world
        for role in dict.fromkeys(op.role for op in group):
            mutated = g.bypass(mutated, [op for op in group if op.role == role])
        gone = {op.key for op in group}
        around = [op for op in g.before(world, group) + g.after(world, group) if op.key not in gone]
        others = [o for o in world.ops.values() if o.role in partners and g.unit(o)[:2] == g.unit(group[0])[:2]]
        return Defect(mutated, _keys(around, others))

    _enter(codes, title, told, change, SHAPES)


_drop("drop_reduce", "The all-reduce behind row-parallel shards is gone.", g.REDUCES, "shards", "F001 F005 C001")
_drop(
    "drop_scatter",
    "The reduce-scatter behind row-parallel shards is gone.",
    g.SCATTERS,
    "shards",
    f"F001 F005 C001 C002 {SHAPES}",
)
_drop("drop_embed", "The sum of a vocabulary-parallel embedding is never made.", g.EMBEDS, "shards", "F001 F005 C001")
_drop(
    "missing_gather_hidden",
    "A norm or an add takes a slice of the hidden states.",
    g.WHOLES,
    "shards or shapes",
    f"F001 F002 F005 C001 {SHAPES}",
)
_drop(
    "missing_gather_vocab",
    "Sampling sees a slice of the vocabulary.",
    ("head_gather",),
    "shards",
    f"F001 F002 C001 {SHAPES}",
)
_drop("missing_gather_tokens", "Column-parallel shards take a slice of the sequence.", g.TOKENS, "shards or shapes",
      f"F002 C001 C002 {SHAPES}")  # fmt: skip
_drop("missing_gather_keys", "Attention sees the keys of its own slice of the sequence.", g.KEYS, "shapes or strategy",
      f"F002 C002 {SHAPES}")  # fmt: skip
_drop("missing_exchange", "Attention works on its own slice of the sequence.", g.EXCHANGES, "shapes or strategy",
      f"F002 C002 S009 {SHAPES}")  # fmt: skip
_drop("half_exchange", "One of the two all-to-alls around attention is gone.", g.EXCHANGES, "shapes",
      f"F002 F003 F005 C002 S009 {SHAPES}")  # fmt: skip
_drop("missing_gather_end", "The sequence is never gathered again.", ("sp_gather",), "shapes",
      f"F002 C002 S009 {SHAPES}", ("sp_split", "embed_scatter"))  # fmt: skip
_drop("drop_split", "The sequence is never divided.", ("sp_split",), "shapes",
      f"F003 F005 C002 S009 {SHAPES}", ("sp_gather",))  # fmt: skip
_drop("drop_combine", "The results of experts are never combined.", ("combine",), "shards", f"F002 F005 C003 {SHAPES}")


def _swap(title: str, told: str, roles: tuple[str, ...], others: tuple[str, ...], fair: str, codes: str) -> None:
    def change(world: World, rng: random.Random, manner: Manner) -> Defect | None:
        found = g.groups(world, roles, lambda some: _known(fair, world, manner, g.before(world, some)))
        if not found:
            return None
        group, other, mutated = rng.choice(found), rng.choice(others), world.copy()
        for op in group:
            mutated.change(op.key, role=other)
        return Defect(mutated, _keys(group, g.before(world, group), g.after(world, group)))

    _enter(codes, title, told, change, f"F003 {SHAPES}")


_swap(
    "swap_reduce",
    "All-reduce is called all-gather.",
    (*g.REDUCES, "embed_reduce"),
    ("other_gather",),
    "shards",
    "F001 F005 C001 T005",
)
_swap("swap_scatter", "Reduce-scatter is called all-gather.", (*g.SCATTERS, "embed_scatter"), ("other_gather",), "shards",
      f"F001 F005 C001 T005 {SHAPES}")  # fmt: skip
_swap("swap_scatter_reduce", "Reduce-scatter is called all-reduce.", (*g.SCATTERS, "embed_scatter"), ("other_reduce",), "shapes",
      f"F003 F005 C002 T005 {SHAPES}")  # fmt: skip
_swap("swap_gather", "All-gather is called all-reduce or reduce-scatter.", g.GATHERS, ("other_reduce", "other_scatter"), "shapes",
      f"F001 F002 F003 F005 C001 C002 T005 {SHAPES}")  # fmt: skip
_swap("swap_exchange", "All-to-all is called all-gather or all-reduce.", g.EXCHANGES, ("other_reduce", "other_gather"), "shapes",
      f"F002 F003 C002 T005 {SHAPES}")  # fmt: skip


def _resized(world: World, rng: random.Random, manner: Manner, ops: list[Op], beside: bool) -> Defect | None:
    """Change the last axis of what one of these gives, by no factor that a degree could be."""
    found = [(op, n) for op in ops if op.after and manner.shape != "none" for n in _others(op.after[-1][1])]
    if not found:
        return None
    op, size = rng.choice(found)
    assert op.after
    mutated = world.copy()
    mutated.change(op.key, after=sized(op.after, **{op.after[-1][0]: size}))
    twins = [o for o in world.ops.values() if o.role == op.role and g.unit(o) == g.unit(op)] if beside else []
    return Defect(mutated, _keys([op], g.after(world, [op]), twins if len(twins) == 2 else []))


def _others(size: int) -> Iterator[int]:
    yield from (size * n // d for n, d in ((3, 4), (5, 4), (3, 2)) if size * n % d == 0)


@fault(f"F007 {SHAPES}", "T005")
def change_dim_shard(world: World, rng: random.Random, manner: Manner) -> Defect | None:
    """One shard gives another size than its siblings."""
    ops = [
        o
        for o in world.ops.values()
        if o.shard is not None and o.axis and o.role not in (*g.COLLECTIVES, "ring_send", "send", "recv")
    ]
    return _resized(world, rng, manner, ops, beside=True)


@fault(SHAPES, "T005")
def change_dim_producer(world: World, rng: random.Random, manner: Manner) -> Defect | None:
    """An operator gives another size than what it feeds takes."""
    roles = ("norm", "norm2", "final_norm", "add", "add2", "embed", "attn_block", "mlp", "q_a", "kv_a", "head")
    return _resized(
        world, rng, manner, [o for o in world.ops.values() if o.role in roles and o.shard is None], beside=False
    )


@fault(f"F007 T005 {SHAPES}")
def change_dim_collective(world: World, rng: random.Random, manner: Manner) -> Defect | None:
    """A collective gives another size than its kind makes of what it takes."""
    return _resized(world, rng, manner, [o for o in world.ops.values() if o.role in g.COLLECTIVES], beside=True)


def _wired(world: World, group: list[Op]) -> bool:
    """Whether a group is fed by shards that meet in each of its operators."""
    tails = g.before(world, group)
    return g.sharded(tails) and len(tails) > 1 and all(len(world.ins(op.key)) == len(tails) for op in group)


@fault("F004 C005 F001 C001", SHAPES)
def wrong_group_replica(world: World, rng: random.Random, _: Manner) -> Defect | None:
    """The collectives of two replicas have each other's producer of one rank."""
    found = g.groups(world, g.COLLECTIVES, lambda some: _wired(world, some) and some[0].replica == 0)
    if world.plan.replicas < 2 or not found:
        return None
    group = rng.choice(found)
    tail = rng.choice(g.before(world, group)).key
    phase, _rest, place = tail.split("/", 2)
    other, twins = f"{phase}/1/{place}", [op.key.replace("/0/", "/1/", 1) for op in group]
    mine, swapped = {op.key for op in group}, world.copy()
    swapped.edges = [
        (other, h, s) if t == tail and h in mine else (tail, h, s) if t == other and h in twins else (t, h, s)
        for t, h, s in world.edges
    ]
    return Defect(swapped, (*mine, *twins, tail, other))


@fault("F004 C005 F001 C001", SHAPES)
def wrong_group_cut(world: World, rng: random.Random, _: Manner) -> Defect | None:
    """A collective that is drawn once a rank joins half of the ranks."""
    found = g.groups(world, g.COLLECTIVES, lambda some: len(some) >= 4 and _wired(world, some))
    if not found:
        return None
    group = rng.choice(found)
    half, mutated, tails = len(group) // 2, world.copy(), g.before(world, group)
    sides, heads = {op.key: (op.shard or 0) < half for op in (*group, *tails)}, {op.key for op in group}
    mutated.edges = [e for e in world.edges if e[1] not in heads or sides[e[0]] == sides[e[1]]]
    return Defect(mutated, _keys(group, tails))


@fault("F004 C005")
def wrong_group_gpus(world: World, rng: random.Random, manner: Manner) -> Defect | None:
    """A collective is on the GPUs of half of its group, or of another replica."""
    found = g.groups(world, g.COLLECTIVES, lambda some: len(some) == 1 and _wired(world, some))
    if not found or manner.device == "none":
        return None
    (op,) = rng.choice(found)
    assert op.gpus
    low, high = op.gpus
    halves = [(low, (low + high) // 2)] if high - low > 2 else []
    twin = world.ops.get(op.key.replace("/0/", "/1/", 1)) if op.replica == 0 else None
    spans = halves + ([twin.gpus] if twin and twin.gpus and twin is not op else [])
    if not spans:
        return None
    mutated = world.copy()
    mutated.change(op.key, gpus=rng.choice(spans))
    return Defect(mutated, _keys([op], g.before(world, [op]), g.after(world, [op])))


def _again(world: World, rng: random.Random, role: str) -> Defect | None:
    found = g.groups(world, (*g.REDUCES, "embed_reduce"))
    if not found:
        return None
    group = rng.choice(found)
    mutated, added = g.put_behind(world, group, role)
    return Defect(mutated, _keys(group, added))


@fault("F003")
def reduced_twice(world: World, rng: random.Random, _: Manner) -> Defect | None:
    """A second all-reduce stands behind the first."""
    return _again(world, rng, "other_reduce")


@fault("F003 T005", SHAPES)
def gathered_whole(world: World, rng: random.Random, _: Manner) -> Defect | None:
    """An all-gather stands behind an all-reduce."""
    return _again(world, rng, "other_gather")


@fault("F001 F003 F005 C001")
def reduced_late(world: World, rng: random.Random, _: Manner) -> Defect | None:
    """An all-reduce stands behind the residual add instead of before it."""
    found = g.groups(
        world,
        g.REDUCES,
        lambda some: g.sharded(g.before(world, some)) and {o.role for o in g.after(world, some)} <= {"add", "add2"},
    )
    if not found:
        return None
    group = rng.choice(found)
    adds = g.after(world, group)
    mutated = g.bypass(world, group)
    moved = [(t, h, s) for t, h, s in mutated.edges if t in {op.key for op in adds}]
    mutated.edges = [edge for edge in mutated.edges if edge not in moved]
    ops = list(mutated.ops.items())
    place = max(list(mutated.ops).index(op.key) for op in adds) + 1
    mutated.ops = dict([*ops[:place], *((op.key, op) for op in group), *ops[place:]])
    for op in group:
        for add in adds:
            if g.facing(add, op):
                mutated.join(add.key, op.key)
        for _t, head, style in moved:
            if g.facing(op, world.ops[head]):
                mutated.join(op.key, head, style)
    mutated.edges = list(dict.fromkeys(mutated.edges))
    return Defect(mutated, _keys(group, adds, g.before(world, group)))


@fault("F001 F005 C001")
def residual_unreduced(world: World, rng: random.Random, _: Manner) -> Defect | None:
    """What leads past the MLP is taken before the sum over the ranks of attention."""
    found = g.groups(
        world,
        ("attn_reduce",),
        lambda some: g.sharded(g.before(world, some)) and {o.role for o in g.after(world, some)} == {"add"},
    )
    if not found:
        return None
    group = rng.choice(found)
    tails, adds = g.before(world, group), {op.key for op in g.after(world, group)}
    past = [e for e in world.edges if e[0] in adds and world.ops[e[1]].role == "add2"]
    mutated = world.copy()
    mutated.edges = [e for e in mutated.edges if e not in past]
    for head in dict.fromkeys(head for _, head, _ in past):
        for tail in tails:
            if g.facing(tail, world.ops[head]):
                mutated.join(tail.key, head)
    return Defect(mutated, _keys(tails, (world.ops[head] for _, head, _ in past)))


@fault("H006")
def kv_dropped(world: World, rng: random.Random, _: Manner) -> Defect | None:
    """A rank of decode is not handed all that it works on."""
    assert isinstance(world.plan, FlowPlan)
    found = [e for e in handed(world) if lacking(world, world.plan, [o for o in world.edges if o != e])]
    if not found:
        return None
    edge, mutated = rng.choice(found), world.copy()
    mutated.edges.remove(edge)
    return Defect(mutated, edge[:2])


def _crossed(world: World, rng: random.Random, *, layers: bool) -> Defect | None:
    """Exchange what two operators of decode are handed, of one layer or of two, so that one of them lacks something."""
    assert isinstance(world.plan, FlowPlan)
    ops, edges = world.ops, handed(world)
    pairs = [(a, b) for a in edges for b in edges if a[0] < b[0] and (ops[a[1]].layer != ops[b[1]].layer) == layers]
    rng.shuffle(pairs)
    for one, two in pairs[:20]:
        mutated = world.copy()
        mutated.edges = [e for e in world.edges if e not in (one, two)]
        mutated.edges += [(one[0], two[1], "kv"), (two[0], one[1], "kv")]
        if {one[1], two[1]} & lacking(world, world.plan, mutated.edges):
            return Defect(mutated, (*one[:2], *two[:2]))
    return None


@fault("H006")
def kv_crossed(world: World, rng: random.Random, _: Manner) -> Defect | None:
    """Two ranks of decode are handed each other's KV heads."""
    return _crossed(world, rng, layers=False)


@fault("H006")
def kv_wrong_layer(world: World, rng: random.Random, _: Manner) -> Defect | None:
    """Two layers of decode are handed each other's caches."""
    return _crossed(world, rng, layers=True)
