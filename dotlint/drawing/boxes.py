"""Whole stages, or the attention and the MLP of a layer, as one node each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotlint.drawing.builder import Builder, State
    from dotlint.drawing.parallelism import Parallelism
    from dotlint.drawing.plan import Chunk, Layers


def layer(b: Builder, how: Parallelism, layers: Layers, state: State) -> tuple[State, State]:
    """Add the attention and the MLP of a layer as a node each."""
    held = b.put("attention_block", state, how.stream(b.sizes), how.stream(b.sizes))
    what = "moe_block" if layers.moe else "mlp_block"
    return b.put(what, held, how.stream(b.sizes), how.stream(b.sizes)), held


def stage(b: Builder, how: Parallelism, chunk: Chunk, state: State, *, first: bool, last: bool) -> State:
    """Add a stage as one node."""
    return b.put("stage", state, how.stream(b.sizes), how.stream(b.sizes))
