"""A011: edges that `dot` loses, because their ends are neighbors on one rank and one is a record.

`make_flat_adj_edges` in lib/dotgen/dotsplines.c gives up on them, with any ports, labels and routing by splines or lines.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks.grouping import at_edge, edges_finding, remaining
from dotlint.graph.ranks import counts, depth_first, is_rank_set, number, ranks_of
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Edge, Graph
    from dotlint.graph.ranks import Ranks

_RECORDS = frozenset({"record", "Mrecord"})
_ROUTED = frozenset({"ortho", "curved", "none", ""})  # values of `splines` with which no such edge is lost
_HELP = "replace the record by a table in an HTML-like label, or use another shape"


def lost_edges(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edges between neighbors on one rank one of which is a record."""
    graph = context.graph
    own = graph.attributes
    if own.get("layout", "dot") not in {"", "dot"} or own.get("splines", "true").lower() in _ROUTED:
        return
    candidates = [edge for edge in graph.edges if _may_be_lost(edge)]
    ranks = ranks_of(graph) if candidates and _may_be_flat(graph, candidates) else None
    if ranks is None:
        return
    flat = _Flat(graph, ranks)
    some = [edge for edge in candidates if flat.between(edge) == set()]
    lost = remaining(context.file, card, some, at_edge)
    if lost:
        more = f", and {count(len(lost) - 1, 'more edge')} likewise" if len(lost) > 1 else ""
        yield edges_finding(
            context,
            card,
            None,
            lost,
            f"`dot` loses the edge from `{lost[0].tail.name}` to `{lost[0].head.name}`, "
            f"because they are neighbors on one rank and one is a record{more}",
            help=_HELP,
        )
    if some:
        return
    # Another node may stand between two of them, but hardly between the ends of each.
    open_ = [edge for edge in candidates if flat.ordered(edge) and flat.between(edge)]
    lost = remaining(context.file, card, open_, at_edge)
    if len({frozenset((edge.tail.index, edge.head.index)) for edge in open_}) > 1 and lost:
        yield edges_finding(
            context,
            card,
            None,
            lost,
            f"`dot` loses at least one of {count(len(lost), 'edge')} to records on one rank, where its ends are neighbors",
            help=_HELP,
        )


def _may_be_lost(edge: Edge) -> bool:
    return (
        edge.tail is not edge.head
        and any(node.attributes.get("shape") in _RECORDS for node in (edge.tail, edge.head))
        and edge.attributes.get("style") != "invis"
    )


def _may_be_flat(graph: Graph, edges: list[Edge]) -> bool:
    """Return whether any of the edges can join nodes of one rank, without ranking the graph."""
    return any(one.is_cluster or is_rank_set(one) for one in graph.subgraphs) or any(
        not counts(edge) or not number(edge, "minlen") for edge in edges
    )


class _Flat:
    """The order of nodes on one rank, as far as edges on the rank decide it."""

    def __init__(self, graph: Graph, ranks: Ranks) -> None:
        self.graph = graph
        self.ranks = ranks
        self.after: dict[int, set[int]] = {}
        self.components = _components(graph)
        out: dict[int, list[Edge]] = defaultdict(list)
        for edge in graph.edges:
            tail, head = edge.tail.index, edge.head.index
            if tail != head and counts(edge) and number(edge, "weight") and ranks.surely_equal(tail, head):
                out[tail].append(edge)
        self.right: dict[int, set[int]] = defaultdict(set)
        for edge, back in depth_first(list(out), out):
            ends = (edge.head, edge.tail) if back else (edge.tail, edge.head)
            self.right[ends[0].index].add(ends[1].index)

    def reached(self, node: int) -> set[int]:
        """Return the nodes on the rank of a node that are to the right of it."""
        if node not in self.after:
            found: set[int] = set()
            waiting = [node]
            while waiting:
                new = self.right.get(waiting.pop(), set()) - found
                found |= new
                waiting.extend(new)
            self.after[node] = found
        return self.after[node]

    def ordered(self, edge: Edge) -> bool:
        """Return whether the edge decides which of its ends is on the left."""
        tail, head = edge.tail.index, edge.head.index
        return head in self.reached(tail) or tail in self.reached(head)

    def between(self, edge: Edge) -> set[int] | None:
        """Return the nodes that may be between the ends of an edge; None if one is, or if the ranks differ."""
        left, right = edge.tail.index, edge.head.index
        if not self.ranks.surely_equal(left, right):
            return None
        if left in self.reached(right):
            left, right = right, left
        found: set[int] = set()
        for node in self.components[left]:
            if node in {left, right} or self.ranks.equal(left, node) is False:
                continue
            if node in self.reached(left) and right in self.reached(node):
                return None
            if left not in self.reached(node) and node not in self.reached(right):
                found.add(node)
        return found


def _components(graph: Graph) -> dict[int, list[int]]:
    """Return by node the nodes that edges connect with it; `dot` puts other components beside them."""
    import networkx as nx  # noqa: PLC0415 - only graphs with records need it

    network: nx.Graph[int] = nx.Graph((edge.tail.index, edge.head.index) for edge in graph.edges)
    found: dict[int, list[int]] = {}
    for component in nx.connected_components(network):
        some = sorted(component)
        found.update(dict.fromkeys(some, some))
    return found
