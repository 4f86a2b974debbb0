"""What reports state about a file besides its findings: small data that can be cached and sent to other processes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

from dotlint.strategy.phases import Strategy  # noqa: TC001 - msgspec reads what the cache kept by these types
from dotlint.syntax.source import Position  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dotlint.deployment.tensors.model import Flow

StrategySource = Literal["option", "configuration", "file"]


class SourceLines(Protocol):
    """Locations and lines of a text: a `Source`, or an `Excerpt` of one."""

    def position(self, offset: int) -> Position:
        """Return the line and column of an offset."""
        ...

    def line_text(self, line: int) -> str:
        """Return a line, counted from 1, without its LF."""
        ...

    def byte_column(self, offset: int) -> int:
        """Return the column of an offset in bytes of UTF-8, from 1."""
        ...

    def line_hashes(self, lines: Iterable[int]) -> Mapping[int, str]:
        """Return GitHub's hashes of lines, counted from 1."""
        ...


class Excerpt(Struct, frozen=True):
    """The locations that the findings of a text mention, and their lines.

    `byte_columns` has the columns in bytes that differ from those in code points, `hashes` GitHub's hashes of the lines
    in which locations start.
    """

    positions: dict[int, Position]
    lines: dict[int, str]
    byte_columns: dict[int, int] = {}
    hashes: dict[int, str] = {}

    def position(self, offset: int) -> Position:
        """Return the line and column of an offset; raises `KeyError` if no finding mentions it."""
        return self.positions[offset]

    def line_text(self, line: int) -> str:
        """Return a line; raises `KeyError` if no finding is located in it."""
        return self.lines[line]

    def byte_column(self, offset: int) -> int:
        """Return the column of an offset in bytes; raises `KeyError` if no finding mentions it."""
        return self.byte_columns.get(offset) or self.positions[offset].column

    def line_hashes(self, lines: Iterable[int]) -> Mapping[int, str]:  # noqa: ARG002 - the protocol names it
        """Return the hashes of all lines in which locations of findings start."""
        return self.hashes


class PhaseFile(Struct, frozen=True):
    """A phase of a deployment with several files: `here`, or in the `file` that the strategy file `origin` names.

    `file` is None if the strategy file names none; `problem` is the reason why it cannot be read.
    """

    phase: str
    file: str | None
    here: bool
    origin: str
    problem: str | None


class FlowFacts(Struct, frozen=True):
    """How far the tensors of a file were followed, in edges between operators.

    `reasons` counts the other edges by key of `dotlint.deployment.tensors.followed.REASONS`.
    """

    edges: int
    followed: int
    reasons: dict[str, int]


def flow_facts(flows: Sequence[Flow]) -> FlowFacts:
    """Count the edges of several graphs."""
    counted = Counter(reason for flow in flows for reason in flow.reasons.values())
    reasons = {reason: counted[reason] for reason in sorted(counted)}
    return FlowFacts(sum(flow.edges for flow in flows), sum(len(flow.followed) for flow in flows), reasons)


class FileFacts(Struct, frozen=True):
    """What reports state about a file besides its findings; `edges` is None if there were too many to count.

    `strategy` is the strategy that the file was checked against, with assumed phases; `strategy_source` is where it
    was declared. `deployment` has every phase and its file if the strategy assigns files to phases. `flow` is None if no
    graph was read as a deployment. `looked_up` has whether other files existed that a finding depends on.
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
    flow: FlowFacts | None = None
    looked_up: dict[str, bool] = {}
