"""Learn patterns from the edges of a graph, and propose the edges that siblings lack.

Nodes belong to families that differ only in numbers (their coordinates). For each pair of families with edges between
them, the coordinates of the two ends are aligned (`links`). Links split a family into *groups*, such as one layer or
one rank; within a group, the coordinates that are not linked are the *elements* of the pattern, such as the shards
that meet in a gather. An element that nearly every group has is expected of the other groups too, if both its ends
exist there. A group without any element has no vote, so that one complete stage can be the exemplar of three empty
ones.

A pattern only proposes: where each end lacks something that its siblings have, and where the alignment is one to one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.patterns.coordinates import CoordinateLink, Coordinates, align

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from dotlint.deployment.patterns.devices import Devices

Pair = tuple[int, int]
# With more pairs of a group and an element than this, a type of edge is not a pattern.
_MOST_CELLS = 4_000_000
_SIBLINGS = 4096


class FamilyMember(Struct, frozen=True):
    """A node as one way of naming sees it: its family, its coordinates, and the word for each of them."""

    family: str
    coordinates: Coordinates
    words: tuple[str, ...]


Tails = dict[tuple[Coordinates, Coordinates], tuple[int, Coordinates]]


def _select(coordinates: Coordinates, positions: Coordinates) -> Coordinates:
    return tuple([coordinates[position] for position in positions])


class ProposedEdge(Struct, frozen=True, gc=False):
    """An edge by the indexes of its nodes, the exemplar it was learned from, and how many edges are like that."""

    tail: int
    head: int
    exemplar: Pair
    support: int


class _Element(Struct, frozen=True, gc=False):
    """The position of an edge in its group: the coordinates of its ends that no link determines."""

    tail: Coordinates
    head: Coordinates


class _Degrees(Struct):
    """How many edges lead to and from each node; `turned` is whether the edges are turned around.

    `following` are the heads of all edges by tail, of those too that are not counted.
    """

    ins: Counter[int]
    outs: Counter[int]
    following: dict[int, list[int]]
    turned: bool = False


class _FamilyIndex:
    """The nodes of a family, indexed by coordinates; a node that shares all its coordinates with another is no end."""

    __slots__ = (
        "_by_kept",
        "_by_linked",
        "_distinguishing",
        "_groups",
        "_idle",
        "_rows",
        "_wired",
        "members",
        "single",
        "words",
    )

    def __init__(self, items: Sequence[FamilyMember], members: list[int]) -> None:
        self.members = members
        self.words = items[members[0]].words
        by_coordinates: dict[Coordinates, list[int]] = defaultdict(list)
        for index in members:
            by_coordinates[items[index].coordinates].append(index)
        self.single = {coordinates: found[0] for coordinates, found in by_coordinates.items() if len(found) == 1}
        # A family may have edges to thousands of others, so indexes by coordinates are cached.
        self._distinguishing: dict[frozenset[int], Coordinates] = {}
        self._by_kept: dict[Coordinates, dict[Coordinates, int]] = {}
        self._by_linked: dict[tuple[Coordinates, Coordinates], Tails] = {}
        self._groups: dict[Coordinates, set[Coordinates]] = {}
        self._idle: dict[bool, list[Coordinates]] = {}
        self._wired: dict[tuple[Coordinates, bool], list[set[int]]] = {}
        self._rows: dict[tuple[Coordinates, bool], list[dict[Coordinates, set[Coordinates]]]] = {}

    def idle(self, degrees: _Degrees) -> list[Coordinates]:
        """Return the coordinates of the nodes that no edge leads from."""
        if degrees.turned not in self._idle:
            self._idle[degrees.turned] = [c for c, index in self.single.items() if not degrees.outs[index]]
        return self._idle[degrees.turned]

    def by(self, kept: Coordinates) -> dict[Coordinates, int]:
        """Return the nodes by these of their coordinates."""
        if kept not in self._by_kept:
            self._by_kept[kept] = {_select(c, kept): index for c, index in self.single.items()}
        return self._by_kept[kept]

    def by_group(self, linked: Coordinates, free: Coordinates) -> Tails:
        """Return the nodes with their coordinates, by linked and by free coordinates."""
        if (linked, free) not in self._by_linked:
            self._by_linked[linked, free] = {
                (_select(c, linked), _select(c, free)): (index, c) for c, index in self.single.items()
            }
        return self._by_linked[linked, free]

    def groups(self, items: Sequence[FamilyMember], linked: Coordinates) -> set[Coordinates]:
        """Return every group of its nodes, including nodes that cannot be distinguished."""
        if linked not in self._groups:
            self._groups[linked] = {_select(items[index].coordinates, linked) for index in self.members}
        return self._groups[linked]

    def rows(self, free: Coordinates, degrees: _Degrees) -> list[dict[Coordinates, set[Coordinates]]]:
        """Return, for each free coordinate, the wired nodes that differ only in it, by the other free coordinates."""
        key = free, degrees.turned
        if key not in self._rows:
            rows: list[dict[Coordinates, set[Coordinates]]] = [defaultdict(set) for _ in free]
            for coordinates, index in self.single.items():
                if degrees.outs[index]:
                    own = _select(coordinates, free)
                    for position, row in enumerate(rows):
                        row[own[:position] + own[position + 1 :]].add(own)
            self._rows[key] = rows
        return self._rows[key]

    def wired(self, free: Coordinates, degrees: _Degrees) -> list[set[int]]:
        """Return, for each free coordinate, its values in wired nodes."""
        key = free, degrees.turned
        if key not in self._wired:
            found = [_select(coordinates, free) for coordinates, index in self.single.items() if degrees.outs[index]]
            self._wired[key] = [set(column) for column in zip(*found, strict=True)] if found else [set() for _ in free]
        return self._wired[key]

    def distinguishing(self, needed: frozenset[int]) -> Coordinates:
        """Return coordinates that distinguish the nodes, including those in `needed`.

        A number that the others determine (the rank of an expert, the first layer of a stage) carries no information.
        """
        if needed not in self._distinguishing:
            self._distinguishing[needed] = self._find_distinguishing(needed)
        return self._distinguishing[needed]

    def _find_distinguishing(self, needed: frozenset[int]) -> Coordinates:
        kept = list(range(len(self.words)))
        for j in reversed(range(len(self.words))):
            if j in needed:
                continue
            rest = [i for i in kept if i != j]
            if len({tuple(c[i] for i in rest) for c in self.single}) == len(self.single):
                kept = rest
        return tuple(kept)


class _Relation:
    """The edges of one type with the same steps: groups, elements, and the mapping from those to nodes."""

    def __init__(
        self,
        items: Sequence[FamilyMember],
        links: list[CoordinateLink],
        edges: list[Pair],
        tails: _FamilyIndex,
        heads: _FamilyIndex,
    ) -> None:
        self.links = {link.k: link for link in links}
        self.family = tails
        kept = tails.distinguishing(frozenset(link.j for link in links))
        self.linked = tuple(sorted({link.j for link in links}))
        self.free = tuple(j for j in kept if j not in self.linked)
        unlinked = {word for k, word in enumerate(heads.words) if k not in self.links and word}
        self.same_word = any(tails.words[j] in unlinked for j in self.free)
        self.head_kept = heads.distinguishing(frozenset(self.links))
        self.tails = tails.by_group(self.linked, self.free)
        self.heads = heads.by(self.head_kept)
        self.elements: dict[_Element, dict[Coordinates, Pair]] = defaultdict(dict)
        for tail, head in edges:
            group, element = self.split(items[tail].coordinates, items[head].coordinates)
            self.elements[element][group] = (tail, head)
        self.items, self.head_family = items, items[heads.members[0]].family

    @cached_property
    def groups_of(self) -> dict[Coordinates, list[Coordinates]]:
        """The groups in which a tail with these free coordinates exists."""
        found: dict[Coordinates, list[Coordinates]] = defaultdict(list)
        for group, free in self.tails:
            found[free].append(group)
        return found

    @cached_property
    def order(self) -> dict[Coordinates, int]:
        """The place of each group among all."""
        return {group: at for at, group in enumerate(self.family.groups(self.items, self.linked))}

    def group(self, tail: Coordinates) -> Coordinates:
        """Return the coordinates of the tail that links use."""
        return _select(tail, self.linked)

    def position(self, group: Coordinates) -> Coordinates:
        """Return the positions of a group among those that share a head: of expert 6 it is 2, if four share one."""
        return tuple(
            number % link.divisor
            for j, number in zip(self.linked, group, strict=True)
            for link in self.links.values()
            if link.j == j and link.divisor > 1
        )

    def split(self, tail: Coordinates, head: Coordinates) -> tuple[Coordinates, _Element]:
        """Return the group and the element of an edge."""
        return self.group(tail), _Element(_select(tail, self.free), self.rest(head))

    def rest(self, head: Coordinates) -> Coordinates:
        """Return the coordinates of a head that no link determines."""
        rest = []
        for k in self.head_kept:
            link = self.links.get(k)
            if link is None:
                rest.append(head[k])
            elif link.divisor < 0:
                rest.append(head[k] % -link.divisor)
        return tuple(rest)

    def ends(self, group: Coordinates, element: _Element) -> Pair | None:
        """Return the nodes of an element in a group; None if one does not exist or is ambiguous."""
        found = self.tails.get((group, element.tail))
        if found is None:
            return None
        one, tail = found
        rest: Iterator[int] = iter(element.head)
        head = []
        for k in self.head_kept:
            link = self.links.get(k)
            if link is None:
                head.append(next(rest))
            elif link.divisor > 0:
                head.append(tail[link.j] // link.divisor + link.step)
            else:
                head.append((tail[link.j] + link.step) * -link.divisor + next(rest))
        two = self.heads.get(tuple(head))
        return None if two is None or one == two else (one, two)


def propose_edges(
    items: Sequence[FamilyMember | None], edges: Sequence[Pair], devices: Devices, uncounted: AbstractSet[Pair]
) -> list[ProposedEdge]:
    """Return the edges that patterns expect and that do not exist.

    `items[i]` is node i, or None if this way of naming does not apply to it; `edges` are all edges of the graph, in
    order. A node with only `uncounted` edges is still a dead end.
    """
    by_family: dict[str, list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        if item is not None:
            by_family[item.family].append(index)
    known = [item or FamilyMember("", (), ()) for item in items]
    families = {family: _FamilyIndex(known, members) for family, members in by_family.items()}
    types: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for tail, head in edges:
        one, two = items[tail], items[head]
        if one is not None and two is not None:
            types[one.family, two.family].append((tail, head))
    present = set(edges)
    counted = present - uncounted
    ins, outs = Counter(head for _, head in counted), Counter(tail for tail, _ in counted)
    degrees = _Degrees(ins, outs, _following(present))
    found: dict[Pair, ProposedEdge] = {}
    for (tail_family, head_family), some in types.items():
        for relation, relation_edges in _relations(known, some, families[tail_family], families[head_family]):
            for p in _missing(known, relation, relation_edges, present, degrees, devices, fanning=False):
                found[p.tail, p.head] = p
    present = {(head, tail) for tail, head in present}
    degrees = _Degrees(outs, ins, _following(present), turned=True)
    for (head_family, tail_family), some in types.items():
        tails = families[tail_family]
        if not tails.idle(degrees) and not 1 < len({tail for _, tail in some}) < len(tails.members):
            continue  # edges fan only to families of which some members have no edge
        turned = [(head, tail) for tail, head in some]
        for relation, relation_edges in _relations(known, turned, tails, families[head_family]):
            for p in _missing(known, relation, relation_edges, present, degrees, devices, fanning=True):
                found.setdefault((p.head, p.tail), ProposedEdge(p.head, p.tail, p.exemplar[::-1], p.support))
    return list(found.values())


def _following(edges: Iterable[Pair]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for tail, head in edges:
        found[tail].append(head)
    return found


def _relations(
    items: Sequence[FamilyMember], edges: list[Pair], tails: _FamilyIndex, heads: _FamilyIndex
) -> Iterator[tuple[_Relation, list[Pair]]]:
    """Yield the edges of one type by their steps, without those that hardly any edge has."""
    pairs = [(items[tail].coordinates, items[head].coordinates) for tail, head in edges]
    links = align(pairs, tails.words, heads.words)
    by_steps: dict[Coordinates, list[Pair]] = defaultdict(list)
    for edge, (tail, head) in zip(edges, pairs, strict=True):
        by_steps[tuple(link.step_between(tail, head) for link in links)].append(edge)
    for steps, some in by_steps.items():
        if len(by_steps) == 1 or len(some) * 50 >= len(edges):
            exact = [
                CoordinateLink(link.j, link.k, step, link.divisor) for link, step in zip(links, steps, strict=True)
            ]
            yield _Relation(items, exact, some, tails, heads), some


def _median(counts: Iterable[int]) -> int:
    """Return the lower median."""
    ordered = sorted(counts)
    return ordered[(len(ordered) - 1) // 2]


def _missing(
    items: Sequence[FamilyMember],
    relation: _Relation,
    relation_edges: list[Pair],
    present: set[Pair],
    degrees: _Degrees,
    devices: Devices,
    *,
    fanning: bool,
) -> Iterator[ProposedEdge]:
    """Yield the elements that voting groups have and other groups lack."""
    groups = relation.family.groups(items, relation.linked)
    if len(groups) * len(relation.elements) > _MOST_CELLS:
        return
    voting = {group for of_groups in relation.elements.values() for group in of_groups}
    usual_outs = _median(degrees.outs[tail] for tail in {tail for tail, _ in relation_edges})
    hubs = {head for _, head in relation_edges}
    usual_ins = _median(degrees.ins[head] for head in hubs)
    usable: Iterable[Coordinates] = groups
    if fanning:
        positions = {relation.position(group) for group in voting}
        usable = [group for group in groups if relation.position(group) in positions]
    for element, of_groups in relation.elements.items():
        exist = {group: pair for group in usable if (pair := relation.ends(group, element))}
        able = sum(1 for group in exist if group in voting)
        if not able or (len(of_groups) * 2 < able and len(of_groups) < 2):
            continue
        few = len(of_groups) * 2 < able
        most = len(of_groups) * 10 >= able * 6
        # Groups with other edges at both ends are drawn differently; if they are the majority, they are the rule.
        otherwise = [
            group
            for group, (tail, head) in exist.items()
            if group not in voting and degrees.outs[tail] and degrees.ins[head]
        ]
        drawn_otherwise = set(otherwise) if len(otherwise) > len(of_groups) else set()
        for group, pair in exist.items():
            if group in drawn_otherwise or (few and (degrees.outs[pair[0]] or group not in voting)):
                continue
            if not most and degrees.outs[pair[0]]:
                continue  # if fewer than 60 % have it, it is expected only of dead ends
            if len(relation_edges) == 1 and degrees.outs[pair[0]] and degrees.ins[pair[1]]:
                continue  # a single edge may be the only one intended: it is an exemplar only for dead ends
            if pair in present or degrees.outs[pair[0]] >= usual_outs:
                continue
            # A dead end joins the siblings that meet in a head, however many they are.
            if degrees.ins[pair[1]] < usual_ins or (pair[1] in hubs and not degrees.outs[pair[0]]):
                yield ProposedEdge(*pair, _exemplar(pair, of_groups.values(), degrees, devices), len(of_groups))
    for proposal in _like_siblings(relation, groups, present, degrees, devices, fanning=fanning):
        if degrees.outs[proposal.tail] < usual_outs:
            yield proposal
    for proposal in _whole_groups(relation, voting, present, degrees, devices):
        short = degrees.outs[proposal.tail] < usual_outs and degrees.ins[proposal.head] < usual_ins
        if not degrees.outs[proposal.tail] or (short and not fanning):
            yield proposal


def _exemplar(pair: Pair, edges: Iterable[Pair], degrees: _Degrees, devices: Devices) -> Pair:
    """Return the edge that a proposal is like: on devices that lie alike, best with ends that have more edges."""
    some = list(edges)
    like = [edge for edge in some if devices.alike(pair, edge)] or some[:1]
    outs, ins = degrees.outs[pair[0]], degrees.ins[pair[1]]
    return next((e for e in like if degrees.outs[e[0]] > outs and degrees.ins[e[1]] > ins), like[0])


def _whole_groups(
    relation: _Relation, voting: set[Coordinates], present: set[Pair], degrees: _Degrees, devices: Devices
) -> Iterator[ProposedEdge]:
    """Yield edges for tails without any, if all wired tails of each voting group feed one head.

    So the experts 0 to 3 of one rank meet as the experts 8 to 11 of another rank do, and in a group that has some
    of such edges, its other tails feed the same head.
    """
    rests = {element.head for element in relation.elements}
    if len(rests) != 1 or not relation.free:
        return
    (rest,) = rests
    lacking: list[tuple[Coordinates, Pair]] = []
    met: dict[Coordinates, list[Pair]] = defaultdict(list)
    for (group, free), (index, _) in relation.tails.items():
        pair = relation.ends(group, _Element(free, rest))
        if pair is not None and pair in present:
            met[group].append(pair)
        elif degrees.outs[index] and group in voting:
            return
        elif pair is not None:
            lacking.append((group, pair))
    if not met or min(map(len, met.values())) < 2:
        return
    first, support = next(iter(met.values()))[0], sum(map(len, met.values()))
    for group, pair in lacking:
        exemplar = met[group][0] if group in met else first
        beside = group not in met or (devices.akin(pair[0], exemplar[0]) and devices.alike(pair, exemplar) is not False)
        if beside:
            yield ProposedEdge(*pair, exemplar, support)


def _like_siblings(
    relation: _Relation,
    groups: set[Coordinates],
    present: set[Pair],
    degrees: _Degrees,
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
        free for idle in relation.family.idle(degrees) if (free := _select(idle, relation.free)) not in heads
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
        relation: _Relation,
        siblings: set[Coordinates],
        heads: dict[Coordinates, set[Coordinates]],
        present: set[Pair],
        degrees: _Degrees,
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
        self.agreed = only is not None and _agreed(relation, _Element(only, ()), present, degrees)

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
    relation: _Relation,
    heads: dict[Coordinates, set[Coordinates]],
    groups: set[Coordinates],
    present: set[Pair],
    degrees: _Degrees,
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
                    pair = relation.ends(group, _Element(free, rest))
                    if pair is None or pair in present:
                        continue
                    others = [relation.ends(group, _Element(other, rest)) for other in siblings - lacking]
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
    relation: _Relation,
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
            if rest not in siblings.heads or pair in present or relation.ends(group, _Element(free, rest)) != pair:
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


def _agreed(relation: _Relation, element: _Element, present: set[Pair], degrees: _Degrees) -> bool:
    """Return whether the edge of a single sibling exists in several groups, and in all where the sibling is wired."""
    groups = relation.groups_of[element.tail]
    wired = [pair for group in groups if (pair := relation.ends(group, element)) and degrees.outs[pair[0]]]
    return len(wired) > 1 and all(pair in present for pair in wired)
