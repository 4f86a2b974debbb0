"""One trial: draw a deployment and a manner by seed, lint it as it is and with a defect, compare."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.mutation import placement, tensors, wiring  # noqa: F401 - they fill the table of mutations
from bench.mutation.defects import MUTATIONS, Defect
from bench.mutation.drawn.changes import ALSO, DRAWN, applicable
from bench.mutation.drawn.deployments import built, draw_plan, plan_factors
from bench.mutation.drawn.fair import distinct, legible
from bench.mutation.drawn.manner import draw_manner
from bench.mutation.drawn.writer import write
from bench.mutation.schemes import Scheme
from dotlint.engine.select import Selection
from dotlint.pipeline.lint import Settings, lint
from dotlint.strategy import Strategy
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    def factors(self) -> dict[str, str]:
        """All that was drawn."""
        here = {op.role for op in self.world.ops.values()}
        plan = self.world.plan
        absent = {axis for axis, there in (("stage", plan.pp > 1), ("tensor", plan.tp > 1), ("expert", plan.moe),
            ("replica", plan.replicas > 1), ("phase", plan.decode), ("micro", self.extras.micro > 1)) if not there}  # fmt: skip
        found = {}
        for name, value in self.manner.factors().items():
            kind, _, what = name.partition(".")
            if (kind in ("title", "id") and what and what not in here) or (kind in ("word", "label") and what in absent):
                continue
            found[name] = value
        plans = plan_factors(plan, self.extras)
        if plan.replicas == 1:
            del plans["plan.major"]
        return found | plans


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
        name="{stage}" if composed and manner.stage_id == "yes" else "{gpu}" if composed and manner.shard_by == "device" else "",
        label="" if composed else "{stage}",
        clusters={"nested": "stage", "replica": ""}.get(manner.clusters, manner.clusters).replace("none", ""),
        headers=manner.header == "stages",
        keys="batch seq hidden" if manner.shape in ("named", "colon") else "",
    )


def findings(text: str, strategy: Mapping[str, object]) -> list[Finding]:
    """Lint as the command line does with every rule."""
    settings = Settings(Strategy.from_table(strategy, where="the plan"), "option", Selection(preset="strict"))
    return lint(Source.from_text(text, "bench.dot"), settings).findings


def _said(found: list[Finding]) -> tuple[str, ...]:
    return tuple(f"{f.code} {f.message[:160]}" for f in found)


def _of_habit(finding: Finding, drawn: Drawn) -> bool:
    """Whether a finding tells once, for the whole file, that it follows no convention of the rule's."""
    return finding.code == "T001" and drawn.manner.shape == "none" and finding.message.startswith("none of")


def run(seed: str, only: str = "") -> list[Outcome]:
    """Lint a drawn deployment as it is, and with defects of which each can be done in it."""
    drawn = draw(seed)
    found = findings(write(drawn.world, drawn.manner).text, drawn.world.plan.strategy)
    loud = [f for f in found if f.severity != "info" and not _of_habit(f, drawn)]
    factors = drawn.factors
    outcomes = [Outcome(seed, "", factors, not loud, 0, _said(loud), _said(found))]
    rng = random.Random(f"{seed} defects")
    titles = [title for title in DRAWN if only in title]
    rng.shuffle(titles)
    for title in titles:
        if len(outcomes) > DEFECTS:
            break
        mutated = mutate(drawn, title)
        if mutated:
            outcomes.append(_judged(drawn, title, *mutated, found))
    return outcomes


def mutate(drawn: Drawn, title: str) -> tuple[Defect, Page] | None:
    """Introduce a defect; None where it cannot be done."""
    if not applicable(title, drawn.world, drawn.manner, drawn.extras):
        return None
    defect = DRAWN[title](drawn.world, random.Random(f"{drawn.seed} {title}"), facade(drawn))
    if defect is None:
        return None
    world = defect.world
    if any(end not in world.ops for edge in world.edges for end in edge[:2]):
        return None
    page = write(world, drawn.manner)
    if page.text == write(drawn.world, drawn.manner).text and defect.strategy is None:
        return None
    return defect, page


def _judged(drawn: Drawn, title: str, defect: Defect, page: Page, before: list[Finding]) -> Outcome:
    known, codes = {(f.code, f.message) for f in before}, {f.code for f in before}
    found = findings(page.text, defect.strategy or drawn.world.plan.strategy)
    new = [f for f in found if (f.code, f.message) not in known]
    wanted, brings = expected(title)
    wrong = [
        f for f in new
        if f.code not in wanted | brings and not f.caused_by and f.severity != "info" and f.code not in codes
    ]  # fmt: skip
    hits = [f for f in new if f.code in wanted]
    hit = any(_names(f, defect, page) for f in hits)
    return Outcome(drawn.seed, title, drawn.factors, hit, sum(f.code in wanted | brings for f in new), _said(wrong), _said(new))


def expected(title: str) -> tuple[frozenset[str], frozenset[str]]:
    """Give the codes of which one has to be told, and those that may be told besides."""
    wanted, brings = ALSO.get(title, ("", ""))
    codes, also = frozenset(wanted.split()), frozenset(brings.split())
    if title in MUTATIONS:
        codes, also = codes | MUTATIONS[title].codes, also | MUTATIONS[title].brings
    return codes, also


def _names(finding: Finding, defect: Defect, page: Page) -> bool:
    """Whether a finding names one of the nodes or edges that were changed."""
    keys = {*defect.keys, *(end for edge in defect.edges for end in edge)}
    wanted = {page.ids[key] for key in keys if key in page.ids}
    proposed = {end for pair in (*finding.missing_edges, *finding.planned_edges) for end in pair}
    return not wanted or bool(wanted & ({*finding.nodes, *finding.missing_nodes} | proposed))
