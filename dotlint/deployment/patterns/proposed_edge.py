"""An edge that a pattern proposes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dotlint.deployment.patterns.families import Pair


class ProposedEdge(Struct, frozen=True, gc=False):
    """An edge by the indexes of its nodes, the exemplar it was learned from, and how many edges are like that."""

    tail: int
    head: int
    exemplar: Pair
    support: int
