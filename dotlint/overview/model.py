"""An overview as data: blocks in frames, links between blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from dotlint.strategy.gpus import GpuSet

if TYPE_CHECKING:
    from dotlint.deployment.model import Reading

Basis = Literal["stage", "layer", "GPU"]
Look = Literal["block", "end"]
NO_GPUS = GpuSet()


class Block(Struct, eq=False):
    """A node of the overview: a stage, a run of layers, a GPU, or an input or output (`end`).

    `lines` are plain text, the title first; `placement` follows it. `gpus` is where it is drawn, `due` where the strategy
    has it. `missing` is true of what the strategy asks for and the file does not draw. `members` are the nodes that it
    stands for.
    """

    name: str
    lines: list[str]
    look: Look = "block"
    members: list[Reading] = field(default_factory=list)
    phase: str | None = None
    stage: int | None = None
    missing: bool = False
    gpus: GpuSet = NO_GPUS
    due: GpuSet = NO_GPUS
    placement: list[str] = field(default_factory=list)

    @property
    def shown(self) -> list[str]:
        """All its lines in their order."""
        return [*self.lines[:1], *self.placement, *self.lines[1:]]


class Link(Struct, eq=False):
    """An edge of the overview, which stands for `edges` of the file; `missing` as of blocks.

    `back` of these lead from head to tail, where the overview has no directions.
    """

    tail: Block
    head: Block
    lines: list[str] = field(default_factory=list)
    missing: bool = False
    edges: int = 0
    back: int = 0


class Frame(Struct, eq=False):
    """The blocks of a phase, which a cluster holds together where `name` is not empty."""

    name: str
    phase: str
    lines: list[str]
    blocks: list[Block]


class Overview(Struct, eq=False):
    """Everything that an overview shows, in the order in which it is written. `directed` is false by GPU.

    Between two GPUs data goes both ways.
    """

    title: str
    basis: Basis
    rankdir: str
    frames: list[Frame] = field(default_factory=list)
    ends: list[Block] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    @property
    def directed(self) -> bool:
        """Whether its edges have a direction."""
        return self.basis != "GPU"

    @property
    def missing(self) -> bool:
        """Whether anything in it is not drawn in the file."""
        blocks = [*self.ends, *(block for frame in self.frames for block in frame.blocks)]
        return any(block.missing for block in blocks) or any(link.missing for link in self.links)
