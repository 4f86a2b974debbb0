"""The ranks that `dot` gives to nodes: those with the least total length of edges (lib/dotgen/rank.c).

Often several rankings have the same length. A `Ranks` therefore knows bounds of the differences between ranks, which
all of them keep. Each cluster is ranked first, by itself, and moves as a whole afterward.
"""

from __future__ import annotations

from collections import defaultdict, deque
from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING

from dotlint.data.values import is_true

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dotlint.graph.model import Edge, Graph, Node, Subgraph

RANKS = frozenset({"same", "min", "source", "max", "sink"})
MOST_EDGES = 2000  # of a graph that is ranked, because the solver is slow on larger ones
_BACK = 10  # what it costs to draw an edge between clusters backward, CL_BACK in Graphviz

Arc = tuple[int, int, int, int]  # from, to, least length, weight
Bounds = dict[int, list[tuple[int, int]]]  # by node: another node, and how much higher its rank is at least


def is_rank_set(subgraph: Subgraph) -> bool:
    """Return whether `dot` gives the nodes of a subgraph one rank."""
    return not subgraph.is_cluster and subgraph.attributes.get("rank") in RANKS


class Ranks:
    """Bounds of the differences between the ranks of nodes, by index."""

    def __init__(self, bounds: Bounds) -> None:
        self.one = _longest_paths(bounds, bounds)  # one of the rankings that keep all bounds
        self.back: Bounds = defaultdict(list)
        for tail, some in bounds.items():
            for head, length in some:
                self.back[head].append((tail, length))
        self.bounds = bounds
        self._known: dict[int, tuple[dict[int, int], dict[int, int]]] = {}

    def equal(self, one: int, other: int) -> bool | None:
        """Return whether two nodes are on one rank; None if that is not certain."""
        if one not in self._known:
            self._known[one] = self._slack(self.bounds, one, 1), self._slack(self.back, one, -1)
        higher = self.one.get(other, 0) - self.one.get(one, 0)
        after, before = (slack.get(other) for slack in self._known[one])
        low = None if after is None else higher - after
        high = None if before is None else higher + before
        if low == high == 0:
            return True
        return False if (low or 0) > 0 or (high or 0) < 0 else None

    def surely_equal(self, one: int, other: int) -> bool:
        """Return whether two nodes are on one rank for certain."""
        return self.one.get(one, 0) == self.one.get(other, 0) and self.equal(one, other) is True

    def _slack(self, bounds: Bounds, start: int, sign: int) -> dict[int, int]:
        """Return how much each node can move toward another one (Dijkstra's algorithm)."""
        found: dict[int, int] = {}
        waiting = [(0, start)]
        while waiting:
            slack, node = heappop(waiting)
            if node in found:
                continue
            found[node] = slack
            for other, length in bounds.get(node, ()):
                if other not in found:
                    heappush(waiting, (slack + sign * (self.one[other] - self.one[node]) - length, other))
        return found


def ranks_of(graph: Graph) -> Ranks | None:
    """Return the ranks of the nodes of a graph; None if it is too large, or if no ranking is found."""
    if len(graph.edges) > MOST_EDGES or len(graph.nodes) > MOST_EDGES or graph.expansion_limited:
        return None
    bounds = _Level(graph, newrank=is_true(graph.attributes.get("newrank", ""))).solve()
    return Ranks(bounds) if bounds is not None else None


class _Level:
    """The nodes of a graph or cluster; those of a cluster in it move together (`clusters`, by node)."""

    def __init__(self, scope: Graph | Subgraph, *, newrank: bool) -> None:
        self.scope = scope
        self.newrank = newrank
        self.nodes = list(scope.nodes.values())
        self.sets: list[tuple[str, list[Node]]] = []
        self.clusters: dict[int, int] = {}
        self.inner: list[Subgraph] = []

    def solve(self) -> Bounds | None:
        """Return the bounds of all optimal rankings."""
        self._collect(self.scope.children)
        arcs: list[Arc] = []
        for cluster in self.inner:
            inside = _Level(cluster, newrank=False)
            inside.nodes = [node for node in inside.nodes if self.clusters.get(node.index) == cluster.index]
            bounds = inside.solve()
            if bounds is None:
                return None
            arcs += ((tail, head, length, 0) for tail, some in bounds.items() for head, length in some)
            for one, other in pairwise(_tops([node.index for node in inside.nodes], bounds)):
                arcs += ((one, other, 0, 0), (other, one, 0, 0))
        arcs += self._set_arcs()
        arcs += self._edge_arcs()
        return _optimum({node.index for node in self.nodes}, arcs)

    def _collect(self, children: Sequence[Subgraph]) -> None:
        for child in children:
            rank = child.attributes.get("rank", "")
            if child.is_cluster and not self.newrank:
                self.inner.append(child)
            elif not child.is_cluster and rank in RANKS:
                self.sets.append((rank, list(child.nodes.values())))
            else:
                self._collect(child.children)
        taken = {node.index for _, some in self.sets for node in some}
        for cluster in self.inner:
            for node in cluster.nodes.values():
                if node.index not in taken:
                    self.clusters.setdefault(node.index, cluster.index)

    def _set_arcs(self) -> Iterator[Arc]:
        for rank, some in self.sets:
            for one, other in pairwise(some):
                yield one.index, other.index, 0, 0
                yield other.index, one.index, 0, 0
            apart = 1 if rank in {"source", "sink"} else 0
            within = {node.index for node in some}
            for node in self.nodes if some and rank != "same" else ():
                ends = (some[0].index, node.index)
                if node.index not in within:
                    yield *(ends if rank in {"min", "source"} else ends[::-1]), apart, 0

    def _edge_arcs(self) -> Iterator[Arc]:
        """Yield the arcs of the edges that count; one that would close a cycle is turned around, as `dot` does."""
        joined = _joined(self.sets)
        inside = {node.index for node in self.nodes}
        out: dict[int, list[Edge]] = defaultdict(list)
        for node in self.nodes:
            tail = node.index
            for edge in node.out_edges:
                head = edge.head.index
                ends = self.clusters.get(tail), self.clusters.get(head)
                if head not in inside or joined(tail) == joined(head) or not counts(edge):
                    continue
                if ends == (None, None):
                    out[joined(tail)].append(edge)
                elif ends[0] != ends[1]:
                    # An edge between clusters may lead back, at a cost: it has a node of its own, before both ends.
                    own = -1 - edge.index
                    yield own, tail, 0, _BACK * number(edge, "weight")
                    yield own, head, number(edge, "minlen"), number(edge, "weight")
        for edge, back in depth_first([joined(node.index) for node in self.nodes], out, joined):
            first, last = (edge.head, edge.tail) if back else (edge.tail, edge.head)
            yield first.index, last.index, number(edge, "minlen"), number(edge, "weight")


