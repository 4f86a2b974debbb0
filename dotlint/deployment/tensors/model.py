"""What the analysis of tensors knows: operators, axes of the mesh, placements along them, and faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from dotlint.deployment.tensors.placements import ANY

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dotlint.deployment.model import Reading
    from dotlint.deployment.tensors.table import Collective, OperatorRule
    from dotlint.graph.model import Edge
    from dotlint.strategy.gpus import GpuSet

AxisName = Literal["tp", "sp", "cp", "dp", "ep", ""]
FaultRule = Literal["partial-consumed", "shard-consumed", "reduced-twice", "wrong-group", "mixed-placement"]
SizeKey = tuple[str | None, str, int]
Link = Literal["one", "all", "some", "fan", "part", "aligned", "exchange", "blocks", "other"]
"""`one`: node to node. `all` or `some` ranks to one node, one node to all ranks (`fan`) or to a `part` of them.
`aligned`: each rank to the same rank. `exchange`: ranks to other ranks, `blocks`: each rank to
a part of the ranks. `other`: anything else."""


class MeshAxis(Struct, eq=False):
    """An axis of the device mesh: the ranks that share one operator, in order.

    `ranks` has the GPUs of each rank, or is empty if the graph does not state them; `name` is "" if the graph does not
    show which kind of parallelism it is, and `why` is what showed it. `allowed` is the set of placements that are
    possible on such an axis. `joined_by` is the kind of collective, if only the GPUs of collectives of that kind show
    the axis. `phase` is the phase of its operators.
    """

    size: int
    ranks: tuple[GpuSet, ...] = ()
    whole: GpuSet | None = None
    name: AxisName = ""
    why: str = ""
    allowed: int = ANY
    joined_by: str | None = None
    phase: str | None = None
    _ranks_on: dict[GpuSet, int] = field(default_factory=dict)

    def ranks_on(self, gpus: GpuSet) -> int:
        """Return how many ranks have some of these GPUs."""
        if gpus not in self._ranks_on:
            self._ranks_on[gpus] = sum(bool(gpus & rank) for rank in self.ranks)
        return self._ranks_on[gpus]

    @property
    def title(self) -> str:
        """What a reader calls it: `tp (GPUs 0-3)`."""
        where = f"GPUs {self.whole.short()}" if self.whole and len(self.whole) > 1 else f"{self.size} ranks"
        return f"{self.name} ({where})" if self.name else where


class Operator(Struct, eq=False):
    """One operator: a node, or the siblings that divide it among the ranks of `axis`.

    `given` is what it gives on each axis, under None what it gives on every other axis; `taken` likewise what it takes.
    """

    index: int
    members: tuple[Reading, ...]
    rule: OperatorRule | None = None
    axis: MeshAxis | None = None
    states: int | None = None  # what its labels state that it gives
    given: dict[MeshAxis | None, int] = field(default_factory=dict)
    taken: dict[MeshAxis | None, int] = field(default_factory=dict)
    sources: list[Operator] = field(default_factory=list)

    @property
    def first(self) -> Reading:
        """Its first node."""
        return self.members[0]

    @property
    def collective(self) -> Collective | None:
        """What it does with the ranks of one axis; None if it is no collective."""
        return self.rule.collective if self.rule is not None else None

    @property
    def reduces(self) -> bool:
        """Whether it adds up summands."""
        return self.collective in {"reduce", "reduce-scatter"}

    @property
    def is_column_parallel(self) -> bool:
        """Whether tensor parallelism divides its weights by columns, so that each rank needs the whole width of its input."""
        return self.first.is_role("qkv", "query", "key-projection", "value-projection", "mlp-up")

    @property
    def grouped(self) -> bool:
        """Whether it is drawn as one node for each rank of its axis."""
        return self.axis is not None

    def on(self, axis: MeshAxis | None) -> int:
        """Return what it gives on an axis."""
        return self.given.get(axis, self.given.get(None, ANY))


class Inflow(Struct, eq=False):
    """What one producer feeds to an operator: how, along which edges, and what arrives on each axis."""

    tail: Operator
    how: Link
    edges: list[Edge] = field(default_factory=list)
    arrives: dict[MeshAxis | None, int] = field(default_factory=dict)


class Conflict(Struct, eq=False):
    """An operator that accepts none of the placements that arrive on an axis.

    `kind` is `rejects` (its role accepts none), `differs` (its inputs are placed differently), `attends` (attention to
    its own slice of the sequence), or what is wrong with a collective.
    """

    kind: str
    at: Operator
    axis: MeshAxis | None
    inflows: tuple[Inflow, ...]
    found: int


class Step(Struct, frozen=True):
    """One step of the chain that shows a fault: a node, and what it does (`gives a partial sum`)."""

    name: str
    text: str


class Fault(Struct, eq=False):
    """A place where no placement is left that the operator accepts.

    `rule` names what is wrong and `kind` the case of it. `at` is the operator, `tails` the producers
    whose output it cannot take, with their edges; `axis` is the axis of the mesh; `found` are the placements that
    arrive. `remedy` names the collective that is missing, if one is.
    """

    rule: FaultRule
    kind: str
    at: Operator
    tails: tuple[Reading, ...]
    edges: tuple[Edge, ...]
    axis: MeshAxis | None
    found: int
    chain: tuple[Step, ...] = ()
    remedy: str = ""


class Notation(Struct, frozen=True):
    """The sizes of whole tensors, by phase, axis and number of ranks, where slices of them are drawn as smaller sizes.

    `undivided` names the axes whose splits and gathers state the same size before and after: those labels are global.
    `stream` is the hidden size of norms, residual adds and inputs, by phase, if they agree; `logits` are the sizes of the
    vocabulary that outputs state.
    """

    whole: Mapping[SizeKey, frozenset[int]]
    undivided: frozenset[tuple[str | None, str]]
    stream: Mapping[str | None, int]
    logits: Mapping[str | None, Collection[int]]


class Flow(Struct):
    """The analysis of one graph.

    `followed` are the indexes of the edges whose tensor is known, `reasons` why the others are not, by edge index: keys
    of `dotlint.deployment.tensors.followed.REASONS`. `inflows` are what feeds each operator, by its index.
    """

    operators: list[Operator] = field(default_factory=list)
    by_node: dict[int, Operator] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    followed: set[int] = field(default_factory=set)
    reasons: dict[int, str] = field(default_factory=dict)
    inflows: dict[int, list[Inflow]] = field(default_factory=dict)
    notation: Notation | None = None

    @property
    def edges(self) -> int:
        """The number of edges between operators."""
        return len(self.followed) + len(self.reasons)
