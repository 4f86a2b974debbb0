"""How edges differ between nodes that both graphs have, and how many go with the nodes that one lacks."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.comparison.attributes import differing, line_style, meaning
from dotlint.comparison.changes import Single, unit_of
from dotlint.comparison.elements import tokens
from dotlint.comparison.model import Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.comparison.correspondence import Correspondence
    from dotlint.comparison.elements import Element
    from dotlint.comparison.model import Change
    from dotlint.graph.model import Edge, Graph

Ends = tuple[object, object]


class EdgeChanges(Struct):
    """The differences of edges, and the number of edges reported with each node that the other graph lacks."""

    singles: list[Single] = field(default_factory=list)
    removed: Counter[int] = field(default_factory=Counter)
    added: Counter[int] = field(default_factory=Counter)


def edge_changes(found: Correspondence, before: Graph, after: Graph, *, plain: bool) -> EdgeChanges:
    """Compare the edges of two graphs."""
    changes = EdgeChanges()
    classes = found.classes()
    directed = before.directed and after.directed
    uneven = {("group", n): len(some) - len(more) for n, (some, more) in enumerate(found.groups)}
    first = _by_ends(before.edges, classes[0], directed=directed)
    second = _by_ends(after.edges, classes[1], directed=directed)
    gone: list[Edge] = []
    come: list[Edge] = []
    for ends in dict.fromkeys((*first, *second)):
        mine, theirs = first.get(ends, []), second.get(ends, [])
        left, right = _without_equal(mine, theirs, plain=plain)
        for one, two in zip(left, right, strict=False):
            changes.singles += _changed(found, one, two, plain=plain)
        surplus = len(left) - len(right)
        for edges, count, alone, counter, kept in (
            (left, surplus, "before", changes.removed, gone), (right, -surplus, "after", changes.added, come),
        ):  # fmt: skip
            for edge in edges[len(edges) - count :] if count > 0 else ():
                owner = _owner(edge, ends, alone, uneven, surplus)
                if owner is None:
                    kept.append(edge)
                else:
                    counter[owner] += 1
    changes.singles += _alone(found.first, gone, "removed", plain=plain)
    changes.singles += _alone(found.second, come, "added", plain=plain)
    return changes


def _by_ends(edges: Iterable[Edge], classes: Sequence[object], *, directed: bool) -> dict[Ends, list[Edge]]:
    found: dict[Ends, list[Edge]] = defaultdict(list)
    for edge in edges:
        tail, head = classes[edge.tail.index], classes[edge.head.index]
        ends = (tail, head) if directed or repr(tail) <= repr(head) else (head, tail)
        found[ends].append(edge)
    return found


def _owner(edge: Edge, ends: Ends, alone: str, uneven: dict[tuple[str, int], int], surplus: int) -> int | None:
    """Return the index of the node that the edge is reported with: an end that the other graph lacks, or may lack."""
    for end in (edge.tail, edge.head):
        if (alone, end.index) in ends:
            return end.index
    for key in ends:
        if isinstance(key, tuple) and uneven.get(key, 0) * surplus > 0:
            return -1
    return None


def facts_of(edge: Edge, *, plain: bool) -> dict[str, str]:
    """Return what an edge states: its style, the words of its label, and attributes that mean something."""
    attributes = edge.attributes
    found = {"style": line_style(attributes), **meaning(attributes, plain=plain)}
    if not plain:
        found.pop("tailport", None)
        found.pop("headport", None)
    label = " ".join(tokens(attributes.get("label", "")))
    return {**found, "label": label} if label else found


def _without_equal(some: list[Edge], others: list[Edge], *, plain: bool) -> tuple[list[Edge], list[Edge]]:
    keys = [[tuple(sorted(facts_of(edge, plain=plain).items())) for edge in side] for side in (some, others)]
    if keys[0] == keys[1]:
        return [], []
    common = Counter(keys[0]) & Counter(keys[1])
    result: list[list[Edge]] = []
    for side, own in zip((some, others), keys, strict=True):
        waiting = Counter(common)
        left = []
        for edge, key in zip(side, own, strict=True):
            if waiting[key] > 0:
                waiting[key] -= 1
            else:
                left.append(edge)
        result.append(left)
    return result[0], result[1]


def _changed(found: Correspondence, one: Edge, two: Edge, *, plain: bool) -> Iterator[Single]:
    what = _kinds(found.second, two, plain=plain)
    item = Item((one.tail.name, one.head.name), (two.tail.name, two.head.name), _unit(found.first, one))
    for name, was, now in differing(facts_of(one, plain=plain), facts_of(two, plain=plain)):
        yield Single("edges", "changed", what, item, name, was, now)


def _kinds(side: Sequence[Element], edge: Edge, *, plain: bool) -> str:
    if plain:
        return ""
    return f"{side[edge.tail.index].title.strip()} -> {side[edge.head.index].title.strip()}"


def _unit(side: Sequence[Element], edge: Edge) -> dict[str, str | int]:
    return unit_of(side[edge.tail.index]) or unit_of(side[edge.head.index])


def _alone(side: Sequence[Element], edges: Sequence[Edge], change: Change, *, plain: bool) -> Iterator[Single]:
    """Yield the edges of one graph alone, folded by the units that have the same kinds of them."""
    kinds: dict[tuple[object, ...], Counter[str]] = defaultdict(Counter)
    for edge in edges:
        kinds[_unit_key(side, edge)][_kinds(side, edge, plain=plain)] += 1
    for edge in edges:
        names = (edge.tail.name, edge.head.name)
        own = kinds[_unit_key(side, edge)]
        what = " and ".join(f"{number} {kind}" for kind, number in sorted(own.items()))
        only = len(own) == 1 or not _unit_key(side, edge)
        item = Item(names, None, _unit(side, edge)) if change == "removed" else Item(None, names, _unit(side, edge))
        yield Single("edges", change, _kinds(side, edge, plain=plain) if only else what, item)


def _unit_key(side: Sequence[Element], edge: Edge) -> tuple[object, ...]:
    unit = _unit(side, edge)
    return (
        ("stage", unit.get("phase"), unit["stage"])
        if "stage" in unit
        else ("layer", unit["layer"])
        if "layer" in unit
        else ()
    )
