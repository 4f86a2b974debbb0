"""Which node of one graph is which of another: decided by name, meaning and neighbors, one to one.

Names are trusted if the edges and the meanings of the nodes that share them agree. Other nodes correspond if they
alone, in either graph, have the same meaning and neighborhood; each pair decides about its neighbors. What is alike in
both graphs and not distinguished by anything is not paired, but corresponds as a group.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from dotlint.comparison.correspondence import Correspondence
from dotlint.comparison.elements import UNIT
from dotlint.comparison.keys import DEPLOYMENT, MISNAMED, PLAIN, Level, alike
from dotlint.comparison.neighborhood import pair_by_neighborhood, pair_neighbors, refined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.comparison.elements import Element

_STABLE: Final = 24  # how far the neighborhoods of alike nodes are compared
_PASSES: Final = 6


def correspond(first: Sequence[Element], second: Sequence[Element]) -> Correspondence:
    """Decide which nodes correspond, with names or without, whichever explains more."""
    plain = any(one.reading is None for one in (*first[:1], *second[:1]))
    levels = PLAIN if plain else DEPLOYMENT
    named = _matched(first, second, levels, names=True)
    if _explained(named) >= 0.75:
        return named
    nameless = _matched(first, second, PLAIN if plain else MISNAMED, names=False)
    return nameless if _explained(nameless) > _explained(named) + 0.05 else named


def _explained(found: Correspondence) -> float:
    """Return which part of the nodes has the same label and which part of the edges the same ends, on average."""
    first, second = found.first, found.second
    same = sum(first[a].label == second[b].label and first[a].title == second[b].title for a, b in found.pairs.items())
    before, after = found.classes()
    edges = Counter((before[one.index], before[out]) for one in first for out in one.outs)
    others = Counter((after[two.index], after[out]) for two in second for out in two.outs)
    kept, total = (edges & others).total(), max(edges.total(), others.total())
    nodes = max(len(first), len(second))
    grouped = sum(min(len(some), len(more)) for some, more in found.groups)
    return ((same + grouped) / nodes if nodes else 1.0) / 2 + (kept / total if total else 1.0) / 2


def _matched(
    first: Sequence[Element], second: Sequence[Element], levels: Sequence[Level], *, names: bool
) -> Correspondence:
    found = Correspondence(first, second)
    if names:
        _by_name(found)
    for level in levels:
        for _ in range(_PASSES):
            if not (pair_by_neighborhood(found, level) + pair_neighbors(found, level)):
                break
    if names:
        _by_name_alone(found)
    _groups(found)
    return found


def _by_name(found: Correspondence) -> None:
    """Pair the nodes that share a name and something that they mean."""
    by_name = {two.name: two for two in found.second}
    for one in found.first:
        two = by_name.get(one.name)
        if two is not None and _means_the_same(found, one, two):
            found.add(one.index, two.index)


def _means_the_same(found: Correspondence, one: Element, two: Element) -> bool:
    if one.title == two.title:
        gpus = one.facts.get("GPUs")
        if one.label == two.label or (gpus is not None and gpus == two.facts["GPUs"]):
            return True
        unit = [one.facts.get(name) for name in UNIT]
        if unit[1:] != [None, None] and unit == [two.facts.get(name) for name in UNIT]:
            return True
    near = _near(found, one, two)
    return near >= 0.5 or (near > 0 and one.title == two.title)


def _near(found: Correspondence, one: Element, two: Element) -> float:
    """Return which part of the neighbors of two nodes share their names."""
    mine = {found.first[index].name for index in (*one.outs, *one.ins)}
    theirs = {found.second[index].name for index in (*two.outs, *two.ins)}
    return len(mine & theirs) / max(len(mine), len(theirs)) if mine or theirs else 0.0


def _by_name_alone(found: Correspondence) -> None:
    """Pair what is left and shares a name and a role or label."""
    by_name = {two.name: two for two in found.second if two.index not in found.back}
    for one in found.first:
        two = by_name.get(one.name)
        if one.index not in found.pairs and two is not None and one.title == two.title:
            found.add(one.index, two.index)


def _groups(found: Correspondence) -> None:
    """Group the nodes that are left and alike in both graphs: first those with the same neighborhood."""
    taken: tuple[set[int], set[int]] = (set(found.pairs), set(found.back))
    stable = refined(found, alike, _STABLE)[-1]
    for exact in (True, False):
        sides: list[dict[object, list[int]]] = []
        for side, colors, done in zip((found.first, found.second), stable, taken, strict=True):
            kinds: dict[object, list[int]] = defaultdict(list)
            for one in side:
                if one.index not in done and alike(one) is not None:
                    kinds[colors[one.index] if exact else alike(one)].append(one.index)
            sides.append(kinds)
        for kind, some in sides[0].items():
            others = sides[1].get(kind)
            if others and (not exact or len(some) == len(others)):
                found.groups.append((some, others))
                taken[0].update(some)
                taken[1].update(others)
