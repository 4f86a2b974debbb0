"""What a fix function gets, and how a check names the function that computes its fix."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from dotlint.engine.finding import Edit, Finding, Fix

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.edits.edge_attributes import EdgeAttributes
    from dotlint.edits.edges import EdgeWriter
    from dotlint.edits.gpus.label import GpuWriter
    from dotlint.engine.context import GraphContext
    from dotlint.engine.result import FileResult

Check = TypeVar("Check", bound=Callable[..., object])


class NotCertain(Exception):  # noqa: N818 - no error: why there is no fix
    """A fix function may raise it where it finds no certain fix; the message says why, in half a sentence."""


class FixContext:
    """One graph of a linted file, with what writes into it; each part is made when it is first needed."""

    def __init__(self, context: GraphContext, result: FileResult) -> None:
        self.context = context
        self.result = result
        self.text = result.document.text
        self.comments = result.document.comments

    @property
    def deployment(self) -> Deployment:
        """The graph read as a deployment."""
        return self.context.deployment

    def readings(self, finding: Finding) -> list[Reading]:
        """Give the finding's nodes as they were read, in its order."""
        by_name = self.deployment.by_name
        return [by_name[name] for name in finding.nodes if name in by_name]

    @cached_property
    def edges(self) -> EdgeWriter:
        """Writes edges between nodes that are there."""
        from dotlint.edits.edges import EdgeWriter  # noqa: PLC0415 - these two only where an edge is missing
        from dotlint.edits.planned_edge import PlannedEdge  # noqa: PLC0415

        every = [PlannedEdge(m.tail, m.head, m.exemplar, "") for m in self.context.missing]
        return EdgeWriter(self.text, self.deployment, self.comments, every)

    @cached_property
    def attributes(self) -> EdgeAttributes:
        """Knows which attributes a new edge takes over."""
        from dotlint.edits.edge_attributes import EdgeAttributes  # noqa: PLC0415

        return EdgeAttributes(self.text, self.deployment)

    @cached_property
    def gpus(self) -> GpuWriter:
        """Writes GPUs into labels."""
        from dotlint.edits.gpus.label import GpuWriter  # noqa: PLC0415

        return GpuWriter(self.deployment)


FixFunction = Callable[[FixContext, Finding], Fix | str]
"""Computes the fix of a finding from its data; the text says in half a sentence why there is none."""


def fixed_by(function: Callable[..., Fix | str]) -> Callable[[Check], Check]:
    """Mark a check with the function that computes the fixes of its findings.

    Of dotlint's own checks that is a `FixFunction`; of a plugin's it takes the `Context` that the check takes, and the
    finding. It is called for findings that are `fixable` and bring no fix, once somebody wants to see fixes.
    """

    def mark(check: Check) -> Check:
        check.fix = function  # type: ignore[attr-defined]
        return check

    return mark


def in_order(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Sort edits by their places, each once, as those of a `Fix` are."""
    return tuple(sorted(dict.fromkeys(edits), key=lambda edit: edit.start))
