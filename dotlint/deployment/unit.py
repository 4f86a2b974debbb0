"""The unit that a finding is about: a phase, stage, layer or family, with its title."""

from __future__ import annotations

from msgspec import Struct

WHOLE = "the graph"


class Unit(Struct, frozen=True):
    """A phase, stage, layer or family of nodes; fields that do not apply are None.

    `stage` and `layer` use the numbering of the file; `family` is a node name with its numbers masked. `qualified`
    is true if the title names the phase, which it omits if there is only one phase and for the stages of the first.
    """

    phase: str | None = None
    stage: int | None = None
    layer: int | None = None
    family: str | None = None
    qualified: bool = False

    def __str__(self) -> str:
        """Return the title: `stage 2`, `decode stage 1`, `layer 3 of stage 2`, or a family in backquotes.

        Fingerprints depend on it, so it must not change.
        """
        if self.family is not None:
            return f"`{self.family}`"
        phase = self.phase if self.qualified and self.phase else ""
        stage = "" if self.stage is None else f"stage {self.stage}"
        of_stage = " ".join(word for word in (phase, stage) if word)
        layer = "" if self.layer is None else f"layer {self.layer}"
        return " of ".join(word for word in (layer, of_stage) if word) or WHOLE

    @property
    def whole_phase(self) -> str | None:
        """Return the phase's name if the unit is a whole named phase."""
        alone = self.stage is None and self.layer is None and self.family is None
        return self.phase if alone and self.qualified else None

    def to_dict(self) -> dict[str, str | int]:
        """Return the fields that are set, for JSON."""
        named = {"phase": self.phase or None, "stage": self.stage, "layer": self.layer, "family": self.family}
        return {key: value for key, value in named.items() if value is not None}


def phase_unit(name: str | None) -> Unit | None:
    """Return a phase as a unit; None if it has no name."""
    return Unit(phase=name, qualified=True) if name else None
