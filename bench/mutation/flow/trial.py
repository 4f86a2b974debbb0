"""One trial: draw a deployment whose labels state the facts, lint it as it is and with a defect, compare."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.mutation.drawn.deployments import Extras
from bench.mutation.drawn.fair import distinct, legible
from bench.mutation.drawn.manner import draw_manner
from bench.mutation.drawn.trial import Drawn, Outcome, Trial, findings, named, said
from bench.mutation.drawn.writer import write
from bench.mutation.flow import words
from bench.mutation.flow.build import build
from bench.mutation.flow.defects import FLOW
from bench.mutation.flow.plan import draw_plan

if TYPE_CHECKING:
    from bench.mutation.defects import Defect
    from bench.mutation.drawn.manner import Manner
    from bench.mutation.flow.plan import FlowPlan
    from bench.mutation.schemes import Page
    from dotlint.engine.finding import Finding

SMALLEST, LARGEST, DEFECTS = 9, 180, 3
"""Operators of the smallest and the largest graph, and defects that are tried on each, one at a time."""

MEASURED = frozenset(
    ("F001", "F002", "F003", "F004", "F005", "F006", "F007", "H006", "T003", "T004", "T005", "C001", "C002", "S009")
)
"""The rules that answer for how tensors travel: what they say of a correct graph is false."""

SHAPES = {
    "named": 6, "colon": 1, "positional": 3, "tuple": 1, "times": 1, "symbols": 1, "×": 1, "[×]": 1, "spaced times": 1,
    "spaced tuple": 1, "kilo": 1, "named symbols": 1, "degrees": 1, "(degrees)": 1, "named degrees": 1, "quotients": 1,
    "bare keys": 1, "none": 3,
}  # fmt: skip
SIDES = {"Input": 8, "in": 2, "arrow": 2, "Inputs": 2, "in_shape": 2, "edges": 1, "attributes": 1}
SEVERAL = {"first": 3, "numbered": 2, "named": 2, "list": 1}


def draw(seed: str) -> Drawn:
    """Draw until an expert could read it."""
    rng = random.Random(seed)
    while True:
        manner = _manner(rng)
        plan = draw_plan(rng, manner)
        extras = Extras(
            o_proj=False, act=False, ends=False, shared=False, each=False, kv_nodes=False, qkv3=False,
            ring=plan.sp > 1, micro=1, major="stage",
        )  # fmt: skip
        phases = {plan, replace(plan, tp=plan.ranks_of("decode"), sp=1)} if plan.decode else {plan}
        readable = all(legible(phase, extras, manner) for phase in phases)
        if plan.pp * plan.stage_gpus == 1 or not readable or not _fair(plan, manner):
            continue
        world = build(plan, manner.link)
        if SMALLEST <= len(world.ops) <= LARGEST and distinct(world, manner):
            return Drawn(seed, world, extras, manner)


def _manner(rng: random.Random) -> Manner:
    """Draw a way of writing, with more notations of shapes and with the words of more roles."""
    manner = draw_manner(rng)
    titles = words.CHINESE if manner.language == "zh" else words.TITLES
    shape, sides, several = (rng.choices(list(some), list(some.values()))[0] for some in (SHAPES, SIDES, SEVERAL))
    return replace(
        manner,
        shape=shape, sides=sides, several=several,
        words=manner.words | {role: rng.choice(some) for role, some in words.ROLES.items()},
        titles=manner.titles | {role: rng.choice(some) for role, some in titles.items()},
    )  # fmt: skip


def _fair(plan: FlowPlan, manner: Manner) -> bool:
    """Whether what is declared is true of all, and what ranks and shapes mean is told."""
    ranks, declared = [plan.ranks_of(phase) for phase in plan.phases], manner.declared == "yes"
    # degrees of one phase alone, or ranks that two axes share
    shared = plan.overlay or (plan.decode and (ranks[-1], 1) != (plan.tp, plan.sp))
    bare = manner.shape == "bare keys" and (manner.sides in ("arrow", "edges") or manner.several == "list")
    letters = manner.keys in ("B S H", "b s h") and manner.shape in ("named symbols", "named degrees")
    copied = len(set(ranks)) > 1 and plan.attention != "mla" and plan.kv_heads < max(ranks)  # several ranks hold a head
    ring = any("ring" in words["sequence"].lower() for words in (manner.axes, manner.told))
    return all((
        not (shared and manner.header in ("comment", "title", "label")),
        not bare and not letters,
        plan.sp == 1 or declared or (plan.local and manner.shape != "none"),
        not copied or (plan.facts and declared),
        not ring or plan.exchange == "ring",
    ))  # fmt: skip


def mutate(drawn: Drawn, title: str, page: Page) -> tuple[Defect, Page] | None:
    """Introduce a defect; None where it cannot be done, or where what is written would not state it."""
    defect = FLOW[title].change(drawn.world, random.Random(f"{drawn.seed} {title}"), drawn.manner)
    if defect is None:
        return None
    mutated = write(defect.world, drawn.manner)
    return (defect, mutated) if mutated.text != page.text and distinct(defect.world, drawn.manner) else None


def _judged(drawn: Drawn, title: str, defect: Defect, mutated: Page, page: Page, before: list[Finding]) -> Outcome:
    known, codes = {(f.code, f.message) for f in before}, {f.code for f in before}
    new = [f for f in findings(mutated.text, drawn.strategy) if (f.code, f.message) not in known]
    expected = FLOW[title].codes | FLOW[title].brings
    wrong = [f for f in new if f.code in MEASURED - expected - codes and not f.caused_by and f.severity != "info"]
    ids = {mutated.ids.get(key, page.ids.get(key, key)) for key in defect.keys}
    hit = any(ids & named(f) for f in new if f.code in FLOW[title].codes)
    return Outcome(drawn.seed, title, drawn.factors, hit, sum(f.code in expected for f in new), said(wrong), said(new))


def run(seed: str, only: str = "") -> list[Outcome]:
    """Try deployments whose labels state how tensors travel."""
    return Trial(draw, lambda finding, _: finding.code in MEASURED, FLOW, DEFECTS, mutate, _judged).run(seed, only)
