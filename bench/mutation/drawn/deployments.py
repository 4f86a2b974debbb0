"""Deployments drawn at random: a plan, and what is built into it besides."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from bench.mutation.drawn.extras import (
    behind,
    each_expert,
    ends,
    kv_nodes,
    micro_batches,
    name_links,
    output_projections,
    replica_major,
    ring,
    shared_experts,
    split_qkv,
    transfers,
)
from bench.mutation.model import Plan, World, build

if TYPE_CHECKING:
    import random

    from bench.mutation.drawn.manner import Manner


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
    qkv3: bool
    ring: bool
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
        pp=pp, tp=tp, ep=rng.choice((2, 4, 8)) if moe else 1, sp=rng.choice((2, 2, 4)) if rng.random() < 0.2 else 1,
        dp=replicas if replicas > 1 else rng.choice((1, 1, 1, 2)), layers=rng.choice((1, 1, 2, 2, 3, 4)),
        moe=moe, decode=decode, apart=decode and rng.random() < 0.5, only="decode" if rng.random() < 0.05 else "prefill",
        replicas=replicas, ranks=tp > 1 and rng.random() < 0.12, residual=rng.random() < 0.4,
        heads=rng.random() < 0.15, payload=moe and rng.random() < 0.3,
        sends=manner.link in ("send recv", "transfer", "send to") and pp > 1, facts=rng.random() < 0.4,
        experts_each=rng.choice((1, 1, 2, 4)), batch=rng.choice((1, 4, 8, 16, 32)), seq=rng.choice((1024, 2048, 4096)),
        hidden=rng.choice((1024, 2048, 4096)),
    )  # fmt: skip
    if plan.sp > 1:  # decode does not split the sequence, so a graph of decode alone has no SP
        plan = replace(plan, only="prefill")
    extras = Extras(
        o_proj=rng.random() < 0.5, act=rng.random() < 0.3, ends=rng.random() < 0.35, shared=moe and rng.random() < 0.3,
        each=moe and plan.experts_each > 1 and rng.random() < 0.6, kv_nodes=decode and rng.random() < 0.4,
        qkv3=rng.random() < 0.2, ring=plan.sp > 1 and tp == 1 and rng.random() < 0.6,
        micro=2 if not decode and replicas == 1 and plan.batch > 1 and rng.random() < 0.08 else 1,
        major=rng.choice(("stage", "replica")),
    )  # fmt: skip
    return plan, extras


def built(plan: Plan, extras: Extras, manner: Manner) -> World:
    """Build the deployment."""
    world = build(plan)
    if extras.each:
        each_expert(world)
    if extras.shared:
        shared_experts(world)
    if extras.qkv3:
        split_qkv(world)
    if extras.o_proj:
        output_projections(world)
    if extras.ring:
        ring(world)
    if extras.act:
        behind(world, "mlp_up", "act", lambda up: (up.after, up.after))
    if extras.ends:
        ends(world)
    if plan.replicas > 1 and extras.major == "replica":
        replica_major(world)
    if plan.sends and manner.link == "transfer":
        transfers(world)
    if plan.sends and manner.link == "send to":
        name_links(world)
    if extras.kv_nodes:
        kv_nodes(world)
    if extras.micro > 1:
        micro_batches(world, extras.micro)
    return world


def plan_factors(plan: Plan, extras: Extras) -> dict[str, str]:
    """What was drawn, as factors."""
    left = ("batch", "seq", "hidden", "sends")
    return {f"plan.{name}": str(value) for name, value in (asdict(plan) | asdict(extras)).items() if name not in left}
