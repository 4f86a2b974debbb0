"""T: tensor dimensions in labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks import places
from dotlint.checks.places import count, names
from dotlint.engine.finding import Holds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.facts import Dims
    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome


def _states_dims(reading: Reading) -> bool:
    """Whether the label has what is due: both sides, bare dimensions, or the one side that an input or output has."""
    tensors = reading.evidence.tensors
    if tensors.bare or (tensors.inputs and tensors.outputs):
        return True
    ends = reading.kind == "io" or reading.name.lower() in {"input", "output"}
    return ends and bool(tensors.inputs or tensors.outputs)


def operators_without_dims(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Operators whose labels lack Input or Output dimensions; told once where the file states none at all."""
    operators = [r for r in context.deployment.operators if not r.summary and r.node.declared]
    lacking = [r for r in operators if not _states_dims(r)]
    if not lacking:
        if operators:
            yield Holds("attributes", "dimensions", f"all {len(operators)} operators state them")
        return
    total = len(operators)
    if len(lacking) == total and total > 1:
        start, end = places.of_nodes(lacking, context.graph)
        yield card.finding(
            f"none of the {total} operators states both its Input and its Output dimensions",
            start,
            end,
            nodes=names(lacking),
            graph=context.graph.index,
            help="add the dimensions to the labels, as `Input: [batch=4, seq=1024, hidden=512]`",
        )
        return
    for title, some in places.units(context.deployment, lacking).items():
        start, end = places.of_node(some[0].node)
        one = len(some) == 1
        what = f"`{some[0].name}` lacks" if one else f"{count(len(some), 'operator')}{places.of_unit(title)} lack"
        yield card.finding(
            f"{what} Input or Output dimensions",
            start,
            end,
            nodes=names(some),
            unit=title or None,
            graph=context.graph.index,
            help="add the dimensions to the labels, as `Input: [batch=4, seq=1024, hidden=512]`",
            note=f"{len(lacking)} of the {total} operators of the graph lack them",
        )


def _text(dims: Dims) -> str:
    return f"[{dims.text}]"


def collectives_with_wrong_dims(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """All-reduces that change the dimensions, and all-gathers that do not.

    An all-reduce sums tensors of one shape; an all-gather joins shards along one axis (NCCL user guide, Collective
    operations).
    """
    right = 0
    for reading in context.deployment.operators:
        kind = reading.role.communicates if reading.role else None
        tensors = reading.evidence.tensors
        if kind not in {"all-reduce", "all-gather"} or len(tensors.inputs) != 1 or len(tensors.outputs) != 1:
            continue
        before, after = tensors.inputs[0], tensors.outputs[0]
        if None in before.sizes or None in after.sizes or len(before.sizes) != len(after.sizes):
            continue
        same = before.sizes == after.sizes
        if same == (kind == "all-reduce"):
            right += 1
            continue
        start, end = places.of_node(reading.node)
        what = (
            "all-reduce `{}` changes its dimensions"
            if kind == "all-reduce"
            else "all-gather `{}` leaves its dimensions as they are"
        )
        yield card.finding(
            f"{what.format(reading.name)}: {_text(before)} to {_text(after)}",
            start,
            end,
            nodes=(reading.name,),
            graph=context.graph.index,
            help="an all-reduce sums tensors of one shape: state the same dimensions"
            if kind == "all-reduce"
            else "an all-gather joins the shards along one axis: state the larger output",
        )
    if right:
        yield Holds(
            "communication",
            "collectives",
            f"{count(right, 'all-reduce or all-gather states', 'all-reduces and all-gathers state')} dimensions, and the right ones",
        )
