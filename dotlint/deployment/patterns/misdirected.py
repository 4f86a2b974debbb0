"""Find single edges that lead elsewhere than all edges like them, while the ends where they belong stay open.

Where edges between two families keep one step (rank 2 feeds the sum of its own layer), the only edge
with another step is a slip if the edge in its place is missing: its tail then lacks a head of its own, or its head a
tail, and the end that the edge leaves out has fewer edges than all its siblings.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.patterns.coordinates import CoordinateLink, align
from dotlint.deployment.patterns.families import FamilyMember

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dotlint.deployment.patterns.coordinates import Coordinates

    Pair = tuple[int, int]

_NO_MEMBER = FamilyMember("", (), ())
_FEWEST = 2  # edges that show a pattern
_ORDINALS = 4  # operators of one kind in a layer
_MOST = 40_000  # pairs of nodes of two families that are compared


class Misdirected(Struct, frozen=True):
    """An edge, the edge in its place that its `siblings` have, and one of those."""

    edge: Pair
    instead: Pair
    exemplar: Pair
    siblings: int


def misdirected_edges(items: Sequence[FamilyMember | None], edges: Sequence[Pair]) -> Iterator[Misdirected]:
    """Yield the edges that leave the pattern of all edges between their families; `items` are as for proposals."""
    types: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    members: dict[str, list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        if item is not None:
            members[item.family].append(index)
    for tail, head in dict.fromkeys(edges):
        one, two = items[tail], items[head]
        if one is not None and two is not None:
            types[one.family, two.family].append((tail, head))
    known = [item or _NO_MEMBER for item in items]
    yield from _single_types(known, types, members)
    for (tails, heads), some in types.items():
        if len(some) > _FEWEST and len(members[tails]) * len(members[heads]) <= _MOST:
            yield from _of_type(known, some, members[tails], members[heads])
            if tails == heads:
                yield from _by_ordinal(known, some, members[tails])


def _single_types(
    items: Sequence[FamilyMember], types: Mapping[tuple[str, str], list[Pair]], members: Mapping[str, list[int]]
) -> Iterator[Misdirected]:
    """Yield the only edges between two families whose head lacks what all its siblings have, or whose tail does.

    So one rank takes what comes before a collective that all the others take.
    """
    present = {edge for some in types.values() for edge in some}
    given, taken = Counter(tail for tail, _ in present), Counter(head for _, head in present)
    into: dict[str, list[tuple[str, list[Pair]]]] = defaultdict(list)
    out: dict[str, list[tuple[str, list[Pair]]]] = defaultdict(list)
    for (tails, heads), some in types.items():
        into[heads].append((tails, some))
        out[tails].append((heads, some))
    for (tails, heads), edges in types.items():
        if len(edges) != 1 or len(members[tails]) * len(members[heads]) > _MOST:
            continue
        (stray,) = edges
        for end, relatives, family in ((1, into[heads], heads), (0, out[tails], tails)):
            for other, main in relatives:
                # What only one unit has is drawn in more detail there.
                if len(members[tails if end else heads]) == 1 or main is edges or len(main) < _FEWEST:
                    continue
                pairs = [(items[one].coordinates, items[two].coordinates) for one, two in main]
                ends = (members[other], members[family]) if end else (members[family], members[other])
                links = [*align(pairs, items[ends[0][0]].words, items[ends[1][0]].words)]
                links += _nearly(pairs, {link.k for link in links}, constant=other == family)
                usual = {_steps(items, links, edge) for edge in main}
                if len(usual) > 1:
                    continue
                having = {edge[end] for edge in main}
                candidates = [(o, n) if end else (n, o) for n in set(members[family]) - having for o in members[other]]
                fitting = [p for p in candidates if {_steps(items, links, p)} == usual and p[0] != p[1]]
                if len(fitting) != 1 or fitting[0][end] != stray[end]:
                    continue
                (one, two) = fitting[0]
                between = (one, stray[0]) in present if end else (stray[1], two) in present
                if between and (taken if end else given)[stray[end]] < 2:
                    continue  # the edge leads through one more node, as between two stages
                open_end = fitting[0][1 - end]
                counts = Counter(edge[1 - end] for edge in main)
                if any(node != open_end for node in counts) and counts[open_end] >= max(
                    number for node, number in counts.items() if node != open_end
                ):
                    continue  # it has as many edges as its siblings: one unit has a layer more than the others
                # Without numbers in common, only what goes round a node beside its siblings is certain. Two edges show a
                # pattern only if the node that the edge takes instead is beside the one in its place.
                beside = (stray[0], fitting[0][0]) if end else (fitting[0][1], stray[1])
                near = beside in present or beside[::-1] in present
                if len(main) == _FEWEST and not (links and near):
                    continue
                if links or beside in present:
                    yield Misdirected(stray, fitting[0], main[0], len(main))


def _by_ordinal(items: Sequence[FamilyMember], edges: list[Pair], members: list[int]) -> Iterator[Misdirected]:
    """Yield those of a family whose numbers are ordinals of operators too: `add1_3` and `add2_3`."""
    for position in range(len(items[members[0]].words)):
        parts: dict[int, list[int]] = defaultdict(list)
        for member in members:
            parts[items[member].coordinates[position]].append(member)
        if not 1 < len(parts) <= _ORDINALS:
            continue
        types: dict[Pair, list[Pair]] = defaultdict(list)
        for tail, head in edges:
            types[items[tail].coordinates[position], items[head].coordinates[position]].append((tail, head))
        for (one, two), some in types.items():
            if one != two and len(some) > _FEWEST:
                yield from _of_type(items, some, parts[one], parts[two])


def _of_type(
    items: Sequence[FamilyMember], edges: list[Pair], tails: list[int], heads: list[int]
) -> Iterator[Misdirected]:
    pairs = [(items[tail].coordinates, items[head].coordinates) for tail, head in edges]
    links = [*align(pairs, items[tails[0]].words, items[heads[0]].words)]
    links += _nearly(pairs, {link.k for link in links})
    if not links:
        return
    by_steps: dict[tuple[int, ...], list[Pair]] = defaultdict(list)
    for edge in edges:
        by_steps[_steps(items, links, edge)].append(edge)
    strays = [some[0] for some in by_steps.values() if len(some) == 1]
    if len(strays) != 1:
        return
    found = [
        one
        for usual, main in by_steps.items()
        if len(main) >= _FEWEST and (one := _instead(items, links, strays[0], usual, main, tails, heads))
    ]
    if len(found) == 1:
        yield found[0]


def _nearly(
    pairs: list[tuple[Coordinates, Coordinates]], linked: set[int], *, constant: bool = False
) -> Iterator[CoordinateLink]:
    """Yield the coordinates at one position that three quarters of the edges keep one step apart; all only if `constant`."""
    for k in range(min(len(pairs[0][0]), len(pairs[0][1]))):
        steps = Counter(head[k] - tail[k] for tail, head in pairs)
        (step, count), *others = steps.most_common()
        if k not in linked and (others or constant) and count * 4 >= len(pairs) * 3:
            yield CoordinateLink(k, k, step)


def _instead(
    items: Sequence[FamilyMember],
    links: Sequence[CoordinateLink],
    stray: Pair,
    usual: tuple[int, ...],
    main: list[Pair],
    tails: list[int],
    heads: list[int],
) -> Misdirected | None:
    """Return the edge in the place of a stray one, if it is the only one that `main` lacks at the ends of both."""
    outs, ins = Counter(tail for tail, _ in main), Counter(head for _, head in main)
    elsewhere = [
        *((stray[0], head) for head in heads if not outs[stray[0]]),
        *((tail, stray[1]) for tail in tails if not ins[stray[1]]),
    ]
    fitting = [p for p in elsewhere if p not in {stray, *main} and p[0] != p[1] and _steps(items, links, p) == usual]
    if len(fitting) != 1:
        return None
    (pair,) = fitting
    tail_open = outs[pair[0]] < min(n for tail, n in outs.items() if tail != pair[0])
    head_open = ins[pair[1]] < min(n for head, n in ins.items() if head != pair[1])
    return Misdirected(stray, pair, main[0], len(main)) if tail_open and head_open else None


def _steps(items: Sequence[FamilyMember], links: Sequence[CoordinateLink], edge: Pair) -> tuple[int, ...]:
    tail, head = items[edge[0]].coordinates, items[edge[1]].coordinates
    return tuple([link.step_between(tail, head) for link in links])
