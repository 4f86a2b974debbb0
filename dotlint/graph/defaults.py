"""Attribute defaults: a chain that grows where statements set them, and is worked out where somebody asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from dotlint.graph.model import Graph, Subgraph
    from dotlint.syntax.statements import AttributedStatement


@dataclass(slots=True, eq=False)
class Layer:
    """One statement that sets defaults in a block, on top of those that the same block set `before`."""

    statement: AttributedStatement
    before: Layer | None


@dataclass(slots=True, eq=False)
class Defaults:
    """The defaults that hold at one place of the text.

    Those of the block (`local`) over those of the blocks around it.
    """

    scope: Graph | Subgraph
    local: Layer | None
    outer: Defaults | None
    resolved: dict[str, str] | None = None

    def values(self) -> dict[str, str]:
        """Give name -> value, inner over outer and later over earlier.

        The caller must not change the dict.
        """
        if self.resolved is None:
            found: dict[str, str] = {}
            walk: Defaults | None = self
            layers: list[Layer] = []
            while walk is not None:
                if walk.resolved is not None:
                    found = dict(walk.resolved)
                    break
                layer = walk.local
                while layer is not None:
                    layers.append(layer)
                    layer = layer.before
                walk = walk.outer
            if not layers and walk is not None:
                self.resolved = walk.resolved
            else:
                for layer in reversed(layers):
                    found.update(layer.statement.values())
                self.resolved = found
        return cast("dict[str, str]", self.resolved)
