"""Where the texts of a run come from: random bytes, deployments that a generator draws, and valid files with a damage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.mutation.drawn.changes import DRAWN
from bench.mutation.drawn.trial import draw, mutate
from bench.mutation.drawn.writer import write
from bench.repair.damage import DAMAGES, commented, spans
from dotlint.graph.builder import read
from fuzz.mutate import MOST, step

if TYPE_CHECKING:
    from random import Random

_DEGREES = ("pp", "tp", "ep", "sp", "dp")


def drawn(corpus: list[bytes], random: Random) -> bytes:
    """Draw a deployment with a declared strategy; half of them have a defect, and half of them a damage."""
    plan = draw(f"fuzz.{random.getrandbits(48)}")
    page = write(plan.world, plan.manner)
    defect = mutate(plan, random.choice(list(DRAWN)), page) if random.random() < 0.5 else None
    text = defect[1].text if defect else page.text
    degrees = "".join(f"{name}{getattr(plan.world.plan, name)}" for name in _DEGREES)
    data = f"// dotlint: strategy={degrees}\n{text}".encode("utf-8", "surrogateescape")
    match random.randrange(4):
        case 0:
            return _damaged(data, random)
        case 1:
            return step(data, corpus, random)
        case _:
            return data


def damaged(corpus: list[bytes], random: Random) -> bytes:
    """Break a valid file at one token, sometimes with a comment beside it, sometimes at two."""
    data = random.choice(corpus)
    while len(data) > MOST or read(data).problems:
        data = random.choice(corpus)
    for _ in range(1 + (random.random() < 0.3)):
        data = _damaged(data, random)
    return data


def _damaged(data: bytes, random: Random) -> bytes:
    text = data.decode("utf-8", "surrogateescape")
    known = spans(text)
    if not known:
        return data
    span = random.choice(known)
    if random.random() < 0.25:
        text, span = commented(text, span, random)
    return random.choice(DAMAGES)(text, span, random).encode("utf-8", "surrogateescape")
