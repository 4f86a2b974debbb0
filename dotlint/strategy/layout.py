"""Layout models: what makes a phase's degrees into ranks.

`product` multiplies every axis into one grid. `overlay` lays two grids of one size over the same ranks, a
dense one PP·DP·CP·TP and one of experts PP·EP·ETP·EDP, as training frameworks and inference servers do.
A preset is an overlay with a system's own orders and defaults.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from dotlint.strategy.build_grids import place
from dotlint.strategy.error import StrategyError, did_you_mean, shown
from dotlint.strategy.presets import FLAVOURS, PRESETS, Flavour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.degrees import Degrees
    from dotlint.strategy.placement import Placement

Model = Literal["product", "overlay"]

DENSE_AXES: Final = ("pp", "dp", "ep", "cp", "sp", "tp")
EXPERT_AXES: Final = ("pp", "dp", "ep", "edp", "etp", "cp", "sp", "tp")


class Layout(Struct, frozen=True):
    """A layout model, with the orders of its axes (outermost first) where they are declared.

    Without `order` the GPUs of a stage are known and those of a shard within it are not; likewise
    `expert_order` and expert groups. `sp` None means the model's own flavour.
    """

    model: Model = "product"
    preset: str | None = None
    order: tuple[str, ...] | None = None
    expert_order: tuple[str, ...] | None = None
    sp: Flavour | None = None

    @classmethod
    def named(cls, name: str) -> Layout:
        """Return the model or preset of that name, in any case. StrategyError on another."""
        word = name.strip().lower()
        if word == "product":
            return cls("product")
        if word == "overlay":
            return cls("overlay")
        if word in PRESETS:
            return cls("overlay", word)
        remedy, suggestion = did_you_mean(word, ["product", "overlay", *PRESETS])
        message = f"unknown layout {shown(name)}: {remedy}"
        raise StrategyError(message, text=name, position=0, length=len(name), suggestion=suggestion)

    @property
    def name(self) -> str:
        """As a user would name it."""
        return self.preset or self.model

    @property
    def flavour(self) -> Flavour:
        """The flavour of sequence parallelism that applies."""
        if self.sp is not None:
            return self.sp
        if self.preset is not None:
            return PRESETS[self.preset].sp
        if self.model == "overlay" and "sp" not in (self.order or ()):
            return "megatron"
        return "ulysses"

    def world(self, degrees: Degrees) -> int:
        """How many GPUs a phase of these degrees takes."""
        return self.place(degrees).world

    def place(self, degrees: Degrees) -> Placement:
        """Return the grids of such a phase. StrategyError where a declared order lacks an axis it needs."""
        return _place(self, degrees)


def parse_order(text: str, *, experts: bool = False) -> tuple[str, ...]:
    """Read "pp,tp,sp,ep", outermost first. StrategyError on an unknown or repeated axis."""
    known = EXPERT_AXES if experts else DENSE_AXES
    found: list[str] = []
    for part in text.replace("-", ",").split(","):
        axis = part.strip().lower()
        if axis not in known:
            if not axis:
                raise StrategyError(f"an axis is missing in the order {shown(text)}", text=text)
            remedy, suggestion = did_you_mean(axis, known)
            message = f"unknown axis {shown(axis)} in the order {shown(text)}: {remedy}"
            position = text.lower().find(axis)
            raise StrategyError(message, text=text, position=position, length=len(axis), suggestion=suggestion)
        if axis in found:
            raise StrategyError(f"axis {axis!r} is repeated in the order {shown(text)}", text=text)
        found.append(axis)
    return tuple(found)


def parse_flavour(text: str) -> Flavour:
    """Read a flavour of sequence parallelism. StrategyError with the nearest name on another."""
    for flavour in FLAVOURS:
        if flavour == text.strip().lower():
            return flavour
    remedy, suggestion = did_you_mean(text, FLAVOURS)
    message = f"unknown flavour {shown(text)} of sequence parallelism: {remedy}"
    raise StrategyError(message, text=text, position=0, length=len(text), suggestion=suggestion)


def known_layouts() -> Iterator[Layout]:
    """Every model and preset without further settings, for finding out which one a file follows."""
    yield Layout("product")
    for name in PRESETS:
        yield Layout("overlay", name)


@lru_cache(maxsize=256)
def _place(layout: Layout, degrees: Degrees) -> Placement:
    return place(
        degrees,
        model=layout.model,
        preset=PRESETS[layout.preset] if layout.preset is not None else None,
        order=layout.order,
        expert_order=layout.expert_order,
        flavour=layout.flavour,
    )
