"""Patterns learnt from the edges that are there, and the edges that siblings lack.

Nodes belong to families that differ only in numbers (their coordinates). For each pair of families that edges join,
the coordinates of the two ends are aligned (`ties`). Ties split a family into *groups*, such as one layer or one rank;
inside a group the coordinates that are not tied make up the *elements* of the pattern, such as the shards that meet
in a gather. An element that nearly every group shows whose two ends exist is asked of the other groups too; a group
that shows nothing has no vote, so that one whole stage can teach three empty ones.

A pattern proposes and nothing more: only where each end lacks something that its counterparts have, and where the
alignment is one to one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import median_low
from typing import TYPE_CHECKING, NamedTuple

from dotlint.deployment.ties import Coordinates, Tie, align

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Pair = tuple[int, int]
Key = tuple[str, Coordinates]
# Beyond this many pairs of a group and an element a type of edge is no pattern but a soup.
_LIMIT = 4_000_000


@dataclass(frozen=True, slots=True)
class Item:
    """A node as one way of naming sees it: its family, its coordinates, and a word for each of them."""

    family: str
    coordinates: Coordinates
    words: tuple[str, ...]


class Proposal(NamedTuple):
    """An edge, by the indices of its nodes, and an edge that taught it."""

    tail: int
    head: int
    exemplar: Pair


class _Element(NamedTuple):
    """Where in its group an edge stands: the coordinates of its ends that no tie explains."""

    tail: Coordinates
    head: Coordinates


@dataclass(slots=True)
class _Degrees:
    ins: Counter[int]
    outs: Counter[int]


class _Relation:
    """The edges of one type that show the same steps: groups, elements, and how to get from those to nodes."""

    def __init__(self, items: Sequence[Item], ties: list[Tie], edges: list[Pair], unique: dict[Key, int]) -> None:
        one, two = items[edges[0][0]], items[edges[0][1]]
        self.families = one.family, two.family
        self.unique = unique
        self.tied = tuple(sorted({tie.j for tie in ties}))
        self.free = tuple(j for j in range(len(one.words)) if j not in self.tied)
        self.ties = {tie.k: tie for tie in ties}
        self.width = len(two.words)
        self.elements: dict[_Element, dict[Coordinates, Pair]] = defaultdict(dict)
        for tail, head in edges:
            group, element = self.split(items[tail].coordinates, items[head].coordinates)
            self.elements[element][group] = (tail, head)

    def group(self, tail: Coordinates) -> Coordinates:
        """The tail's coordinates that some tie uses."""
        return tuple(tail[j] for j in self.tied)

    def split(self, tail: Coordinates, head: Coordinates) -> tuple[Coordinates, _Element]:
        """Take an edge apart into its group and its element."""
        rest = []
        for k in range(self.width):
            tie = self.ties.get(k)
            if tie is None:
                rest.append(head[k])
            elif tie.divisor < 0:
                rest.append(head[k] % -tie.divisor)
        return self.group(tail), _Element(tuple(tail[j] for j in self.free), tuple(rest))

    def ends(self, group: Coordinates, element: _Element) -> Pair | None:
        """Find the nodes of an element in a group; None where one is not there or is no single node."""
        tail = [0] * (len(self.tied) + len(self.free))
        for j, value in zip(self.tied, group, strict=True):
            tail[j] = value
        for j, value in zip(self.free, element.tail, strict=True):
            tail[j] = value
        rest: Iterator[int] = iter(element.head)
        head = []
        for k in range(self.width):
            tie = self.ties.get(k)
            if tie is None:
                head.append(next(rest))
            elif tie.divisor > 0:
                head.append(tail[tie.j] // tie.divisor + tie.step)
            else:
                head.append((tail[tie.j] + tie.step) * -tie.divisor + next(rest))
        one = self.unique.get((self.families[0], tuple(tail)))
        two = self.unique.get((self.families[1], tuple(head)))
        return None if one is None or two is None or one == two else (one, two)


def propose(items: Sequence[Item | None], edges: Sequence[Pair]) -> list[Proposal]:
    """Propose the edges that patterns ask for and that are not there.

    `items[i]` is node i, None where this way of naming has nothing to say of it; `edges` are all the graph's, in order.
    """
    places: dict[Key, list[int]] = defaultdict(list)
    families: dict[str, list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        if item is not None:
            places[item.family, item.coordinates].append(index)
            families[item.family].append(index)
    unique = {key: found[0] for key, found in places.items() if len(found) == 1}
    present = set(edges)
    degrees = _Degrees(Counter(head for _, head in present), Counter(tail for tail, _ in present))
    types: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for tail, head in edges:
        one, two = items[tail], items[head]
        if one is not None and two is not None:
            types[one.family, two.family].append((tail, head))
    known = [item or Item("", (), ()) for item in items]
    found: dict[Pair, Proposal] = {}
    for (tail_family, _), joined in types.items():
        for relation, shown in _relations(known, joined, unique):
            for proposal in _missing(known, relation, shown, families[tail_family], present, degrees):
                found.setdefault((proposal.tail, proposal.head), proposal)
    return list(found.values())


def _relations(items: Sequence[Item], edges: list[Pair], unique: dict[Key, int]) -> Iterator[tuple[_Relation, list[Pair]]]:
    """Split the edges of one type by the steps that they show; those that hardly any edge shows are left out."""
    pairs = [(items[tail].coordinates, items[head].coordinates) for tail, head in edges]
    ties = align(pairs, items[edges[0][0]].words, items[edges[0][1]].words)
    by_steps: dict[Coordinates, list[Pair]] = defaultdict(list)
    for edge, (tail, head) in zip(edges, pairs, strict=True):
        by_steps[tuple(tie.step_between(tail, head) for tie in ties)].append(edge)
    for steps, some in by_steps.items():
        if len(by_steps) == 1 or len(some) * 50 >= len(edges):
            exact = [Tie(tie.j, tie.k, step, tie.divisor) for tie, step in zip(ties, steps, strict=True)]
            yield _Relation(items, exact, some, unique), some


def _missing(
    items: Sequence[Item], relation: _Relation, shown: list[Pair], tails: list[int], present: set[Pair], degrees: _Degrees
) -> Iterator[Proposal]:
    """Ask every group for the elements that the groups which show anything have."""
    groups = {relation.group(items[tail].coordinates) for tail in tails}
    if len(groups) * len(relation.elements) > _LIMIT:
        return
    voting = {group for of_groups in relation.elements.values() for group in of_groups}
    usual_outs = median_low([degrees.outs[tail] for tail in {tail for tail, _ in shown}])
    usual_ins = median_low([degrees.ins[head] for head in {head for _, head in shown}])
    for element, of_groups in relation.elements.items():
        exist = {group: pair for group in groups if (pair := relation.ends(group, element))}
        able = sum(1 for group in exist if group in voting)
        if not able or len(of_groups) * 10 < able * 6:
            continue
        exemplar = next(iter(of_groups.values()))
        for group, pair in exist.items():
            if pair not in present and degrees.outs[pair[0]] < usual_outs and degrees.ins[pair[1]] < usual_ins:
                yield Proposal(*pair, exemplar)
    for pair, exemplar in _beside(items, relation, groups, tails, present, degrees):
        if degrees.outs[pair[0]] < usual_outs:
            yield Proposal(*pair, exemplar)


def _beside(
    items: Sequence[Item], relation: _Relation, groups: set[Coordinates], tails: list[int], present: set[Pair], degrees: _Degrees
) -> Iterator[tuple[Pair, Pair]]:
    """Ask a tail without any edge for those that most of its siblings in the group have (all ranks but one feed a sum)."""
    heads: dict[Coordinates, set[Coordinates]] = defaultdict(set)
    for element in relation.elements:
        heads[element.tail].add(element.head)
    wanted = {
        tuple(items[tail].coordinates[j] for j in relation.free) for tail in tails if not degrees.outs[tail]
    } - heads.keys()
    for place in range(len(relation.free)):
        rows: dict[Coordinates, list[Coordinates]] = defaultdict(list)
        for free in heads:
            rows[free[:place] + free[place + 1 :]].append(free)
        for free in wanted:
            siblings = rows.get(free[:place] + free[place + 1 :], [])
            if len(siblings) < 2 or len(siblings) > 4096:
                continue
            for rest in sorted(set.intersection(*(heads[other] for other in siblings))):
                for group in groups:
                    pair = relation.ends(group, _Element(free, rest))
                    if pair is None or pair in present:
                        continue
                    beside = [p for other in siblings if (p := relation.ends(group, _Element(other, rest)))]
                    have = [p for p in beside if p in present]
                    if len(have) >= 2 and len(have) * 10 >= len(beside) * 6:
                        yield pair, have[0]
