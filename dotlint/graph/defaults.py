"""Attribute defaults: linked lists that statements extend, resolved to values at first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, cast

from msgspec import Struct

if TYPE_CHECKING:
    from dotlint.syntax.statements import AttributedStatement


Scope = TypeVar("Scope")  # a graph or a subgraph


class DefaultsLayer(Struct, eq=False):
    """One statement that sets defaults in a block, on top of those that the same block set `before`."""

    statement: AttributedStatement
    before: DefaultsLayer | None


class Defaults(Struct, Generic[Scope], eq=False):
    """The defaults in effect at one position of the text.

    Those of the block (`local`) override those of the blocks around it (`outer`).
    """

    scope: Scope
    local: DefaultsLayer | None
    outer: Defaults[Scope] | None
    resolved: dict[str, str] | None = None

    def values(self) -> dict[str, str]:
        """Return name to value; inner overrides outer, and later overrides earlier.

        The caller must not change the dict.
        """
        if self.resolved is None:
            # From the outermost that is not known yet inwards, each kept, so that deep nesting is walked once.
            chain: list[Defaults[Scope]] = []
            walk: Defaults[Scope] | None = self
            while walk is not None and walk.resolved is None:
                chain.append(walk)
                walk = walk.outer
            known: dict[str, str] = {} if walk is None or walk.resolved is None else walk.resolved
            for defaults in reversed(chain):
                known = defaults.applied_over(known)
                defaults.resolved = known
        return cast("dict[str, str]", self.resolved)

    def applied_over(self, outer: dict[str, str]) -> dict[str, str]:
        """Return `outer` overridden by the statements of the block; the same dict if there are none."""
        layers: list[DefaultsLayer] = []
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
