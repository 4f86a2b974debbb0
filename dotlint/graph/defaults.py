"""Attribute defaults: a chain that grows where statements set them, and is worked out where somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec import Struct

if TYPE_CHECKING:
    from dotlint.graph.model import Graph, Subgraph
    from dotlint.syntax.statements import AttributedStatement


class Layer(Struct, eq=False):
    """One statement that sets defaults in a block, on top of those that the same block set `before`."""

    statement: AttributedStatement
    before: Layer | None


class Defaults(Struct, eq=False):
    """The defaults that hold at one place of the text.

    Those of the block (`local`) over those of the blocks around it.
    """

    scope: Graph | Subgraph
    local: Layer | None
    outer: Defaults | None
    resolved: dict[str, str] | None = None

    def values(self) -> dict[str, str]:
        """Return name -> value, inner over outer and later over earlier.

        The caller must not change the dict.
        """
        if self.resolved is None:
            # From the outermost that is not known yet inwards, each kept, so that deep nesting is walked once.
            chain: list[Defaults] = []
            walk: Defaults | None = self
            while walk is not None and walk.resolved is None:
                chain.append(walk)
                walk = walk.outer
            known: dict[str, str] = {} if walk is None or walk.resolved is None else walk.resolved
            for defaults in reversed(chain):
                known = defaults.laid_over(known)
                defaults.resolved = known
        return cast("dict[str, str]", self.resolved)

    def laid_over(self, outer: dict[str, str]) -> dict[str, str]:
        """Lay the block's own statements over what holds around it; the same dict where it has none."""
        layers: list[Layer] = []
        layer = self.local
        while layer is not None:
            layers.append(layer)
            layer = layer.before
        if not layers:
            return outer
        found = dict(outer)
        for one in reversed(layers):
            found.update(one.statement.values())
        return found
