"""What a finding is about: a phase, a stage, a layer or a family of nodes, as data with one title."""

from __future__ import annotations

from msgspec import Struct

WHOLE = "the graph"


class Unit(Struct, frozen=True):
    """A phase, a stage, a layer or a family of nodes; what it does not name is None.

    `stage` and `layer` are numbers as the file counts them; `family` is a name with its numbers masked. `qualified`
    is whether the title names the phase: not if there is only one, nor for the stages of the first.
    """

    phase: str | None = None
    stage: int | None = None
    layer: int | None = None
    family: str | None = None
    qualified: bool = False

    def __str__(self) -> str:
        """The title: `stage 2`, `decode stage 1`, `layer 3 of stage 2`, a family in backquotes.

        0.1.0 wrote it as a finding's `unit`, and fingerprints depend on it: it cannot change.
        """
        if self.family is not None:
            return f"`{self.family}`"
        phase = self.phase if self.qualified and self.phase else ""
        stage = "" if self.stage is None else f"stage {self.stage}"
        owner = " ".join(word for word in (phase, stage) if word)
        layer = "" if self.layer is None else f"layer {self.layer}"
        return " of ".join(word for word in (layer, owner) if word) or WHOLE

    @property
    def whole_phase(self) -> str | None:
        """The phase's name where it is about a whole phase that is named."""
        alone = self.stage is None and self.layer is None and self.family is None
        return self.phase if alone and self.qualified else None

    def to_dict(self) -> dict[str, str | int]:
        """What it names, for JSON."""
        named = {"phase": self.phase or None, "stage": self.stage, "layer": self.layer, "family": self.family}
        return {key: value for key, value in named.items() if value is not None}


def phase_unit(name: str | None) -> Unit | None:
    """A phase as a unit; None where it has no name."""
    return Unit(phase=name, qualified=True) if name else None
