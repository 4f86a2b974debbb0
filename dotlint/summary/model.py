"""A summary as data: sections of lines. Each line was counted in the graph or has the outcome of rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

if TYPE_CHECKING:
    from dotlint.engine.finding import Severity

LineMark = Literal["holds", "fails", "undecided", "fact"]
SIGNS: dict[LineMark, str] = {"holds": "✓", "fails": "✗", "undecided": "?", "fact": "·"}


class Evidence(Struct, frozen=True):
    """A finding that a line refers to; `line` counts from 1."""

    code: str
    name: str
    severity: Severity
    line: int
    message: str


class Line(Struct, frozen=True):
    """One statement about the graph.

    Its `mark` is `holds` if it passed, `fails` if it failed (see `evidence`), `undecided` if it was skipped (see
    `needs`), and `fact` for a number that no rule checks.
    """

    mark: LineMark
    subject: str
    text: str
    needs: str | None = None
    evidence: tuple[Evidence, ...] = ()


class SummarySection(Struct, frozen=True):
    """Lines under a heading."""

    title: str
    lines: tuple[Line, ...]

    @property
    def mark(self) -> LineMark:
        """The mark of the section: the first of `fails`, `undecided` and `holds` that a line has, otherwise `fact`."""
        marks = {line.mark for line in self.lines}
        return next((mark for mark in ("fails", "undecided", "holds") if mark in marks), "fact")


class GraphSummary(Struct, frozen=True):
    """The sections of one graph; `index` is its position in the file, from 0."""

    index: int
    name: str | None
    sections: tuple[SummarySection, ...]


class Summary(Struct, frozen=True):
    """The summary of a file."""

    path: str
    verdict: str
    graphs: list[GraphSummary] = field(default_factory=list)
