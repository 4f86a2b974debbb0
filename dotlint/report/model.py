"""The content of a report, which the terminal report, Markdown and the page share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.text.english import listed

if TYPE_CHECKING:
    from dotlint.engine.finding import Listing, Severity
    from dotlint.report.frame import Frame
    from dotlint.report.verdict import VerdictKind
    from dotlint.syntax.source import Position


_WORDS = {"dims": "dimensions", **{word: word.upper() for word in ("ep", "gpu", "html", "kv", "sp", "tp")}}


class Row(Struct, frozen=True):
    """One finding of an entry, or several with a common message, with their locations, nodes and note.

    `nodes` are folded; `unnamed` counts those that are left out. `findings` are indices into the findings of the result;
    a row that introduces other rows has none. `frame` is the source line if it shows the mistake.
    """

    message: str
    positions: tuple[Position, ...]
    nodes: tuple[str, ...]
    note: str | None
    unnamed: int = 0
    findings: tuple[int, ...] = ()
    frame: Frame | None = None

    @property
    def location(self) -> str:
        """`line 3`, or `lines 3, 9, 12 and 57 more`."""
        lines = list(dict.fromkeys(str(position.line) for position in self.positions))
        return ("line " if len(lines) == 1 else "lines ") + listed(lines, 4)


class ReportEntry(Struct, frozen=True):
    """Findings of one rule in one section that have the same help and the same causes.

    `number` is empty in a section without a number. `fixed_by` are the references of the entries with their causes,
    `fixes` the titles of their fixes. `help` may ask for `suggestion`, and `no_fix` is why there is no automatic fix.
    `note` applies to all findings. `edges` counts the lines to paste in all listings and `units` are their titles, including
    listings that are left out. `planned` is whether the units are missing as a whole. `step` is whether the required
    modifications have the help. `nodes` are the folded nodes of all findings if others cause them.
    """

    number: str
    code: str
    name: str
    severity: Severity
    fix: str | None
    fixes: tuple[str, ...]
    fixed_by: tuple[str, ...]
    rows: tuple[Row, ...]
    listings: tuple[Listing, ...]
    help: str | None
    suggestion: str | None = None
    no_fix: str | None = None
    note: str | None = None
    page: str | None = None
    edges: int = 0
    units: tuple[str, ...] = ()
    planned: bool = False
    step: bool = False
    nodes: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """What other parts of the report call it: its number, or else the code of its rule."""
        return self.number or self.code

    @property
    def words(self) -> str:
        """The name of the rule in words."""
        return " ".join(_WORDS.get(word, word) for word in self.name.split("-"))


class Section(Struct, frozen=True):
    """A part of the report. The sections of the error-analysis document have its numbers, all others have none."""

    number: int | None
    title: str
    entries: tuple[ReportEntry, ...]

    @property
    def heading(self) -> str:
        """`5. Node connectivity check`."""
        return f"{self.number}. {self.title}" if self.number else self.title

    @property
    def severity(self) -> Severity | None:
        """The severity of its first finding that no other one causes; None if there is none."""
        return next((entry.severity for entry in self.entries if not entry.fixed_by), None)


class Step(Struct, frozen=True):
    """One change to make, in the imperative, with what it refers to: `section 1`, `A001`."""

    text: str
    references: tuple[str, ...]


class Command(Struct, frozen=True):
    """A command that makes several of the changes; `title` names them: `safe fixes`, or those `to review`."""

    title: str
    command: str


class Outline(Struct, frozen=True):
    """The contents of the report of one file, in order; `verdict` is in words, and `caveat` limits it.

    `brief` are the `facts` in short. `skipped` is `undecided` in one line; `passed` are lines for `holds`, each shorter
    than the last. `address` is the URI of the file for links.
    """

    path: str
    kind: VerdictKind
    verdict: str
    facts: tuple[str, ...] = ()
    brief: tuple[str, ...] = ()
    tally: str = ""
    sections: tuple[Section, ...] = ()
    holds: tuple[tuple[str, str], ...] = ()
    passed: tuple[str, ...] = ()
    undecided: tuple[tuple[str, str], ...] = ()
    skipped: str = ""
    checks_skipped: int = 0
    steps: tuple[Step, ...] = ()
    commands: tuple[Command, ...] = ()
    files: tuple[str, ...] = ()
    caveat: str = ""
    address: str | None = None
