"""What a node inherits from the clusters around it, which may be nested a thousand deep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from dotlint.deployment.numberings.axes import ancestors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dotlint.graph.model import Subgraph

Found = TypeVar("Found")


class Inherited(Generic[Found]):
    """A value that the innermost cluster around a node states; None if none does."""

    def __init__(self, stated: Callable[[Subgraph], Found | None]) -> None:
        self._stated = stated
        self._known: dict[int, Found | None] = {}

    def of(self, subgraphs: Iterable[Subgraph]) -> Found | None:
        """Return the value for a node in these subgraphs."""
        return next((found for one in subgraphs if (found := self._innermost(one)) is not None), None)

    def _innermost(self, subgraph: Subgraph) -> Found | None:
        passed: list[int] = []
        found: Found | None = None
        for one in ancestors([subgraph]):
            known = id(one) in self._known
            found = self._known[id(one)] if known else self._stated(one)
            if known or found is not None:
                self._known[id(one)] = found
                break
            passed.append(id(one))
        self._known.update(dict.fromkeys(passed, found))
        return found
