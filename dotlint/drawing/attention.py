"""The attention of a layer: projections, the exchange of the sequence, the output projection, their collectives."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from dotlint.drawing.wording import degrees_line

if TYPE_CHECKING:
    from dotlint.drawing.builder import Builder, State
    from dotlint.drawing.model import Shape
    from dotlint.drawing.parallelism import Parallelism
    from dotlint.drawing.sizes import Size


def attention(b: Builder, how: Parallelism, entering: State) -> tuple[State, State]:
    """Add the attention of a layer with its norm and residual add; return its result and what holds keys and values."""
    sizes, tp = b.sizes, how.tp
    norm = b.put("attn_norm", entering, how.stream(sizes), how.stream(sizes), over=how.each)
    whole = gathered(b, how, norm, "attn_all_gather")
    notes = how.tp_lines
    fused = sizes.query_key_value(tp)
    tokens = sizes.tokens()
    qkv = b.put("qkv", whole, sizes.states(), (*tokens, ("hidden", str(fused))), over=how.shards, notes=notes)
    computed, held = (_cached if how.decode else _exchanged)(b, how, qkv, fused, notes)
    narrow = sizes.heads(tp)
    out = b.put("attn_out", computed, narrow, sizes.states(), over=how.shards, notes=notes)
    summed = reduced(b, how, out, "attn")
    return add(b, how, "attn_add", entering, summed), held


def _exchanged(b: Builder, how: Parallelism, qkv: State, fused: Size, notes: list[str]) -> tuple[State, State]:
    """Add attention over whole sequences, with whatever its ranks have to exchange for that."""
    sizes, tp = b.sizes, how.tp
    wide: Shape = (*sizes.tokens(), ("hidden", str(fused)))
    narrow = sizes.heads(tp)
    if how.heads_apart > 1:  # Ulysses: whole sequences of a part of the heads
        parts = how.heads_apart
        seq = (sizes.tokens()[0], ("seq", str(sizes.seq * parts)))
        far_wide: Shape = (*seq, ("hidden", str(fused / parts)))
        far: Shape = (*seq, ("hidden", str(sizes.attention / (tp * parts))))
        line = [degrees_line(sp=parts)]
        there = b.put("ulysses_in", qkv, wide, far_wide, over=how.groups("sp"), notes=line)
        made = b.put("attn", there, far_wide, far, over=how.shards, notes=[*notes, *how.ring_lines])
        return b.put("ulysses_out", made, far, narrow, over=how.groups("sp"), notes=line), made
    if how.ring_lines and how.is_alone("sp", "cp"):
        blocks = b.put("ring", qkv, wide, wide, over=how.ring_groups, notes=how.ring_lines[:1])
        made = b.put("ring_attn", [*qkv, *blocks], wide, narrow, over=how.shards, notes=[*notes, *how.ring_lines])
        return made, made
    what = "ring_attn" if how.ring_lines else "attn"
    made = b.put(what, qkv, wide, narrow, over=how.shards, notes=[*notes, *how.ring_lines])
    return made, made


def _cached(b: Builder, how: Parallelism, qkv: State, fused: Size, notes: list[str]) -> tuple[State, State]:
    """Add the attention of one token to a KV cache that several ranks hold.

    The ranks of Ulysses' sp hold heads of it. Those of a ring, of cp and of dcp hold tokens, so that their results have
    to be merged; those of dcp share a tp group and first gather its queries (vLLM's decode context parallelism).
    """
    tokens, width, heads = b.sizes.tokens(), fused, b.sizes.attention / how.tp
    if how.dcp > 1:
        width, heads = fused * how.dcp, heads * how.dcp
        takes: Shape = (*tokens, ("hidden", str(fused)))
        gives: Shape = (*tokens, ("hidden", str(width)))
        qkv = b.put("gather_queries", qkv, takes, gives, over=how.groups("tp"), notes=[degrees_line(dcp=how.dcp)])
    made: Shape = (*tokens, ("hidden", str(heads / how.heads_apart)))
    lines = [degrees_line(**how.cache_axes)] if how.cache_axes else []
    takes = (*tokens, ("hidden", str(width)))
    held = state = b.put("attn", qkv, takes, made, over=how.shards, notes=[*notes, *lines])
    if how.merged_axes:
        parts = prod(how.merged_axes.values())
        gives = (*tokens, ("hidden", str(heads / (how.heads_apart * parts))))
        over = [axis for axis in how.shards if axis not in how.merged_axes and (axis != "tp" or how.dcp == 1)]
        state = b.put("merge_scatter", state, made, gives, over=over, notes=[degrees_line(**how.merged_axes)])
        made = gives
    if how.sequence:
        narrow = b.sizes.heads(how.tp)
        what = "ulysses_gather" if how.ulysses else "heads_all_gather"
        state = b.put(what, state, made, narrow, over=("tp",), notes=lines)
    return state, held


def gathered(b: Builder, how: Parallelism, state: State, what: str) -> State:
    """Gather the sequence before a column-parallel operator, under Megatron's sequence parallelism."""
    if not how.megatron:
        return state
    return b.put(
        what, state, how.stream(b.sizes), b.sizes.states(), over=how.groups("tp"), notes=[degrees_line(sp=how.tp)]
    )


def reduced(b: Builder, how: Parallelism, state: State, prefix: str, *, whole: bool = False) -> State:
    """Sum the partial results of a row-parallel operator over its shards, each of `whole` sequences or of their parts."""
    if how.tp == 1:
        return state
    over = () if whole else how.groups("tp")
    gives = b.sizes.states(whole=True) if whole and not how.megatron else how.stream(b.sizes)
    what = f"{prefix}_reduce_scatter" if how.megatron else f"{prefix}_all_reduce"
    line = degrees_line(sp=how.tp) if how.megatron else degrees_line(tp=how.tp)
    return b.put(what, state, b.sizes.states(whole=whole), gives, over=over, notes=[line])


def add(b: Builder, how: Parallelism, what: str, entering: State, made: State) -> State:
    """Add the result of attention or MLP to what entered it."""
    return b.put(what, [*entering, *made], how.stream(b.sizes), how.stream(b.sizes), over=how.each)
