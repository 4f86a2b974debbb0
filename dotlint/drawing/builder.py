"""Put operators into a section of a drawing, once for each rank that they are drawn for, and join them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from dotlint.drawing.model import Operator, Section, Wire
from dotlint.drawing.wording import LOOKS, TITLES, operator_name, pipeline_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dotlint.drawing.model import Shape, WireLook
    from dotlint.drawing.ranks import Ranks
    from dotlint.drawing.sizes import Sizes

State = list[Operator]
"""The operators that hold the current tensor, one for each rank or for several."""


_GATED: Final = {("route", "dispatch"), ("route", "expert"), ("dispatch", "expert")}


class Builder:
    """Adds the operators of one phase, section by section. `alone` are the axes whose ranks are drawn one by one."""

    def __init__(self, prefix: str, ranks: Ranks, sizes: Sizes, alone: frozenset[str]) -> None:
        self.prefix, self.ranks, self.sizes, self.alone = prefix, ranks, sizes, alone

        self.section = Section("", (), [], [])
        self.stage: int | None = None
        self.layer = ""

    def begin(self, section: Section, stage: int | None) -> None:
        """Let the following operators belong to a section and to a 0-based stage."""
        self.section, self.stage, self.layer = section, stage, ""

    def put(
        self,
        what: str,
        after: Iterable[Operator],
        takes: Shape | None,
        gives: Shape | None,
        *,
        over: Sequence[str] = (),
        notes: Sequence[str] = (),
        title: Callable[[Mapping[str, int]], str] | None = None,
    ) -> State:
        """Add an operator for each rank along the axes `over` that are drawn one by one, fed by `after`."""
        axes = [axis for axis in over if axis in self.alone and self.ranks.length(axis) > 1]
        tails = list(after)
        made: State = []
        for numbers in product(*(range(self.ranks.length(axis)) for axis in axes)):
            at = dict(zip(axes, numbers, strict=True))
            operator = Operator(
                operator_name(self.prefix, self.section.name, self.layer, what, at),
                what,
                (title(at) if title else TITLES[what], *notes),
                LOOKS.get(what, "computation"),
                at,
                self.stage,
                None if self.stage is None else self.ranks.gpus(self.stage, at),
                takes,
                gives,
            )
            self.section.operators.append(operator)
            made.append(operator)
            self.join(tails, operator)
        return made

    def join(self, tails: Iterable[Operator], head: Operator, look: WireLook = "solid") -> None:
        """Join operators to `head` where they hold the same ranks."""
        for tail in tails:
            if not _meet(tail.at, head.at):
                continue
            if tail.stage is not None and head.stage is not None and tail.stage != head.stage:
                self.section.wires.append(Wire(tail, head, "pipeline", pipeline_lines(tail.stage, head.stage)))
            else:
                gated = (tail.what, head.what) in _GATED
                self.section.wires.append(Wire(tail, head, "gate" if gated else look))


def _meet(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    return all(one[axis] == other[axis] for axis in one.keys() & other.keys())
