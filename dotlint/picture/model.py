"""What a picture is made of, before any program lays it out: boxes, nodes, arrows, and what is said of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

if TYPE_CHECKING:
    from dotlint.engine.finding import Pair, Severity

Level = Literal["none", "siblings", "layers", "stages"]
LEVELS: tuple[Level, ...] = ("none", "siblings", "layers", "stages")

State = Literal["isolated", "no consumer", "no producer"]
StageKey = tuple[str | None, int]


class Mark(Struct, frozen=True):
    """A finding as an element shows it, and the state that it reports; `finding` is its index in the result."""

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
    """A cluster of the file's own, or a stage that the picture boxes.

    `planned` is the finding that proposes it, `hints` are the findings on the stage.
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
    """A node of the picture, for one node of the graph or for all of `members`.

    `marks` are the findings that are drawn, `hints` those that only its title tells. `planned` is the finding
    that proposes a node which is not there yet. `about` are the lines of its title.
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
    """An edge of the picture, for one edge of the graph or for several of the same ends (`pairs`).

    `proposed` is the finding that asks for an edge which is not there. `cycle` is 2 on the shortest cycle of its
    component, 1 elsewhere in the component.
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


class Picture(Struct):
    """Everything that is drawn of one graph, and the ids under which an SVG has it.

    `node_ids`, `edge_ids` and `unit_ids` (phase and 0-based stage) lead to elements; several names lead to one
    where nodes were folded. `finding_ids` are the elements that show a finding, by its index. `notes` are for who
    asked for the picture: what was left out, and why.
    """

    title: tuple[str, ...]
    directed: bool
    rankdir: str
    level: Level
    boxes: list[Box] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    node_ids: dict[str, str] = field(default_factory=dict)
    edge_ids: dict[Pair, str] = field(default_factory=dict)
    unit_ids: dict[StageKey, str] = field(default_factory=dict)
    finding_ids: dict[int, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
