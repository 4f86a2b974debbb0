"""Edges that the siblings of a node have, and that the node lacks."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.deployment.patterns.families import select
from dotlint.deployment.patterns.proposed_edge import ProposedEdge
from dotlint.deployment.patterns.relation import Element

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.patterns.coordinates import Coordinates
    from dotlint.deployment.patterns.devices import Devices
    from dotlint.deployment.patterns.families import Degrees, Pair
    from dotlint.deployment.patterns.relation import Relation

_SIBLINGS = 4096


def like_siblings(
    relation: Relation,
    groups: set[Coordinates],
    present: set[Pair],
    degrees: Degrees,
    devices: Devices,
    *,
    fanning: bool,
) -> Iterator[ProposedEdge]:
    """Yield edges for tails without any that most siblings in the group have (all ranks but one feed a sum).

    Siblings are wired and differ in one free coordinate or, if there is none, in all of them.
    """
    if relation.same_word and len({element.head for element in relation.elements}) == len(relation.elements):
        return  # the ends count the same, though not in step: each tail has a head of its own
    heads: dict[Coordinates, set[Coordinates]] = defaultdict(set)
    for element in relation.elements:
        heads[element.tail].add(element.head)
    exemplars = set(heads)
    idle_coordinates = {
        free for idle in relation.family.idle(degrees) if (free := select(idle, relation.free)) not in heads
    }
    if len(exemplars) >= 2:
        yield from _short_of_one(relation, heads, groups, present, degrees, devices)
    if not idle_coordinates:
        return
    idle_rows = Counter((i, free[:i] + free[i + 1 :]) for free in idle_coordinates for i in range(len(free)))
    rows = relation.family.rows(relation.free, degrees)
    wired = relation.family.wired(relation.free, degrees)
    feeding = [set(column) for column in zip(*exemplars, strict=True)]
    known: dict[tuple[int, Coordinates], _Siblings] = {}  # many idle tails share their siblings
    for free in idle_coordinates:
        for position, row in enumerate(rows):
            if free[position] in wired[position] and free[position] not in feeding[position]:
                continue  # the others with this number are wired without such an edge, as the second of two layers
            rest = free[:position] + free[position + 1 :]
            key = position, rest
            if key not in known:
                known[key] = _Siblings(relation, row.get(rest, set()), heads, present, degrees, fanning=fanning)
            if known[key].heads:
                alone = idle_rows[key] == len(groups) == 1
                yield from _edges_of_siblings(relation, free, known[key], present, devices, alone=alone)


class _Siblings:
    """Wired tails that differ in one coordinate: the heads that are expected of others, and the tails by group."""

    def __init__(
        self,
        relation: Relation,
        siblings: set[Coordinates],
        heads: dict[Coordinates, set[Coordinates]],
        present: set[Pair],
        degrees: Degrees,
        *,
        fanning: bool,
    ) -> None:
        few = siblings if len(siblings) <= _SIBLINGS else set()
        self.heads = set(sorted(set().union(*(heads[free] for free in few if free in heads)))[:_SIBLINGS])
        self.tails: dict[Coordinates, list[int]] = defaultdict(list)
        for free in sorted(few) if self.heads else ():
            for group in relation.groups_of[free]:
                index, _ = relation.tails[group, free]
                if degrees.outs[index]:
                    self.tails[group].append(index)
        self.items, self.head_family, self.following = relation.items, relation.head_family, degrees.following
        self._akin: dict[tuple[object, ...], tuple[list[int], dict[int, list[int]]]] = {}
        only = next(iter(few)) if len(few) == 1 and not fanning and () in self.heads else None
        self.agreed = only is not None and _agreed(relation, Element(only, ()), present, degrees)

    def akin(self, group: Coordinates, tail: int, devices: Devices) -> tuple[list[int], dict[int, list[int]]]:
        """Return those of a group that are akin to a tail, and those of them that lead to each head."""
        key = group, devices.kind(tail)
        if key not in self._akin:
            akin = [other for other in self.tails.get(group, ()) if devices.akin(tail, other)]
            sharing: dict[int, list[int]] = defaultdict(list)
            for other in akin:
                for head in self.following[other]:
                    if head != other and self.items[head].family == self.head_family:
                        sharing[head].append(other)
            self._akin[key] = akin, sharing
        return self._akin[key]


def _short_of_one(
    relation: Relation,
    heads: dict[Coordinates, set[Coordinates]],
    groups: set[Coordinates],
    present: set[Pair],
    degrees: Degrees,
    devices: Devices,
) -> Iterator[ProposedEdge]:
    """Yield the edge that all siblings of a wired tail have, where it has fewer edges than every one of them."""
    rows = relation.family.rows(relation.free, degrees)
    wired = {free for found in rows for row in found.values() for free in row}
    if len(wired - heads.keys()) * 3 > len(wired):
        return
    for row in rows:
        for siblings in row.values():
            lacking = siblings - heads.keys()
            if len(lacking) != 1 or len(siblings) < 3:
                continue
            (free,) = lacking
            for rest in set.intersection(*(heads[other] for other in siblings - lacking)):
                for group in groups:
                    pair = relation.ends(group, Element(free, rest))
                    if pair is None or pair in present:
                        continue
                    others = [relation.ends(group, Element(other, rest)) for other in siblings - lacking]
                    if not all(p in present for p in others):
                        continue
                    have = [p for p in others if p is not None]
                    if all(
                        degrees.outs[pair[0]] < degrees.outs[p[0]]
                        and devices.akin(pair[0], p[0])
                        and devices.alike(pair, p) is not False
                        for p in have
                    ):
                        yield ProposedEdge(*pair, have[0], len(have))


def _edges_of_siblings(
    relation: Relation,
    free: Coordinates,
    siblings: _Siblings,
    present: set[Pair],
    devices: Devices,
    *,
    alone: bool,
) -> Iterator[ProposedEdge]:
    proposed: list[tuple[Coordinates, int, ProposedEdge]] = []
    for group in relation.groups_of[free]:
        tail, _ = relation.tails[group, free]
        akin, sharing = siblings.akin(group, tail, devices)
        for head, others in sharing.items():
            rest = relation.rest(relation.items[head].coordinates)
            pair = tail, head
            if rest not in siblings.heads or pair in present or relation.ends(group, Element(free, rest)) != pair:
                continue
            have = [(other, head) for other in others if devices.alike(pair, (other, head)) is not False]
            if not have:
                continue
            # A single sibling is an exemplar if other groups agree with it, or if it works beside the node.
            beside = alone and devices.alike(pair, have[0]) and devices.apart(tail, have[0][0])
            single = (siblings.agreed and not rest) or beside
            most = len(have) * 10 // 6 if len(have) > 1 else int(bool(single))
            if _at_most(most, pair, akin, devices):
                proposed.append((rest, relation.order[group], ProposedEdge(*pair, have[0], len(have))))
    yield from (edge for *_, edge in sorted(proposed, key=lambda one: one[:2]))


def _at_most(most: int, pair: Pair, akin: Iterable[int], devices: Devices) -> bool:
    """Return whether no more than `most` siblings can be compared with the tail of an edge."""
    comparable = 0
    for other in akin:
        if other != pair[1] and devices.alike(pair, (other, pair[1])) is not False:
            comparable += 1
            if comparable > most:
                return False
    return True


def _agreed(relation: Relation, element: Element, present: set[Pair], degrees: Degrees) -> bool:
    """Return whether the edge of a single sibling exists in several groups, and in all where the sibling is wired."""
    groups = relation.groups_of[element.tail]
    wired = [pair for group in groups if (pair := relation.ends(group, element)) and degrees.outs[pair[0]]]
    return len(wired) > 1 and all(pair in present for pair in wired)
