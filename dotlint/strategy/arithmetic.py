"""Check that the degrees of a strategy divide what they shard: heads, experts, tokens, layers, grids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.strategy.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.model import ModelFacts
    from dotlint.strategy.phases import Phase


class Calculation(Struct, frozen=True):
    """A calculation that a check reports: `holds` is its result, `text` describes it with figures."""

    check: str
    holds: bool
    text: str


def arithmetic(phase: Phase, model: ModelFacts) -> tuple[Calculation, ...]:
    """Return all calculations that the known facts allow, check by check; unknown facts are left out."""
    sums = (*_head_calculations(phase, model), *_expert_calculations(phase, model), *_token_calculations(phase, model))
    return (*sums, *_layer_calculations(phase, model), *_grid_calculations(phase))


def _divisibility(check: str, count: int, things: str, by: int, axes: str) -> Calculation:
    if count % by:
        return Calculation(check, holds=False, text=f"{count} {things} are not divisible by {axes}={by}")
    return Calculation(check, holds=True, text=f"{count} {things} over {axes}={by}: {count // by} each")


def _head_calculations(phase: Phase, model: ModelFacts) -> Iterator[Calculation]:
    """Return calculations about heads: TP shards attention by heads, and so does the SP of Ulysses.

    Ulysses exchanges heads for tokens (Jacobs et al. 2023), so its SP divides the heads of each TP shard again.
    """
    tp, sp = phase.degrees.tp, phase.degrees.sp
    if model.heads is not None and tp > 1:
        yield _divisibility("heads", model.heads, "heads", tp, "TP")
    if model.kv_heads is not None and tp > 1:
        kv = model.kv_heads
        if tp % kv == 0 and tp != kv:
            yield Calculation("heads", holds=True, text=f"{kv} key-value heads over TP={tp}: each on {tp // kv} shards")
        elif kv % tp:
            text = f"{kv} key-value heads are neither a multiple nor a divisor of TP={tp}"
            yield Calculation("heads", holds=False, text=text)
        else:
            yield _divisibility("heads", kv, "key-value heads", tp, "TP")
    preset = PRESETS.get(phase.layout.preset or "")
    declared = phase.layout.sp or (preset.sp if preset is not None else None)
    if declared == "ulysses" and model.heads is not None and sp > 1 and model.heads % tp == 0:
        yield _divisibility("heads", model.heads, "heads", tp * sp, "TP·SP")


def _expert_calculations(phase: Phase, model: ModelFacts) -> Iterator[Calculation]:
    if model.experts is not None and phase.degrees.ep > 1:
        yield _divisibility("experts", model.experts, "experts", phase.degrees.ep, "EP")


def _token_calculations(phase: Phase, model: ModelFacts) -> Iterator[Calculation]:
    named = [axis for axis in ("sp", "cp") if phase.degrees.get(axis) > 1]
    if model.seq is not None and named:
        by = phase.degrees.sp * phase.degrees.cp
        yield _divisibility("sequence", model.seq, "tokens", by, "·".join(named).upper())


def _layer_calculations(phase: Phase, model: ModelFacts) -> Iterator[Calculation]:
    """Return calculations about layers: every stage (and VPP chunk) needs a layer; the counts may differ."""
    chunks = phase.degrees.pp * phase.degrees.vpp
    if model.layers is None or chunks == 1:
        return
    axes = "PP·VPP" if phase.degrees.vpp > 1 else "PP"
    if chunks > model.layers:
        yield Calculation("layers", holds=False, text=f"{model.layers} layers are fewer than {axes}={chunks}")
    elif model.layers % chunks:
        least = model.layers // chunks
        yield Calculation(
            "layers",
            holds=True,
            text=f"{model.layers} layers over {axes}={chunks}: {least} or {least + 1} each",
        )
    else:
        yield _divisibility("layers", model.layers, "layers", chunks, axes)


def _grid_calculations(phase: Phase) -> Iterator[Calculation]:
    if phase.assumed:
        return
    placement = phase.placement
    for problem in placement.problems:
        yield Calculation("grid-mismatch", holds=False, text=problem)
    if not placement.problems and placement.expert_world is not None:
        yield Calculation(
            "grid-mismatch", holds=True, text=f"the dense and the expert grid have {placement.world} GPUs each"
        )
