"""Which edges could be followed: the tensor on them has a shape, and both operators do something known with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from dotlint.deployment.tensors.model import Inflow, Operator

REASONS: Final = {
    "role unknown": "at operators whose role is unknown",
    "several operators in a node": "at nodes that stand for several operators",
    "no shapes": "without shapes",
    "cycle or missing edge": "on or behind a cycle or a missing edge",
}
"""Why an edge is not followed: the keys of JSON with the words of reports."""


def count_edges(
    order: Iterable[Operator],
    inflows: Mapping[int, list[Inflow]],
    open_heads: Collection[int],
) -> tuple[set[int], dict[int, str]]:
    """Return the indexes of the edges that are followed, and why each of the others is not.

    `order` has producers before their consumers, so that a shape reaches operators that pass it on unchanged.
    """
    followed: set[int] = set()
    reasons: dict[int, str] = {}
    made: dict[int, bool] = {}
    for operator in order:
        taken = False
        own = operator.first.evidence.tensors
        states_input = bool(own.inputs or own.bare)
        for inflow in inflows.get(operator.index, ()):
            shaped = made.get(inflow.tail.index, False) or states_input
            taken = taken or shaped
            reason = ""
            if operator.index in open_heads or inflow.tail.index in open_heads:
                reason = "cycle or missing edge"
            elif operator.rule is None or inflow.tail.rule is None:
                summary = any(one.rule is None and one.first.summary for one in (operator, inflow.tail))
                reason = "several operators in a node" if summary else "role unknown"
            elif not shaped:
                reason = "no shapes"
            for edge in inflow.edges:
                if reason:
                    reasons[edge.index] = reason
                else:
                    followed.add(edge.index)
        # A gated activation halves the width, but gives a known tensor too.
        passes = operator.first.is_role("activation") or (operator.rule is not None and operator.rule.shape.keeps)
        made[operator.index] = bool(own.outputs or own.bare) or (passes and (taken or states_input))
    return followed, reasons
