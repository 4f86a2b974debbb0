"""Learn patterns from the edges of a graph, and propose the edges that siblings lack.

Nodes belong to families that differ only in numbers (their coordinates). For each pair of families with edges between
them, the coordinates of the two ends are aligned (`links`). Links split a family into *groups*, such as one layer or
one rank; within a group, the coordinates that are not linked are the *elements* of the pattern, such as the shards
that meet in a gather. An element that nearly every group has is expected of the other groups too, if both its ends
exist there. A group without any element has no vote, so that one complete stage can be the exemplar of three empty
ones.

`families` indexes the nodes, `relation` divides the edges of two families, `groups` and `like_siblings` compare.

A pattern only proposes: where each end lacks something that its siblings have, and where the alignment is one to one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.deployment.patterns.families import Degrees, FamilyIndex, FamilyMember, following
from dotlint.deployment.patterns.groups import missing
from dotlint.deployment.patterns.proposed_edge import ProposedEdge
from dotlint.deployment.patterns.relation import relations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from dotlint.deployment.patterns.devices import Devices
    from dotlint.deployment.patterns.families import Pair


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
    families = {family: FamilyIndex(known, members) for family, members in by_family.items()}
    types: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for tail, head in edges:
        one, two = items[tail], items[head]
        if one is not None and two is not None:
            types[one.family, two.family].append((tail, head))
    present = set(edges)
    counted = present - uncounted
    ins, outs = Counter(head for _, head in counted), Counter(tail for tail, _ in counted)
    degrees = Degrees(ins, outs, following(present))
    found: dict[Pair, ProposedEdge] = {}
    for (tail_family, head_family), some in types.items():
        for relation, relation_edges in relations(known, some, families[tail_family], families[head_family], degrees):
            for p in missing(known, relation, relation_edges, present, degrees, devices, fanning=False):
                found[p.tail, p.head] = p
    present = {(head, tail) for tail, head in present}
    degrees = Degrees(outs, ins, following(present), turned=True)
    for (head_family, tail_family), some in types.items():
        tails = families[tail_family]
        if not tails.idle(degrees) and not 1 < len({tail for _, tail in some}) < len(tails.members):
            continue  # edges fan only to families of which some members have no edge
        turned = [(head, tail) for tail, head in some]
        for relation, relation_edges in relations(known, turned, tails, families[head_family], degrees):
            for p in missing(known, relation, relation_edges, present, degrees, devices, fanning=True):
                found.setdefault((p.head, p.tail), ProposedEdge(p.head, p.tail, p.exemplar[::-1], p.support))
    return list(found.values())
