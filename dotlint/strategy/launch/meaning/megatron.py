"""Megatron-LM: DP follows from the number of GPUs; the layers of stages are stated in four ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.strategy.fitting import divisors
from dotlint.strategy.launch.meaning.meaning import Meaning, fill_world, note_unknown_world, started_on, stated
from dotlint.strategy.launch.meaning.megatron_layout import chunks_of, repeated
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.strategy.launch.options import Options
    from dotlint.strategy.model import ModelFacts

_INTEGER: Final = regex(r"[0-9]{1,9}")


def meaning(options: Options, facts: ModelFacts, world: int | None) -> Meaning:
    """Return the meaning of the arguments of a training script (megatron/training/arguments.py)."""
    found = stated(options, started_on(options, world))
    degrees = found.degrees
    if options.get("sequence_parallel") and degrees.get("tp", 1) > 1:
        degrees["sp"] = degrees["tp"]
    _stages(options, facts, found)
    _model(options, found)
    fill_world(found, ("tp", "pp", "cp"))
    note_unknown_world(found)
    return found


def _stages(options: Options, facts: ModelFacts, found: Meaning) -> None:
    """Add VPP and the layers of stages."""
    degrees, pp = found.degrees, found.degrees.get("pp", 1)
    layers = found.facts.get("layers") or facts.layers
    ends = bool(options.get("embedding_counts")), bool(options.get("loss_counts"))
    _refuse_two(options)
    if "pipeline_layout" in options.given:
        given = options.given["pipeline_layout"]
        sizes = chunks_of(given.value, given.location)
        if len(sizes) % pp:
            raise options.mistake("pipeline_layout", f"has {len(sizes)} stages, which PP={pp} does not divide")
        if len(sizes) > pp:
            degrees["vpp"] = len(sizes) // pp
        found.facts["stage_layers"] = sizes
        return
    if "chunk_layers" in options.given:
        if layers is None:
            raise options.mistake(
                "chunk_layers", "needs the number of layers", "add --num-layers, or --model config.json"
            )
        chunk, stage = options.get("chunk_layers"), (layers + sum(ends)) // pp
        if not chunk or stage % chunk:
            fitting = ", ".join(map(str, divisors(stage)))
            raise options.mistake(
                "chunk_layers", f"does not divide the {stage} layers of a stage", f"{fitting} would fit"
            )
        degrees["vpp"] = stage // chunk
    chunks = pp * degrees.get("vpp", 1)
    if any(ends) and layers is not None and chunks > 1 and (layers + sum(ends)) % chunks == 0:
        size = (layers + sum(ends)) // chunks
        found.facts["stage_layers"] = [size - ends[0], *[size] * (chunks - 2), size - ends[1]]


def _refuse_two(options: Options) -> None:
    """Raise `StrategyError` at the second of two options that state the chunks of a stage, of which one may be there."""
    stated = sorted(
        (options.given[name] for name in ("chunk_layers", "vpp", "pipeline_layout") if name in options.given),
        key=lambda given: given.location.start,
    )
    if "chunk_layers" in options.given:
        ends = [options.given[name] for name in ("first_stage_layers", "last_stage_layers") if name in options.given]
        stated += ends if len(stated) == 1 else []
    if len(stated) > 1:
        remedy = "leave one of them out, or state --num-virtual-stages-per-pipeline-rank alone"
        raise stated[1].location.mistake(f"{stated[1].option} cannot be combined with {stated[0].option}", remedy)


def _model(options: Options, found: Meaning) -> None:
    """Add the facts about heads and about the layers with experts."""
    facts = found.facts
    if not options.get("grouped"):  # without the flag, Megatron-LM ignores the number of groups
        facts.pop("kv_heads", None)
        if "heads" in facts:
            facts["kv_heads"] = facts["heads"]
    pattern = options.get("moe_layers")
    if pattern is None:
        return
    if _INTEGER.fullmatch(pattern):
        facts["moe_layer_freq"] = int(pattern)
        return
    kinds = repeated(pattern)
    if kinds is None:
        return
    if kinds == [0] * kinds.count(0) + [1] * kinds.count(1):
        facts["first_k_dense_replace"] = kinds.count(0)
    elif 0 in kinds:
        facts["mlp_only_layers"] = [index for index, kind in enumerate(kinds) if not kind]
