"""The deployment that a graph describes: the reading of every node, and the units that nodes form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from msgspec import Struct, field

from dotlint.deployment.unit import Unit
from dotlint.syntax.lexemes import interned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dotlint.deployment.facts import Facts
    from dotlint.deployment.numberings.decision import Decision
    from dotlint.deployment.vocabulary import Role, Vocabulary
    from dotlint.graph.model import Graph, Node
    from dotlint.strategy.gpus import GpuSet

T = TypeVar("T")
Direction = Literal["forward", "backward"]
"""The pass of training that a node is of."""


class Reading(Struct, gc=False):  # part of no reference cycle
    """The meaning derived for a node.

    `stage` is 0-based within its phase, `layer` as numbered in the file, and `layer_index` the same unless each stage
    numbers its layers from the start again: then it counts through all stages; `phase` is "" if the file has only one.
    `gpus` are the ids (0-based ranks) that the node itself (`own_gpus`) or else its cluster states; `experts` the
    first and last expert of an expert node. `replica`, `micro_batch`, `step` (of a ring) and `shard` (the tensor rank)
    are as numbered in the file. `link` has the two stages, 0-based, that a transfer connects; such a node belongs to
    neither, so its `stage` is None. `direction` is the pass of
    training that it is of, if the file draws both. `summary` is whether the node represents others: an ellipsis, or a stage
    or phase as one block. `why` has a line for each decision.
    """

    node: Node
    evidence: Facts
    role: Role | None
    phase: str | None = ""
    stage: int | None = None
    layer: int | None = None
    layer_index: int | None = None
    gpus: GpuSet | None = None
    own_gpus: bool = False
    experts: tuple[int, int] | None = None
    replica: int | None = None
    micro_batch: int | None = None
    step: int | None = None
    shard: int | None = None
    link: tuple[int, int] | None = None
    direction: Direction | None = None
    annotation: bool = False
    summary: bool = False
    whole_box: bool = False  # a summary of consecutive operators that states what the first takes and the last gives
    stage_named: bool = False  # whether its own name or label states its stage
    layer_named: bool = False  # whether its own name or label states its layer
    stage_from_gpus: bool = False  # whether only its GPUs determine its stage
    why: tuple[str, ...] = ()

    def because(self, reason: str) -> None:
        """Record the reason for a decision; equal reasons of different nodes share one string."""
        self.why = (*self.why, interned(reason))

    @property
    def name(self) -> str:
        """The name of the node in Graphviz."""
        return self.node.name

    @property
    def kind(self) -> str | None:
        """The kind of its role: communication, computation, routing, io, memory, annotation."""
        return self.role.kind if self.role else None

    def is_role(self, *names: str) -> bool:
        """Return whether its role is one of these."""
        return self.role is not None and self.role.name in names

    @property
    def transfers(self) -> bool:
        """Whether it sends, receives or transfers data from point to point."""
        return self.is_role("send", "receive", "transfer")

    @property
    def states_dims(self) -> bool:
        """Whether the label states Input or Output dimensions, or bare ones."""
        tensors = self.evidence.tensors
        return bool(tensors.inputs or tensors.outputs or tensors.bare)


class Stage(Struct):
    """The nodes of one pipeline stage of one phase.

    `stated` are the GPUs that a header or cluster states for it, `ranges` the layers; an interleaved stage has several.
    """

    phase: str
    stage: int
    operators: list[Reading] = field(default_factory=list)
    headers: list[Reading] = field(default_factory=list)
    stated: GpuSet | None = None
    ranges: tuple[tuple[int, int], ...] = ()
    _constant: dict[str, tuple[bool, ...]] | None = None

    @property
    def layers(self) -> tuple[int, int] | None:
        """The layers that a header or cluster states first."""
        return self.ranges[0] if self.ranges else None

    def constant(self, family: str) -> tuple[bool, ...]:
        """Return, for each number in the names of a family, whether all its nodes in the unit have the same."""
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
        """Return its operators with one of these roles, in document order."""
        return [reading for reading in self.operators if reading.is_role(*names)]


class Recognition(Struct, frozen=True):
    """Whether a graph is a deployment; `reasons` are the evidence for it, `objections` that against it."""

    recognized: bool
    reasons: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()


class Deployment(Struct):
    """A graph read as a deployment; `recognition` is whether it is one, and why.

    `stage_base` is the number of the first stage in the file, 0 or 1; `layers` are the first and last layer of each
    phase, as numbered in the file. `undecided` names the axes (`stage`, `layer`) that the file does not decide;
    `unread_devices` are texts that name devices in a way that was not understood.
    """

    graph: Graph
    vocabulary: Vocabulary
    readings: list[Reading]
    by_name: dict[str, Reading]
    phases: tuple[str, ...]
    units: dict[str, dict[int, Stage]]
    stage_base: int
    recognition: Recognition
    layers: dict[str | None, tuple[int, int]]
    undecided: tuple[str, ...] = ()
    decision: Decision | None = None
    unread_devices: tuple[str, ...] = ()
    _operators: list[Reading] | None = None
    _derived: dict[object, Any] = field(default_factory=dict)

    def derived(self, derive: Callable[[Deployment], T]) -> T:
        """Return what a function derives from the deployment; each function is called once."""
        if derive not in self._derived:
            self._derived[derive] = derive(self)
        return cast("T", self._derived[derive])

    @property
    def recognized(self) -> bool:
        """Whether the graph is a deployment."""
        return self.recognition.recognized

    @property
    def operators(self) -> Sequence[Reading]:
        """Every node that is not an annotation, in document order."""
        if self._operators is None:
            self._operators = [reading for reading in self.readings if not reading.annotation]
        return self._operators

    def stage_number(self, stage: int) -> int:
        """Return the number that the file gives to a 0-based stage."""
        return stage + self.stage_base

    def unit(self, phase: str | None, stage: int | None, layer: int | None = None) -> Unit:
        """Return the unit of a phase and a 0-based stage, and of a layer of it; without a stage the whole phase."""
        several = len(self.phases) > 1
        number = None if stage is None else self.stage_number(stage)
        return Unit(phase, number, layer, qualified=several and (stage is None or phase != self.phases[0]))

    def by_unit(self, readings: Iterable[Reading]) -> dict[tuple[str | None, int | None], list[Reading]]:
        """Group nodes by phase and stage: phases in document order, nodes without a stage last."""
        groups: dict[tuple[str | None, int | None], list[Reading]] = {}
        for reading in readings:
            groups.setdefault((reading.phase, reading.stage), []).append(reading)
        order = {phase: index for index, phase in enumerate(self.phases)}

        def order_key(key: tuple[str | None, int | None]) -> tuple[int, int]:
            phase, stage = key
            return (order.get(phase or "", len(order)), 1 << 30 if stage is None else stage)

        return dict(sorted(groups.items(), key=lambda item: order_key(item[0])))
