"""What the reports say of a file besides its findings: small data that can be kept and sent on."""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

from dotlint.strategy.phases import Strategy  # noqa: TC001 - msgspec reads what the cache kept by these types
from dotlint.syntax.source import Position  # noqa: TC001

StrategySource = Literal["option", "configuration", "file"]


class Positions(Protocol):
    """The way from offsets to lines: a `Source`, or an `Excerpt` of one."""

    def position(self, offset: int) -> Position:
        """Give line and column of an offset."""
        ...

    def line_text(self, line: int) -> str:
        """Give a 1-based line without its LF."""
        ...


class Excerpt(Struct, frozen=True):
    """As much of a text as its findings speak of: the places that they name, the lines that those are in."""

    positions: dict[int, Position]
    lines: dict[int, str]

    def position(self, offset: int) -> Position:
        """Give line and column of an offset that a finding names; any other raises `KeyError`."""
        return self.positions[offset]

    def line_text(self, line: int) -> str:
        """Give a line that a finding stands in; any other raises `KeyError`."""
        return self.lines[line]


class PhaseFile(Struct, frozen=True):
    """A phase of a deployment of several files: `here`, or in the `file` that the strategy file `origin` names.

    `file` is None where none is named; `problem` says why it cannot be read.
    """

    phase: str
    file: str | None
    here: bool
    origin: str
    problem: str | None


class Facts(Struct, frozen=True):
    """What the reports say of a file besides its findings; `edges` is None where they were too many.

    `strategy` is the one that held for the file, with the phases that were assumed; `strategy_source` says
    who declared it. `deployment` has every phase and its file where the strategy gives phases files of their
    own.
    """

    nodes: int
    edges: int | None
    directed: bool
    graphs: int
    is_deployment: bool | None
    strategy: Strategy | None
    strategy_source: StrategySource | None
    excerpt: Excerpt | None = None
    deployment: tuple[PhaseFile, ...] = ()
