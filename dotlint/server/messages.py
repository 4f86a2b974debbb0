"""The messages between the server and its worker processes, which are pickled.

Offsets count code points from 0, without a leading byte order mark; `end` is exclusive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from dotlint.config.model import Overrides

if TYPE_CHECKING:
    from pathlib import Path

    from dotlint.engine.finding import Edit, Fix, Severity
    from dotlint.server.references import Mentions
    from dotlint.server.text import Encoding, TextPosition

Stamp = tuple[int, int]
"""The modification time of a file in nanoseconds, and its size in bytes."""


class EditorOptions(Struct, frozen=True):
    """Editor settings, which override configuration files as command-line options do."""

    overrides: Overrides = Overrides()
    config: Path | None = None


class Job(Struct, frozen=True):
    """A task for a worker.

    `read` is to parse and lint `text`, `fix` to apply its safe fixes; `path` is its path, for messages and configuration.
    `names` is to find the symbols of the files in the folder `path`, with positions in `encoding`; files whose stamp is
    `known` are not read.
    """

    kind: Literal["read", "fix", "names"]
    text: str
    path: str
    options: EditorOptions
    encoding: Encoding = "utf-16"
    known: dict[str, Stamp] = {}


class ParsedText(Struct, frozen=True):
    """The result of parsing a text; `clusters` has the names and spans of its subgraphs.

    `complete` is false if part of the text could not be parsed. `spans` are the parts that are DOT; None if all is.
    """

    mentions: Mentions
    clusters: tuple[tuple[str, int, int], ...]
    complete: bool
    spans: tuple[tuple[int, int], ...] | None = None


class FindingLocation(Struct, frozen=True):
    """A location of a finding; `suppression` is the edit that suppresses the finding there, None if no comment can."""

    start: int
    end: int
    suppression: Edit | None = None


class FindingInfo(Struct, frozen=True):
    """The parts of a finding that an editor needs; `caused_by` are indices into the findings of the report.

    The first of its `locations` is at `start`. `file_suppression` is the edit that suppresses its rule in the whole file,
    None if no comment can.
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
    locations: tuple[FindingLocation, ...]
    file_suppression: Edit | None = None


class RuleInfo(Struct, frozen=True):
    """The description of a rule in Markdown and plain text, the address of its page, and the tag of its diagnostics."""

    markdown: str
    plain: str
    address: str | None
    tag: Literal["unnecessary", "deprecated"] | None


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
    rules: dict[str, RuleInfo] = {}
    symbols: tuple[Symbol, ...] = ()
    problems: tuple[str, ...] = ()
    multiple_files: bool = False


class NodePages(Struct, frozen=True):
    """The pages of nodes, as `dotlint explain` prints them; the first is that of the node with number `first`."""

    first: int
    texts: tuple[str, ...]


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


Message = ParsedText | Report | NodePages | FixedText | FileSymbols | Failure
