"""How the clusters of two graphs differ, matched by their labels and members."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.comparison.attributes import differing, meaning
from dotlint.comparison.changes import Single
from dotlint.comparison.elements import tokens
from dotlint.comparison.model import Item

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.comparison.correspondence import Correspondence
    from dotlint.graph.model import Graph, Node, Subgraph


def cluster_changes(found: Correspondence, before: Graph, after: Graph) -> Iterator[Single]:
    """Yield the clusters that only one graph has, those whose label differs, and the nodes in another cluster."""
    mine = [one for one in before.subgraphs if one.is_cluster]
    theirs = [one for one in after.subgraphs if one.is_cluster]
    pairs = _pairs(found, mine, theirs)
    for one in mine:
        two = pairs.get(one.index)
        if two is None:
            yield Single("clusters", "removed", "", Item((_title(one),), None))
            continue
        item = Item((_title(one),), (_title(two),))
        for name, was, now in _facts(one, two):
            yield Single("clusters", "changed", "", item, name, was, now)
    taken = {two.index for two in pairs.values()}
    for two in theirs:
        if two.index not in taken:
            yield Single("clusters", "added", "", Item(None, (_title(two),)))
    yield from _moved(found, pairs, taken)


def _title(one: Subgraph) -> str:
    return one.name or one.own_attributes.get("label", "")


def _pairs(found: Correspondence, mine: Sequence[Subgraph], theirs: Sequence[Subgraph]) -> dict[int, Subgraph]:
    """Pair clusters, best first: those that share most of their nodes, then those with one label or one name."""
    classes = found.classes()
    held = [
        {one.index: Counter(classes[side][node.index] for node in one.nodes.values()) for one in clusters}
        for side, clusters in enumerate((mine, theirs))
    ]
    near: dict[object, list[Subgraph]] = defaultdict(list)
    for two in theirs:
        for key in _marks(two, held[1][two.index]):
            near[key].append(two)
    scored = []
    for one in mine:
        for two in {two.index: two for key in _marks(one, held[0][one.index]) for two in near.get(key, ())}.values():
            inside, other = held[0][one.index], held[1][two.index]
            size = max(inside.total(), other.total())
            score = (inside & other).total() / size if size else 0.0
            score += 0.4 * (tokens(one.label) == tokens(two.label) and bool(one.label)) + 0.2 * (one.name == two.name)
            if score > 0.5:
                scored.append((score, one, two))
    pairs: dict[int, Subgraph] = {}
    taken: set[int] = set()
    for _, one, two in sorted(scored, key=lambda entry: (-entry[0], entry[1].index, entry[2].index)):
        if one.index not in pairs and two.index not in taken:
            pairs[one.index] = two
            taken.add(two.index)
    return pairs


def _marks(one: Subgraph, held: Counter[object]) -> Iterator[object]:
    """Yield what two clusters must have in common to be compared: a name, a label, or one of a few nodes."""
    yield ("name", one.name)
    yield ("label", tokens(one.label))
    yield from (("node", key) for key in [*held][:: max(1, len(held) // 8)])


def _facts(one: Subgraph, two: Subgraph) -> Iterator[tuple[str, str, str]]:
    was, now = one.own_attributes.get("label", ""), two.own_attributes.get("label", "")
    if tokens(was) != tokens(now):
        yield "label", was, now
    yield from differing(meaning(one.own_attributes, plain=True), meaning(two.own_attributes, plain=True))


def _moved(found: Correspondence, pairs: dict[int, Subgraph], taken: set[int]) -> Iterator[Single]:
    """Yield the nodes that are in another cluster, of those that both graphs have, than before."""
    for left, right in found.pairs.items():
        one, two = _cluster(found.first[left].node), _cluster(found.second[right].node)
        if (one is not None and one.index not in pairs) or (two is not None and two.index not in taken):
            continue
        expected = pairs[one.index] if one is not None else None
        if expected is not two:
            item = Item((found.first[left].name,), (found.second[right].name,))
            yield Single(
                "clusters", "changed", "", item, "cluster", _title(one) if one else "", _title(two) if two else ""
            )


def _cluster(node: Node) -> Subgraph | None:
    """Return the innermost cluster that contains a node."""
    found = [one for inner in node.subgraphs for one in (inner, *inner.ancestors) if one.is_cluster]
    return max(found, key=lambda one: one.depth, default=None)
