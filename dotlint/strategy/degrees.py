"""The axes of parallelism and the degrees that a phase has along them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

AXES: Final = ("pp", "vpp", "ep", "etp", "edp", "tp", "sp", "cp", "dcp", "dp")
"""All axes in the order in which they are written out."""

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
}

MOST_GPUS: Final = 1 << 18
"""The most GPUs that a degree or a phase may stand for; a number beyond it is a slip of the finger."""


class Degrees(Struct, frozen=True):
    """How many ways a phase is divided along each axis; an axis that is not in `named` has its default, 1."""

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
    named: frozenset[str] = frozenset()

    @classmethod
    def of(cls, degrees: Mapping[str, int]) -> Degrees:
        """Take a mapping of axis to degree; its keys count as named. KeyError on an unknown axis."""
        unknown = sorted(set(degrees) - set(AXES))
        if unknown:
            raise KeyError(unknown[0])
        return cls(**degrees, named=frozenset(degrees))

    def get(self, axis: str) -> int:
        """Return the degree along `axis`. KeyError on an unknown axis."""
        if axis not in AXES:
            raise KeyError(axis)
        degree: int = getattr(self, axis)
        return degree

    def with_axis(self, axis: str, degree: int) -> Degrees:
        """Return the same with one axis named anew."""
        return Degrees.of(self.to_dict() | {axis: degree})

    def to_dict(self) -> dict[str, int]:
        """Return the named axes and their degrees, in the order of AXES."""
        return {axis: self.get(axis) for axis in AXES if axis in self.named}

    def __str__(self) -> str:
        return "".join(f"{axis}{degree}" for axis, degree in self.to_dict().items())
