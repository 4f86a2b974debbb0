"""Which nodes of two graphs correspond, one to one or as groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.comparison.elements import Element


class Correspondence(Struct):
    """`pairs` maps indexes of the first graph to the second, `back` the reverse; `groups` are alike nodes of both."""

    first: Sequence[Element]
    second: Sequence[Element]
    pairs: dict[int, int] = field(default_factory=dict)
    back: dict[int, int] = field(default_factory=dict)
    groups: list[tuple[list[int], list[int]]] = field(default_factory=list)

    def add(self, one: int, two: int) -> None:
        """Let two nodes correspond."""
        self.pairs[one], self.back[two] = two, one

    def classes(self) -> tuple[list[object], list[object]]:
        """Return for every node what identifies it in both graphs: its pair, its group, or itself alone."""
        before: list[object] = [("before", index) for index in range(len(self.first))]
        after: list[object] = [("after", index) for index in range(len(self.second))]
        for one, two in self.pairs.items():
            before[one] = after[two] = one
        for number, (some, others) in enumerate(self.groups):
            for index in some:
                before[index] = ("group", number)
            for index in others:
                after[index] = ("group", number)
        return before, after
