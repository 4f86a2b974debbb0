"""Missing edges, and the families of the edges that a graph has."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.graph.model import Edge, Node

Family = tuple[str, str]
Numbers = tuple[int, ...]
Pair = tuple[str, str]


class PlannedEdge(Struct, frozen=True):
    """An edge to be written, and the edge that it is written after the manner of.

    `alike` says that it is one of the exemplar's kind: then it takes over its ports.
    """

    tail: Reading
    head: Reading
    exemplar: Edge
    attributes: str
    alike: bool = True

    @property
    def pair(self) -> Pair:
        """The names of its ends."""
        return self.tail.name, self.head.name

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers in the names of its ends."""
        return *self.tail.evidence.name.numbers, *self.head.evidence.name.numbers

    @property
    def readings(self) -> tuple[Reading, Reading]:
        """What is read of its ends."""
        return self.tail, self.head


class Families:
    """The edges of a graph by the families of their ends' names, each in the order of its numbers."""

    def __init__(self, deployment: Deployment) -> None:
        self._readings = deployment.readings
        self._edges: dict[Family, list[tuple[Numbers, Edge]]] = defaultdict(list)
        for edge in deployment.graph.edges:
            self._edges[self.of(edge)].append((self.numbers(edge), edge))
        for found in self._edges.values():
            found.sort(key=lambda one: (one[0], one[1].index))
        self._rows: dict[tuple[Family, Numbers], dict[Numbers, list[tuple[Numbers, Edge]]]] = {}

    def of(self, edge: Edge) -> Family:
        """Give the family of an edge."""
        return self._of(edge.tail, edge.head)

    def of_planned(self, one: PlannedEdge) -> Family:
        """Give the family that a missing edge will be of."""
        return self._of(one.tail.node, one.head.node)

    def numbers(self, edge: Edge) -> Numbers:
        """Give the numbers in the names of an edge's ends."""
        readings = self._readings
        return *readings[edge.tail.index].evidence.name.numbers, *readings[edge.head.index].evidence.name.numbers

    def beside(self, family: Family, numbers: Numbers) -> tuple[Edge | None, Edge | None]:
        """Give the edges before and after (or at) the place of these numbers."""
        return self.in_row(family, numbers, ())

    def in_row(self, family: Family, numbers: Numbers, fixed: Numbers) -> tuple[Edge | None, Edge | None]:
        """As `beside`, among the edges alone that have the same numbers at the places `fixed`."""
        if (family, fixed) not in self._rows:
            rows: dict[Numbers, list[tuple[Numbers, Edge]]] = defaultdict(list)
            for own, edge in self._edges.get(family, []):
                rows[tuple(own[place] for place in fixed)].append((own, edge))
            self._rows[family, fixed] = rows
        found = self._rows[family, fixed].get(tuple(numbers[place] for place in fixed), [])
        at = bisect_left(found, numbers, key=lambda item: item[0])
        return found[at - 1][1] if at else None, found[at][1] if at < len(found) else None

    def _of(self, tail: Node, head: Node) -> Family:
        readings = self._readings
        return readings[tail.index].evidence.name.family, readings[head.index].evidence.name.family
