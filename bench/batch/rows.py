"""Rows as a generator of deployment graphs writes them: most small, one in a hundred large, one in a hundred broken."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from dotlint.drawing import as_text, draw
from dotlint.strategy import Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE, BROKEN = 0.01, 0.01
_DEGREES = ("pp2", "tp2", "pp2tp2", "pp4", "pp3tp2", "ep2", "pp2ep2")


def rows(number: int, seed: int = 0, *, largest: int = 3000) -> Iterator[dict[str, object]]:
    """Yield rows with `id`, `generator`, `strategy` and `dot`; the median has 20 edges, the largest `largest`."""
    rng = random.Random(seed)
    plans = {
        degrees: as_text(draw(Strategy.parse(degrees), detail="layer"), "reference").splitlines()
        for degrees in _DEGREES
    }
    for index in range(number):
        if largest > 1000 and rng.random() < LARGE:
            kind, degrees, text = "large", None, _pipeline(rng, rng.randint(1000, largest))
        elif rng.random() < 0.5:
            kind, degrees, text = "random", None, _random(rng, min(largest, max(3, round(rng.lognormvariate(3, 0.6)))))
        else:
            kind, degrees = "plan", rng.choice(_DEGREES)
            text = _plan(rng, plans[degrees])
        if rng.random() < BROKEN:
            text = text[: rng.randrange(len(text))]
        yield {"id": index, "generator": kind, "strategy": degrees, "dot": text}


def _random(rng: random.Random, edges: int) -> str:
    nodes = max(3, edges * 2 // 3)
    lines = (f"  n{rng.randrange(nodes)} -> n{rng.randrange(nodes)} [label=e{at}];\n" for at in range(edges))
    return "digraph {\n" + "".join(lines) + "}\n"


def _pipeline(rng: random.Random, edges: int) -> str:
    """Return layers of attention and MLP, one of which lacks an edge."""
    lines = [
        f'  attn_{at} [label="attention {at}\\nGPU {at % 8}"];\n  mlp_{at} [label="mlp {at}\\nGPU {at % 8}"];\n'
        f"  attn_{at} -> mlp_{at};\n  mlp_{at} -> attn_{at + 1};\n"
        for at in range(edges // 2)
    ]
    lines[rng.randrange(len(lines))] = ""
    return "digraph {\n" + "".join(lines) + "}\n"


def _plan(rng: random.Random, lines: list[str]) -> str:
    """Return a plan, or in half of the cases one that lacks a line with an edge."""
    kept = list(lines)
    edges = [at for at, line in enumerate(kept) if "->" in line]
    if edges and rng.random() < 0.5:
        del kept[rng.choice(edges)]
    return "\n".join(kept) + "\n"
