"""One trial: draw a deployment and a manner by seed, lint it as it is and with a defect, compare."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.mutation.drawn.changes import DRAWN, applicable
from bench.mutation.drawn.deployments import built, draw_plan, plan_factors
from bench.mutation.drawn.fair import distinct, legible
from bench.mutation.drawn.manner import draw_manner
from bench.mutation.drawn.writer import write
from bench.mutation.run import first_difference, stands_at
from bench.mutation.schemes import Scheme
from dotlint.engine.select import Selection
from dotlint.pipeline.lint import Settings, lint
from dotlint.strategy import Strategy
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from bench.mutation.defects import Defect
    from bench.mutation.drawn.deployments import Extras
    from bench.mutation.drawn.manner import Manner
    from bench.mutation.model import World
    from bench.mutation.schemes import Page
    from dotlint.engine.finding import Finding

SMALLEST, LARGEST = 9, 100
"""Operators of the smallest and the largest graph, so that thousands are linted in minutes."""

DEFECTS = 2
"""Defects that are tried on each drawn deployment, one at a time."""


@dataclass(frozen=True)
class Drawn:
    """A deployment and the manner in which it is written."""

    seed: str
    world: World
    extras: Extras
    manner: Manner

    @property
    def strategy(self) -> dict[str, object] | None:
        """What is declared beside the file."""
        return self.world.plan.strategy if self.manner.declared == "yes" else None

    @property
    def factors(self) -> dict[str, str]:
        """All that was drawn."""
        here = {op.role for op in self.world.ops.values()}
        plan = self.world.plan
        extras, link = self.extras, self.manner.link
        there = {
            "stage": plan.pp > 1, "tensor": plan.tp > 1, "expert": plan.moe, "replica": plan.replicas > 1, "phase": plan.decode,
            "micro": extras.micro > 1, "sequence": extras.ring, "step": extras.ring, "link": plan.pp > 1,
            "link_gpus": link == "transfer", "mark": link == "marked", "kv_mark": plan.decode, "phase_word": plan.decode,
            "gate_edges": plan.moe, "plan.major": plan.replicas > 1,
        }  # fmt: skip
        found = {}
        for name, value in self.manner.factors().items():
            kind, _, what = name.partition(".")
            if not there.get(what or kind, True) or (kind in ("title", "id") and what and what not in here):
                continue
            found[name] = value
        plans = plan_factors(plan, extras)
        return found | {name: value for name, value in plans.items() if there.get(name, True)}


@dataclass(frozen=True)
class Outcome:
    """What became of one graph; `mutation` is "" where it is correct, `wrong` are warnings and errors that are not right."""

    seed: str
    mutation: str
    factors: dict[str, str]
    hit: bool
    right: int
    wrong: tuple[str, ...]
    told: tuple[str, ...]


def draw(seed: str) -> Drawn:
    """Draw until an expert could read it."""
    rng = random.Random(seed)
    while True:
        manner = draw_manner(rng)
        plan, extras = draw_plan(rng, manner)
        if plan.pp * plan.stage_gpus == 1 or not legible(plan, extras, manner):
            continue
        world = built(plan, extras, manner)
        if SMALLEST <= len(world.ops) <= LARGEST and distinct(world, manner):
            return Drawn(seed, world, extras, manner)


def facade(drawn: Drawn) -> Scheme:
    """Give the fixed scheme that is nearest, which mutations ask what they may do."""
    manner = drawn.manner
    composed = manner.ids == "composed"
    return Scheme(
        title=drawn.seed,
        name="{stage}"
        if composed and manner.stage_id == "yes"
        else "{gpu}"
        if composed and manner.shard_by == "device"
        else "",
        label="" if composed else "{stage}",
        clusters={"nested": "stage", "replica": ""}.get(manner.clusters, manner.clusters).replace("none", ""),
        headers=manner.header == "stages",
        keys="batch seq hidden" if manner.shape in ("named", "colon") else "",
    )


def findings(text: str, strategy: Mapping[str, object] | None) -> list[Finding]:
    """Lint as the command line does with every rule."""
    every = Selection(preset="strict")
    settings = Settings(selection=every)
    if strategy is not None:
        settings = Settings(Strategy.from_table(strategy, where="the plan"), "option", every)
    return lint(Source.from_text(text, "bench.dot"), settings).findings


def said(found: list[Finding]) -> tuple[str, ...]:
    """Give findings as code and message."""
    return tuple(f"{f.code} {f.message[:160]}" for f in found)


def _of_habit(finding: Finding, drawn: Drawn) -> bool:
    """Whether a finding tells once, for the whole file, that it follows no convention of the rule's."""
    return finding.code == "T001" and drawn.manner.shape == "none" and finding.message.startswith("none of")


