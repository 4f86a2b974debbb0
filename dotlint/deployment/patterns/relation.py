"""The edges between two families, divided into groups and elements."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.patterns.coordinates import CoordinateLink, Coordinates, align
from dotlint.deployment.patterns.families import select

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.deployment.patterns.families import Degrees, FamilyIndex, FamilyMember, Pair


class Element(Struct, frozen=True, gc=False):
    """The position of an edge in its group: the coordinates of its ends that no link determines."""

    tail: Coordinates
    head: Coordinates


class Relation:
    """The edges of one type with the same steps: groups, elements, and the mapping from those to nodes."""

    def __init__(
        self,
        items: Sequence[FamilyMember],
        links: list[CoordinateLink],
        edges: list[Pair],
        tails: FamilyIndex,
        heads: FamilyIndex,
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
        self.elements: dict[Element, dict[Coordinates, Pair]] = defaultdict(dict)
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
        return select(tail, self.linked)

    def position(self, group: Coordinates) -> Coordinates:
        """Return the positions of a group among those that share a head: of expert 6 it is 2, if four share one."""
        return tuple(
            number % link.divisor
            for j, number in zip(self.linked, group, strict=True)
            for link in self.links.values()
            if link.j == j and link.divisor > 1
        )

    def split(self, tail: Coordinates, head: Coordinates) -> tuple[Coordinates, Element]:
        """Return the group and the element of an edge."""
        return self.group(tail), Element(select(tail, self.free), self.rest(head))

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

    def ends(self, group: Coordinates, element: Element) -> Pair | None:
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


def relations(
    items: Sequence[FamilyMember], edges: list[Pair], tails: FamilyIndex, heads: FamilyIndex, degrees: Degrees
) -> Iterator[tuple[Relation, list[Pair]]]:
    """Yield the edges of one type by their steps, without those that hardly any edge has.

    If every tail has as many edges as usual, nothing is missing, and no relation is needed.
    """
    if tails.regular(max(degrees.outs[tail] for tail, _ in edges), degrees):
        return
    pairs = [(items[tail].coordinates, items[head].coordinates) for tail, head in edges]
    links = align(pairs, tails.words, heads.words)
    by_steps: dict[Coordinates, list[Pair]] = defaultdict(list)
    for edge, (tail, head) in zip(edges, pairs, strict=True):
        by_steps[tuple(link.step_between(tail, head) for link in links)].append(edge)
    for steps, some in by_steps.items():
        frequent = len(by_steps) == 1 or len(some) * 50 >= len(edges)
        if frequent and not tails.regular(usual_outs_of(some, degrees), degrees):
            exact = [
                CoordinateLink(link.j, link.k, step, link.divisor) for link, step in zip(links, steps, strict=True)
            ]
            yield Relation(items, exact, some, tails, heads), some


def usual_outs_of(edges: list[Pair], degrees: Degrees) -> int:
    """Return how many edges usually leave the tails of these edges."""
    return median(degrees.outs[tail] for tail in {tail for tail, _ in edges})


def median(counts: Iterable[int]) -> int:
    """Return the lower median."""
    ordered = sorted(counts)
    return ordered[(len(ordered) - 1) // 2]
