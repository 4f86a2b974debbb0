"""What is drawn: degrees, and how each part of a layer is divided and drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.mutation.model import HEAD, Plan

if TYPE_CHECKING:
    import random

    from bench.mutation.drawn.manner import Manner

NOTES = ("(TP={})", "TP={}", "[tp={}]", "(TP{})", "(tensor parallel, TP={})")
INNER = ("(TP={}, + all-reduce)", "(TP={}, all-reduce inside)", "+ AllReduce, TP={}")


@dataclass(frozen=True)
class FlowPlan(Plan):
    """A plan, and the parts of its layers.

    `attention` is fused, split, mla or composed, `mlp` up_down, gated or composed; `note` and `inner` are what composed
    operators say of their degree and of a reduction inside. `exchange` is how the sequence is parallel: megatron,
    ulysses, ring, keys. `collectives` are drawn once or once a rank, then fed by the shards that `wires` says. `width`
    is how QKV projections state theirs, `pairs` draws a reduce-scatter and an all-gather for an all-reduce. `embed` is "",
    one, vocab or hidden, `head` "", one or vocab. `overlay` puts experts on the ranks of
    TP, `shared` adds one that every token takes. Shapes are those of one rank where `local`.
    """

    attention: str = "fused"
    mlp: str = "up_down"
    note: str = NOTES[0]
    inner: str = ""
    o_proj: bool = True
    act: bool = False
    kv_heads: int = 16
    width: str = "fused"
    exchange: str = ""
    collectives: str = "one"
    wires: str = "all"
    pairs: bool = False
    embed: str = ""
    head: str = ""
    decode_tp: int = 0
    kv: str = "edge"
    overlay: bool = False
    shared: bool = False
    local: bool = True
    vocab: int = 32000

    @property
    def heads_in_all(self) -> int:
        """The heads of the model."""
        return self.hidden // HEAD

    @property
    def stage_gpus(self) -> int:
        """GPUs of one stage of one replica; experts have none of their own where they overlay TP."""
        return (1 if self.overlay else self.ep) * self.tp * self.sp

    def ranks_of(self, phase: str) -> int:
        """How many ranks of a stage of this phase are drawn by themselves, where something is."""
        return self.decode_tp or self.tp if phase == "decode" else self.tp * self.sp

    @property
    def strategy(self) -> dict[str, object]:
        """The strategy as a strategy file has it."""
        spec, total = self.spec, self.pp * self.stage_gpus * self.dp
        if self.exchange == "megatron":
            spec = spec.replace("sp1", f"sp{self.tp}")
        table: dict[str, object] = {"strategy": spec}
        if self.decode:
            decode = replace(self, tp=self.ranks_of("decode"), sp=1)
            last = total + self.pp * decode.stage_gpus - 1
            table = {
                "phases": {
                    "prefill": {"strategy": spec, "gpus": f"0-{total - 1}"},
                    "decode": {"strategy": decode.spec, "gpus": f"{total}-{last}"},
                },
                "pool": {"kind": "disaggregated"},
            }
        layout = {"model": "overlay"} if self.overlay else {}
        flavor = {"ulysses": "ulysses", "ring": "ring", "keys": "ring", "megatron": "megatron"}.get(self.exchange)
        layout |= {"sp": flavor} if flavor else {}
        if layout:
            table["layout"] = layout
        if self.facts:
            table["model"] = {
                "layers": self.pp * self.layers, "heads": self.heads_in_all, "kv_heads": self.kv_heads, "hidden": self.hidden,
                "batch": self.batch * self.dp, "seq": self.seq,
                **({"experts": self.ep * self.experts_each, "top_k": 2} if self.moe else {}),
            }  # fmt: skip
        return table


def draw_plan(rng: random.Random, manner: Manner) -> FlowPlan:
    """Draw a plan; how large it becomes is decided elsewhere."""
    exchange = rng.choices(("", "megatron", "ulysses", "ring", "keys"), (24, 8, 2, 1, 2))[0]
    sharded = exchange in ("", "megatron")
    moe = sharded and rng.random() < 0.25
    overlay = moe and (exchange == "megatron" or rng.random() < 0.5)
    tp = 1 if not sharded or (moe and not overlay and rng.random() < 0.5) else rng.choice((2, 2, 2, 4, 4, 8))
    pp = rng.choice((1, 1, 1, 2, 2, 4) if manner.link != "marked" else (1, 1, 2, 2, 4))
    replicas = 2 if not moe and rng.random() < 0.25 else 1
    decode = replicas == 1 and (tp > 1 or exchange in ("ulysses", "ring")) and rng.random() < 0.35
    hidden = rng.choice((1024, 2048, 4096))
    heads = hidden // HEAD
    attention = rng.choices(("fused", "split", "mla", "composed"), (4, 4, 2, 2 if not exchange else 0))[0]
    attention = {"ulysses": "fused", "ring": "split", "keys": "split"}.get(exchange, attention)
    grouped = attention in ("fused", "split") and exchange in ("", "megatron") and rng.random() < 0.6
    kv_heads = rng.choice((1, 2, 4, 8)) if grouped else heads
    width = "fused" if kv_heads < heads and attention == "fused" else rng.choice(("each", "fused", "fused", "heads"))
    spread = rng.random() < 0.5 and (tp > 1 or not sharded)
    note = rng.choice(NOTES)
    return FlowPlan(
        pp=pp, tp=tp, sp=1 if sharded else rng.choice((2, 2, 4)), dp=replicas, replicas=replicas,
        ep=(tp if overlay else rng.choice((2, 4))) if moe else 1, layers=rng.choice((1, 1, 2)), moe=moe, decode=decode,
        apart=decode, ranks=spread, residual=rng.random() < 0.85, payload=moe, facts=rng.random() < 0.5,
        sends=manner.link in ("send recv", "transfer", "send to") and pp > 1, experts_each=rng.choice((1, 1, 2, 4)),
        batch=rng.choice((1, 4, 8, 16, 32)), seq=rng.choice((1024, 2048, 4096)), hidden=hidden, attention=attention,
        mlp=rng.choices(("up_down", "gated", "composed"), (4, 3, 2 if sharded and exchange != "megatron" else 0))[0], note=note,
        inner=rng.choice(INNER) if rng.random() < 0.3 else "", o_proj=exchange == "megatron" or rng.random() < 0.85,
        act=rng.random() < 0.3, kv_heads=kv_heads, width=width, exchange=exchange,
        collectives="rank" if spread and rng.random() < 0.5 else "one", wires=rng.choice(("all", "own")), pairs=rng.random() < 0.12,
        embed=rng.choices(("", "one", "vocab", "hidden"), (6, 3, 4, 1) if tp > 1 else (1, 1, 0, 0))[0],
        head=rng.choice(("", "", "one", "vocab" if tp > 1 else "one")),
        decode_tp=rng.choice((tp, tp, max(1, tp // 2), min(8, 2 * tp)) if sharded else (1, 2, 4)) if decode and not moe else 0,
        kv=rng.choice(("edge", "edge", "node", "store")),
        overlay=overlay, shared=moe and rng.random() < 0.3, local=rng.random() < 0.8, vocab=rng.choice((32000, 51200, 128256)),
    )  # fmt: skip
