"""The memory of a phase: what each rank of each stage holds, as far as the facts determine it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from dotlint.strategy.memory.activations import training_activations
from dotlint.strategy.memory.device import Device, device_of
from dotlint.strategy.memory.element_sizes import DEFAULT_DTYPE
from dotlint.strategy.memory.forward import forward_activations
from dotlint.strategy.memory.kv_cache import sequence_length, sequence_of_stage, sequences_on_rank, token_of_stage
from dotlint.strategy.memory.lacking import known
from dotlint.strategy.memory.parameters import active_parameters, model_parameters
from dotlint.strategy.memory.stage import possible_stages, stage_parameters
from dotlint.strategy.memory.weights import serving_weights, training_states

if TYPE_CHECKING:
    from dotlint.strategy.calculations.calculation import Plan
    from dotlint.strategy.memory.stage import Stage
    from dotlint.strategy.model import ModelFacts
    from dotlint.strategy.phase import Phase

_TRAINS: Final = (
    "distributed_optimizer", "zero_stage", "recompute", "micro_batch", "global_batch", "accumulation",
)  # fmt: skip
_SERVES: Final = ("max_seqs", "max_len", "max_batched_tokens", "kv_dtype", "quantization", "utilization")
_MEMORY: Final = (*_TRAINS[:3], *_SERVES, "gpu", "gpu_memory", "vocab", "ffn", "moe_ffn", "dtype")


class StageMemory(Struct, frozen=True):
    """What each rank of a stage holds, in bytes; None for what is not known or, of another kind of run, not there.

    `stage` counts from 1. `token` is the KV cache of one token, `sequence` that of one of the longest sequences, and
    `cache` that of the sequences that a run certainly holds at the same time.
    """

    stage: int
    layers: int
    parameters: int | None = None
    weights: int | None = None
    gradients: int | None = None
    optimizer: int | None = None
    activations: int | None = None
    token: int | None = None
    sequence: int | None = None
    cache: int | None = None

    @property
    def total(self) -> int:
        """All that is known."""
        parts = (self.weights, self.gradients, self.optimizer, self.activations, self.cache)
        return sum(part for part in parts if part is not None)


class Memory(Struct, frozen=True):
    """The memory of a phase. `parameters` are those of the whole model, `active` those that one token uses.

    `sequences` of `length` tokens are on a rank at the same time. `lacking` are the facts that more figures need, `finer` those that only the
    activations of serving need, and
    `usual` which are not stated and taken as most models have them. `others` are the stages if the layers may be
    divided in another way. `together` is how many sequences a run certainly holds at the same time: `batch`, if that is
    stated without `max_seqs`, to which engines fill only as far as there is room.
    """

    training: bool
    stages: tuple[StageMemory, ...]
    device: Device | None = None
    parameters: int | None = None
    active: int | None = None
    sequences: int | None = None
    length: int | None = None
    lacking: tuple[str, ...] = ()
    finer: tuple[str, ...] = ()
    usual: tuple[str, ...] = ()
    others: tuple[StageMemory, ...] = ()
    together: int = 1


def trains(plan: Plan) -> bool:
    """Return whether a phase trains the model: by its engine or name, else by what is stated."""
    if plan.engine.name in {"megatron", "torchtitan", "deepspeed", "llama3"}:
        return True
    if plan.engine.name in {"vllm", "sglang", "trtllm"} or plan.phase.name in {"prefill", "decode"}:
        return False
    if plan.phase.name.startswith("train"):
        return True
    return any(getattr(plan.facts, name) is not None for name in _TRAINS)


def memory_is_stated(phase: Phase, model: ModelFacts) -> bool:
    """Return whether the strategy states the memory of the GPUs of a phase, so that it can be checked."""
    facts = model.with_own(phase.facts)
    return not phase.assumed and (facts.gpu is not None or facts.gpu_memory is not None)


def memory_of(plan: Plan) -> Memory | None:
    """Return the memory of a phase; None if nothing about it is stated."""
    facts = plan.facts
    if not any(getattr(facts, name) is not None for name in _MEMORY):
        return None
    lacking: dict[str, None] = {}
    finer: dict[str, None] = {}
    training = trains(plan)
    device = known(lambda: device_of(facts), lacking)
    layouts = known(lambda: possible_stages(plan), lacking) or []
    length = None if training else known(lambda: sequence_length(facts), lacking)
    facts_of = (lacking, lacking if training else finer)
    rows = [tuple(_stage(plan, stage, length, facts_of, training=training) for stage in stages) for stages in layouts]
    weighed = all(row.weights is not None for some in rows for row in some)
    usual = _usual(facts) if rows and (weighed or any(row.token for row in rows[0])) else ()
    return Memory(
        training=training,
        stages=rows[0] if rows else (),
        device=device,
        parameters=known(lambda: model_parameters(facts), {}),
        active=known(lambda: active_parameters(facts), {}) if facts.experts is not None else None,
        sequences=None if training else sequences_on_rank(plan),
        length=length,
        lacking=tuple(lacking),
        finer=tuple(fact for fact in finer if fact not in lacking),
        usual=usual,
        others=rows[1] if len(rows) > 1 else (),
        together=_together(plan),
    )


def _stage(
    plan: Plan, stage: Stage, length: int | None, facts_of: tuple[dict[str, None], dict[str, None]], *, training: bool
) -> StageMemory:
    lacking, finer = facts_of
    parameters = known(lambda: stage_parameters(plan, stage, training=training), lacking)
    row = StageMemory(stage.index + 1, len(stage.layers), parameters.total if parameters is not None else None)
    if training:
        states = known(lambda: training_states(plan, parameters), lacking) if parameters is not None else None
        if states is not None:
            row = replace(row, weights=states.weights, gradients=states.gradients, optimizer=states.optimizer)
        return replace(row, activations=known(lambda: training_activations(plan, stage), finer))
    sequence = known(lambda: sequence_of_stage(plan, stage, length), lacking) if length is not None else None
    return replace(
        row,
        weights=known(lambda: serving_weights(plan.facts, parameters), lacking) if parameters is not None else None,
        token=known(lambda: token_of_stage(plan, stage), lacking),
        sequence=sequence,
        cache=None if sequence is None else sequence * _together(plan),
        activations=known(lambda: forward_activations(plan, stage), finer),
    )


def _together(plan: Plan) -> int:
    return (sequences_on_rank(plan) or 1) if plan.facts.max_seqs is None else 1


def _usual(facts: ModelFacts) -> tuple[str, ...]:
    """Return the facts that are not stated and taken as most models have them."""
    found = []
    if facts.dtype is None:
        found.append(f'dtype = "{DEFAULT_DTYPE}"')
    if facts.gated is None and (facts.ffn or facts.moe_ffn) is not None:
        found.append("gated = true")
    if facts.tied is None and facts.vocab is not None:
        found.append("tied = false")
    if facts.kv_heads is None and facts.attention is None and not facts.is_latent and facts.heads is not None:
        found.append(f"kv_heads = {facts.heads}")
    return tuple(found)
