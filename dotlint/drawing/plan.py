"""Which layers each stage has, and which of them one group of operators stands for."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.strategy.stage_sizes import chunk_sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.model import ModelFacts
    from dotlint.strategy.phase import Phase
    from dotlint.strategy.phases import Strategy


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


def chunks(phase: Phase, *, moe: bool, grouped: bool) -> Iterator[Chunk]:
    """Yield the chunks of a phase in the order of its layers.

    `moe` is whether the model has experts; if `grouped`, equal layers of a chunk are drawn once.
    """
    degrees, facts = phase.degrees, phase.facts
    count, first = degrees.pp * degrees.vpp, 1
    sizes = chunk_sizes(degrees, facts)
    if sizes is None and facts.layers is not None:  # the first chunks have one layer more
        sizes = tuple(facts.layers // count + (index < facts.layers % count) for index in range(count))
    for index in range(count):
        chunk, stage = divmod(index, degrees.pp)
        if sizes is None:
            yield Chunk(stage, chunk, (Layers(None, moe),))
            continue
        numbers = range(first, first + sizes[index])
        first += sizes[index]
        yield Chunk(stage, chunk, tuple(_groups(numbers, facts, moe=moe, grouped=grouped)))


def has_experts(strategy: Strategy) -> bool:
    """Return whether the model has experts: all phases run the same model."""
    return strategy.model.experts is not None or any(phase.degrees.ep > 1 for phase in strategy.phases)


def _groups(numbers: range, facts: ModelFacts, *, moe: bool, grouped: bool) -> Iterator[Layers]:
    for has, some in groupby(numbers, key=lambda number: moe and not facts.is_dense(number - 1)):
        equal = list(some)
        if grouped:
            yield Layers(range(equal[0], equal[-1] + 1), has)
        else:
            yield from (Layers(range(number, number + 1), has) for number in equal)
