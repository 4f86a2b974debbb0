"""T005: collectives whose dimensions are not those of their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks import grouping as places
from dotlint.checks.grouping import count, names
from dotlint.engine.finding import Holds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.gpus_and_dims import Dims
    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome


def _text(dims: Dims) -> str:
    return f"[{dims.text}]"


def collectives_with_wrong_dims(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """All-reduces that change the dimensions, and all-gathers that do not.

    An all-reduce sums tensors of one shape; an all-gather joins shards along one axis (NCCL user guide, Collective
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
        if None in before.sizes or None in after.sizes or len(before.sizes) != len(after.sizes):
            continue
        same = before.sizes == after.sizes
        if same == (kind == "all-reduce"):
            right += 1
        else:
            wrong[kind].append(reading)
    for kind, readings in wrong.items():
        for unit, some in places.units(context.deployment, places.remaining_nodes(context, card, readings)).items():
            first, tensors = some[0], some[0].evidence.tensors
            start, end = places.of_node(first.node)
            how = f"{_text(tensors.inputs[0])} to {_text(tensors.outputs[0])}"
            more = "" if len(some) == 1 else f"; so {_does(len(some) - 1)} {len(some) - 1} more{places.of_unit(unit)}"
            gathers = kind == "all-gather"
            yield card.finding(
                f"{kind} `{first.name}` {'leaves its dimensions as they are' if gathers else 'changes its dimensions'}: "
                f"{how}{more}",
                start,
                end,
                nodes=names(some),
                locations=places.at_nodes(some),
                about=unit,
                graph=context.graph.index,
                help="an all-gather joins the shards along one axis: state the larger output"
                if gathers
                else "an all-reduce sums tensors of one shape: state the same dimensions",
            )
    if right:
        yield Holds(
            "communication",
            "collectives",
            f"{count(right, 'all-reduce or all-gather states', 'all-reduces and all-gathers state')} dimensions, and the right ones",
        )


def _does(number: int) -> str:
    return "does" if number == 1 else "do"
