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
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from dotlint.deployment.patterns.coordinates import Coordinates, Tie, align

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Pair = tuple[int, int]
# Beyond this many pairs of a group and an element a type of edge is no pattern but a soup.
_LIMIT = 4_000_000
_SIBLINGS = 4096


class Item(Struct, frozen=True):
    """A node as one way of naming sees it: its family, its coordinates, and a word for each of them."""

    family: str
    coordinates: Coordinates
    words: tuple[str, ...]


Tails = dict[tuple[Coordinates, Coordinates], tuple[int, Coordinates]]


def _picked(coordinates: Coordinates, places: Coordinates) -> Coordinates:
    return tuple([coordinates[place] for place in places])


class Proposal(NamedTuple):
    """An edge, by the indices of its nodes, and an edge that taught it."""

    tail: int
    head: int
    exemplar: Pair


class _Element(NamedTuple):
    """Where in its group an edge stands: the coordinates of its ends that no tie explains."""

    tail: Coordinates
    head: Coordinates


class _Degrees(Struct):
    ins: Counter[int]
    outs: Counter[int]


class _Family:
    """The nodes of one family; a node that shares all its coordinates with another cannot be told apart and is no end."""

    __slots__ = (
        "_by_free",
        "_by_kept",
        "_by_tied",
        "_groups",
        "_rows",
        "_telling",
        "idle",
        "members",
        "single",
        "words",
    )

    def __init__(self, items: Sequence[Item], members: list[int], degrees: _Degrees) -> None:
        self.members = members
        self.words = items[members[0]].words
        places: dict[Coordinates, list[int]] = defaultdict(list)
        for index in members:
            places[items[index].coordinates].append(index)
        self.single = {coordinates: found[0] for coordinates, found in places.items() if len(found) == 1}
        self.idle = [coordinates for coordinates, index in self.single.items() if not degrees.outs[index]]
        # A family may be joined to thousands of others: what depends on few of its coordinates is made once for all.
        self._telling: dict[frozenset[int], Coordinates] = {}
        self._by_kept: dict[Coordinates, dict[Coordinates, int]] = {}
        self._by_tied: dict[tuple[Coordinates, Coordinates], Tails] = {}
        self._groups: dict[Coordinates, set[Coordinates]] = {}
        self._rows: dict[Coordinates, list[dict[Coordinates, set[Coordinates]]]] = {}

    def by(self, kept: Coordinates) -> dict[Coordinates, int]:
        """The nodes by these of their coordinates."""
        if kept not in self._by_kept:
            self._by_kept[kept] = {_picked(c, kept): index for c, index in self.single.items()}
        return self._by_kept[kept]

    def by_group(self, tied: Coordinates, free: Coordinates) -> Tails:
        """The nodes with their coordinates, by those that ties use and by those that are free."""
        if (tied, free) not in self._by_tied:
            self._by_tied[tied, free] = {
                (_picked(c, tied), _picked(c, free)): (index, c) for c, index in self.single.items()
            }
        return self._by_tied[tied, free]

    def groups(self, items: Sequence[Item], tied: Coordinates) -> set[Coordinates]:
        """Every group of its nodes, those that cannot be told apart among them."""
        if tied not in self._groups:
            self._groups[tied] = {_picked(items[index].coordinates, tied) for index in self.members}
        return self._groups[tied]

    def rows(self, free: Coordinates, degrees: _Degrees) -> list[dict[Coordinates, set[Coordinates]]]:
        """For each free coordinate the wired nodes that differ in no other free one, by those others."""
        if free not in self._rows:
            rows: list[dict[Coordinates, set[Coordinates]]] = [defaultdict(set) for _ in free]
            for coordinates, index in self.single.items():
                if degrees.outs[index]:
                    own = _picked(coordinates, free)
                    for place, row in enumerate(rows):
                        row[own[:place] + own[place + 1 :]].add(own)
            self._rows[free] = rows
        return self._rows[free]

    def telling(self, needed: frozenset[int]) -> Coordinates:
        """The coordinates that are needed to tell the nodes apart, the `needed` ones among them.

        A number that follows from the others (the rank of an expert, the first layer of a stage) says nothing.
        """
        if needed not in self._telling:
            self._telling[needed] = self._tell(needed)
        return self._telling[needed]

    def _tell(self, needed: frozenset[int]) -> Coordinates:
        kept = list(range(len(self.words)))
        for j in reversed(range(len(self.words))):
            if j in needed:
                continue
            rest = [i for i in kept if i != j]
            if len({tuple(c[i] for i in rest) for c in self.single}) == len(self.single):
                kept = rest
        return tuple(kept)


