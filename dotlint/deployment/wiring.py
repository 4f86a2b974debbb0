"""Who feeds whom, also with edges that are only proposed: the graph as adjacency by node name."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    import networkx as nx

    from dotlint.graph.model import Graph

Pair = tuple[str, str]
_CANDIDATES = 16  # nodes of which each is taken away in turn


class Cycle(Struct, frozen=True):
    """A strongly connected component and a shortest cycle in it (its first node repeated at the end).

    `hub` is the node without which the fewest of the others, `left`, lie on cycles; None where no node of the busiest
    takes half of them with it.
    """

    members: tuple[str, ...]
    path: tuple[str, ...]
    hub: str | None
    left: int


def has_cycle(graph: Graph, *, loops: bool = True) -> bool:
    """Return whether a directed graph has a cycle: whether a topological order leaves nodes over (Kahn 1962).

    An edge from a node to itself is one where `loops` count.
    """
    open_ins = [0] * len(graph.nodes)
    for edge in graph.edges:
        if loops or edge.tail is not edge.head:
            open_ins[edge.head.index] += 1
    ready = [node for node, count in zip(graph.nodes.values(), open_ins, strict=True) if not count]
    done = 0
    while ready:
        done += 1
        for edge in graph.successors(ready.pop()):
            head = edge.head
            if loops or edge.tail is not head:
                open_ins[head.index] -= 1
                if not open_ins[head.index]:
                    ready.append(head)
    return done < len(open_ins)


class Wiring:
    """Successors and predecessors of every node; `extra` edges, also between nodes yet to be written, may be added."""

    __slots__ = ("ins", "outs")

    def __init__(self, graph: Graph, extra: Iterable[Pair] = ()) -> None:
        self.outs: dict[str, list[str]] = {name: [] for name in graph.nodes}
        self.ins: dict[str, list[str]] = {name: [] for name in graph.nodes}
        for edge in graph.edges:
            self.outs[edge.tail.name].append(edge.head.name)
            self.ins[edge.head.name].append(edge.tail.name)
        for tail, head in extra:
            self.outs.setdefault(tail, []).append(head)
            self.ins.setdefault(head, []).append(tail)
            self.outs.setdefault(head, [])
            self.ins.setdefault(tail, [])

    def reach(self, starts: Iterable[str], *, within: set[str] | None = None) -> set[str]:
        """Every node that a path from one of `starts` reaches, they included; `within` limits the nodes passed."""
        seen = {start for start in starts if start in self.outs}
        queue = deque(seen)
        while queue:
            for head in self.outs[queue.popleft()]:
                if head not in seen and (within is None or head in within):
                    seen.add(head)
                    queue.append(head)
        return seen

    def cyclic(self) -> bool:
        """Return whether there is a cycle: whether a topological order leaves nodes over (Kahn 1962)."""
        open_ins = {name: len(tails) for name, tails in self.ins.items()}
        ready = [name for name, count in open_ins.items() if not count]
        done = 0
        while ready:
            done += 1
            for head in self.outs[ready.pop()]:
                open_ins[head] -= 1
                if not open_ins[head]:
                    ready.append(head)
        return done < len(open_ins)

    def cycles(self) -> list[Cycle]:
        """Describe each strongly connected component that has a cycle, in the order of the file."""
        if not self.cyclic():
            return []
        import networkx as nx  # noqa: PLC0415 - a file without a cycle does not pay for it

        order = {name: place for place, name in enumerate(self.outs)}
        whole: nx.DiGraph[str] = nx.DiGraph((tail, head) for tail, heads in self.outs.items() for head in heads)
        found: list[Cycle] = []
        for members in nx.strongly_connected_components(whole):
            if len(members) == 1 and not whole.has_edge(*(2 * list(members))):
                continue
            inside = whole.subgraph(members).copy()
            # The busiest nodes lie on the shortest cycles; all of them are tried where they are few.
            busiest = sorted(members, key=lambda n: (-min(inside.in_degree(n), inside.out_degree(n)), order[n]))[:64]
            best: list[str] = []
            for start in busiest:
                path = _around(inside, start)
                if not best or len(path) < len(best):
                    best = path
                if len(best) <= 3:
                    break
            hub, left = _hub(inside, busiest[:_CANDIDATES]) if len(members) >= len(best) else (None, 0)
            found.append(Cycle(tuple(sorted(members, key=order.__getitem__)), tuple(best), hub, left))
        return sorted(found, key=lambda cycle: order[cycle.members[0]])


def _around(inside: nx.DiGraph[str], start: str) -> list[str]:
    """Return a shortest way from a node back to itself, by breadth from its end."""
    steps = {start: (0, start)}  # how far each node is from `start`, and where the way goes on
    queue = deque((start,))
    while queue:
        name = queue.popleft()
        for tail in inside.predecessors(name):
            if tail not in steps:
                steps[tail] = steps[name][0] + 1, name
                queue.append(tail)
    path = [start, min(inside.successors(start), key=lambda head: steps[head][0])]
    while path[-1] != start:
        path.append(steps[path[-1]][1])
    return path


def _hub(inside: nx.DiGraph[str], candidates: list[str]) -> tuple[str | None, int]:
    """Find the node without which the fewest nodes lie on cycles, and how many those are."""
    import networkx as nx  # noqa: PLC0415 - a file without a cycle does not pay for it

    best: tuple[str | None, int] = None, inside.number_of_nodes() // 2
    for name in candidates:
        rest = inside.subgraph(other for other in inside if other != name).copy()
        loops = set(nx.nodes_with_selfloops(rest))
        parts = nx.strongly_connected_components(rest)
        left = sum(len(part) for part in parts if len(part) > 1 or part & loops)
        if left < best[1]:
            best = name, left
        if not left:
            break
    return best
