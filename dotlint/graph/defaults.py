"""Attribute defaults: linked lists that statements extend, resolved to values at first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, cast

from msgspec import Struct

from dotlint.graph.attributes import overridden
from dotlint.syntax.statements import DefaultsStatement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.syntax.statements import AttributedStatement


Scope = TypeVar("Scope")  # a graph or a subgraph
_NONE: dict[str, str] = {}


class DefaultsLayer(Struct, eq=False):
    """One statement that sets defaults in a block, on top of those that the same block set `before`.

    `own` are the values of the block up to here, `whole` those with the values around its only opening.
    """

    statement: AttributedStatement
    before: DefaultsLayer | None
    own: Mapping[str, str] | None = None
    whole: Mapping[str, str] | None = None

    def values(self) -> Mapping[str, str]:
        """Return name to value as this block sets them."""
        return self._values("own", _NONE)

    def over(self, outer: Mapping[str, str]) -> Mapping[str, str]:
        """Return the values around a block that is opened once, overridden by those of the block."""
        return self._values("whole", outer)

    def _values(self, kept: str, outer: Mapping[str, str]) -> Mapping[str, str]:
        # From the first statement whose values are not known yet, each kept, so that a long list is walked once.
        layers: list[DefaultsLayer] = []
        layer: DefaultsLayer | None = self
        while layer is not None and getattr(layer, kept) is None:
            layers.append(layer)
            layer = layer.before
        known: Mapping[str, str] = outer if layer is None else getattr(layer, kept)
        for one in reversed(layers):
            known = overridden(known, _set_by(one.statement))
            setattr(one, kept, known)
        return known


def _set_by(statement: AttributedStatement) -> dict[str, str]:
    """Return the values of a statement; the `key` of edges is no attribute."""
    found = statement.values()
    if "key" in found and isinstance(statement, DefaultsStatement) and statement.target == "edge":
        del found["key"]
    return found


class Defaults(Struct, Generic[Scope], eq=False):
    """The defaults in effect at one position of the text.

    Those of the block (`local`) override those of the blocks around it (`outer`).
    """

    scope: Scope
    local: DefaultsLayer | None
    outer: Defaults[Scope] | None
    resolved: Mapping[str, str] | None = None

    def values(self) -> Mapping[str, str]:
        """Return name to value; inner overrides outer, and later overrides earlier."""
        if self.resolved is None:
            # From the outermost that is not known yet inwards, each kept, so that deep nesting is walked once.
            chain: list[Defaults[Scope]] = []
            walk: Defaults[Scope] | None = self
            while walk is not None and walk.resolved is None:
                chain.append(walk)
                walk = walk.outer
            known: Mapping[str, str] = _NONE if walk is None or walk.resolved is None else walk.resolved
            for defaults in reversed(chain):
                known = defaults.resolved = defaults.applied_over(known)
        return cast("Mapping[str, str]", self.resolved)

    def applied_over(self, outer: Mapping[str, str]) -> Mapping[str, str]:
        """Return `outer` overridden by the statements of the block; the same mapping if there are none."""
        if self.local is None:
            return outer
        if not outer or len(getattr(self.scope, "statements", ())) > 1:  # another opening has others around it
            return overridden(outer, self.local.values())
        return self.local.over(outer)
