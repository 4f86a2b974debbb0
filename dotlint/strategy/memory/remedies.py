"""What would make a phase fit: other degrees, fewer or shorter sequences, and what training can save."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from dotlint.strategy.arithmetic import arithmetic
from dotlint.strategy.calculations.calculation import Plan, plan_of
from dotlint.strategy.degrees import MOST_GPUS
from dotlint.strategy.error import StrategyError
from dotlint.strategy.fitting import degrees_that, divisors
from dotlint.text.toml import as_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dotlint.strategy.memory.budget import Memory, StageMemory

_MOST: Final = 64  # the largest TP or PP that a message suggests
_SAVING: Final[tuple[tuple[str, tuple[Any, ...]], ...]] = (
    ("distributed_optimizer", (True,)),
    ("zero_stage", (1, 2, 3)),
    ("recompute", ("selective", "full")),
    ("micro_batch", (4, 2, 1)),
)


def remedies(plan: Plan, memory: Memory, stage: StageMemory | None, fits_as: Callable[[Plan], bool]) -> Iterator[str]:
    """Yield what would make the plan fit, each alone; two degrees together only if no single one would."""
    alone = False
    for axis in ("tp", "pp"):
        fitting = [n for n in _degrees(plan, axis) if (other := _with(plan, **{axis: n})) and fits_as(other)]
        alone = alone or bool(fitting)
        yield from filter(None, (degrees_that(axis.upper(), "would fit", fitting),))
    if not alone:
        pairs = sorted(
            ((tp, pp) for tp in _degrees(plan, "tp") for pp in _degrees(plan, "pp")), key=lambda p: p[0] * p[1]
        )
        both = next((p for p in pairs if (other := _with(plan, tp=p[0], pp=p[1])) and fits_as(other)), None)
        yield from (f"tp{both[0]}pp{both[1]} would fit",) if both else ()
    if memory.training:
        yield from _savings(plan, fits_as)
    else:
        yield from _shorter(memory, stage)


def _degrees(plan: Plan, axis: str) -> list[int]:
    """Return larger degrees that the model can be divided by."""
    known = plan.facts.heads if axis == "tp" else plan.facts.layers
    return [n for n in divisors(known or _MOST, _MOST) if n > plan.named.get(axis)]


def _with(plan: Plan, **degrees: int) -> Plan | None:
    """Return the plan with other degrees, or None if its engine refuses it; what depends on TP is changed with it."""
    found = plan.named
    stage = plan.placement.stage_size
    for axis, degree in degrees.items():
        if axis == "tp" and found.sp == found.tp and plan.phase.layout.flavor == "megatron":
            found = found.with_axis("sp", degree) if found.sp > 1 else found
        found = found.with_axis(axis, degree)
    try:
        if plan.engine.name == "vllm" and plan.named.ep == stage:
            found = found.with_axis("ep", plan.phase.layout.placement(found.with_axis("ep", 1)).stage_size)
        phase = replace(plan.phase, degrees=found, declared_world=None)
        if phase.world > MOST_GPUS or any(each.refuses for each in arithmetic(phase, plan.facts)):
            return None
        return plan_of(phase, plan.facts)
    except StrategyError:
        return None


def _savings(plan: Plan, fits_as: Callable[[Plan], bool]) -> Iterator[str]:
    """Yield the facts of training that would save enough, the first value of each that does."""
    facts = plan.facts
    for name, values in _SAVING:
        stated = getattr(facts, name)
        if name == "zero_stage" and (plan.engine.name == "megatron" or facts.distributed_optimizer is not None):
            continue
        if name == "distributed_optimizer" and (plan.engine.name == "deepspeed" or facts.zero_stage is not None):
            continue
        for value in values:
            if stated is not None and (value == stated or (name == "micro_batch" and value > stated)):
                continue
            less = replace(facts, **{name: value})
            if fits_as(replace(plan, facts=less, phase=replace(plan.phase, facts=less))):
                yield f"{name} = {as_toml(value)} would fit"
                break


def _shorter(memory: Memory, stage: StageMemory | None) -> Iterator[str]:
    """Yield how many sequences, and of which length, there is room for."""
    if stage is None or memory.device is None or not stage.sequence or memory.length is None:
        return
    room = memory.device.available - (stage.weights or 0) - (stage.activations or 0)
    if room >= stage.sequence:
        yield f"{room // stage.sequence:,} of these sequences would fit"
    elif room > 0 and stage.token and room // stage.token:
        yield f"one sequence of {min(room // stage.token, memory.length - 1):,} tokens would fit"
