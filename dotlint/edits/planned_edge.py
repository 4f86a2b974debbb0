"""Planned edges, and the existing edges of a graph grouped by family."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.graph.model import Edge, Node

EdgeFamily = tuple[str, str]
Numbers = tuple[int, ...]
Pair = tuple[str, str]


class PlannedEdge(Struct, frozen=True):
    """An edge to be written, with the existing edge that shows its style and position.

    `alike` is true if both belong to one family; then the exemplar's ports are copied too.
    """

    tail: Reading
    head: Reading
    exemplar: Edge
    attributes: str
    alike: bool = True

    @property
    def pair(self) -> Pair:
        """Return the names of its ends."""
        return self.tail.name, self.head.name

    @property
    def numbers(self) -> tuple[int, ...]:
        """Return the numbers in the names of its ends."""
        return *self.tail.evidence.name.numbers, *self.head.evidence.name.numbers

    @property
    def readings(self) -> tuple[Reading, Reading]:
        """Return the readings of its ends."""
        return self.tail, self.head


class EdgeFamilies:
    """The edges of a graph by the families of their ends, each family sorted by numbers."""

    def __init__(self, deployment: Deployment) -> None:
        self._readings = deployment.readings
        self._edges: dict[EdgeFamily, list[tuple[Numbers, Edge]]] = defaultdict(list)
        for edge in deployment.graph.edges:
            self._edges[self.of(edge)].append((self.numbers(edge), edge))
        for found in self._edges.values():
            found.sort(key=lambda one: (one[0], one[1].index))
        self._rows: dict[tuple[EdgeFamily, Numbers], dict[Numbers, list[tuple[Numbers, Edge]]]] = {}

    def of(self, edge: Edge) -> EdgeFamily:
        """Return the family of an edge: those of its tail and head."""
        return self._of(edge.tail, edge.head)

    def of_planned(self, one: PlannedEdge) -> EdgeFamily:
        """Return the family of a planned edge."""
        return self._of(one.tail.node, one.head.node)

    def numbers(self, edge: Edge) -> Numbers:
        """Return the numbers in the names of an edge's ends."""
        readings = self._readings
        return *readings[edge.tail.index].evidence.name.numbers, *readings[edge.head.index].evidence.name.numbers

    def beside(self, family: EdgeFamily, numbers: Numbers) -> tuple[Edge | None, Edge | None]:
        """Return the last edge below these numbers and the first edge at or above them."""
        return self.in_row(family, numbers, ())

    def in_row(self, family: EdgeFamily, numbers: Numbers, fixed: Numbers) -> tuple[Edge | None, Edge | None]:
        """Do as `beside`, but only among edges whose numbers at the indices `fixed` are the same."""
        if (family, fixed) not in self._rows:
            rows: dict[Numbers, list[tuple[Numbers, Edge]]] = defaultdict(list)
            for own, edge in self._edges.get(family, []):
                rows[tuple(own[index] for index in fixed)].append((own, edge))
            self._rows[family, fixed] = rows
        found = self._rows[family, fixed].get(tuple(numbers[index] for index in fixed), [])
        at = bisect_left(found, numbers, key=lambda item: item[0])
        return found[at - 1][1] if at else None, found[at][1] if at < len(found) else None

    def _of(self, tail: Node, head: Node) -> EdgeFamily:
        readings = self._readings
        return readings[tail.index].evidence.name.family, readings[head.index].evidence.name.family
