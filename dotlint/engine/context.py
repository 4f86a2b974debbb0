"""What a check sees: the file, its graphs, the deployment they describe and the declared strategy. Read-only."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.deployment.absent import absences
from dotlint.deployment.decide import read_deployment
from dotlint.deployment.plan import plan_stages
from dotlint.deployment.proposals import missing_edges
from dotlint.deployment.vocabulary import load_vocabulary
from dotlint.deployment.wiring import Wiring
from dotlint.engine.resources import vocabulary_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.deployment.absent import Absence
    from dotlint.deployment.model import Deployment
    from dotlint.deployment.plan import StagePlan
    from dotlint.deployment.proposals import MissingEdge
    from dotlint.deployment.vocabulary import Vocabulary
    from dotlint.engine.declared import Declaration
    from dotlint.engine.result import StrategySource
    from dotlint.graph.model import Document, Graph
    from dotlint.strategy import GpuSet, Phase, Strategy


class GraphContext:
    """One graph with everything that several checks need, each part worked out once and when first asked for."""

    def __init__(self, file: FileContext, graph: Graph) -> None:
        self.file = file
        self.graph = graph
        self.planned: Mapping[str, list[StagePlan]] = {}  # what is taken to be there already; see `mended`

    @cached_property
    def deployment(self) -> Deployment:
        """The graph read as a deployment."""
        expected: dict[tuple[str, int], GpuSet] = {}
        if self.file.strategy is not None:
            for phase in self.file.strategy.with_phase_assumed("decode").phases:
                if phase.stage_count == 1:
                    continue  # then a stage is the whole phase, and says nothing of a node
                names = [phase.name] if phase.name else ["", "prefill"]
                for stage, gpus in enumerate(phase.stages):
                    for name in names:
                        expected[name, stage] = gpus
        return read_deployment(self.graph, self.file.vocabulary, expected)

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
    def wiring(self) -> Wiring:
        """Who feeds whom."""
        return Wiring(self.graph)

    @cached_property
    def absent(self) -> list[Absence]:
        """The nodes that sibling units have and a unit lacks."""
        return absences(self.deployment)

    @cached_property
    def missing(self) -> list[MissingEdge]:
        """The edges that the graph's own patterns ask for."""
        return missing_edges(self.deployment)

    @cached_property
    def plans(self) -> Mapping[str, list[StagePlan]]:
        """For each phase the stages that the strategy declares and the graph lacks."""
        found: dict[str, list[StagePlan]] = {}
        for name in self.deployment.phases:
            phase = self.phase(name)
            if phase is not None and phase.stage_count > 1:
                found[name] = plan_stages(self.deployment, name, phase.stage_count, dict(enumerate(phase.stages)))
        return found

    @cached_property
    def mended(self) -> GraphContext:
        """The same graph as it would be with every proposed edge and every planned stage in place."""
        extra = [edge.pair for edge in self.missing]
        for plans in self.plans.values():
            for plan in plans:
                extra += plan.inner + plan.entering + plan.leaving
        twin = GraphContext(self.file, self.graph)
        twin.__dict__.update(deployment=self.deployment, strategy=self.strategy, missing=[], plans=self.plans)
        twin.wiring = Wiring(self.graph, extra)
        twin.planned = self.plans
        return twin


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
    vocabularies: tuple[str, ...] = ()  # the TOML texts of the vocabularies that go over dotlint's own

    def __post_init__(self) -> None:
        self.graphs = [GraphContext(self, graph) for graph in self.document.graphs]

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Dotlint's own vocabulary with the user's over it."""
        return load_vocabulary(vocabulary_file(), *self.vocabularies)

    @cached_property
    def is_deployment(self) -> bool:
        """Whether any graph of the file looks like a deployment."""
        return any(graph.deployment.recognised for graph in self.graphs)
