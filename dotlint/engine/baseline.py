"""Findings that a project had when it adopted dotlint: kept in a file and not reported again.

Entries have no line numbers. An entry is one finding: its rule, its path and the statements it is about, in normal
form (tokens with single blanks, without comments). So a statement that moves or is reformatted stays known, and one
that replaces another is reported. Of a finding with several locations each is known by itself: only new ones are
reported. A finding with one location is known while it is about no other nodes or missing edges than before.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from dotlint.engine.finding import ALWAYS_REPORTED
from dotlint.engine.narrow import without
from dotlint.engine.statements import Statements
from dotlint.errors import DotlintError
from dotlint.files.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.finding import Finding, LocationKey, Pair
    from dotlint.graph.model import Document

VERSION: Final = 1
_SHOWN_AT_MOST: Final = 100


class BaselineError(DotlintError):
    """A baseline that cannot be read, and why."""


Place = tuple[str, str]
"""A location as the baseline knows it: the digest of its statement, and its node or nothing."""


class Entry(Struct, frozen=True):
    """One known finding.

    `path` is relative to the baseline's folder, with `/`; `statement` is for the reader alone.
    `statements` are digests of the normal forms: where it stands, then those that declare its nodes.
    `locations` are (digest, node) of each of its locations; version 0.1.0 wrote none.
    """

    rule: str
    path: str
    statement: str
    statements: tuple[str, ...]
    nodes: tuple[str, ...] = ()
    edges: tuple[Pair, ...] = ()
    locations: tuple[Place, ...] = ()

    def knows(self, other: Entry) -> bool:
        """Return whether `other`, found now, is this finding or a part of it, going by nodes and edges."""
        return (
            self.rule == other.rule
            and self.path == other.path
            and other.statements[0] in self.statements
            and set(other.nodes) <= set(self.nodes)
            and set(other.edges) <= set(self.edges)
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the entry as it stands in the file."""
        found: dict[str, Any] = {"rule": self.rule, "path": self.path, "statement": self.statement}
        found["statements"] = list(self.statements)
        if self.nodes:
            found["nodes"] = list(self.nodes)
        if self.edges:
            found["edges"] = [list(edge) for edge in self.edges]
        if self.locations:
            found["locations"] = [list(place) for place in self.locations]
        return found


class Baseline(Struct, frozen=True):
    """The entries of a baseline file; paths in it are relative to `folder`."""

    folder: Path
    entries: tuple[Entry, ...] = ()

    def known(self, document: Document, name: str, findings: Sequence[Finding]) -> list[frozenset[LocationKey]]:
        """Return for each finding of the file `name` the locations that the baseline knows."""
        return _Matching(self, document, name).known(findings)

    def part(
        self, document: Document, name: str, findings: Sequence[Finding], parts: Sequence[Finding] = ()
    ) -> tuple[list[Finding], list[Finding], int]:
        """Split the findings of the file `name` into new and known ones; `parts` are known parts of new ones.

        The third value is the number of entries for the file of which nothing is found any more.
        """
        matching = _Matching(self, document, name)
        known = matching.known(findings, parts)
        new, old = without(findings, lambda index: len(known[index]) == len(_keys(findings[index])))
        return new, [*old, *parts], sum(not left.used for left in matching.left)


def _keys(finding: Finding) -> set[LocationKey]:
    return {location.key for location in finding.locations}


class _Left(Struct):
    """An entry, and how often each of its locations may still be found; `used` once one of them was."""

    entry: Entry
    locations: Counter[Place]
    used: bool = False

    def take(self, entry: Entry, place: Place) -> bool:
        """Return whether this knows a location of what is now `entry`; it knows it no more from then on."""
        mine = self.entry
        digest, node = place
        if (mine.rule, mine.path) != (entry.rule, entry.path) or not set(entry.edges) <= set(mine.edges):
            return False
        if len(entry.locations) == 1 and not set(entry.nodes) <= set(mine.nodes):
            return False
        if not mine.locations and digest in mine.statements and (not node or node in mine.nodes):
            self.locations.setdefault(place, 1)
        if self.locations[place] < 1:
            return False
        self.locations[place] -= 1
        self.used = True
        return True

    def take_all(self) -> None:
        self.used = True
        self.locations.clear()
        self.entry = replace(self.entry, statements=(), locations=())


class _Matching:
    """The entries for one file, each used up as findings match it."""

    def __init__(self, baseline: Baseline, document: Document, name: str) -> None:
        self.path = relative(name, baseline.folder)
        self.left = [_Left(e, Counter(e.locations)) for e in baseline.entries if e.path == self.path]
        self.document = document

    def known(self, findings: Sequence[Finding], before: Sequence[Finding] = ()) -> list[frozenset[LocationKey]]:
        """Return the known locations of each finding; those of `before` are matched first.

        Exact matches come first: a finding that shrank must not take the entry of one that stayed.
        """
        found: dict[int, frozenset[LocationKey]] = {}
        if not self.left:
            return [frozenset()] * len(findings)
        statements = Statements(self.document)
        made = [_entry(finding, self.document, statements, self.path) for finding in findings]
        asked = [index for index, entry in enumerate(made) if entry.rule not in ALWAYS_REPORTED]
        old = [left for left in self.left if not left.entry.locations]  # as 0.1.0 wrote them
        for exact in (True, False):
            for index in asked:
                if index in found:
                    continue
                entry = made[index]
                for left in self.left if exact else old:
                    mine = left.entry
                    same = entry if mine.locations else replace(entry, locations=())
                    if not left.used and (mine == same if exact else mine.knows(entry)):
                        left.take_all()
                        found[index] = frozenset(_keys(findings[index]))
                        break
            if exact:
                for entry in (_entry(one, self.document, statements, self.path) for one in before):
                    for place in entry.locations:
                        any(left.take(entry, place) for left in self.left)
        for index in asked:
            if index not in found:
                places = zip(findings[index].locations, made[index].locations, strict=True)
                found[index] = frozenset(
                    location.key
                    for location, place in places
                    if any(left.take(made[index], place) for left in self.left)
                )
        return [found.get(index, frozenset()) for index in range(len(findings))]


