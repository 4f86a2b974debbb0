"""Edges that most groups of a relation have, and that other groups lack."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.deployment.patterns.like_siblings import like_siblings
from dotlint.deployment.patterns.proposed_edge import ProposedEdge
from dotlint.deployment.patterns.relation import Element, median, usual_outs_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.deployment.patterns.coordinates import Coordinates
    from dotlint.deployment.patterns.devices import Devices
    from dotlint.deployment.patterns.families import Degrees, FamilyMember, Pair
    from dotlint.deployment.patterns.relation import Relation

# With more pairs of a group and an element than this, a type of edge is not a pattern.
_MOST_CELLS = 4_000_000


def missing(
    items: Sequence[FamilyMember],
    relation: Relation,
    relation_edges: list[Pair],
    present: set[Pair],
    degrees: Degrees,
    devices: Devices,
    *,
    fanning: bool,
) -> Iterator[ProposedEdge]:
    """Yield the elements that voting groups have and other groups lack."""
    groups = relation.family.groups(items, relation.linked)
    if len(groups) * len(relation.elements) > _MOST_CELLS:
        return
    voting = {group for of_groups in relation.elements.values() for group in of_groups}
    usual_outs = usual_outs_of(relation_edges, degrees)
    hubs = {head for _, head in relation_edges}
    usual_ins = median(degrees.ins[head] for head in hubs)
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
    for proposal in like_siblings(relation, groups, present, degrees, devices, fanning=fanning):
        if degrees.outs[proposal.tail] < usual_outs:
            yield proposal
    for proposal in _whole_groups(relation, voting, present, degrees, devices):
        short = degrees.outs[proposal.tail] < usual_outs and degrees.ins[proposal.head] < usual_ins
        if not degrees.outs[proposal.tail] or (short and not fanning):
            yield proposal


def _exemplar(pair: Pair, edges: Iterable[Pair], degrees: Degrees, devices: Devices) -> Pair:
    """Return the edge that a proposal is like: on devices that lie alike, best with ends that have more edges."""
    some = list(edges)
    like = [edge for edge in some if devices.alike(pair, edge)] or some[:1]
    outs, ins = degrees.outs[pair[0]], degrees.ins[pair[1]]
    return next((e for e in like if degrees.outs[e[0]] > outs and degrees.ins[e[1]] > ins), like[0])


def _whole_groups(
    relation: Relation, voting: set[Coordinates], present: set[Pair], degrees: Degrees, devices: Devices
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
        pair = relation.ends(group, Element(free, rest))
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
