"""A drawing: the operators of a deployment, with their devices and tensors, before they become DOT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.drawing.plan import Layers
    from dotlint.strategy.gpus import GpuSet

Detail = Literal["stage", "layer", "operator", "rank"]
"""What one node stands for: a stage, a layer's attention or MLP, an operator or its shard, an operator on each rank."""

Style = Literal["reference", "clusters", "plain"]
"""How a drawing is written: headers and colors as in the reference file, a box for each stage, or shapes alone."""

Look = Literal["computation", "communication", "routing", "end", "header"]
"""The kind of a node, which decides its shape and color."""

WireLook = Literal["solid", "gate", "pipeline", "kv"]
"""The kind of an edge: `gate` edges depend on the router, `pipeline` edges join stages, `kv` edges hand over caches."""

Shape = tuple[tuple[str, str], ...]
"""The axes of a tensor with their sizes, outermost first: (("batch", "4"), ("hidden", "H/2"))."""


class Operator(Struct, frozen=True, eq=False):
    """One node. `what` it does is a key of the titles.

    `at` are its coordinates on the axes of ranks; it holds all ranks of an axis that is not there.
    """

    name: str
    what: str
    lines: tuple[str, ...]
    look: Look
    at: Mapping[str, int]
    stage: int | None = None
    gpus: GpuSet | None = None
    takes: Shape | None = None
    gives: Shape | None = None


class Wire(Struct, frozen=True, eq=False):
    """One edge; `lines` are its label."""

    tail: Operator
    head: Operator
    look: WireLook = "solid"
    lines: tuple[str, ...] = ()


class Holder(Struct, frozen=True, eq=False):
    """The operators that hold the keys and values of some layers; `name` is the part of ids that names these layers."""

    layers: Layers
    name: str
    operators: tuple[Operator, ...]


class Section(Struct, eq=False):
    """The operators of one stage, or those of a phase that belong to no stage, in the order of the data.

    `lines` head it: the stage, its layers and its GPUs. `wires` end at its operators. `repeated` are the further operators
    that it would have if each layer were drawn.
    """

    name: str
    lines: tuple[str, ...]
    operators: list[Operator]
    wires: list[Wire]
    repeated: int = 0


class PhaseDrawing(Struct, eq=False):
    """One phase: `name` is "" if the strategy names none, `lines` head it, `folded` says what one node stands for."""

    name: str
    lines: tuple[str, ...]
    sections: list[Section]
    folded: tuple[str, ...] = ()

    @property
    def header(self) -> str:
        """The id of its header."""
        return f"{self.name}_header" if self.name else "header"


class Drawing(Struct, eq=False):
    """A whole deployment; `handover` holds the transfers of KV caches between its phases, `folded` what is not drawn."""

    title: str
    phases: list[PhaseDrawing]
    handover: Section | None
    folded: tuple[str, ...]

    @property
    def sections(self) -> list[Section]:
        """All sections, those of the hand-over last."""
        found = [section for phase in self.phases for section in phase.sections]
        return [*found, self.handover] if self.handover is not None else found

    @property
    def node_count(self) -> int:
        """The number of operators."""
        return sum(len(section.operators) for section in self.sections)

    @property
    def unfolded_count(self) -> int:
        """The number of operators if each layer were drawn."""
        return self.node_count + sum(section.repeated for section in self.sections)
