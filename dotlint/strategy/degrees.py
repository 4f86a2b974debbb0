"""The axes of parallelism, and the degrees of a phase along them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dotlint.strategy.error import StrategyError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

AXES: Final = ("pp", "vpp", "ep", "etp", "edp", "tp", "sp", "cp", "dcp", "dp", "dpa")
"""All axes, in output order."""

AXIS_NAMES: Final[Mapping[str, str]] = {
    "pp": "pipeline parallel",
    "vpp": "virtual pipeline",
    "ep": "expert parallel",
    "etp": "expert tensor parallel",
    "edp": "expert data parallel",
    "tp": "tensor parallel",
    "sp": "sequence parallel",
    "cp": "context parallel",
    "dcp": "decode context parallel",
    "dp": "data parallel",
    "dpa": "attention data parallel",
}

MOST_GPUS: Final = 1 << 18
"""The largest degree, and the largest number of GPUs of a phase; a larger number is a typing error."""


class Degrees(Struct, frozen=True):
    """The degree of a phase along each axis; an axis that is not in `named` has its default, 1."""

    pp: int = 1
    vpp: int = 1
    ep: int = 1
    etp: int = 1
    edp: int = 1
    tp: int = 1
    sp: int = 1
    cp: int = 1
    dcp: int = 1
    dp: int = 1
    dpa: int = 1
    named: frozenset[str] = frozenset()

    @classmethod
    def of(cls, degrees: Mapping[str, int]) -> Degrees:
        """Create degrees from axis to degree; the keys count as named. Raises `StrategyError` on an unknown axis."""
        unknown = sorted(set(degrees) - set(AXES))
        if unknown:
            raise unknown_axis(unknown[0])
        return cls(**degrees, named=frozenset(degrees))

    def get(self, axis: str) -> int:
        """Return the degree along `axis`. Raises `StrategyError` on an unknown axis."""
        if axis not in AXES:
            raise unknown_axis(axis)
        degree: int = getattr(self, axis)
        return degree

    def with_axis(self, axis: str, degree: int) -> Degrees:
        """Return a copy in which `axis` has another degree and is named."""
        return Degrees.of(self.to_dict() | {axis: degree})

    def to_dict(self) -> dict[str, int]:
        """Return the named axes and their degrees, in the order of `AXES`."""
        return {axis: self.get(axis) for axis in AXES if axis in self.named}

    def __str__(self) -> str:
        return "".join(f"{axis}{degree}" for axis, degree in self.to_dict().items())

    def __repr__(self) -> str:
        return f"Degrees({str(self)!r})"


def unknown_axis(axis: object) -> StrategyError:
    """Return the error for a name that is not an axis."""
    return StrategyError(f"unknown axis {axis!r}: {did_you_mean(str(axis), AXES)[0]}")