def counts(edge: Edge) -> bool:
    """Return whether the ranks of its ends depend on an edge."""
    constraint = edge.attributes.get("constraint", "")
    return not constraint or is_true(constraint)


def number(edge: Edge, name: str) -> int:
    """Return the `minlen` or `weight` of an edge as `dot` reads it."""
    try:
        return max(0, int(float(edge.attributes.get(name, ""))))
    except (ValueError, OverflowError):
        return 1


def _joined(sets: Sequence[tuple[str, list[Node]]]) -> Callable[[int], int]:
    """Return the function from a node to one node that stands for all that share its rank sets."""
    known: dict[int, int] = {}

    def find(one: int) -> int:
        while one in known:
            one = known[one]
        return one

    for _, some in sets:
        for node in some[1:]:
            if (one := find(some[0].index)) != (other := find(node.index)):
                known[other] = one
    return find


def depth_first(
    starts: Sequence[int], out: Mapping[int, Sequence[Edge]], joined: Callable[[int], int] = int
) -> Iterator[tuple[Edge, bool]]:
    """Yield every edge, and whether it leads back to a node on the path to it."""
    done: set[int] = set()
    for start in starts:
        if start in done:
            continue
        path = {start}
        stack = [(start, iter(out.get(start, ())))]
        done.add(start)
        while stack:
            node, left = stack[-1]
            edge = next(left, None)
            if edge is None:
                path.discard(node)
                stack.pop()
                continue
            head = joined(edge.head.index)
            yield edge, head in path
            if head not in done:
                done.add(head)
                path.add(head)
                stack.append((head, iter(out.get(head, ()))))


def _optimum(nodes: set[int], arcs: Sequence[Arc]) -> Bounds | None:
    """Return the bounds that every solution of least total length keeps: lengths, and arcs that are as short as that.

    The dual of the linear program is a flow of least cost; an arc with a flow has its least length in every solution.
    """
    import networkx as nx  # noqa: PLC0415 - only graphs with records are ranked

    network: nx.DiGraph[int] = nx.DiGraph()
    network.add_nodes_from(nodes, demand=0)
    for tail, head, length, weight in arcs:
        if network.has_edge(tail, head):
            length = max(length, -network[tail][head]["weight"])  # noqa: PLW2901 - parallel arcs are one
        network.add_edge(tail, head, weight=-length)
        for node, demand in ((tail, -weight), (head, weight)):
            network.nodes[node]["demand"] = network.nodes[node].get("demand", 0) + demand
    try:
        _, flow = nx.network_simplex(network)
    except nx.NetworkXException:
        return None
    bounds: Bounds = defaultdict(list)
    for tail, head in network.edges:
        length = -network[tail][head]["weight"]
        bounds[tail].append((head, length))
        if flow[tail][head]:
            bounds[head].append((tail, -length))
    return bounds


def _longest_paths(bounds: Bounds, starts: Iterable[int]) -> dict[int, int]:
    found = dict.fromkeys(starts, 0)
    waiting = deque(found)
    while waiting:
        node = waiting.popleft()
        for other, length in bounds.get(node, ()):
            if found[node] + length > found.get(other, -1 << 60):
                found[other] = found[node] + length
                waiting.append(other)
    return found


def _tops(nodes: Sequence[int], bounds: Bounds) -> Iterator[int]:
    """Yield a node of the first rank of each component, if it is certain: they start on one rank."""
    import networkx as nx  # noqa: PLC0415 - only graphs with records are ranked

    network: nx.Graph[int] = nx.Graph((tail, head) for tail, some in bounds.items() for head, _ in some)
    network.add_nodes_from(nodes)
    for component in nx.connected_components(network):
        for node in sorted(component & set(nodes)):
            lengths = _longest_paths(bounds, [node])
            if lengths.keys() >= component and min(lengths[one] for one in component & set(nodes)) >= 0:
                yield node
                break
