"""The graph as adjacency lists by node name, optionally with planned edges."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from dotlint.graph.model import Graph

Name = TypeVar("Name", int, str)
Pair = tuple[str, str]
_CANDIDATES = 16  # how many nodes are removed in turn


class Cycle(Struct, frozen=True):
    """A strongly connected component and a shortest cycle in it (its first node repeated at the end).

    `hub` is the node whose removal leaves the fewest nodes, `left`, on cycles; None if no removal breaks the cycles
    of at least half of them.
    """

    members: tuple[str, ...]
    path: tuple[str, ...]
    hub: str | None
    left: int


def has_cycle(graph: Graph, *, loops: bool = True) -> bool:
    """Return whether a directed graph has a cycle; an edge from a node to itself is one if `loops` count."""
    outs: dict[int, list[int]] = {node.index: [] for node in graph.nodes.values()}
    for edge in graph.edges:
        if loops or edge.tail is not edge.head:
            outs[edge.tail.index].append(edge.head.index)
    return _is_cyclic(outs)


def _is_cyclic(outs: Mapping[Name, Iterable[Name]]) -> bool:
    """Return whether a topological order leaves nodes over (Kahn 1962).

    Four times as fast as `graphlib`, which looks for the cycle too.
    """
    open_ins = dict.fromkeys(outs, 0)
    for heads in outs.values():
        for head in heads:
            open_ins[head] += 1
    ready = [name for name, count in open_ins.items() if not count]
    done = 0
    while ready:
        done += 1
        for head in outs[ready.pop()]:
            open_ins[head] -= 1
            if not open_ins[head]:
                ready.append(head)
    return done < len(open_ins)


class Wiring:
    """Successors and predecessors of every node; `extra` adds planned edges, also between planned nodes.

    The edges with an index in `without` are left out.
    """

    __slots__ = ("ins", "outs")

    def __init__(self, graph: Graph, extra: Iterable[Pair] = (), *, without: Collection[int] = ()) -> None:
        self.outs: dict[str, list[str]] = {name: [] for name in graph.nodes}
        self.ins: dict[str, list[str]] = {name: [] for name in graph.nodes}
        for edge in graph.edges:
            if edge.index in without:
                continue
            self.outs[edge.tail.name].append(edge.head.name)
            self.ins[edge.head.name].append(edge.tail.name)
        for tail, head in extra:
            self.outs.setdefault(tail, []).append(head)
            self.ins.setdefault(head, []).append(tail)
            self.outs.setdefault(head, [])
            self.ins.setdefault(tail, [])

    def reach(self, starts: Iterable[str], *, within: set[str] | None = None) -> set[str]:
        """Return every node on a path from one of `starts`, including them; `within` restricts the nodes on the path."""
        seen = {start for start in starts if start in self.outs}
        queue = deque(seen)
        while queue:
            for head in self.outs[queue.popleft()]:
                if head not in seen and (within is None or head in within):
                    seen.add(head)
                    queue.append(head)
        return seen

    def cyclic(self) -> bool:
        """Return whether there is a cycle."""
        return _is_cyclic(self.outs)

    def cycles(self) -> list[Cycle]:
        """Return a description of each strongly connected component with a cycle, in document order."""
        if not self.cyclic():
            return []
        order = {name: position for position, name in enumerate(self.outs)}
        found: list[Cycle] = []
        for component in _components(self.outs):
            if not _on_cycle(component, self.outs):
                continue
            members, names = tuple(sorted(component, key=order.__getitem__)), set(component)
            outs = {name: [head for head in dict.fromkeys(self.outs[name]) if head in names] for name in members}
            ins: dict[str, list[str]] = defaultdict(list)
            for tail, heads in outs.items():
                for head in heads:
                    ins[head].append(tail)
            # The busiest nodes lie on the shortest cycles; all of them are tried where they are few.
            busiest = sorted(members, key=lambda n: -min(len(ins[n]), len(outs[n])))[:64]
            best: list[str] = []
            for start in busiest:
                path = _around(outs, ins, start)
                if not best or len(path) < len(best):
                    best = path
                if len(best) <= 3:
                    break
            hub, left = _hub(outs, busiest[:_CANDIDATES]) if len(members) >= len(best) else (None, 0)
            found.append(Cycle(members, tuple(best), hub, left))
        return sorted(found, key=lambda cycle: order[cycle.members[0]])


def _components(outs: Mapping[str, Iterable[str]]) -> Iterator[list[str]]:
    """Yield the strongly connected components (Tarjan 1972), on a stack of its own: graphs are deeper than Python's.

    A quarter of a second faster than networkx, most of which is loading it.
    """
    low: dict[str, int] = {}  # the earliest open node that each is known to reach, by its number
    closed: set[str] = set()
    waiting: list[str] = []
    for root in outs:
        if root in low:
            continue
        low[root] = len(low)
        way = [(root, low[root], len(waiting), iter(outs[root]))]
        waiting.append(root)
        while way:
            name, number, depth, heads = way[-1]
            for head in heads:
                if head not in low:
                    low[head] = len(low)
                    way.append((head, low[head], len(waiting), iter(outs[head])))
                    waiting.append(head)
                    break
                if head not in closed:
                    low[name] = min(low[name], low[head])
            else:
                way.pop()
                if low[name] == number:
                    yield waiting[depth:]
                    closed.update(waiting[depth:])
                    del waiting[depth:]
                elif way:
                    low[way[-1][0]] = min(low[way[-1][0]], low[name])


def _on_cycle(component: list[str], outs: Mapping[str, Iterable[str]]) -> bool:
    return len(component) > 1 or component[0] in outs[component[0]]


def _around(outs: Mapping[str, list[str]], ins: Mapping[str, list[str]], start: str) -> list[str]:
    """Give a shortest way from a node back to itself, by breadth from its end."""
    steps = {start: (0, start)}  # how far each node is from `start`, and where the way goes on
    queue = deque((start,))
    while queue:
        name = queue.popleft()
        for tail in ins[name]:
            if tail not in steps:
                steps[tail] = steps[name][0] + 1, name
                queue.append(tail)
    path = [start, min(outs[start], key=lambda head: steps[head][0])]
    while path[-1] != start:
        path.append(steps[path[-1]][1])
    return path


def _hub(outs: Mapping[str, list[str]], candidates: list[str]) -> tuple[str | None, int]:
    """Find the node without which the fewest nodes lie on cycles, and how many those are."""
    best: tuple[str | None, int] = None, len(outs) // 2
    for name in candidates:
        rest = {tail: [head for head in heads if head != name] for tail, heads in outs.items() if tail != name}
        left = sum(len(component) for component in _components(rest) if _on_cycle(component, rest))
        if left < best[1]:
            best = name, left
        if not left:
            break
    return best
