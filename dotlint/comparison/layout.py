"""What changes only the drawing or the text: colors, comments, order, names, wording, formatting."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from dotlint.comparison.attributes import drawing
from dotlint.comparison.elements import tokens
from dotlint.comparison.nodes import fields

if TYPE_CHECKING:
    from dotlint.comparison.correspondence import Correspondence
    from dotlint.comparison.model import Layout
    from dotlint.graph.document import Document
    from dotlint.graph.model import Graph


def count_layout(layout: Layout, found: Correspondence, before: Graph, after: Graph, *, plain: bool) -> None:
    """Add what two graphs draw differently."""
    for left, right in found.pairs.items():
        one, two = found.first[left], found.second[right]
        layout.renamed += one.name != two.name
        layout.reworded += not plain and one.label != two.label and not any(fields(one, two))
        layout.attributes += drawing(one.node.attributes, plain=plain) != drawing(two.node.attributes, plain=plain)
    layout.attributes += _edges(found, before, after, plain=plain)
    layout.attributes += drawing(before.attributes, plain=plain) != drawing(after.attributes, plain=plain)
    layout.reordered |= any(one > two for one, two in pairwise(found.pairs[i] for i in sorted(found.pairs)))
    if not plain:
        known = {*found.pairs, *(index for some, _ in found.groups for index in some)}
        others = {*found.back, *(index for _, some in found.groups for index in some)}
        layout.headers += sum(one.is_header and one.index not in known for one in found.first)
        layout.headers += sum(two.is_header and two.index not in others for two in found.second)
        layout.clusters += _clusters(before, after)


def _edges(found: Correspondence, before: Graph, after: Graph, *, plain: bool) -> int:
    """Count the edges between nodes of both graphs that are drawn differently."""
    drawn: dict[tuple[int, int], Counter[frozenset[tuple[str, str]]]] = defaultdict(Counter)
    for edge in before.edges:
        ends = (found.pairs.get(edge.tail.index, -1), found.pairs.get(edge.head.index, -1))
        drawn[ends][frozenset(drawing(edge.attributes, plain=plain).items())] += 1
    others: dict[tuple[int, int], Counter[frozenset[tuple[str, str]]]] = defaultdict(Counter)
    for edge in after.edges:
        others[edge.tail.index, edge.head.index][frozenset(drawing(edge.attributes, plain=plain).items())] += 1
    return sum(
        min((mine - others[ends]).total(), (others[ends] - mine).total())
        for ends, mine in drawn.items()
        if ends in others
    )


def _clusters(before: Graph, after: Graph) -> int:
    """Count the clusters of deployments whose labels only one graph has; what they state is compared elsewhere."""
    labels = [
        Counter(tokens(one.label or one.name or "") for one in graph.subgraphs if one.is_cluster)
        for graph in (before, after)
    ]
    return max((labels[0] - labels[1]).total(), (labels[1] - labels[0]).total())


def count_text(layout: Layout, before: Document, after: Document, *, equal: bool) -> None:
    """Add the comments that differ, and whether the texts differ although nothing else does."""
    comments = [
        Counter(tokens(document.text[one.start : one.end]) for one in document.comments) for document in (before, after)
    ]
    layout.comments = max((comments[0] - comments[1]).total(), (comments[1] - comments[0]).total())
    layout.formatting = equal and not layout.any and before.text != after.text