@dataclass(frozen=True)
class Trial:
    """How deployments are drawn and mutated: `is_loud` is whether a finding of a correct graph is false.

    `titles` name the defects, of which the `most` that can be done are tried on each deployment, one at a time.
    """

    draw: Callable[[str], Drawn]
    is_loud: Callable[[Finding, Drawn], bool]
    titles: Collection[str]
    most: int
    mutate: Callable[[Drawn, str, Page], tuple[Defect, Page] | None]
    judge: Callable[[Drawn, str, Defect, Page, Page, list[Finding]], Outcome]

    def run(self, seed: str, only: str = "") -> list[Outcome]:
        """Lint a drawn deployment as it is, and with defects of which each can be done in it."""
        drawn = self.draw(seed)
        page = write(drawn.world, drawn.manner)
        found = findings(page.text, drawn.strategy)
        loud = [f for f in found if self.is_loud(f, drawn)]
        outcomes = [Outcome(seed, "", drawn.factors, not loud, 0, said(loud), said(found))]
        titles = [title for title in self.titles if only in title]
        random.Random(f"{seed} defects").shuffle(titles)
        for title in titles:
            if len(outcomes) > self.most:
                break
            done = self.mutate(drawn, title, page)
            if done:
                outcomes.append(self.judge(drawn, title, *done, page, found))
        return outcomes


def _is_loud(finding: Finding, drawn: Drawn) -> bool:
    return finding.severity != "info" and not _of_habit(finding, drawn)


def mutate(drawn: Drawn, title: str, page: Page) -> tuple[Defect, Page] | None:
    """Introduce a defect into what is written on a page; None where it cannot be done."""
    if not applicable(title, drawn.world, drawn.manner, drawn.extras):
        return None
    defect = DRAWN[title].change(drawn.world, random.Random(f"{drawn.seed} {title}"), facade(drawn))
    if defect is None or any(end not in defect.world.ops for edge in defect.world.edges for end in edge[:2]):
        return None
    mutated = page if defect.edit else write(defect.world, drawn.manner)
    text = defect.edit(page) if defect.edit else mutated.text
    return (defect, replace(mutated, text=text)) if text is not None and text != page.text else None


def _judged(drawn: Drawn, title: str, defect: Defect, mutated: Page, page: Page, before: list[Finding]) -> Outcome:
    known, codes = {(f.code, f.message) for f in before}, {f.code for f in before}
    found = findings(mutated.text, drawn.strategy)
    new = [f for f in found if (f.code, f.message) not in known]
    expected = DRAWN[title].codes | DRAWN[title].brings
    wrong = [
        f for f in new if f.code not in expected and not f.caused_by and f.severity != "info" and f.code not in codes
    ]  # fmt: skip
    hits = [f for f in new if f.code in DRAWN[title].codes]
    if defect.edit:
        hit = stands_at(hits, first_difference(page.text, mutated.text), mutated.text)
    else:
        keys = {*defect.keys, *(end for edge in defect.edges for end in edge)}
        ids = {mutated.ids.get(key, page.ids.get(key, key)) for key in keys}
        hit = any(not ids or ids & named(f) for f in hits)
    right = sum(f.code in expected for f in new)
    return Outcome(drawn.seed, title, drawn.factors, hit, right, said(wrong), said(new))


def named(finding: Finding) -> set[str]:
    """The nodes that a finding names, and the ends of edges that it proposes."""
    proposed = {end for pair in (*finding.missing_edges, *finding.planned_edges) for end in pair}
    return {*finding.nodes, *finding.missing_nodes} | proposed


def run(seed: str, only: str = "") -> list[Outcome]:
    """Try deployments whose names and places state the facts."""
    return Trial(draw, _is_loud, DRAWN, DEFECTS, mutate, _judged).run(seed, only)
