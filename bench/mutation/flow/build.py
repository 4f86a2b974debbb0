"""Build a deployment operator by operator: what is drawn once, what once a rank, and the stages around the layers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.mutation.drawn.extras import name_links, transfers
from bench.mutation.flow.handover import hand_over
from bench.mutation.flow.layers import attention, mlp, moe
from bench.mutation.model import Op, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.mutation.flow.plan import FlowPlan
    from bench.mutation.model import Dims


def build(plan: FlowPlan, link: str) -> World:
    """Build it."""
    world = World(plan)
    for phase in plan.phases:
        for replica in range(plan.replicas):
            Phase(world, plan, phase, replica).draw()
    if plan.sends and link == "transfer":
        transfers(world)
    if plan.sends and link == "send to":
        name_links(world)
    if plan.decode:
        hand_over(world, plan)
    return world


class Phase:
    """One replica of one phase. `ranks` of `axis` are drawn by themselves, and `last` is what came last."""

    def __init__(self, world: World, plan: FlowPlan, phase: str, replica: int) -> None:
        self.world, self.plan, self.phase, self.replica = world, plan, phase, replica
        decode = phase == "decode"
        self.exchange = "" if decode else plan.exchange
        self.ranks, sequence = plan.ranks_of(phase), plan.sp > 1 and not decode
        self.tp, self.axis = (1, "sequence") if sequence else (self.ranks, "tensor")
        self.size = plan.stage_gpus // (plan.tp * plan.sp) * self.ranks
        self.start = plan.pp * plan.stage_gpus * plan.dp if decode else 0
        self.seq = 1 if decode else plan.seq
        self.slice = self.cut(self.seq, self.ranks) if self.exchange else self.seq
        self.stage: int | None = None
        self.layer: int | None = None
        self.gpus: tuple[int, int] | None = None
        self.last: list[str] = []
        self.style = "solid"

    @property
    def part(self) -> Dims:
        """The hidden states between the blocks, a slice of the sequence where it is parallel."""
        return self.dims(self.slice, hidden=self.plan.hidden)

    @property
    def whole(self) -> Dims:
        """The hidden states of the whole sequence."""
        return self.dims(self.seq, hidden=self.plan.hidden)

    def cut(self, size: int, by: int) -> int:
        """Divide a size as the notation of the file does."""
        return max(1, size // by) if self.plan.local else size

    def dims(self, seq: int, **axes: int) -> Dims:
        """Give the dimensions of a tensor of tokens."""
        return (("batch", self.plan.batch), ("seq", seq), *axes.items())

    def one(self, role: str, before: Dims, after: Dims, **more: object) -> list[str]:
        """Add an operator of all ranks."""
        return [self._add(role, before, after, self.gpus, **more)]

    def each(self, role: str, before: Dims, after: Dims, **more: object) -> list[str]:
        """Add an operator for each rank."""
        if self.ranks == 1 or self.gpus is None:
            return self.one(role, before, after, **more)
        low, wide = self.gpus[0], self.size // self.ranks
        return [
            self._add(role, before, after, (low + r * wide, low + (r + 1) * wide - 1), shard=r, axis=self.axis, **more)
            for r in range(self.ranks)
        ]

    def kept(self, role: str, before: Dims, after: Dims, **more: object) -> list[str]:
        """Add an operator that every rank does alike, once or for each rank."""
        return (self.each if self.plan.ranks else self.one)(role, before, after, **more)

    def expert(self, few: Dims, number: int, gpus: tuple[int, int]) -> str:
        """Add a group of experts."""
        each = self.plan.experts_each
        return self._add("expert", few, few, gpus, shard=number, experts=(number * each, number * each + each - 1))

    def collective(self, role: str, tails: list[str], before: Dims, after: Dims) -> list[str]:
        """Add a collective of all ranks behind these, drawn once or once a rank."""
        if self.plan.collectives == "one":
            return self.meeting(role, tails, before, after)
        keys = self.each(role, before, after)
        self.feed(tails, keys, meet=self.plan.wires == "all")
        return keys

    def meeting(self, role: str, tails: list[str], before: Dims, after: Dims) -> list[str]:
        """Add a collective that is drawn once behind these."""
        keys = self.one(role, before, after)
        self.feed(tails, keys)
        return keys

    def _add(self, role: str, before: Dims, after: Dims, gpus: tuple[int, int] | None, **more: object) -> str:
        shard = more.get("shard")
        key = f"{self.phase}/{self.replica}/{self.stage}/{self.layer}/{role}{'' if shard is None else f'.{shard}'}"
        op = Op(key, role, self.phase, self.replica, self.stage, self.layer, before=before, after=after)
        op = replace(op, gpus=gpus, home=gpus[0] if gpus else None, unit=self.gpus, **more)  # type: ignore[arg-type]
        self.world.ops[key] = op
        return key

    def feed(self, tails: Sequence[str], heads: Sequence[str], style: str = "solid", *, meet: bool = False) -> None:
        """Join rank to rank where both are drawn once a rank, else all with all."""
        for place, tail in enumerate(tails):
            for head in heads[place : place + 1] if len(tails) == len(heads) and not meet else heads:
                self.world.join(tail, head, style)

    def then(self, keys: list[str]) -> list[str]:
        """Feed these with what came last and let them be the last."""
        self.feed(self.last, keys, self.style)
        self.last, self.style = keys, "solid"
        return keys

    def draw(self) -> None:
        """Draw every stage between an input and an output."""
        plan = self.plan
        ids = self.dims(self.seq)
        vocab = self.dims(self.seq, vocab=plan.vocab)
        self.last = self.one("input", ids, ids) if plan.embed else self.one("hidden_input", self.whole, self.whole)
        for stage in range(plan.pp):
            low = self.start + (stage * plan.dp + self.replica) * self.size
            self.stage, self.gpus = stage, (low, low + self.size - 1)
            if stage == 0:
                self._enter(ids)
            elif plan.sends:
                self.then(self.kept("recv", self.part, self.part))
            for index in range(plan.layers):
                self.layer = stage * plan.layers + index
                self._layer()
            self.layer = None
            if stage < plan.pp - 1:
                if plan.sends:
                    self.then(self.kept("send", self.part, self.part))
                self.style = "pipeline"
        self._leave(vocab)
        self.stage = self.gpus = None
        self.then(self.one("output", *((self.dims(self.seq),) * 2 if plan.head else (self.whole, self.whole))))

    def _enter(self, ids: Dims) -> None:
        """Embed the tokens and divide the sequence."""
        scattered = False
        if self.plan.embed == "vocab" and self.ranks > 1:
            shards = self.then(self.each("embed_shard", ids, self.whole))
            scattered = self.exchange == "megatron"
            role, after = ("embed_scatter", self.part) if scattered else ("embed_reduce", self.whole)
            self.last = self.collective(role, shards, self.whole, after)
        elif self.plan.embed == "hidden" and self.ranks > 1:
            narrow = self.dims(self.seq, hidden=self.cut(self.plan.hidden, self.ranks))
            shards = self.then(self.each("embed_slice", ids, narrow))
            self.last = self.collective("embed_gather", shards, narrow, self.whole)
        elif self.plan.embed:
            self.then(self.one("embed", ids, self.whole))
        if self.exchange and not scattered:
            self.then(self.one("sp_split", self.whole, self.part))

    def _leave(self, vocab: Dims) -> None:
        """Gather the sequence, and sample."""
        plan = self.plan
        if plan.head:
            self.then(self.kept("final_norm", self.part, self.part))
        if self.exchange:
            self.last = self.collective("sp_gather", self.last, self.part, self.whole)
        if plan.head == "vocab" and self.ranks > 1:
            narrow = self.dims(self.seq, vocab=self.cut(plan.vocab, self.ranks))
            shards = self.then(self.each("head_shard", self.whole, narrow))
            self.last = self.collective("head_gather", shards, narrow, vocab)
        elif plan.head:
            self.then(self.one("head", self.whole, vocab))
        if plan.head:
            self.then(self.one("sample", vocab, self.dims(self.seq)))

    def _layer(self) -> None:
        """Draw attention and an MLP, or experts, with what leads past them."""
        for norm, add, block in (("norm", "add", attention), ("norm2", "add2", moe if self.plan.moe else mlp)):
            entering, style = self.last, self.style
            self.then(self.kept(norm, self.part, self.part))
            block(self)
            if self.plan.residual:
                both = (("x", self.part), ("residual", self.part))
                self.then(self.kept(add, self.part, self.part, inputs=both))
                self.feed(entering, self.last, "residual" if style == "pipeline" else "solid")
