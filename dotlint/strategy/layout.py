"""Layout models: how the degrees of a phase map to ranks.

`product` multiplies every axis into one grid. `overlay` lays two grids of the same size over the same ranks, a dense
one PP·DP·CP·TP and an expert grid PP·EP·ETP·EDP, as training frameworks and inference servers do. A preset is an
overlay with the orders and defaults of a system.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from dotlint.strategy.build_grids import build_placement
from dotlint.strategy.error import StrategyError, did_you_mean, quoted
from dotlint.strategy.presets import FLAVORS, PRESETS, Flavor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.degrees import Degrees
    from dotlint.strategy.placement import Placement

Model = Literal["product", "overlay"]

DENSE_AXES: Final = ("pp", "dp", "ep", "cp", "sp", "tp")
EXPERT_AXES: Final = ("pp", "dp", "ep", "edp", "etp", "cp", "sp", "tp")


class Layout(Struct, frozen=True, repr_omit_defaults=True):
    """A layout model, with the orders of its axes (outermost first) if they are declared.

    Without `order`, the GPUs of a stage are determined but those of a shard within it are not; likewise
    `expert_order` and expert groups. If `sp` is None, the flavor of sequence parallelism is that of the model or
    preset.
    """

    model: Model = "product"
    preset: str | None = None
    order: tuple[str, ...] | None = None
    expert_order: tuple[str, ...] | None = None
    sp: Flavor | None = None

    @classmethod
    def named(cls, name: str) -> Layout:
        """Return the layout model or preset of that name, ignoring case. Raises `StrategyError` if unknown."""
        word = name.strip().lower()
        if word == "product":
            return cls("product")
        if word == "overlay":
            return cls("overlay")
        if word in PRESETS:
            return cls("overlay", word)
        remedy, suggestion = did_you_mean(word, ["product", "overlay", *PRESETS])
        message = f"unknown layout {quoted(name)}: {remedy}"
        raise StrategyError(message, text=name, position=0, length=len(name), suggestion=suggestion)

    @property
    def name(self) -> str:
        """The name of the preset or model."""
        return self.preset or self.model

    @property
    def flavor(self) -> Flavor:
        """The flavor of sequence parallelism that applies."""
        if self.sp is not None:
            return self.sp
        if self.preset is not None:
            return PRESETS[self.preset].sp
        if self.model == "overlay" and "sp" not in (self.order or ()):
            return "megatron"
        return "ulysses"

    @property
    def attention_dp(self) -> bool:
        """Whether DP is that of attention and shares the ranks of TP, as in TensorRT-LLM."""
        return self.preset is not None and PRESETS[self.preset].attention_dp

    def world(self, degrees: Degrees) -> int:
        """Return how many GPUs a phase of these degrees needs."""
        return self.placement(degrees).world

    def completed(self, degrees: Degrees) -> Degrees:
        """Return the degrees with the EP that follows from ETP, where an engine needs only one of them."""
        preset = PRESETS.get(self.preset or "")
        if preset is None or preset.etp != "rest" or "etp" not in degrees.named or "ep" in degrees.named:
            return degrees
        ranks = self.placement(degrees).stage_size // (degrees.cp if "cp" in (preset.expert_order or ()) else 1)
        return degrees if ranks % degrees.etp else degrees.with_axis("ep", ranks // degrees.etp)

    def placement(self, degrees: Degrees) -> Placement:
        """Return the grids of such a phase. Raises `StrategyError` if a declared order lacks a needed axis."""
        return _placement(self, degrees)


def parse_order(text: str, *, experts: bool = False) -> tuple[str, ...]:
    """Parse "pp,tp,sp,ep", outermost first. Raises `StrategyError` on an unknown or repeated axis."""
    known = EXPERT_AXES if experts else DENSE_AXES
    found: list[str] = []
    for part in text.replace("-", ",").split(","):
        axis = part.strip().lower()
        if axis not in known:
            if not axis:
                raise StrategyError(f"an axis is missing in the order {quoted(text)}", text=text)
            remedy, suggestion = did_you_mean(axis, known)
            message = f"unknown axis {quoted(axis)} in the order {quoted(text)}: {remedy}"
            position = text.lower().find(axis)
            raise StrategyError(message, text=text, position=position, length=len(axis), suggestion=suggestion)
        if axis in found:
            raise StrategyError(f"axis {axis!r} is repeated in the order {quoted(text)}", text=text)
        found.append(axis)
    return tuple(found)


def parse_flavor(text: str) -> Flavor:
    """Parse a flavor of sequence parallelism. Raises `StrategyError` with the nearest name if unknown."""
    for flavor in FLAVORS:
        if flavor == text.strip().lower():
            return flavor
    remedy, suggestion = did_you_mean(text, FLAVORS)
    message = f"unknown kind {quoted(text)} of sequence parallelism: {remedy}"
    raise StrategyError(message, text=text, position=0, length=len(text), suggestion=suggestion)


def known_layouts() -> Iterator[Layout]:
    """Yield every model and preset without further settings, to find out which one a file follows."""
    yield Layout("product")
    for name in PRESETS:
        yield Layout("overlay", name)


@lru_cache(maxsize=256)
def _placement(layout: Layout, degrees: Degrees) -> Placement:
    return build_placement(
        degrees,
        model=layout.model,
        preset=PRESETS[layout.preset] if layout.preset is not None else None,
        order=layout.order,
        expert_order=layout.expert_order,
        flavor=layout.flavor,
    )
