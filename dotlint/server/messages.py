"""The messages between the server and its worker processes, which are pickled.

Offsets count code points from 0, without a leading byte order mark; `end` is exclusive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from dotlint.config.model import Overrides

if TYPE_CHECKING:
    from pathlib import Path

    from dotlint.engine.finding import Applicability, Edit, Fix, Severity
    from dotlint.server.references import Mentions
    from dotlint.server.text import Encoding, TextPosition

Stamp = tuple[int, int]
"""The modification time of a file in nanoseconds, and its size in bytes."""


class EditorOptions(Struct, frozen=True):
    """Editor settings: `overrides` of configuration files, as command-line options are, and what the editor shows."""

    overrides: Overrides = Overrides()
    config: Path | None = None
    inlay_hints: bool = True


class Job(Struct, frozen=True):
    """A task for a worker.

    `read` is to parse and lint `text`, `fix` to apply its safe fixes; `path` is its path, for messages and configuration.
    `names` is to find the symbols of the files in the folder `path`, with positions in `encoding`; files whose stamp is
    `known` are not read. `rules` is the key of the rules that the server process knows.
    """

    kind: Literal["read", "fix", "names"]
    text: str
    path: str
    options: EditorOptions
    encoding: Encoding = "utf-16"
    known: dict[str, Stamp] = {}
    rules: int = 0


class ColorSpan(Struct, frozen=True):
    """A color that is written at a span; `rgb` has red, green and blue from 0 to 255."""

    start: int
    end: int
    rgb: tuple[int, int, int]


class FoldSpan(Struct, frozen=True):
    """A span of several lines that an editor can fold; it is folded from the line of `start` to that of `end`."""

    start: int
    end: int
    kind: Literal["block", "statement", "comment", "stage"]


class ParsedText(Struct, frozen=True):
    """The result of parsing a text; `clusters` has the names and spans of its subgraphs.

    `complete` is false if part of the text could not be parsed. `spans` are the parts that are DOT; None if all is.
    """

    mentions: Mentions
    clusters: tuple[tuple[str, int, int], ...]
    complete: bool
    spans: tuple[tuple[int, int], ...] | None = None
    folds: tuple[FoldSpan, ...] = ()
    colors: tuple[ColorSpan, ...] = ()


class FindingInfo(Struct, frozen=True):
    """The parts of a finding that an editor needs; `caused_by` are indices into the findings of the report.

    The first of its `locations`, which are spans, is at `start`.
    """

    code: str
    name: str
    severity: Severity
    message: str
    start: int
    end: int
    help: str | None
    note: str | None
    related: tuple[tuple[str, int, int], ...]
    caused_by: tuple[int, ...]
    fix: Fix | None
    locations: tuple[tuple[int, int], ...]


class RuleInfo(Struct, frozen=True):
    """A rule: what its card states, the address of its page, and the tag of its diagnostics."""

    code: str
    names: tuple[str, ...]
    summary: str
    why: str
    severity: Severity
    fix: Applicability | None
    bad: str | None
    fixed: str | None
    address: str | None
    tag: Literal["unnecessary", "deprecated"] | None
    suppressible: bool


class Rules(Struct, frozen=True):
    """All existing rules by code; `key` identifies the set, so that it is sent only if it has changed."""

    key: int
    rules: dict[str, RuleInfo]


class Symbol(Struct, frozen=True):
    """An entry of the outline; its extent is `start` to `end`, its name is at `first` to `last`."""

    name: str
    detail: str
    kind: Literal["graph", "phase", "stage", "layer", "cluster", "operator", "transfer", "tensor", "note"]
    start: int
    end: int
    first: int
    last: int
    children: tuple[Symbol, ...] = ()


class Report(Struct, frozen=True):
    """The result of linting a text. `problems` are one-line messages, such as errors in the configuration.

    `multiple_files` is true if the text is one file of a multi-file deployment.
    """

    findings: tuple[FindingInfo, ...] = ()
    symbols: tuple[Symbol, ...] = ()
    problems: tuple[str, ...] = ()
    multiple_files: bool = False


class EarlyReport(Struct, frozen=True):
    """Findings before all rules have run or all fixes are tried; `codes` are the rules for which they are final."""

    report: Report
    codes: frozenset[str]


class Suppressions(Struct, frozen=True):
    """The edits that suppress the findings of the report, in its order.

    `here` has an edit for each location, `everywhere` one for the whole file; None if no comment can suppress it.
    """

    here: tuple[tuple[Edit | None, ...], ...]
    everywhere: tuple[Edit | None, ...]


class NodeFacts(Struct, frozen=True):
    """What a hover shows of a node: rows of titles and texts, its tensors, the reasons for what was inferred, and findings.

    A finding has its code, severity and message.
    """

    name: str
    rows: tuple[tuple[str, str], ...]
    tensors: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    findings: tuple[tuple[str, str, str], ...] = ()


class NodePages(Struct, frozen=True):
    """The facts of nodes; the first are those of the node with number `first`."""

    first: int
    facts: tuple[NodeFacts, ...]


class FlowHint(Struct, frozen=True):
    """What travels along an edge, to be shown after the node at `offset`; `details` explains it."""

    offset: int
    text: str
    details: str


class Understood(Struct, frozen=True):
    """What was inferred for all nodes: the style of each (see `token_styles`), by number, and what their edges carry."""

    styles: bytes
    hints: tuple[FlowHint, ...] = ()


class FixedText(Struct, frozen=True):
    """A text with its safe fixes applied; `refused` states which fixes were refused, and why."""

    text: str
    applied: int
    refused: tuple[str, ...]


class FileSymbols(Struct, frozen=True):
    """The symbols of a file on disk; `rows` is None if the file has not changed.

    A row has the name, the number of the kind in the protocol, the name of the container, and the start and end position.
    """

    path: str
    stamp: Stamp
    rows: tuple[tuple[str, int, str, TextPosition, TextPosition], ...] | None


class Failure(Struct, frozen=True):
    """An error that ended a job; `detail` is for the log."""

    message: str
    detail: str = ""


Message = (
    Rules
    | ParsedText
    | EarlyReport
    | Report
    | Suppressions
    | Understood
    | NodePages
    | FixedText
    | FileSymbols
    | Failure
)
