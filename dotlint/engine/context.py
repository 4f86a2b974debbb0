"""What a check sees: the file, its graphs, the deployment they describe and the declared strategy. Read-only."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.deployment.classify import read_deployment
from dotlint.deployment.patterns.missing_nodes import find_missing_nodes
from dotlint.deployment.patterns.proposals import missing_edges
from dotlint.deployment.patterns.stage_plan import plan_stages
from dotlint.deployment.vocabulary import load_vocabulary
from dotlint.deployment.wiring import Wiring
from dotlint.engine.own_cards import by_code
from dotlint.engine.resources import vocabulary_file
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotlint.deployment.abridged import Abridged
    from dotlint.deployment.model import Deployment
    from dotlint.deployment.patterns.missing_nodes import MissingNode
    from dotlint.deployment.patterns.proposals import MissingEdge
    from dotlint.deployment.patterns.stage_plan import StagePlan
    from dotlint.deployment.vocabulary import Vocabulary
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
    """One graph with everything that several checks need, each part worked out once and when first asked for."""

    def __init__(self, file: FileContext, graph: Graph) -> None:
        self.file = file
        self.graph = graph
        self.planned: Mapping[str, list[StagePlan]] = {}  # what is taken to be there already; see `completed`

    @cached_property
    def deployment(self) -> Deployment:
        """The graph read as a deployment."""
        expected = self._expected(one_replica=False)
        found = read_deployment(self.graph, self.file.vocabulary, expected, self.file.only_phase)
        one = self._expected(one_replica=True)
        if one != expected:
            first = union(one.values())
            drawn = [r.gpus <= first for r in found.operators if r.gpus]
            if drawn and 10 * sum(drawn) >= 9 * len(drawn):  # one data-parallel replica stands for all
                return read_deployment(self.graph, self.file.vocabulary, one, self.file.only_phase)
        return found

    def _expected(self, *, one_replica: bool) -> dict[tuple[str, int], GpuSet]:
        """Give the GPUs of every stage of every phase, of all data-parallel replicas or of the first."""
        expected: dict[tuple[str, int], GpuSet] = {}
        if self.file.strategy is None:
            return expected
        for phase in self.file.strategy.with_phase_assumed("decode").phases:
            if phase.stage_count == 1:
                continue  # then a stage is the whole phase, and says nothing of a node
            for stage, gpus in enumerate(phase.stages):
                for name in [phase.name] if phase.name else ["", "prefill"]:
                    expected[name, stage] = phase.replica_stage_gpus(stage)[0] if one_replica else gpus
        return expected

    @cached_property
    def strategy(self) -> Strategy | None:
        """The strategy with every phase of the graph: decode is assumed where the graph has it and nobody declared it."""
        strategy = self.file.strategy
        if strategy is not None and len(self.deployment.phases) > 1:
            for name in self.deployment.phases:
                if name == "decode":
                    strategy = strategy.with_phase_assumed(name)
        return strategy

    def phase(self, name: str | None) -> Phase | None:
        """The strategy's phase for a phase of the graph; None where none was declared or the name is None."""
        return self.strategy.phase(name) if self.strategy is not None and name is not None else None

    @cached_property
    def abridged(self) -> Abridged:
        """Whether the file says that it leaves something out."""
        from dotlint.deployment.abridged import find_abridged  # noqa: PLC0415 - asked only where something is not there

        document, graph = self.file.document, self.graph
        labels = [r.node.label for r in self.deployment.readings if r.annotation or r.summary]
        labels += [subgraph.own_attributes.get("label", "") for subgraph in graph.subgraphs]
        return find_abridged(document.text, ((c.start, c.end) for c in document.comments), (graph.label, *labels))

    @cached_property
    def wiring(self) -> Wiring:
        """Who feeds whom."""
        return Wiring(self.graph)

    @cached_property
    def absent(self) -> list[MissingNode]:
        """The nodes that sibling units have and a unit lacks."""
        return find_missing_nodes(self.deployment)

    @property
    def missing(self) -> list[MissingEdge]:
        """The edges that the graph's own patterns ask for."""
        return self._patterned[0]

    @property
    def closing(self) -> int:
        """How many more they would ask for if those did not close a cycle."""
        return self._patterned[1]

    @cached_property
    def _patterned(self) -> tuple[list[MissingEdge], int]:
        return missing_edges(self.deployment)

    @cached_property
    def plans(self) -> Mapping[str, list[StagePlan]]:
        """For each phase the stages that the strategy declares and the graph lacks."""
        found: dict[str, list[StagePlan]] = {}
        for name in self.deployment.phases:
            phase = self.phase(name)
            if phase is not None and phase.stage_count > 1:
                gpus, certain = self._laid_out(name, phase), self.file.layout_certain and not phase.assumed
                found[name] = plan_stages(self.deployment, name, phase.stage_count, gpus, certain=certain)
        return found

    def _laid_out(self, name: str, phase: Phase) -> dict[int, GpuSet]:
        """Give the GPUs of each stage: those of one replica where that is what the phase draws, else those of all."""
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
        """The same graph as it would be with every proposed edge and every planned stage in place."""
        extra = [edge.pair for edge in self.missing]
        for plans in self.plans.values():
            for plan in plans:
                extra += plan.edges
        return self.with_edges(extra)

    def with_edges(self, extra: Iterable[Pair]) -> GraphContext:
        """Make a context of the same graph with more edges, which is asked nothing about missing edges any more."""
        same = GraphContext(self.file, self.graph)
        same.__dict__.update(deployment=self.deployment, strategy=self.strategy, _patterned=([], 0), plans=self.plans)
        same.wiring = Wiring(self.graph, extra)
        same.planned = self.plans
        return same


