"""T005: collectives whose dimensions contradict their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.deployment import axes
from dotlint.engine.finding import Holds
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.deployment.shapes import Dims
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome


def _text(dims: Dims) -> str:
    return f"[{dims.text}]"


def collectives_with_wrong_dims(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report all-reduces that change the dimensions, and all-gathers that do not.

    An all-reduce sums tensors of one shape; an all-gather concatenates shards along one axis (NCCL user guide, Collective
    operations).
    """
    right = 0
    wrong: dict[str, list[Reading]] = {"all-reduce": [], "all-gather": []}
    for reading in context.deployment.operators:
        kind = reading.role.communicates if reading.role else None
        tensors = reading.evidence.tensors
        if kind not in wrong or len(tensors.inputs) != 1 or len(tensors.outputs) != 1:
            continue
        before, after = tensors.inputs[0], tensors.outputs[0]
        found = axes.change(before, after)
        changes = found is not None and bool(found.parts)
        same = found is not None and not found.parts and found.whole
        if changes if kind == "all-reduce" else same:
            wrong[kind].append(reading)
        elif changes or same:
            right += 1
    for kind, readings in wrong.items():
        for unit, some in grouping.units(context.deployment, grouping.remaining_nodes(context, card, readings)).items():
            first, tensors = some[0], some[0].evidence.tensors
            how = f"{_text(tensors.inputs[0])} to {_text(tensors.outputs[0])}"
            more = "" if len(some) == 1 else f"; also {len(some) - 1} more{grouping.of_unit(unit)}"
            gathers = kind == "all-gather"
            yield grouping.nodes_finding(
                context,
                card,
                unit,
                some,
                f"{kind} `{first.name}` {'does not change its dimensions' if gathers else 'changes its dimensions'}: "
                f"{how}{more}",
                help="state the output that results from concatenating the shards along one axis"
                if gathers
                else "state the same dimensions for input and output: an all-reduce sums tensors of one shape",
            )
    if right:
        yield Holds(
            "communication",
            "collectives",
            count(
                right,
                "all-reduce or all-gather has the dimensions of its kind",
                "all-reduces and all-gathers have the dimensions of their kind",
            ),
        )
