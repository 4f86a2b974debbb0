"""Which node of one graph is which of another: decided by name, meaning and neighbors, one to one.

Names are trusted if the edges and the meanings of the nodes that share them agree. Other nodes correspond if they
alone, in either graph, have the same meaning and neighborhood; each pair decides about its neighbors. What is alike in
both graphs and not distinguished by anything is not paired, but corresponds as a group.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from dotlint.comparison.elements import UNIT
from dotlint.comparison.keys import DEPLOYMENT, MISNAMED, PLAIN, Level, alike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dotlint.comparison.elements import Element
from dotlint.comparison.keys import Key

_ROUNDS: Final = 4  # how far neighborhoods are compared at once
_STABLE: Final = 24  # the same, for groups of alike nodes
_PASSES: Final = 6
_HUB: Final = 48  # neighbors of a node from which on it is not looked at again with each of them

Colors = tuple[list[int], list[int]]


class Correspondence(Struct):
    """`pairs` maps indexes of the first graph to the second, `back` the reverse; `groups` are alike nodes of both."""

    first: Sequence[Element]
    second: Sequence[Element]
    pairs: dict[int, int] = field(default_factory=dict)
    back: dict[int, int] = field(default_factory=dict)
    groups: list[tuple[list[int], list[int]]] = field(default_factory=list)

    def add(self, one: int, two: int) -> None:
        """Let two nodes correspond."""
        self.pairs[one], self.back[two] = two, one

    def classes(self) -> tuple[list[object], list[object]]:
        """Return for every node what identifies it in both graphs: its pair, its group, or itself alone."""
        before: list[object] = [("before", index) for index in range(len(self.first))]
        after: list[object] = [("after", index) for index in range(len(self.second))]
        for one, two in self.pairs.items():
            before[one] = after[two] = one
        for number, (some, others) in enumerate(self.groups):
            for index in some:
                before[index] = ("group", number)
            for index in others:
                after[index] = ("group", number)
        return before, after


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
            if not (_by_neighborhood(found, level) + _from_pairs(found, level)):
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


def _by_neighborhood(found: Correspondence, level: Level) -> int:
    """Pair the nodes that alone have their key and neighborhood; return how many."""
    rounds = _refined(found, level.key, _ROUNDS)
    paired = 0
    for colors in reversed(rounds[1:] if level.anchors else rounds):
        for one, two in _alone(found, colors):
            if _fits(found, one, two, level):
                found.add(one, two)
                paired += 1
    return paired


def _refined(found: Correspondence, key: Callable[[Element], Key | None], rounds: int) -> list[Colors]:
    """Return the colors of the nodes by their keys, then with the colors of their neighbors, and so on."""
    numbers: dict[object, int] = {}

    def number(color: object) -> int:
        return numbers.setdefault(color, len(numbers))

    def start(one: Element, pair: int | None, side: int) -> int:
        if pair is not None:
            return number(("pair", pair))
        value = key(one)
        return number(("alone", side, one.index) if value is None else ("key", value))

    colors = (
        [start(one, one.index if one.index in found.pairs else None, 0) for one in found.first],
        [start(two, found.back.get(two.index), 1) for two in found.second],
    )
    all_rounds, classes = [colors], len({*colors[0], *colors[1]})
    for _ in range(rounds):
        before, after = (
            [
                own
                if one.index in pairs
                else number(
                    (own, tuple(sorted([mine[i] for i in one.outs])), tuple(sorted([mine[i] for i in one.ins])))
                )
                for one, own in zip(side, mine, strict=True)
            ]
            for side, mine, pairs in ((found.first, colors[0], found.pairs), (found.second, colors[1], found.back))
        )
        colors = (before, after)
        all_rounds.append(colors)
        now = len({*before, *after})
        if now == classes:
            break
        classes = now
    return all_rounds


def _alone(found: Correspondence, colors: Colors) -> Iterable[tuple[int, int]]:
    """Yield the unpaired nodes of a color that only one node of each graph has."""
    first: dict[int, list[int]] = defaultdict(list)
    second: dict[int, list[int]] = defaultdict(list)
    for index, color in enumerate(colors[0]):
        if index not in found.pairs:
            first[color].append(index)
    for index, color in enumerate(colors[1]):
        if index not in found.back:
            second[color].append(index)
    for color, some in first.items():
        others = second.get(color, ())
        if len(some) == 1 and len(others) == 1:
            yield some[0], others[0]


def _fits(found: Correspondence, one: int, two: int, level: Level) -> bool:
    """Return whether two nodes may correspond at a level; without a key, they must have a role or label in common."""
    if one in found.pairs or two in found.back:
        return False
    if not level.anchors:
        return True
    mine, theirs = found.first[one], found.second[two]
    if mine.role != theirs.role and mine.role and theirs.role:
        return False
    # Where the labels are the same, only the names can disagree about the unit.
    for name in () if mine.label and mine.label == theirs.label else ("layer", "stage"):
        own, other = mine.facts.get(name), theirs.facts.get(name)
        if own is not None and other is not None:
            if own != other:
                return False
            break
    outs = {found.pairs[i] for i in mine.outs if i in found.pairs} & set(theirs.outs)
    ins = {found.pairs[i] for i in mine.ins if i in found.pairs} & set(theirs.ins)
    if level.anchors == 1:
        return bool(outs or ins)
    same = mine.label == theirs.label or (
        mine.role == theirs.role
        if mine.role and theirs.role
        else any(
            mine.facts.get(name) is not None and mine.facts[name] == theirs.facts[name] for name in ("layer", "GPUs")
        )
    )
    surrounded = len(outs) == len({*mine.outs}) == len({*theirs.outs}) and len(ins) == len({*mine.ins}) == len(
        {*theirs.ins}
    )
    return same and bool((outs and ins) or (surrounded and (outs or ins)))


def _from_pairs(found: Correspondence, level: Level) -> int:
    """Pair the neighbors of pairs that alone among these have their key; return how many."""
    todo = deque(found.pairs.items())
    paired = 0
    while todo:
        one, two = todo.popleft()
        mine, theirs = found.first[one], found.second[two]
        for some, others in ((mine.outs, theirs.outs), (mine.ins, theirs.ins)):
            for left, right in _only(found, level, some, others):
                if not _fits(found, left, right, level):
                    continue
                found.add(left, right)
                paired += 1
                todo.append((left, right))
                near = found.first[left]
                todo.extend(
                    (index, found.pairs[index])
                    for index in (*near.outs, *near.ins)
                    if index in found.pairs and len(found.first[index].outs) + len(found.first[index].ins) < _HUB
                )
    return paired


def _only(found: Correspondence, level: Level, some: Sequence[int], others: Sequence[int]) -> Iterable[tuple[int, int]]:
    left = _by_key(level, found.first, [index for index in set(some) if index not in found.pairs])
    if not left:
        return
    right = _by_key(level, found.second, [index for index in set(others) if index not in found.back])
    for key, mine in left.items():
        theirs = right.get(key, ())
        if len(mine) == 1 and len(theirs) == 1:
            yield mine[0], theirs[0]


def _by_key(level: Level, side: Sequence[Element], indexes: Iterable[int]) -> dict[Key, list[int]]:
    keys: dict[Key, list[int]] = defaultdict(list)
    for index in indexes:
        key = level.key(side[index])
        if key is not None:
            keys[key].append(index)
    return keys


def _groups(found: Correspondence) -> None:
    """Group the nodes that are left and alike in both graphs: first those with the same neighborhood."""
    taken: tuple[set[int], set[int]] = (set(found.pairs), set(found.back))
    stable = _refined(found, alike, _STABLE)[-1]
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