class FileContext(Struct, eq=False, dict=True):  # the dict is what cached properties write to
    """One file: what was read, what strategy holds for it and who declared that."""

    document: Document
    name: str
    strategy: Strategy | None = None
    strategy_source: StrategySource | None = None
    declarations: tuple[Declaration, ...] = ()
    layout_certain: bool = (
        True  # whether degrees are known to mean these GPUs: false of most strategies read from a file
    )
    graphs: list[GraphContext] = field(default_factory=list)
    cards: tuple[Card, ...] = ()  # all rules that there are; dotlint's own where none are given
    vocabularies: tuple[str, ...] = ()  # the TOML texts of the vocabularies that go over dotlint's own
    whole: Strategy | None = None  # where phases are files of their own: the strategy of all of them,
    part: FilePhases | None = None  # and which of them this file carries
    hidden: Hidden = field(default_factory=dict)  # locations that comments or the baseline hide, by rule

    def __post_init__(self) -> None:
        self.graphs = [GraphContext(self, graph) for graph in self.document.graphs]

    @cached_property
    def rules(self) -> Mapping[str, Card]:
        """Every rule's card by its code, whether the rule runs or not."""
        return by_code(self.cards)

    @property
    def carried(self) -> Strategy | None:
        """The strategy of the phases that this file carries, None where they are all in other files."""
        if self.whole is None or self.part is None or not self.part.phases:
            return None
        return self.whole.narrowed([phase.name for phase in self.part.phases])

    @property
    def only_phase(self) -> str | None:
        """The phase of every node where the strategy gives the file to one; None where nodes say theirs."""
        return self.part.only_phase if self.part is not None else None

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Dotlint's own vocabulary with the user's over it."""
        return load_vocabulary(vocabulary_file(), *self.vocabularies)

    @cached_property
    def loss(self) -> Loss | None:
        """What of the file could not be read; None where it was read whole."""
        if not self.document.problems:
            return None
        from dotlint.engine.incomplete import loss_of  # noqa: PLC0415 - most files are whole

        return loss_of(self.document, self.rules)

    @cached_property
    def is_program(self) -> bool:
        """Whether the file is a program that would write a graph: what it writes is not there yet."""
        return any(self.rules[problem.code].loses == "program" for problem in self.document.problems)

    @property
    def read_as_deployment(self) -> bool:
        """Whether any rule has asked what a graph deploys; the rules of DOT itself do not."""
        return any("deployment" in vars(graph) for graph in self.graphs)

    @cached_property
    def is_deployment(self) -> bool:
        """Whether any graph of the file looks like a deployment."""
        return any(graph.deployment.recognized for graph in self.graphs)
