"""One run: draw, mutate, lint, compare."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bench.mutation import placement, tensors, wiring, wording  # noqa: F401 - they fill the table of mutations
from bench.mutation.defects import MUTATIONS
from bench.mutation.model import World, build
from bench.mutation.plans import PLANS
from bench.mutation.schemes import SCHEMES, Page, render
from dotlint.engine.select import Selection
from dotlint.pipeline.lint import Settings, lint
from dotlint.strategy import Strategy
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.mutation.defects import Defect, Mutation
    from dotlint.engine.finding import Finding


@dataclass(frozen=True)
class Outcome:
    """What became of one mutation ("" for none): whether it was found, how much was right, and what was wrong."""

    mutation: str
    scheme: str
    plan: int
    hit: bool
    right: int
    wrong: tuple[str, ...]
    told: tuple[str, ...]


def run_scheme(number: int, each: int, only: str = "", plans: int = len(PLANS)) -> list[Outcome]:
    """Run all mutations in one scheme, with `each` of them on so many plans, and every plan as it is."""
    found = list(_unmutated(number, plans))
    for place, (title, mutation) in enumerate(MUTATIONS.items()):
        if only not in title:
            continue
        runs = 0
        for step in range(plans):
            plan = (7 * place + 5 * number + step) % plans
            outcome = _mutated(title, mutation, number, plan) if runs < each else None
            if outcome is not None:
                found.append(outcome)
                runs += 1
    return found


@cache
def _world(plan: int) -> World:
    return build(PLANS[plan])


def _findings(text: str, strategy: Mapping[str, object]) -> list[Finding]:
    settings = Settings(Strategy.from_table(strategy, where="the plan"), "option", Selection(preset="strict"))
    return lint(Source.from_text(text, "bench.dot"), settings).findings


def _said(findings: list[Finding]) -> tuple[str, ...]:
    return tuple(f"{f.code} {f.message[:110]}" for f in findings)


@cache
def _correct(number: int, plan: int) -> tuple[str, list[Finding]]:
    """Write a plan in a scheme and give what is found in it, which should be nothing."""
    text = render(_world(plan), SCHEMES[number]).text
    return text, _findings(text, PLANS[plan].strategy)


def _unmutated(number: int, plans: int) -> Iterator[Outcome]:
    scheme = SCHEMES[number]
    for plan in range(plans):
        _, findings = _correct(number, plan)
        yield Outcome("", scheme.title, plan, hit=True, right=0, wrong=_said(findings), told=())


def _mutated(title: str, mutation: Mutation, number: int, plan: int) -> Outcome | None:
    """Lint a mutated deployment; None where the mutation cannot be done."""
    scheme = SCHEMES[number]
    defect = mutation.change(_world(plan), random.Random(f"{plan} {scheme.title} {title}"), scheme)
    if defect is None:
        return None
    page = render(defect.world, scheme)
    text = defect.edit(page) if defect.edit else page.text
    before, told = _correct(number, plan)
    if text is None or (text == before and defect.strategy is None):
        return None
    known = {(f.code, f.message) for f in told}
    found = [f for f in _findings(text, defect.strategy or PLANS[plan].strategy) if (f.code, f.message) not in known]
    allowed = mutation.codes | mutation.brings
    wrong = [f for f in found if f.code not in allowed and not f.caused_by]
    line = first_difference(before, text) if defect.edit and not defect.keys else None
    hit = _names(mutation, defect, found, page, line, text)
    return Outcome(title, scheme.title, plan, hit, len(found) - len(wrong), _said(wrong), _said(found))


def first_difference(before: str, after: str) -> int:
    """Give the first line, from 1, in which two texts differ."""
    lines = before.split("\n"), after.split("\n")
    same = next((i for i, (one, two) in enumerate(zip(*lines, strict=False)) if one != two), min(map(len, lines)))
    return same + 1


def stands_at(hits: list[Finding], line: int, text: str) -> bool:
    """Whether one of these findings, or what it points to, stands on a line or beside it."""
    lines = [text.count("\n", 0, place) + 1 for f in hits for place in (f.start, *(r.start for r in f.related))]
    return any(abs(place - line) <= 1 for place in lines)


def _names(mutation: Mutation, defect: Defect, found: list[Finding], page: Page, line: int | None, text: str) -> bool:
    """Whether the right rule speaks, of the right nodes, edges or line."""
    hits = [f for f in found if f.code in mutation.codes]
    if defect.edges:
        proposed = {pair for f in hits for pair in f.missing_edges}
        return {(page.ids[tail], page.ids[head]) for tail, head in defect.edges} <= proposed
    if line is not None:
        return stands_at(hits, line, text)
    if not defect.keys:
        return bool(hits)
    named = {node for f in hits for node in f.nodes}
    wanted = {page.ids[key] for key in defect.keys if key in page.ids}
    return wanted <= named if defect.every else bool(wanted & named)
