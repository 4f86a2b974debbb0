"""Draw the transfer of KV caches from prefill to decode."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from dotlint.drawing.model import Operator, Section, Wire
from dotlint.drawing.wording import KV_LINES, LOOKS, TITLES, operator_name
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.drawing.model import Holder, Shape
    from dotlint.drawing.plan import Layers


def hand_over(prefill: Sequence[Holder], decode: Sequence[Holder], shape: Shape) -> Section:
    """Return the transfers between the attention of two phases: one for the layers that are drawn together in prefill.

    `shape` is that of the keys and values of one layer.
    """
    section = Section("kv", KV_LINES, [], [])
    for place, held in enumerate(prefill):
        takers = [
            taken
            for index, taken in enumerate(decode)
            if _overlap(_span(held.layers, place, len(prefill)), _span(taken.layers, index, len(decode)))
        ]
        gpus = union(one.gpus for part in (held, *takers) for one in part.operators if one.gpus is not None)
        name = operator_name("kv", held.name, "", "transfer", {})
        transfer = Operator(name, "kv", (TITLES["kv"],), LOOKS["kv"], {}, None, gpus, shape, shape)
        section.operators.append(transfer)
        section.wires += [Wire(one, transfer, "kv") for one in held.operators]
        section.wires += [Wire(transfer, one, "kv") for taken in takers for one in taken.operators]
    return section


def _span(layers: Layers, place: int, places: int) -> tuple[Fraction, Fraction]:
    """Return the layers as numbers, or as parts of the model if they are not known."""
    if layers.numbers is None:
        return Fraction(place, places), Fraction(place + 1, places)
    return Fraction(layers.numbers.start), Fraction(layers.numbers.stop)


def _overlap(one: tuple[Fraction, Fraction], other: tuple[Fraction, Fraction]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
