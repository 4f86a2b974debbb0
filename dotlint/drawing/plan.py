"""Which layers each stage has, and which of them one group of operators stands for."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.model import ModelFacts
    from dotlint.strategy.phases import Phase


class Layers(Struct, frozen=True):
    """Consecutive layers that are drawn once; `numbers` are 1-based, None if the model's layers are not known."""

    numbers: range | None
    moe: bool

    @property
    def count(self) -> int:
        """The number of layers."""
        return 1 if self.numbers is None else len(self.numbers)


class Chunk(Struct, frozen=True):
    """The layers that a stage runs without a break; with interleaved stages, each has several chunks. 0-based."""

    stage: int
    chunk: int
    layers: tuple[Layers, ...]

    @property
    def numbers(self) -> range | None:
        """The 1-based layers of the chunk."""
        if not self.layers or self.layers[0].numbers is None or self.layers[-1].numbers is None:
            return None
        return range(self.layers[0].numbers.start, self.layers[-1].numbers.stop)


def chunks(phase: Phase, facts: ModelFacts, *, grouped: bool) -> Iterator[Chunk]:
    """Yield the chunks of a phase in the order of its layers; if `grouped`, equal layers of a chunk are drawn once."""
    degrees = phase.degrees
    count = degrees.pp * degrees.vpp
    first = 0
    for index in range(count):
        chunk, stage = divmod(index, degrees.pp)
        if facts.layers is None:
            yield Chunk(stage, chunk, (Layers(None, has_experts(phase, facts)),))
            continue
        size = facts.layers // count + (index < facts.layers % count)
        numbers = range(first + 1, first + size + 1)
        first += size
        yield Chunk(stage, chunk, tuple(_groups(phase, facts, numbers, grouped=grouped)))


def has_experts(phase: Phase, facts: ModelFacts) -> bool:
    """Return whether the layers of a phase have experts."""
    return phase.degrees.ep > 1 or facts.experts is not None


def _groups(phase: Phase, facts: ModelFacts, numbers: range, *, grouped: bool) -> Iterator[Layers]:
    for moe, some in groupby(numbers, key=lambda _: has_experts(phase, facts)):
        equal = list(some)
        if grouped:
            yield Layers(range(equal[0], equal[-1] + 1), moe)
        else:
            yield from (Layers(range(number, number + 1), moe) for number in equal)
