"""What travels along the edges of a graph, for the hints that an editor shows inside the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.deployment.tensors.placements import title
from dotlint.report.tensors import axis_title, flow_of, understood
from dotlint.server.messages import FlowHint
from dotlint.syntax.tree import Block
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.tensors.model import Inflow
    from dotlint.engine.context import FileContext

_MOST: Final = 20_000
_LONGEST: Final = 60


def flow_hints(file: FileContext) -> tuple[FlowHint, ...]:
    """Return a hint after the second end of each edge whose tensor is known, in text order.

    If several edges end there, as from a block, there is a hint only if all of them carry the same.
    """
    found: dict[int, set[FlowHint]] = {}
    for context in file.graphs:
        flow = flow_of(context)
        if flow is None:
            continue
        for inflows in flow.inflows.values():
            for inflow in inflows:
                known = [edge for edge in inflow.edges if edge.index in flow.followed]
                text, details = _carried(inflow) if known else ("", "")
                for edge in known if text else ():
                    sides = edge.statement.sides
                    if not isinstance(head := sides[edge.step + 1], Block) and len(head) == 1:
                        offset = head[0].end
                        found.setdefault(offset, set()).add(FlowHint(offset, text, details))
        if len(found) > _MOST:
            break
    return tuple(hints.pop() for _, hints in sorted(found.items()) if len(hints) == 1)


def _carried(inflow: Inflow) -> tuple[str, str]:
    """Return the tensor that a producer feeds to an operator, short and in full; two empty texts if it is not known."""
    made = inflow.tail.first.evidence.tensors
    shapes = made.outputs or made.bare
    placed = dict(_placements(inflow))
    if len(shapes) > 1 or not (shapes or placed):
        return "", ""
    parts = ["×".join(shapes[0].values)] if shapes else []
    parts += dict.fromkeys(placed.values())
    details = [understood(shapes[0])] if shapes else []
    details += [f"{placement} on {axis}" for axis, placement in placed.items()]
    return one_line(" · ".join(parts), _LONGEST), one_line("; ".join(details), 400)


def _placements(inflow: Inflow) -> Iterator[tuple[str, str]]:
    """Yield each axis of the mesh on which the placement is certain, with the placement."""
    for axis, mask in inflow.arrives.items():
        if axis is not None and (mask & axis.allowed or mask).bit_count() == 1:
            yield axis_title(axis), title(mask & axis.allowed or mask)
