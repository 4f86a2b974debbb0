"""The read-only context of a check: the file, its graphs, the deployment they describe, the declared strategy."""

from __future__ import annotations

import os
from collections import Counter
from functools import cached_property, partial
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.deployment.back_edges import back_edges
from dotlint.deployment.classify import read_deployment
from dotlint.deployment.patterns.missing_nodes import find_missing_nodes
from dotlint.deployment.patterns.proposals import missing_edges
from dotlint.deployment.patterns.stage_plan import plan_stages
from dotlint.deployment.vocabulary import load_vocabulary
from dotlint.deployment.wiring import Wiring
from dotlint.engine.own_cards import by_code
from dotlint.engine.resources import vocabulary_file
from dotlint.files.paths import sibling_path
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dotlint.deployment.abridged import Abridged
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.patterns.missing_edge import MissingEdge
    from dotlint.deployment.patterns.missing_nodes import MissingNode
    from dotlint.deployment.patterns.stage_plan import StagePlan
    from dotlint.deployment.tensors.model import Flow
    from dotlint.deployment.tensors.payloads import Payloads
    from dotlint.deployment.tensors.shape_flow import ShapeFlow
    from dotlint.deployment.vocabulary import Vocabulary
    from dotlint.deployment.wiring import Cycle
    from dotlint.engine.card import Card
    from dotlint.engine.facts import StrategySource
    from dotlint.engine.finding import Pair
    from dotlint.engine.header_strategy import Declaration
    from dotlint.engine.incomplete import Loss
    from dotlint.engine.narrow import Hidden
    from dotlint.graph.document import Document
    from dotlint.graph.model import Graph
    from dotlint.strategy import GpuSet, Phase, Strategy
    from dotlint.strategy.phase_files import FilePhases


