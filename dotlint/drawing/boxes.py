"""Whole stages, or the attention and the MLP of a layer, as one node each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.drawing.wording import attention_title, degrees_line, stage_parts, stage_title

if TYPE_CHECKING:
    from dotlint.drawing.builder import Builder, State
    from dotlint.drawing.parallelism import Parallelism
    from dotlint.drawing.plan import Chunk, Layers


def layer(b: Builder, how: Parallelism, layers: Layers, state: State) -> tuple[State, State]:
    """Add the attention and the MLP of a layer as a node each; return the MLP, and the attention."""
    shape, phase = how.stream(b.sizes), b.ranks.phase
    held = b.put("attention_block", state, shape, shape, title=lambda _: attention_title(how.method), notes=how.lines)
    if not layers.moe:
        return b.put("mlp_block", held, shape, shape, notes=how.lines), held
    ep = phase.degrees.ep
    return b.put("moe_block", held, shape, shape, notes=[degrees_line(ep=ep)] if ep > 1 else ()), held


def stage(b: Builder, how: Parallelism, chunk: Chunk, state: State, *, first: bool, last: bool) -> State:
    """Add a stage as one node; the first one begins with tokens, the last one ends with them."""
    sizes = b.sizes
    ids = sizes.tokens(whole=True)
    takes = ids if first else how.between(sizes)
    gives = (ids[0], ("seq", "1")) if last else how.between(sizes)
    parts = stage_parts(chunk, first=first, last=last)
    return b.put(
        "stage", state, takes, gives, title=lambda _: stage_title(chunk, b.ranks.phase.degrees.vpp), notes=parts
    )
