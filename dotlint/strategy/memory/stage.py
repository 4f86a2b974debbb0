"""Which layers a stage holds, and its parameters on each rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.strategy.memory import parameters
from dotlint.strategy.memory.division import Division, division_of
from dotlint.strategy.memory.lacking import LackingFactsError, needed
from dotlint.strategy.model import MOST_LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.calculations.calculation import Plan

_PADDING = 128  # Megatron-LM's --make-vocab-size-divisible-by, times TP


class Stage(Struct, frozen=True):
    """A pipeline stage: its 0-based number of `count`, and its 0-based layers."""

    index: int
    count: int
    layers: tuple[int, ...]

    @property
    def first(self) -> bool:
        """Whether it holds the embeddings."""
        return self.index == 0

    @property
    def last(self) -> bool:
        """Whether it holds the output head."""
        return self.index == self.count - 1


def possible_stages(plan: Plan) -> list[list[Stage]]:
    """Return the stages, once for each way in which the layers may be divided.

    There are two if layers are not divisible and the engine decides: either the first stages have one more (vLLM,
    TensorRT-LLM), or those before the last. Raises `LackingFactsError` if the layers of stages are not known.
    """
    layers, pp = parameters.layer_count(plan.facts), plan.named.pp
    chunks = [plan.phase.stage_layers(index, layers) for index in range(pp)]
    if None not in chunks:
        return [[Stage(n, pp, tuple(i for chunk in some or () for i in chunk)) for n, some in enumerate(chunks)]]
    stated = (plan.facts.stage_layers, plan.facts.first_stage_layers, plan.facts.last_stage_layers)
    if plan.engine.layers != "any" or plan.named.vpp > 1 or any(each is not None for each in stated) or layers < pp:
        raise LackingFactsError("the layers of each stage (`stage_layers`)")
    some, more = divmod(layers, pp)
    first = [some + (n < more) for n in range(pp)]
    inner = [some + (pp - 1 - more <= n < pp - 1) for n in range(pp)]
    return [list(_in_order(sizes)) for sizes in ([first] if first == inner else [first, inner])]


def _in_order(sizes: list[int]) -> Iterator[Stage]:
    passed = 0
    for index, size in enumerate(sizes):
        yield Stage(index, len(sizes), tuple(range(passed, passed + size)))
        passed += size


def stage_parameters(plan: Plan, stage: Stage, *, training: bool) -> parameters.Parameters:
    """Return the parameters that each rank of a stage holds.

    Embeddings are on the first stage; the output head, or a copy of tied embeddings, and the final norm are on the
    last one (megatron/training/theoretical_memory_usage.py). Layers of multi-token prediction are trained on the last
    stage; they are not counted for serving, which loads them only for speculative decoding.
    """
    facts, division = plan.facts, division_of(plan)
    (hidden,) = needed(facts, "hidden")
    found = parameters.layers_of(facts, stage.layers, division)
    ends = stage.first + (stage.last and not (facts.tied and stage.first))
    if ends:
        found += _ends(plan, division, ends)
    if stage.last:
        found += parameters.Parameters(0, 0, hidden)
        if training:
            for _ in range(min(facts.mtp_layers or 0, MOST_LAYERS)):
                found += parameters.prediction_layer(facts, division)
    return found


def _ends(plan: Plan, division: Division, times: int) -> parameters.Parameters:
    multiple = _PADDING * plan.named.tp if plan.engine.name == "megatron" else 1
    one = parameters.embedding(plan.facts, division.attention, multiple=multiple)
    return parameters.Parameters(0, 0, one.others * times)
