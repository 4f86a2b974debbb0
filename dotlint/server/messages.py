"""What the process that answers the editor and those that lint tell each other; pickled on the way.

Offsets are dotlint's: code points of the text, a leading byte order mark not counted, `end` exclusive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from dotlint.config.model import Overrides

if TYPE_CHECKING:
    from pathlib import Path

    from dotlint.engine.finding import Edit, Fix, Severity
    from dotlint.server.references import Mentions
    from dotlint.server.text import Encoding, Place

Stamp = tuple[int, int]
"""When a file was last changed, in nanoseconds, and its size in bytes."""


class Options(Struct, frozen=True):
    """What the editor says over every configuration file: as options of the command line do."""

    overrides: Overrides = Overrides()
    config: Path | None = None


class Job(Struct, frozen=True):
    """A text to `read` (and lint) or to `fix`; `path` is what it is called and where its configuration is looked for.

    For `names` it is a folder whose files are to be searched for symbols, in `encoding`, but for those that have not
    changed since they were `known`.
    """

    kind: Literal["read", "fix", "names"]
    text: str
    path: str
    options: Options
    encoding: Encoding = "utf-16"
    known: dict[str, Stamp] = {}


class Reading(Struct, frozen=True):
    """What the text itself says, before any rule is asked; `clusters` are names of subgraphs and their places.

    `whole` is false where part of the text could not be read.
    """

    mentions: Mentions
    clusters: tuple[tuple[str, int, int], ...]
    whole: bool


class Spot(Struct, frozen=True):
    """A location of a finding; `here` is the edit that suppresses the finding there, None if no comment can."""

    start: int
    end: int
    here: Edit | None = None


class Told(Struct, frozen=True):
    """A finding, as much of it as an editor needs; `caused_by` are indices among the findings of the report.

    `spots` are its locations, the first at `start`. `everywhere` is the edit that suppresses it in the whole file, None
    if no comment can.
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
    spots: tuple[Spot, ...]
    everywhere: Edit | None = None


class Rule(Struct, frozen=True):
    """What there is to read on a rule, as Markdown and plain, the address of its page, and how its findings look."""

    markdown: str
    plain: str
    address: str | None
    tag: Literal["unnecessary", "deprecated"] | None


class Symbol(Struct, frozen=True):
    """An entry of the outline: from `start` to `end` it reaches, from `first` to `last` it is named."""

    name: str
    detail: str
    kind: Literal["graph", "phase", "stage", "layer", "cluster", "operator", "transfer", "tensor", "note"]
    start: int
    end: int
    first: int
    last: int
    children: tuple[Symbol, ...] = ()


class Report(Struct, frozen=True):
    """What the rules say. `problems` are mistakes of the configuration and the like, a line each.

    `several` is true where the text is one file of a deployment of several.
    """

    findings: tuple[Told, ...] = ()
    rules: dict[str, Rule] = {}
    symbols: tuple[Symbol, ...] = ()
    problems: tuple[str, ...] = ()
    several: bool = False


class Pages(Struct, frozen=True):
    """What was understood of nodes, as `dotlint explain` prints it, from the `first` number on."""

    first: int
    texts: tuple[str, ...]


class Fixed(Struct, frozen=True):
    """A text with its safe fixes in place; `refused` says which fixes were left out, and why."""

    text: str
    applied: int
    refused: tuple[str, ...]


class Names(Struct, frozen=True):
    """The symbols of a file on disk; `rows` is None where they are still those that are known.

    Each has its name, its kind by the protocol's number, the name of what is around it, and where it starts and ends.
    """

    path: str
    stamp: Stamp
    rows: tuple[tuple[str, int, str, Place, Place], ...] | None


class Failure(Struct, frozen=True):
    """A job that could not be done; `detail` is for the log."""

    message: str
    detail: str = ""


Message = Reading | Report | Pages | Fixed | Names | Failure
