"""A summary as data: sections of lines, each line counted in the graph or decided by rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

if TYPE_CHECKING:
    from dotlint.engine.finding import Severity

Mark = Literal["holds", "fails", "undecided", "fact"]
SIGNS: dict[Mark, str] = {"holds": "✓", "fails": "✗", "undecided": "?", "fact": "·"}


class Evidence(Struct, frozen=True):
    """A finding that a line rests on; `line` counts from 1."""

    code: str
    name: str
    severity: Severity
    line: int
    message: str


class Line(Struct, frozen=True):
    """One thing that is said of the graph.

    `holds` was counted or checked, `fails` has its `evidence`, `undecided` says what it `needs`; a `fact` is a
    figure that nothing asks to be otherwise.
    """

    mark: Mark
    subject: str
    text: str
    needs: str | None = None
    evidence: tuple[Evidence, ...] = ()


class Section(Struct, frozen=True):
    """Lines under a heading."""

    title: str
    lines: tuple[Line, ...]

    @property
    def mark(self) -> Mark:
        """What the section comes to: it fails where a line does, and holds where one holds and none is open."""
        marks = {line.mark for line in self.lines}
        return next((mark for mark in ("fails", "undecided", "holds") if mark in marks), "fact")


class GraphSummary(Struct, frozen=True):
    """The sections of one graph; `index` is its place in the file, from 0."""

    index: int
    name: str | None
    sections: tuple[Section, ...]


class Summary(Struct, frozen=True):
    """What there is to say of a file."""

    path: str
    verdict: str
    graphs: list[GraphSummary] = field(default_factory=list)
