"""The graph that a strategy and a model mean (`dotlint new`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.drawing.handover import hand_over
from dotlint.drawing.model import Drawing
from dotlint.drawing.phase import draw_phase
from dotlint.drawing.sizes import key_values

if TYPE_CHECKING:
    from dotlint.drawing.model import Detail
    from dotlint.strategy.phases import Strategy


def draw(strategy: Strategy, detail: Detail = "operator") -> Drawing:
    """Draw a strategy."""
    drawn = [draw_phase(phase, strategy.model, detail, grouped=True) for phase in strategy.phases]
    held = {drawing.name: holders for drawing, holders in drawn}
    handover = None
    if {"prefill", "decode"} <= held.keys():
        shape = key_values(strategy.model)
        handover = hand_over(held["prefill"], held["decode"], shape)
    return Drawing(strategy.source, [phase for phase, _ in drawn], handover, ())
