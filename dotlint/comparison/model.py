"""The result of a comparison: differences, findings fixed and new, and what only the drawing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult

Change = Literal["added", "removed", "changed"]
Section = Literal[
    "graphs", "strategy", "stages", "operators", "communication", "nodes", "devices", "shapes", "labels", "edges",
    "clusters", "attributes",
]  # fmt: skip
SECTIONS: tuple[Section, ...] = (
    "graphs", "strategy", "stages", "operators", "communication", "nodes", "devices", "shapes", "labels", "edges",
    "clusters", "attributes",
)  # fmt: skip
"""The sections of a report, in order; `nodes`, `clusters` and `attributes` are those of graphs that are no deployments."""

Names = tuple[str, ...]
"""A node, an edge as its two ends, or a unit."""


class Item(Struct, frozen=True):
    """One thing that differs, by its names in either graph; None on the side that lacks it.

    `unit` is the part of the deployment that it belongs to (`phase`, `stage`, `layer`), by the numbers of the file.
    `edges` are the edges of an added or removed node, which are not listed on their own.
    """

    before: Names | None
    after: Names | None
    unit: Mapping[str, str | int] = field(default_factory=dict)
    edges: int = 0


class Difference(Struct, frozen=True):
    """Equal differences as one entry: `text` has no count; `was` and `now` are the values of a changed `field`.

    `undecided` is whether it is certain only how many of several alike nodes differ, not which of them.
    """

    section: Section
    change: Change
    what: str
    items: tuple[Item, ...]
    field: str = ""
    was: str = ""
    now: str = ""
    undecided: bool = False

    @property
    def count(self) -> int:
        """The number of things that differ in this way."""
        return len(self.items)


class Alike(Struct, frozen=True):
    """Nodes of either graph that correspond as a whole, although nothing decides which of them is which."""

    before: Names
    after: Names


class StillThere(Struct, frozen=True):
    """A finding of both files."""

    before: Finding
    after: Finding


class FindingChanges(Struct):
    """The findings that only the first file has, only the second, and both."""

    fixed: list[Finding] = field(default_factory=list)
    new: list[Finding] = field(default_factory=list)
    still: list[StillThere] = field(default_factory=list)


class Layout(Struct):
    """What changes only the drawing or the text. `formatting` is whether only blanks or the like differ."""

    attributes: int = 0
    comments: int = 0
    renamed: int = 0
    reworded: int = 0
    reordered: bool = False
    clusters: int = 0
    headers: int = 0
    formatting: bool = False

    @property
    def any(self) -> bool:
        """Whether there is any such change."""
        return any(getattr(self, name) for name in self.__struct_fields__)


class Matched(Struct):
    """How far the nodes of two graphs were matched."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    alike: list[Alike] = field(default_factory=list)

    @property
    def renamed(self) -> list[tuple[str, str]]:
        """The pairs whose names differ."""
        return [pair for pair in self.pairs if pair[0] != pair[1]]


class Facts(Struct, frozen=True):
    """What one file has, in numbers; `missing` is whether there is no such file."""

    path: str
    nodes: int
    edges: int
    gpus: int
    stages: int
    missing: bool = False


class Comparison(Struct):
    """What differs between two files. `notes` state what limits the comparison."""

    before: Facts
    after: Facts
    results: tuple[FileResult, FileResult]
    deployments: bool
    differences: list[Difference] = field(default_factory=list)
    findings: FindingChanges = field(default_factory=FindingChanges)
    layout: Layout = field(default_factory=Layout)
    matched: list[Matched] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def differ(self) -> bool:
        """Whether the deployments differ; layout and findings alone do not count."""
        return bool(self.differences)