def relative(name: str, folder: Path) -> str:
    """Give a file's path as a baseline in `folder` names it: relative, with `/`."""
    if name.startswith("<"):
        return name
    try:
        found = os.path.relpath(Path(name).absolute(), folder)
    except ValueError:  # another drive
        found = str(Path(name).absolute())
    return Path(found).as_posix()


def entries(document: Document, name: str, findings: Iterable[Finding], folder: Path) -> list[Entry]:
    """Give the entries for the findings of the file `name` in a baseline that will lie in `folder`."""
    statements = Statements(document)
    path = relative(name, folder)
    return [_entry(f, document, statements, path) for f in findings if f.code not in ALWAYS_REPORTED]


def _entry(finding: Finding, document: Document, statements: Statements, path: str) -> Entry:
    here = statements.normal_at(finding.start)
    texts = [here]
    graph = document.graphs[finding.graph] if finding.graph < len(document.graphs) else None
    for name in finding.nodes:
        node = graph.nodes.get(name) if graph else None
        if node is not None:
            at = node.statements[0].start if node.statements else node.start
            texts.append(statements.normal_at(at))
    short = here if len(here) <= _SHOWN_AT_MOST else here[: _SHOWN_AT_MOST - 3] + "..."
    return Entry(
        rule=finding.code,
        path=path,
        statement=_plain(short),
        statements=tuple(dict.fromkeys(map(_digest, texts))),
        nodes=tuple(map(_plain, sorted(set(finding.nodes)))),
        edges=tuple(sorted({(_plain(a), _plain(b)) for a, b in (*finding.missing_edges, *finding.planned_edges)})),
        locations=tuple(
            (_digest(statements.normal_at(location.start)), _plain(location.node or ""))
            for location in finding.locations
        ),
    )


def _plain(text: str) -> str:
    """Text that any JSON reader takes: bytes that were not UTF-8 are written out."""
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def write_baseline(path: Path, found: Iterable[Entry]) -> int:
    """Write a baseline and give the number of its entries: one a line, in order, so that merges stay easy."""
    ordered = sorted(found, key=lambda e: (e.path, e.rule, e.statement, e.statements, e.nodes, e.edges))
    lines = ",\n".join("    " + json.dumps(entry.to_dict()) for entry in ordered)
    text = f'{{\n  "version": {VERSION},\n  "findings": [\n{lines}\n  ]\n}}\n' if ordered else _EMPTY
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise BaselineError(f"the baseline {path} cannot be written: {error.strerror or error}") from None
    return len(ordered)


_EMPTY: Final = f'{{\n  "version": {VERSION},\n  "findings": []\n}}\n'


def read_baseline(path: Path) -> Baseline:
    """Read a baseline file; raises `BaselineError` with one clear line."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        near = _nearest(path)
        remedy = f"did you mean `{near}`?" if near else f"`--write-baseline {path.name}` makes one"
        raise BaselineError(f"there is no baseline {path}; {remedy}") from None
    except OSError as error:
        raise BaselineError(f"the baseline {path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise BaselineError(f"{path} is no baseline: it is not JSON; write it anew with --write-baseline") from None
    if not isinstance(table, dict) or table.get("version") != VERSION or not isinstance(table.get("findings"), list):
        what = f'a baseline says "version": {VERSION} and lists "findings"'
        raise BaselineError(f"{path} is no baseline of this dotlint: {what}; write it anew with --write-baseline")
    try:
        return Baseline(path.absolute().parent, tuple(_read_entry(entry) for entry in table["findings"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BaselineError(f"{path} is no baseline: an entry lacks its rule, path or statements") from None


def _read_entry(table: dict[str, Any]) -> Entry:
    statements = tuple(str(digest) for digest in table["statements"])
    if not statements:
        raise ValueError
    edges = tuple((str(tail), str(head)) for tail, head in table.get("edges", ()))
    nodes = tuple(str(node) for node in table.get("nodes", ()))
    places = tuple((str(digest), str(node)) for digest, node in table.get("locations", ()))
    return Entry(
        str(table["rule"]), str(table["path"]), str(table.get("statement", "")), statements, nodes, edges, places
    )


def _nearest(path: Path) -> str | None:
    try:
        names = [entry.name for entry in path.absolute().parent.iterdir() if entry.is_file()]
    except OSError:
        return None
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.7)
    return str(path.with_name(close[0])) if close else None
