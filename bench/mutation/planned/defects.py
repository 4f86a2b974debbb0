"""Defects of a drawing: each changes one operator or edge in place and gives the names that a finding should have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.drawing.model import Operator, Wire

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from dotlint.drawing.model import Drawing, Section

    Change = Callable[[Drawing, random.Random], frozenset[str] | None]


def edge_deleted(drawing: Drawing, rng: random.Random) -> frozenset[str] | None:
    """Delete an edge that is not at an end of the graph."""
    places = [
        (s, w) for s in drawing.sections for w in s.wires if {w.tail.what, w.head.what}.isdisjoint(("input", "output"))
    ]
    if not places:
        return None
    section, wire = rng.choice(places)
    section.wires.remove(wire)
    return frozenset((wire.tail.name, wire.head.name))


def gpu_of_a_sibling(drawing: Drawing, rng: random.Random) -> frozenset[str] | None:
    """Put a shard on the GPUs of another one."""
    places = [
        (one, other)
        for section in drawing.sections
        for one in section.operators
        for other in section.operators
        if one is not other and one.what == other.what and one.gpus and other.gpus and one.gpus != other.gpus
    ]
    if not places:
        return None
    one, other = rng.choice(places)
    _exchange(drawing, one, replace(one, gpus=other.gpus))
    return frozenset((one.name, other.name))


def hidden_doubled(drawing: Drawing, rng: random.Random) -> frozenset[str] | None:
    """Double the last size of an output that is a number."""
    places = [
        one
        for section in drawing.sections
        for one in section.operators
        if one.gives and one.gives[-1][1].isdigit() and one.gives[-1][0] in ("hidden", "ffn") and one.what != "kv"
    ]
    if not places:
        return None
    one = rng.choice(places)
    assert one.gives is not None
    axis, size = one.gives[-1]
    _exchange(drawing, one, replace(one, gives=(*one.gives[:-1], (axis, str(2 * int(size))))))
    return frozenset((one.name, *_neighbors(drawing, one.name)))


def collective_left_out(drawing: Drawing, rng: random.Random) -> frozenset[str] | None:
    """Join the producers of a collective to its consumers and leave it out."""
    kinds = ("_all_reduce", "_reduce_scatter", "_all_gather", "dispatch", "combine")
    places = [(s, one) for s in drawing.sections for one in s.operators if one.what.endswith(kinds)]
    if not places:
        return None
    section, one = rng.choice(places)
    names = frozenset((one.name, *_neighbors(drawing, one.name)))
    wires = [wire for each in drawing.sections for wire in each.wires]
    tails, heads = [w.tail for w in wires if w.head is one], [w.head for w in wires if w.tail is one]
    for each in drawing.sections:
        each.wires[:] = [wire for wire in each.wires if one not in (wire.tail, wire.head)]
    section.operators.remove(one)
    section.wires += [Wire(tail, head) for tail in tails for head in heads]
    return names


DEFECTS: Mapping[str, Change] = {
    change.__name__: change for change in (edge_deleted, gpu_of_a_sibling, hidden_doubled, collective_left_out)
}


def _neighbors(drawing: Drawing, name: str) -> set[str]:
    wires = [wire for section in drawing.sections for wire in section.wires]
    return {w.head.name for w in wires if w.tail.name == name} | {w.tail.name for w in wires if w.head.name == name}


def _exchange(drawing: Drawing, old: Operator, new: Operator) -> None:
    """Put a changed operator in the place of the old one."""

    def of(section: Section) -> None:
        section.operators[:] = [new if one is old else one for one in section.operators]
        section.wires[:] = [
            replace(w, tail=new if w.tail is old else w.tail, head=new if w.head is old else w.head)
            for w in section.wires
        ]

    for section in drawing.sections:
        of(section)
