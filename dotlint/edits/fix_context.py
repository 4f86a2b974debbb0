"""The context of a fix function, and the decorator that links a check to its fix function."""

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
    """Raised by a fix function that finds no certain fix; the message is the reason, without a final period."""


class FixContext:
    """One graph of a linted file and the writers of its edits, which are created on first use."""

    def __init__(self, context: GraphContext, result: FileResult) -> None:
        self.context = context
        self.result = result
        self.text = result.document.text
        self.comments = result.document.comments

    @property
    def deployment(self) -> Deployment:
        """Return the graph as a deployment."""
        return self.context.deployment

    def readings(self, finding: Finding) -> list[Reading]:
        """Return the readings of the finding's nodes, in its order."""
        by_name = self.deployment.by_name
        return [by_name[name] for name in finding.nodes if name in by_name]

    @cached_property
    def edges(self) -> EdgeWriter:
        """Return the writer of edges between existing nodes."""
        from dotlint.edits.edges import EdgeWriter  # noqa: PLC0415 - these two only where an edge is missing
        from dotlint.edits.planned_edge import PlannedEdge  # noqa: PLC0415

        every = [PlannedEdge(m.tail, m.head, m.exemplar, "") for m in self.context.missing]
        return EdgeWriter(self.text, self.deployment, self.comments, every)

    @cached_property
    def attributes(self) -> EdgeAttributes:
        """Return the source of attributes for planned edges."""
        from dotlint.edits.edge_attributes import EdgeAttributes  # noqa: PLC0415

        return EdgeAttributes(self.text, self.deployment)

    @cached_property
    def gpus(self) -> GpuWriter:
        """Return the writer of GPUs in labels."""
        from dotlint.edits.gpus.label import GpuWriter  # noqa: PLC0415

        return GpuWriter(self.deployment)


FixFunction = Callable[[FixContext, Finding], Fix | str]
"""Computes the fix of a finding from its data, or returns the reason why there is none."""


def fixed_by(function: Callable[..., Fix | str]) -> Callable[[Check], Check]:
    """Return a decorator that links a check to the function that computes the fixes of its findings.

    For dotlint's own checks that is a `FixFunction`; for a plugin's check, a function of the check's `Context` and the
    finding. It is called when fixes are needed, for findings that are `fixable` and have no fix yet.
    """

    def mark(check: Check) -> Check:
        check.fix = function  # type: ignore[attr-defined]
        return check

    return mark


def in_order(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Return the edits without duplicates, sorted by offset, as a `Fix` requires."""
    return tuple(sorted(dict.fromkeys(edits), key=lambda edit: edit.start))