class GraphContext:
    """One graph with everything that several checks need; each part is computed once, when first used."""

    def __init__(self, file: FileContext, graph: Graph) -> None:
        self.file = file
        self.graph = graph
        self.planned: Mapping[str, list[StagePlan]] = {}  # stages that count as present; see `completed`

    @cached_property
    def deployment(self) -> Deployment:
        """The graph read as a deployment."""
        expected = self._expected(one_replica=False)
        declared = self.file.strategy is not None or bool(self.file.declarations)
        read = partial(
            read_deployment,
            self.graph,
            self.file.vocabulary,
            only_phase=self.file.only_phase,
            declared=declared,
            unstaged=frozenset(p.name for p in self.file.strategy.phases if p.stage_count == 1)
            if self.file.strategy
            else frozenset(),
        )
        found = read(expected)
        if not _follows(found, expected):
            return read(None)
        one = self._expected(one_replica=True)
        if one != expected:
            first = union(one.values())
            drawn = [r.gpus <= first for r in found.operators if r.gpus]
            if drawn and 10 * sum(drawn) >= 9 * len(drawn):  # only one data-parallel replica is drawn
                return read(one)
        return found

    @cached_property
    def follows_layout(self) -> bool:
        """Whether most operators are on GPUs of a stage of the declared layout."""
        return _follows(self.deployment, self._expected(one_replica=False))

    def _expected(self, *, one_replica: bool) -> dict[tuple[str, int], GpuSet]:
        """Return the GPUs of every (phase, stage), of all data-parallel replicas or only of the first."""
        expected: dict[tuple[str, int], GpuSet] = {}
        if self.file.strategy is None:
            return expected
        for phase in self.file.strategy.with_phase_assumed("decode").phases:
            if phase.stage_count == 1:
                continue  # the stage is the whole phase, so its GPUs do not identify it
            for stage, gpus in enumerate(phase.stages):
                for name in [phase.name] if phase.name else ["", "prefill"]:
                    expected[name, stage] = phase.replica_stage_gpus(stage)[0] if one_replica else gpus
        return expected

    @cached_property
    def strategy(self) -> Strategy | None:
        """The strategy with every phase of the graph; an undeclared decode phase is assumed to be like prefill."""
        strategy = self.file.strategy
        if strategy is not None and len(self.deployment.phases) > 1:
            for name in self.deployment.phases:
                if name == "decode":
                    strategy = strategy.with_phase_assumed(name)
        return strategy

    def phase(self, name: str | None) -> Phase | None:
        """Return the strategy's phase of that name; None if it is not declared or the name is None."""
        return self.strategy.phase(name) if self.strategy is not None and name is not None else None

    @cached_property
    def abridged(self) -> Abridged:
        """What the file states that it omits."""
        from dotlint.deployment.abridged import find_abridged  # noqa: PLC0415 - needed only if something is missing

        document, graph = self.file.document, self.graph
        labels = [r.node.label for r in self.deployment.readings if r.annotation or r.summary]
        labels += [subgraph.own_attributes.get("label", "") for subgraph in graph.subgraphs]
        return find_abridged(document.text, ((c.start, c.end) for c in document.comments), (graph.label, *labels))

    @cached_property
    def wiring(self) -> Wiring:
        """Which node feeds which."""
        return Wiring(self.graph)

    @cached_property
    def flow(self) -> Flow:
        """What travels along each edge: placements on the axes of the mesh, and the places where nothing fits."""
        from dotlint.deployment.tensors.analyze import analyze  # noqa: PLC0415 - the generic rules do not need it

        lacking = {head for edge in self.missing for head in edge.pair[1:]}
        return analyze(self.deployment, self.phase, without=self.back_edges, open_nodes=lacking)

    @cached_property
    def payloads(self) -> Payloads:
        """What kind of tensor travels along each edge: hidden states, or only scores and indices of experts."""
        from dotlint.deployment.tensors.payloads import find_payloads  # noqa: PLC0415 - the generic rules do not need it

        return find_payloads(self.deployment, self.completed.wiring.ins)

    @cached_property
    def undecided(self) -> tuple[str, ...]:
        """The axes whose numbers may mean something else.

        Stages of a pipeline have devices of their own. Where most share theirs and all their operators have one role,
        as the steps of a ring have, or only communicate, the numbers are no stages.
        """
        return (*self.deployment.undecided, *(("stage",) if self._share_devices_in_one_role() else ()))

    def _share_devices_in_one_role(self) -> bool:
        stages = [unit for units in self.deployment.units.values() for unit in units.values()]
        staged = [r for unit in stages for r in unit.operators]
        roles = {r.role.name if r.role else None for r in staged}
        if None in roles or (len(roles) != 1 and any(r.kind != "communication" for r in staged)):
            return False
        sets = [union(r.gpus for r in unit.operators if r.gpus) for unit in stages]
        sharing = sum(any(own & other for j, other in enumerate(sets) if i != j) for i, own in enumerate(sets))
        return sharing > 1 and 2 * sharing > len(sets)

    @cached_property
    def forward(self) -> Wiring:
        """Which node feeds which, without the edges of a deployment that state that they lead back."""
        return Wiring(self.graph, without=self.back_edges if self.deployment.recognized else ())

    @cached_property
    def cycles(self) -> list[Cycle]:
        """The cycles of `forward`."""
        return self.forward.cycles()

    @cached_property
    def back_edges(self) -> frozenset[int]:
        """The indexes of the edges that state that they lead back."""
        return back_edges(self.graph)

    @cached_property
    def connected_throughout(self) -> bool:
        """Whether no operator is isolated and, besides inputs and outputs, at most one begins and one ends the graph."""
        outs, ins = self.wiring.outs, self.wiring.ins
        inside = [r for r in self.deployment.operators if r.kind not in {"io", "memory"}]
        begins = sum(1 for r in inside if not ins[r.name])
        ends = sum(1 for r in inside if not outs[r.name])
        return max(begins, ends) <= 1 and all(ins[r.name] or outs[r.name] for r in self.deployment.operators)

    @cached_property
    def shapes(self) -> ShapeFlow:
        """The shapes of tensors along edges and through operators."""
        from dotlint.deployment.tensors.shape_flow import shape_flow  # noqa: PLC0415 - needed only by rules about shapes

        model = self.file.strategy.model if self.file.strategy else None
        return shape_flow(self.deployment, self.strategy, model)

    @cached_property
    def absent(self) -> list[MissingNode]:
        """The nodes that a unit lacks and its siblings have."""
        return find_missing_nodes(self.deployment)

    @property
    def missing(self) -> list[MissingEdge]:
        """The missing edges, according to the patterns of the graph."""
        return self._patterned[0]

    @property
    def closing(self) -> int:
        """The number of further missing edges that are not proposed because they would close a cycle."""
        return self._patterned[1]

    @cached_property
    def _patterned(self) -> tuple[list[MissingEdge], int]:
        return missing_edges(self.deployment)

    @cached_property
    def plans(self) -> Mapping[str, list[StagePlan]]:
        """The stages of each phase that the strategy declares and the graph lacks."""
        found: dict[str, list[StagePlan]] = {}
        for name in self.deployment.phases:
            phase = self.phase(name)
            if phase is not None and phase.stage_count > 1:
                gpus, certain = self._stage_gpus(name, phase), self.file.layout_certain and not phase.assumed
                plans = plan_stages(self.deployment, name, phase.stage_count, gpus, certain=certain)
                found[name] = [] if plans and self.drawn_apart(name) else plans
        return found

    def drawn_apart(self, phase: str) -> list[Reading]:
        """Return the operators of a phase that no stage has and that are on GPUs of no drawn stage.

        They are the missing stages, drawn without a header or cluster.
        """
        inside = [r for r in self.deployment.operators if r.phase == phase and r.kind in {"computation", "routing"}]
        staged = [r for r in inside if r.stage is not None]
        taken = union(r.gpus for r in staged if r.gpus)
        layers = {r.layer for r in staged} - {None}
        return [r for r in inside if r.stage is None and r.gpus and not r.gpus & taken and r.layer not in layers]

    def _stage_gpus(self, name: str, phase: Phase) -> dict[int, GpuSet]:
        """Return the GPUs of each stage: of one replica if the graph draws only that one, else of all replicas."""
        whole = dict(enumerate(phase.stages))
        units = self.deployment.units.get(name, {})
        drawn = {s: u.stated or union(r.gpus for r in u.operators if r.gpus) for s, u in units.items() if s in whole}
        layouts = [whole]
        if phase.replica_count > 1:
            sets = {stage: phase.replica_stage_gpus(stage) for stage in whole}
            layouts += [
                {stage: some[replica] for stage, some in sets.items() if replica < len(some)}
                for replica in range(phase.replica_count)
            ]
        return max(layouts, key=lambda layout: sum(layout.get(stage) == gpus for stage, gpus in drawn.items()))

    @cached_property
    def completed(self) -> GraphContext:
        """The same graph with every missing edge and every planned stage added."""
        extra = [edge.pair for edge in self.missing]
        for plans in self.plans.values():
            for plan in plans:
                extra += plan.edges
        return self.with_edges(extra)

    def with_edges(self, extra: Iterable[Pair]) -> GraphContext:
        """Return a context of the same graph with more edges, in which no edges are missing."""
        same = GraphContext(self.file, self.graph)
        same.deployment, same.strategy, same.plans = self.deployment, self.strategy, self.plans
        same._patterned = ([], 0)
        same.wiring = Wiring(self.graph, extra)
        same.planned = self.plans
        return same


