"""The deployment that a graph describes: what every node is, and which units the nodes form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.syntax.lexemes import interned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.deployment.facts import Evidence
    from dotlint.deployment.vocabulary import Role, Vocabulary
    from dotlint.graph.model import Graph, Node
    from dotlint.strategy.gpus import GpuSet


class Reading(Struct, gc=False):  # nothing that it holds leads back to it
    """What one node was decided to be.

    `stage` is 0-based within its phase, `layer` as the file counts; `phase` is "" where the file has but one;
    `gpus` are the ids that the node itself (`own_gpus`) or else its cluster names; `experts` the first and last expert of an expert
    node. `summary` is true of a node that stands for others: an ellipsis, a stage or a phase as one block. `why` has a
    line for each decision.
    """

    node: Node
    evidence: Evidence
    role: Role | None
    phase: str | None = ""
    stage: int | None = None
    layer: int | None = None
    gpus: GpuSet | None = None
    own_gpus: bool = False
    experts: tuple[int, int] | None = None
    annotation: bool = False
    summary: bool = False
    placed_by_gpus: bool = False  # whether nothing but its GPUs tells its stage
    why: tuple[str, ...] = ()

    def because(self, reason: str) -> None:
        """Note why something was decided; most nodes have the reasons of others, which are kept once."""
        self.why = (*self.why, interned(reason))

    @property
    def name(self) -> str:
        """The node's name as Graphviz has it."""
        return self.node.name

    @property
    def kind(self) -> str | None:
        """The kind of its role: communication, computation, routing, io, memory, annotation."""
        return self.role.kind if self.role else None

    def is_role(self, *names: str) -> bool:
        """Return whether its role is one of these."""
        return self.role is not None and self.role.name in names

    @property
    def states_dims(self) -> bool:
        """Whether the label states Input or Output dimensions, or bare ones."""
        tensors = self.evidence.tensors
        return bool(tensors.inputs or tensors.outputs or tensors.bare)


class Unit(Struct):
    """The nodes of one pipeline stage of one phase; `stated` are the GPUs that a header or cluster gives it."""

    phase: str
    stage: int
    operators: list[Reading] = field(default_factory=list)
    headers: list[Reading] = field(default_factory=list)
    stated: GpuSet | None = None
    layers: tuple[int, int] | None = None
    _constant: dict[str, tuple[bool, ...]] | None = None

    def constant(self, family: str) -> tuple[bool, ...]:
        """For each number of a family's names whether all nodes of the stage and the family have the same."""
        if self._constant is None:
            columns: dict[str, list[tuple[int, ...]]] = {}
            for reading in (*self.operators, *self.headers):
                columns.setdefault(reading.evidence.name.family, []).append(reading.evidence.name.numbers)
            self._constant = {
                name: tuple(len(set(column)) == 1 for column in zip(*numbers, strict=True))
                for name, numbers in columns.items()
            }
        return self._constant.get(family, ())

    def with_role(self, *names: str) -> list[Reading]:
        """Its operators of these roles, in the order of the file."""
        return [reading for reading in self.operators if reading.is_role(*names)]


class Deployment(Struct):
    """A graph read as a deployment; `recognised` is false where it does not look like one at all.

    `stage_base` is the number of the first stage in the file, 0 or 1; `layers` are the first and the last layer of
    each phase, as the file counts.
    """

    graph: Graph
    vocabulary: Vocabulary
    readings: list[Reading]
    by_name: dict[str, Reading]
    phases: tuple[str, ...]
    units: dict[str, dict[int, Unit]]
    stage_base: int
    recognised: bool
    layers: dict[str | None, tuple[int, int]]
    _operators: list[Reading] | None = None

    @property
    def operators(self) -> Sequence[Reading]:
        """Every node that is no annotation, in the order of the file."""
        if self._operators is None:
            self._operators = [reading for reading in self.readings if not reading.annotation]
        return self._operators

    def stage_number(self, stage: int) -> int:
        """The number that the file gives a 0-based stage."""
        return stage + self.stage_base

    def unit_title(self, phase: str | None, stage: int | None) -> str:
        """How a report names the unit: `stage 2`, `decode stage 1`; a phase alone where there is no stage."""
        several = len(self.phases) > 1
        name = f"{phase} " if phase and (several and phase != self.phases[0]) else ""
        if stage is None:
            return (phase or "the graph") if several else "the graph"
        return f"{name}stage {self.stage_number(stage)}"

    def by_unit(self, readings: Iterable[Reading]) -> dict[tuple[str | None, int | None], list[Reading]]:
        """Group nodes by phase and stage, phases in the file's order, nodes without a stage last."""
        groups: dict[tuple[str | None, int | None], list[Reading]] = {}
        for reading in readings:
            groups.setdefault((reading.phase, reading.stage), []).append(reading)
        order = {phase: index for index, phase in enumerate(self.phases)}

        def place(key: tuple[str | None, int | None]) -> tuple[int, int]:
            phase, stage = key
            return (order.get(phase or "", len(order)), 1 << 30 if stage is None else stage)

        return dict(sorted(groups.items(), key=lambda item: place(item[0])))
