"""An edge that the patterns of a deployment expect and the graph lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dotlint.deployment.model import Reading
    from dotlint.graph.model import Edge


class MissingEdge(Struct, frozen=True):
    """An edge that siblings have: its ends, its `exemplar`, and how many edges are like that."""

    tail: Reading
    head: Reading
    exemplar: Edge
    support: int = 1

    @property
    def pair(self) -> tuple[str, str]:
        """The names of its ends."""
        return self.tail.name, self.head.name