def _follows(deployment: Deployment, expected: Mapping[tuple[str, int], GpuSet]) -> bool:
    """Return whether at least half of the operators that name GPUs are within one of these stages, if there are any."""
    stages = list(expected.values())
    fits = Counter(any(gpus <= stage for stage in stages) for gpus in _own_gpus(deployment))
    return not stages or fits[True] >= fits[False]


def _own_gpus(deployment: Deployment) -> Iterator[GpuSet]:
    for reading in deployment.operators:
        if reading.gpus and reading.own_gpus and reading.kind in {"computation", "routing"}:
            yield reading.gpus


class FileContext(Struct, eq=False, dict=True):  # the dict is what cached properties write to
    """One file: the document, its strategy, and the source of the strategy."""

    document: Document
    name: str
    strategy: Strategy | None = None
    strategy_source: StrategySource | None = None
    declarations: tuple[Declaration, ...] = ()
    layout_certain: bool = True  # false if the GPUs are a guess, as in most strategies read from a DOT file
    graphs: list[GraphContext] = field(default_factory=list)
    cards: tuple[Card, ...] = ()  # all existing rules; if empty, the built-in ones
    vocabularies: tuple[str, ...] = ()  # TOML texts of vocabularies that extend the built-in one
    whole: Strategy | None = None  # if each phase has its own file: the strategy of all phases,
    part: FilePhases | None = None  # and the phases of this file
    hidden: Hidden = field(default_factory=dict)  # locations that comments or the baseline hide, by rule
    read_as_deployment: bool = False  # whether a rule about deployments has run
    looked_up: dict[str, bool] = field(default_factory=dict)  # whether files exist that a check looked for

    def __post_init__(self) -> None:
        self.graphs = [GraphContext(self, graph) for graph in self.document.graphs]

    def has_beside(self, path: str) -> bool | None:
        """Return whether a file exists, with a path relative to the folder of this one; None if this is no file.

        The cache does not use a result after another file that it depends on has appeared or disappeared.
        """
        if not self._exists(self.name):
            return None
        return self._exists(sibling_path(self.name, path))

    def _exists(self, path: str) -> bool:
        if path not in self.looked_up:
            self.looked_up[path] = os.path.isfile(path)  # noqa: PTH113 - importing pathlib takes longer
        return self.looked_up[path]

    @cached_property
    def rules(self) -> Mapping[str, Card]:
        """The card of every existing rule by its code, whether or not the rule runs."""
        return by_code(self.cards)

    @property
    def carried(self) -> Strategy | None:
        """The strategy of the phases of this file; None if it has none of them."""
        if self.whole is None or self.part is None or not self.part.phases:
            return None
        return self.whole.narrowed([phase.name for phase in self.part.phases])

    @property
    def only_phase(self) -> str | None:
        """The phase of every node if the strategy assigns the file to one phase, else None."""
        return self.part.only_phase if self.part is not None else None

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The built-in vocabulary, extended by the user's and by the phases that the strategy declares."""
        found = load_vocabulary(vocabulary_file(), *self.vocabularies)
        return found if self.strategy is None else found.with_phases(phase.name for phase in self.strategy.phases)

    @cached_property
    def loss(self) -> Loss | None:
        """What was not parsed; None if the file was parsed completely."""
        if not self.document.problems:
            return None
        from dotlint.engine.incomplete import loss_of  # noqa: PLC0415 - most files are whole

        return loss_of(self.document, self.rules)

    @cached_property
    def is_program(self) -> bool:
        """Whether the file is the source code of a program that writes a graph."""
        return any(self.rules[problem.code].loses == "program" for problem in self.document.problems)

    @cached_property
    def is_deployment(self) -> bool:
        """Whether any graph of the file looks like a deployment."""
        return any(graph.deployment.recognized for graph in self.graphs)
