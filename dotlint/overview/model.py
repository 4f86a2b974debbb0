"""An overview as data: blocks in frames, and links between blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from dotlint.strategy.gpus import GpuSet

if TYPE_CHECKING:
    from dotlint.deployment.model import Reading

Basis = Literal["stage", "layer", "GPU"]
Look = Literal["block", "end"]
NO_GPUS = GpuSet()


class OverviewBlock(Struct, eq=False):
    """A node of the overview: a stage, a run of layers, a set of GPUs, or an input or output (`look` is `end`).

    `lines` are plain text, with the title first. `placement` is shown after the title. `gpus` are drawn in the file,
    `expected_gpus` follow from the strategy. `missing` is true if the strategy requires the block and the file does not
    draw it. `members` are the nodes that the block represents.
    """

    name: str
    lines: list[str]
    look: Look = "block"
    members: list[Reading] = field(default_factory=list)
    phase: str | None = None
    stage: int | None = None
    missing: bool = False
    gpus: GpuSet = NO_GPUS
    expected_gpus: GpuSet = NO_GPUS
    placement: list[str] = field(default_factory=list)

    @property
    def all_lines(self) -> list[str]:
        """All lines in the order in which they are shown."""
        return [*self.lines[:1], *self.placement, *self.lines[1:]]


class Link(Struct, eq=False):
    """An edge of the overview that represents `edges` edges of the file; `missing` is as for blocks.

    If the overview is undirected, `back` of these lead from head to tail.
    """

    tail: OverviewBlock
    head: OverviewBlock
    lines: list[str] = field(default_factory=list)
    missing: bool = False
    edges: int = 0
    back: int = 0


class Frame(Struct, eq=False):
    """The blocks of a phase, in a cluster if `name` is not empty."""

    name: str
    phase: str
    lines: list[str]
    blocks: list[OverviewBlock]


class Overview(Struct, eq=False):
    """The content of an overview, in the order in which it is written."""

    title: str
    basis: Basis
    rankdir: str
    frames: list[Frame] = field(default_factory=list)
    ends: list[OverviewBlock] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    @property
    def directed(self) -> bool:
        """Whether the edges have a direction; between GPUs data flows in both directions."""
        return self.basis != "GPU"

    @property
    def missing(self) -> bool:
        """Whether a block or link is not drawn in the file."""
        blocks = [*self.ends, *(block for frame in self.frames for block in frame.blocks)]
        return any(block.missing for block in blocks) or any(link.missing for link in self.links)