class _Relation:
    """The edges of one type that show the same steps: groups, elements, and how to get from those to nodes."""

    def __init__(
        self, items: Sequence[Item], ties: list[Tie], edges: list[Pair], tails: _Family, heads: _Family
    ) -> None:
        self.ties = {tie.k: tie for tie in ties}
        self.family = tails
        kept = tails.telling(frozenset(tie.j for tie in ties))
        self.tied = tuple(sorted({tie.j for tie in ties}))
        self.free = tuple(j for j in kept if j not in self.tied)
        self.head_kept = heads.telling(frozenset(self.ties))
        self.tails = tails.by_group(self.tied, self.free)
        self.heads = heads.by(self.head_kept)
        self.elements: dict[_Element, dict[Coordinates, Pair]] = defaultdict(dict)
        for tail, head in edges:
            group, element = self.split(items[tail].coordinates, items[head].coordinates)
            self.elements[element][group] = (tail, head)

    def group(self, tail: Coordinates) -> Coordinates:
        """The tail's coordinates that some tie uses."""
        return _picked(tail, self.tied)

    def split(self, tail: Coordinates, head: Coordinates) -> tuple[Coordinates, _Element]:
        """Take an edge apart into its group and its element."""
        rest = []
        for k in self.head_kept:
            tie = self.ties.get(k)
            if tie is None:
                rest.append(head[k])
            elif tie.divisor < 0:
                rest.append(head[k] % -tie.divisor)
        return self.group(tail), _Element(_picked(tail, self.free), tuple(rest))

    def ends(self, group: Coordinates, element: _Element) -> Pair | None:
        """Find the nodes of an element in a group; None where one is not there or is no single node."""
        found = self.tails.get((group, element.tail))
        if found is None:
            return None
        one, tail = found
        rest: Iterator[int] = iter(element.head)
        head = []
        for k in self.head_kept:
            tie = self.ties.get(k)
            if tie is None:
                head.append(next(rest))
            elif tie.divisor > 0:
                head.append(tail[tie.j] // tie.divisor + tie.step)
            else:
                head.append((tail[tie.j] + tie.step) * -tie.divisor + next(rest))
        two = self.heads.get(tuple(head))
        return None if two is None or one == two else (one, two)


def propose(items: Sequence[Item | None], edges: Sequence[Pair]) -> list[Proposal]:
    """Propose the edges that patterns ask for and that are not there.

    `items[i]` is node i, None where this way of naming has nothing to say of it; `edges` are all the graph's, in order.
    """
    by_family: dict[str, list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        if item is not None:
            by_family[item.family].append(index)
    known = [item or Item("", (), ()) for item in items]
    present = set(edges)
    degrees = _Degrees(Counter(head for _, head in present), Counter(tail for tail, _ in present))
    families = {family: _Family(known, members, degrees) for family, members in by_family.items()}
    types: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for tail, head in edges:
        one, two = items[tail], items[head]
        if one is not None and two is not None:
            types[one.family, two.family].append((tail, head))
    found: dict[Pair, Proposal] = {}
    for (tail_family, head_family), joined in types.items():
        tails, heads = families[tail_family], families[head_family]
        for relation, shown in _relations(known, joined, tails, heads):
            for proposal in _missing(known, relation, shown, present, degrees):
                found.setdefault((proposal.tail, proposal.head), proposal)
    return list(found.values())


def _relations(
    items: Sequence[Item], edges: list[Pair], tails: _Family, heads: _Family
) -> Iterator[tuple[_Relation, list[Pair]]]:
    """Split the edges of one type by the steps that they show; those that hardly any edge shows are left out."""
    pairs = [(items[tail].coordinates, items[head].coordinates) for tail, head in edges]
    ties = align(pairs, tails.words, heads.words)
    by_steps: dict[Coordinates, list[Pair]] = defaultdict(list)
    for edge, (tail, head) in zip(edges, pairs, strict=True):
        by_steps[tuple(tie.step_between(tail, head) for tie in ties)].append(edge)
    for steps, some in by_steps.items():
        if len(by_steps) == 1 or len(some) * 50 >= len(edges):
            exact = [Tie(tie.j, tie.k, step, tie.divisor) for tie, step in zip(ties, steps, strict=True)]
            yield _Relation(items, exact, some, tails, heads), some


def _median(counts: Iterable[int]) -> int:
    """Return the middle one, of two the lower."""
    ordered = sorted(counts)
    return ordered[(len(ordered) - 1) // 2]


def _missing(
    items: Sequence[Item],
    relation: _Relation,
    shown: list[Pair],
    present: set[Pair],
    degrees: _Degrees,
) -> Iterator[Proposal]:
    """Ask every group for the elements that the groups which show anything have."""
    groups = relation.family.groups(items, relation.tied)
    if len(groups) * len(relation.elements) > _LIMIT:
        return
    voting = {group for of_groups in relation.elements.values() for group in of_groups}
    usual_outs = _median(degrees.outs[tail] for tail in {tail for tail, _ in shown})
    usual_ins = _median(degrees.ins[head] for head in {head for _, head in shown})
    for element, of_groups in relation.elements.items():
        exist = {group: pair for group in groups if (pair := relation.ends(group, element))}
        able = sum(1 for group in exist if group in voting)
        if not able or len(of_groups) * 2 < able:
            continue
        most = len(of_groups) * 10 >= able * 6
        # Groups that join both ends otherwise are drawn another way; where they are more, they are the rule.
        otherwise = [
            group
            for group, (tail, head) in exist.items()
            if group not in voting and degrees.outs[tail] and degrees.ins[head]
        ]
        drawn_otherwise = set(otherwise) if len(otherwise) > len(of_groups) else set()
        exemplar = next(iter(of_groups.values()))
        for group, pair in exist.items():
            if group in drawn_otherwise:
                continue
            if not most and degrees.outs[pair[0]]:
                continue  # where no more than half show it, only a dead end is asked for it
            if len(shown) == 1 and degrees.outs[pair[0]] and degrees.ins[pair[1]]:
                continue  # a single edge may be meant to be the only one: it teaches dead ends alone
            if pair not in present and degrees.outs[pair[0]] < usual_outs and degrees.ins[pair[1]] < usual_ins:
                yield Proposal(*pair, exemplar)
    for pair, exemplar in _beside(relation, groups, present, degrees):
        if degrees.outs[pair[0]] < usual_outs:
            yield Proposal(*pair, exemplar)
    for pair, exemplar in _all_of_group(relation, voting, present, degrees):
        if degrees.outs[pair[0]] < usual_outs and degrees.ins[pair[1]] < usual_ins:
            yield Proposal(*pair, exemplar)


def _all_of_group(
    relation: _Relation, voting: set[Coordinates], present: set[Pair], degrees: _Degrees
) -> Iterator[tuple[Pair, Pair]]:
    """Where in each group that shows anything all wired tails feed one head, ask it of groups whose tails have other numbers.

    So the experts 0 to 3 of one rank are asked to meet as the experts 8 to 11 of another do.
    """
    rests = {element.head for element in relation.elements}
    if len(rests) != 1 or not relation.tied or not relation.free:
        return
    (rest,) = rests
    lacking: list[Pair] = []
    met: Counter[Coordinates] = Counter()
    exemplar: Pair | None = None
    for (group, free), (index, _) in relation.tails.items():
        pair = relation.ends(group, _Element(free, rest))
        if group in voting:
            if pair in present:
                met[group] += 1
                exemplar = exemplar or pair
            elif degrees.outs[index]:
                return
        elif pair is not None and pair not in present:
            lacking.append(pair)
    if exemplar is not None and min(met.values()) > 1:
        for pair in lacking:
            yield pair, exemplar


def _beside(
    relation: _Relation, groups: set[Coordinates], present: set[Pair], degrees: _Degrees
) -> Iterator[tuple[Pair, Pair]]:
    """Ask a tail without any edge for those that most of its siblings in the group have (all ranks but one feed a sum).

    Siblings are wired and differ from it in one free coordinate; where that is none, in all of them.
    """
    heads: dict[Coordinates, set[Coordinates]] = defaultdict(set)
    for element in relation.elements:
        heads[element.tail].add(element.head)
    taught = set(heads)
    if sum(map(len, relation.elements.values())) < 2:
        return  # one edge alone is no habit, and there may be thousands of such relations
    wanted = {free for idle in relation.family.idle if (free := _picked(idle, relation.free)) not in heads}
    rows = relation.family.rows(relation.free, degrees) if wanted else []
    for free in wanted:
        for place, row in enumerate(rows):
            siblings = row.get(free[:place] + free[place + 1 :], set())
            asked = set().union(*(heads[other] for other in taught & siblings))
            if len(siblings) <= _SIBLINGS and asked:
                yield from _as_siblings(relation, free, sorted(siblings), sorted(asked), groups, present, degrees)


def _as_siblings(
    relation: _Relation,
    free: Coordinates,
    siblings: list[Coordinates],
    asked: list[Coordinates],
    groups: set[Coordinates],
    present: set[Pair],
    degrees: _Degrees,
) -> Iterator[tuple[Pair, Pair]]:
    for rest in asked[:_SIBLINGS]:
        # One sibling alone teaches only where the head is the same for both by its ties, and several groups agree.
        alone = len(siblings) == 1 and (
            rest or not _agreed(relation, _Element(siblings[0], rest), groups, present, degrees)
        )
        shown = [of_groups for other in siblings if (of_groups := relation.elements.get(_Element(other, rest)))]
        enough = min(2, len(siblings))
        for group in () if alone or len(shown) < enough else groups:
            if sum(group in of_groups for of_groups in shown) < enough:
                continue  # fewer siblings of this group have the edge than could teach it
            pair = relation.ends(group, _Element(free, rest))
            if pair is None or pair in present:
                continue
            beside = [
                p for other in siblings if (p := relation.ends(group, _Element(other, rest))) and degrees.outs[p[0]]
            ]
            have = [p for p in beside if p in present]
            if len(have) >= enough and len(have) * 10 >= len(beside) * 6:
                yield pair, have[0]


def _agreed(
    relation: _Relation, element: _Element, groups: set[Coordinates], present: set[Pair], degrees: _Degrees
) -> bool:
    """Return whether a single sibling's edge is there in several groups, and in all whose sibling is wired at all."""
    wired = [pair for group in groups if (pair := relation.ends(group, element)) and degrees.outs[pair[0]]]
    return len(wired) > 1 and all(pair in present for pair in wired)
