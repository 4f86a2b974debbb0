"""Whether a strategy's degrees divide what they have to divide: heads, experts, tokens, layers, grids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.strategy.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.model import ModelFacts
    from dotlint.strategy.phases import Phase


class Sum(Struct, frozen=True):
    """One sum that was done. `code` is the rule it belongs to, `text` says what was found, with figures."""

    code: str
    holds: bool
    text: str


def arithmetic(phase: Phase, model: ModelFacts) -> tuple[Sum, ...]:
    """Do all sums that the known facts allow, P002 to P006 in order; what is not known is left out."""
    sums = (*_heads(phase, model), *_experts(phase, model), *_sequence(phase, model))
    return (*sums, *_layers(phase, model), *_grids(phase))


def _divides(code: str, count: int, things: str, by: int, axes: str) -> Sum:
    if count % by:
        return Sum(code, holds=False, text=f"{count} {things} do not divide by {axes}={by}")
    return Sum(code, holds=True, text=f"{count} {things} over {axes}={by}: {count // by} each")


def _heads(phase: Phase, model: ModelFacts) -> Iterator[Sum]:
    """Attention is sharded by heads; Ulysses exchanges heads for tokens, so its SP divides them once more."""
    tp, sp = phase.degrees.tp, phase.degrees.sp
    if model.heads is not None and tp > 1:
        yield _divides("P002", model.heads, "heads", tp, "TP")
    if model.kv_heads is not None and tp > 1:
        kv = model.kv_heads
        if tp % kv == 0 and tp != kv:
            yield Sum("P002", holds=True, text=f"{kv} key-value heads over TP={tp}: each on {tp // kv} shards")
        elif kv % tp:
            text = f"{kv} key-value heads are neither a multiple nor a divisor of TP={tp}"
            yield Sum("P002", holds=False, text=text)
        else:
            yield _divides("P002", kv, "key-value heads", tp, "TP")
    preset = PRESETS.get(phase.layout.preset or "")
    declared = phase.layout.sp or (preset.sp if preset is not None else None)
    if declared == "ulysses" and model.heads is not None and sp > 1 and model.heads % tp == 0:
        yield _divides("P002", model.heads, "heads", tp * sp, "TP·SP")


def _experts(phase: Phase, model: ModelFacts) -> Iterator[Sum]:
    if model.experts is not None and phase.degrees.ep > 1:
        yield _divides("P003", model.experts, "experts", phase.degrees.ep, "EP")


def _sequence(phase: Phase, model: ModelFacts) -> Iterator[Sum]:
    named = [axis for axis in ("sp", "cp") if phase.degrees.get(axis) > 1]
    if model.seq is not None and named:
        by = phase.degrees.sp * phase.degrees.cp
        yield _divides("P004", model.seq, "tokens", by, "·".join(named).upper())


def _layers(phase: Phase, model: ModelFacts) -> Iterator[Sum]:
    """Every stage (and every chunk of an interleaved one) needs a layer; equal numbers are not required."""
    chunks = phase.degrees.pp * phase.degrees.vpp
    if model.layers is None or chunks == 1:
        return
    axes = "PP·VPP" if phase.degrees.vpp > 1 else "PP"
    if chunks > model.layers:
        yield Sum("P005", holds=False, text=f"{model.layers} layers are fewer than {axes}={chunks}")
    elif model.layers % chunks:
        least = model.layers // chunks
        yield Sum(
            "P005",
            holds=True,
            text=f"{model.layers} layers over {axes}={chunks}: {least} or {least + 1} each",
        )
    else:
        yield _divides("P005", model.layers, "layers", chunks, axes)


def _grids(phase: Phase) -> Iterator[Sum]:
    if phase.assumed:
        return
    placement = phase.placement
    for problem in placement.problems:
        yield Sum("P006", holds=False, text=problem)
    if not placement.problems and placement.moe_world is not None:
        yield Sum("P006", holds=True, text=f"dense and expert grid are one size: {placement.world} GPUs")
