"""Whether a phase fits into the memory of its GPUs, as a calculation with its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from dotlint.strategy.calculations.calculation import Calculation
from dotlint.strategy.memory.budget import Memory, StageMemory, memory_of
from dotlint.strategy.memory.device import gib
from dotlint.strategy.memory.remedies import remedies
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.strategy.calculations.calculation import Plan

Outcome = Literal["fits", "overflows", "exceeds", "open"]


class Fit(NamedTuple):
    """The outcome: weights alone may exceed the memory, or overflow it with the rest; the stage that it is about."""

    outcome: Outcome
    stage: StageMemory | None = None
    text: str = ""


def fit(memory: Memory) -> Fit:
    """Return whether a phase fits; "open" if facts lack, or if it depends on how layers are divided."""
    if memory.device is None or not memory.stages:
        return Fit("open")
    found = [_fit(memory, stages) for stages in (memory.stages, memory.others) if stages]
    return found[0] if len({each.outcome for each in found}) == 1 else Fit("open")


def fits(plan: Plan, memory: Memory | None = None) -> Iterator[Calculation]:
    """Yield whether a phase fits: an error if weights alone do not, a warning if they do not with what a run needs."""
    memory = memory or memory_of(plan)
    found = fit(memory) if memory is not None else Fit("open")
    if memory is None or found.outcome == "open":
        return
    if found.outcome == "fits":
        yield Calculation("memory", holds=True, text=found.text)
        return

    def fits_as(other: Plan) -> bool:
        again = memory_of(other)
        return again is not None and fit(again).outcome == "fits"

    advice = "; ".join(remedies(plan, memory, found.stage, fits_as))
    if memory.usual:
        advice += f"{'; ' if advice else ''}not stated, and taken as usual: {', '.join(memory.usual)}"
    warning = found.outcome == "overflows"
    yield Calculation("memory", holds=False, text=found.text, advice=advice, warning=warning)


def _fit(memory: Memory, stages: Sequence[StageMemory]) -> Fit:
    device = memory.device
    assert device is not None
    room, offered = device.available, gib(device.available) + (f" ({device})" if str(device) else "")
    if any(stage.weights is None for stage in stages):
        return Fit("open")
    heaviest = max(stages, key=lambda stage: stage.weights or 0)
    if (heaviest.weights or 0) > room:
        text = (
            f"the weights take {gib(heaviest.weights or 0)} on each GPU{_where(stages, heaviest)}, more than {offered}"
        )
        return Fit("exceeds", heaviest, text)
    needs = {id(stage): list(_needs(memory, stage)) for stage in stages}
    fullest = max(stages, key=lambda stage: sum(size for _, size in needs[id(stage)]))
    parts = needs[id(fullest)]
    together = sum(size for _, size in parts)
    listing = ", ".join(f"{name} {gib(size)}" for name, size in parts)
    if together > room:
        text = f"{listing}: {gib(together)} on each GPU{_where(stages, fullest)}, more than {offered}"
        return Fit("overflows", fullest, text)
    if memory.training and (fullest.activations is None or fullest.optimizer is None):
        return Fit("open")
    if not memory.training and fullest.sequence is None:
        return Fit("open")
    text = f"{listing}: {gib(together)} of {offered} on each GPU{_where(stages, fullest)}"
    if not memory.training:
        text += _room(memory, stages, room)
        text += "; activations are not included" if fullest.activations is None else ""
    return Fit("fits", fullest, text)


def _needs(memory: Memory, stage: StageMemory) -> Iterator[tuple[str, int]]:
    """Yield what a run certainly needs: in serving, the cache of `batch` sequences, or of one of the longest."""
    yield "weights", stage.weights or 0
    if memory.training:
        states = (("gradients", stage.gradients), ("optimizer states", stage.optimizer))
        yield from ((name, size) for name, size in states if size is not None)
    elif stage.sequence is not None and memory.length is not None:
        yield f"KV cache of {_sequences(memory.together, memory.length)}", stage.sequence * memory.together
    if stage.activations is not None:
        yield "activations", stage.activations


def _room(memory: Memory, stages: Sequence[StageMemory], room: int) -> str:
    """Return for how many of the longest sequences there is room."""
    rest = min(
        (room - (stage.weights or 0) - (stage.activations or 0)) // stage.sequence for stage in stages if stage.sequence
    )
    sequences = memory.sequences
    if sequences is not None and memory.length is not None and rest < sequences:
        return f"; room for {rest:,} of {_sequences(sequences, memory.length)} at the same time"
    return f"; room for {count(rest, 'such sequence')}"


def _sequences(number: int, length: int) -> str:
    return f"{count(number, 'sequence')} of {length:,} tokens"


def _where(stages: Sequence[StageMemory], stage: StageMemory) -> str:
    return f" of stage {stage.stage}" if len(stages) > 1 else ""
