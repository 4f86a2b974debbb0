"""A picture as data, before its layout: boxes, nodes and arrows, with the findings of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

if TYPE_CHECKING:
    from dotlint.engine.finding import Pair, Severity

FoldLevel = Literal["none", "siblings", "layers", "stages"]
LEVELS: tuple[FoldLevel, ...] = ("none", "siblings", "layers", "stages")

State = Literal["isolated", "no consumer", "no producer"]
StageKey = tuple[str | None, int]


class Mark(Struct, frozen=True):
    """A finding that an element shows, with the state that it reports; `finding` is its index in the result."""

    finding: int
    code: str
    name: str
    severity: Severity
    message: str
    line: int
    state: State | None = None

    def __str__(self) -> str:
        return f"{self.severity}: {self.code} {self.name} (line {self.line}): {self.message}"


class Box(Struct, eq=False):
    """A cluster of the file (`own`), or a box that the picture adds for a stage.

    `planned` is the finding that proposes the stage, `hints` are the findings about it.
    """

    id: str
    lines: tuple[str, ...]
    parent: Box | None
    own: bool = False
    planned: Mark | None = None
    hints: list[Mark] = field(default_factory=list)

    @property
    def path(self) -> list[Box]:
        """The boxes around it and itself, outermost first."""
        found: list[Box] = []
        walk: Box | None = self
        while walk is not None:
            found.append(walk)
            walk = walk.parent
        return found[::-1]


class Shape(Struct, eq=False):
    """A node of the picture, which represents one node of the graph or several (`members`).

    `marks` are the findings that the picture marks, `hints` those that only the title has. `planned` is the finding
    that proposes a planned node. `about` are the lines of the title.
    """

    id: str
    lines: tuple[str, ...]
    shape: str
    kind: str | None
    box: Box | None
    members: tuple[str, ...]
    marks: list[Mark] = field(default_factory=list)
    hints: list[Mark] = field(default_factory=list)
    state: State | None = None
    planned: Mark | None = None
    folded: bool = False
    about: tuple[str, ...] = ()


class Arrow(Struct, eq=False):
    """An edge of the picture, which represents one edge of the graph or several (`pairs`).

    `proposed` is the finding that proposes a missing edge. `cycle` is 2 on the shortest cycle of a strongly connected
    component, 1 elsewhere in the component, and 0 outside. `tensors` are lines about what it carries.
    """

    id: str
    tail: Shape
    head: Shape
    lines: tuple[str, ...] = ()
    style: str = ""
    pairs: list[Pair] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    hints: list[Mark] = field(default_factory=list)
    proposed: Mark | None = None
    planned: bool = False
    cycle: int = 0
    tensors: tuple[str, ...] = ()


class Picture(Struct):
    """The content of a picture of one graph, and the ids of its elements in an SVG.

    `node_ids`, `edge_ids` and `unit_ids` (by phase and 0-based stage) map to ids; folded nodes share one. `finding_ids`
    has the elements that show a finding, by its index in the result. `notes` state what was left out, and why.
    """

    title: tuple[str, ...]
    directed: bool
    rankdir: str
    level: FoldLevel
    boxes: list[Box] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    node_ids: dict[str, str] = field(default_factory=dict)
    edge_ids: dict[Pair, str] = field(default_factory=dict)
    unit_ids: dict[StageKey, str] = field(default_factory=dict)
    finding_ids: dict[int, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
