"""Pair the nodes that alone have their meaning and neighborhood, and the neighbors of pairs."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dotlint.comparison.correspondence import Correspondence
    from dotlint.comparison.elements import Element
    from dotlint.comparison.keys import Key, Level

_ROUNDS: Final = 4  # how far neighborhoods are compared at once
_HUB: Final = 48  # neighbors of a node from which on it is not looked at again with each of them

Colors = tuple[list[int], list[int]]


def pair_by_neighborhood(found: Correspondence, level: Level) -> int:
    """Pair the nodes that alone have their key and neighborhood; return how many."""
    rounds = refined(found, level.key, _ROUNDS)
    paired = 0
    for colors in reversed(rounds[1:] if level.anchors else rounds):
        for one, two in _alone(found, colors):
            if _fits(found, one, two, level):
                found.add(one, two)
                paired += 1
    return paired


def refined(found: Correspondence, key: Callable[[Element], Key | None], rounds: int) -> list[Colors]:
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


def pair_neighbors(found: Correspondence, level: Level) -> int:
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
