"""What writes into one graph, each part made when it is first needed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment
    from dotlint.edits.dimensions import DimensionCopier
    from dotlint.edits.edge_attributes import EdgeAttributes
    from dotlint.edits.edges import EdgeWriter
    from dotlint.edits.gpus.label import GpuWriter
    from dotlint.engine.context import GraphContext
    from dotlint.engine.result import FileResult


class FixContext:
    """The writers of one graph of a result that has its text."""

    def __init__(self, context: GraphContext, result: FileResult) -> None:
        self.context = context
        self.result = result
        self.text = result.document.text
        self.comments = result.document.comments

    @property
    def deployment(self) -> Deployment:
        """The graph read as a deployment."""
        return self.context.deployment

    @cached_property
    def edges(self) -> EdgeWriter:
        """Writes edges between nodes that are there."""
        from dotlint.edits.edges import EdgeWriter  # noqa: PLC0415 - these two only where an edge is missing
        from dotlint.edits.planned_edge import PlannedEdge  # noqa: PLC0415

        every = [PlannedEdge(m.tail, m.head, m.exemplar, "") for m in self.context.missing]
        return EdgeWriter(self.text, self.deployment, self.comments, every)

    @cached_property
    def attributes(self) -> EdgeAttributes:
        """Knows what attributes a new edge takes over."""
        from dotlint.edits.edge_attributes import EdgeAttributes  # noqa: PLC0415

        return EdgeAttributes(self.text, self.deployment)

    @cached_property
    def dims(self) -> DimensionCopier:
        """Copies dimensions."""
        from dotlint.edits.dimensions import DimensionCopier  # noqa: PLC0415

        return DimensionCopier(self.deployment)

    @cached_property
    def gpus(self) -> GpuWriter:
        """Writes GPUs into labels."""
        from dotlint.edits.gpus.label import GpuWriter  # noqa: PLC0415

        return GpuWriter(self.deployment)
