"""The graph that a strategy and a model mean (`dotlint new`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.drawing.handover import hand_over
from dotlint.drawing.model import Drawing
from dotlint.drawing.phase import draw_phase
from dotlint.drawing.plan import has_experts
from dotlint.drawing.refusal import DrawingError, check_drawable
from dotlint.drawing.sizes import key_values
from dotlint.drawing.text import as_text
from dotlint.drawing.wording import coarser_text, grouped_text, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.drawing.model import Detail
    from dotlint.strategy.phases import Strategy

__all__ = ["DETAILS", "MOST_NODES", "Drawing", "DrawingError", "as_text", "draw"]

DETAILS: Final[Sequence[Detail]] = ("stage", "layer", "operator", "rank")
"""From the fewest nodes to the most."""

MOST_NODES: Final = 3000
"""A drawing with more nodes is drawn with less detail."""

_MOST_REPEATED: Final = 300
"""If more nodes would be needed, equal layers of a stage are drawn once."""


def draw(strategy: Strategy, detail: Detail = "operator") -> Drawing:
    """Return the graph that a strategy and its model mean. Raises `DrawingError` if there is none.

    `folded` of the drawing says what is drawn with fewer nodes than asked for.
    """
    check_drawable(strategy)
    coarse: list[str] = []
    for coarser in DETAILS[DETAILS.index(detail) :: -1]:
        drawing = _draw(strategy, coarser, grouped=True)
        if drawing.node_count <= MOST_NODES:
            break
        if coarser != "stage":
            coarse.append(coarser_text(coarser, drawing.node_count, MOST_NODES))
    every = drawing.unfolded_count
    if drawing.node_count < every <= _MOST_REPEATED:
        drawing = _draw(strategy, coarser, grouped=False)
    elif drawing.node_count < every:
        coarse.append(grouped_text(every))
    drawing.folded = (*coarse, *(text for phase in drawing.phases for text in phase.folded))
    return drawing


def _draw(strategy: Strategy, detail: Detail, *, grouped: bool) -> Drawing:
    moe = has_experts(strategy)
    groups = any(phase.degrees.ep > 1 for phase in strategy.phases)
    drawn = [draw_phase(phase, detail, moe=moe, expert_groups=groups, grouped=grouped) for phase in strategy.phases]
    held = {drawing.name: holders for drawing, holders in drawn}
    handover = None
    if {"prefill", "decode"} <= held.keys():
        handover = hand_over(held["prefill"], held["decode"], key_values(strategy.model))
    return Drawing(title(strategy), [drawing for drawing, _ in drawn], handover, ())
