"""One trial: draw a plan as `dotlint new` does, lint it as it is and with each defect, compare."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from bench.mutation.drawn.trial import Outcome, named, said
from bench.mutation.planned.defects import DEFECTS
from dotlint.drawing import DETAILS, DrawingError, as_text, draw
from dotlint.engine.select import Selection
from dotlint.pipeline.lint import Settings, lint
from dotlint.strategy import Layout, Strategy
from dotlint.strategy.arithmetic import arithmetic
from dotlint.strategy.error import StrategyError
from dotlint.strategy.model import ModelFacts
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from dotlint.drawing.model import Detail, Style
    from dotlint.engine.finding import Finding

SMALLEST, LARGEST = 12, 300
LAYOUTS = ("product", "overlay", "megatron", "vllm", "sglang", "trtllm", "deepspeed", "llama3")
STYLES: tuple[Style, ...] = ("reference", "clusters", "plain")


def plan(seed: str) -> tuple[Strategy, Detail, Style]:
    """Draw a strategy that can be drawn, a detail and a style."""
    rng = random.Random(seed)
    while True:
        degrees = {
            "pp": (1, 2, 2, 4),
            "tp": (1, 2, 4),
            "ep": (1, 1, 2, 4),
            "dp": (1, 1, 2),
            "sp": (1, 1, 1, 2),
            "cp": (1, 1, 1, 2),
        }
        spec = "".join(f"{axis}{n}" for axis, some in degrees.items() if (n := rng.choice(some)) > 1) or "tp2"
        moe = {"experts": 16, "top_k": 2, "shared_experts": rng.choice((None, 1))} if rng.random() < 0.5 else {}
        sizes = {"heads": 16, "kv_heads": rng.choice((4, 8, 16)), "hidden": 1024, "ffn": 4096, "vocab": 32000}
        known = {"batch": 16, "seq": 4096} if rng.random() < 0.6 else {}
        facts = ModelFacts(layers=rng.choice((4, 8, 16)), **sizes, **moe, **known)
        detail, style = rng.choice(DETAILS[2:]), rng.choice(STYLES)
        try:
            strategy = Strategy.combine([spec], layout=Layout.named(rng.choice(LAYOUTS)), model=facts)
            nodes = draw(strategy, detail).node_count
        except (DrawingError, StrategyError):
            continue
        advised_against = any(each.warning for phase in strategy.phases for each in arithmetic(phase, phase.facts))
        if SMALLEST <= nodes <= LARGEST and not advised_against:
            return strategy, detail, style


def findings(text: str, strategy: Strategy) -> list[Finding]:
    """Lint with every rule."""
    return lint(Source.from_text(text, "plan.dot"), Settings(strategy, "option", Selection(preset="strict"))).findings


def run(seed: str, only: str = "") -> list[Outcome]:
    """Lint a drawing as it is, and with one defect at a time; a finding is right if it names what was changed."""
    strategy, detail, style = plan(seed)
    factors = {"layout": strategy.layout.name, "detail": detail, "style": style, "degrees": strategy.source}
    found = [f for f in findings(as_text(draw(strategy, detail), style), strategy) if f.severity != "info"]
    outcomes = [Outcome(seed, "", factors, not found, 0, said(found), said(found))]
    for title, change in DEFECTS.items():
        drawing = draw(strategy, detail)
        keys = change(drawing, random.Random(f"{seed} {title}")) if only in title else None
        if keys is None:
            continue
        new = [f for f in findings(as_text(drawing, style), strategy) if f.severity != "info" and not f.caused_by]
        right = [f for f in new if keys & named(f)]
        wrong = [f for f in new if not keys & named(f)]
        outcomes.append(Outcome(seed, title, factors, bool(right), len(right), said(wrong), said(new)))
    return outcomes
