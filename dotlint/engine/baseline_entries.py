"""The entries of a baseline: what is kept of a finding, and which findings and locations they match."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from dotlint.engine.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.finding import Finding, LocationKey, Pair
    from dotlint.graph.document import Document

_SHOWN_AT_MOST: Final = 100

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


def entry_of(finding: Finding, document: Document, statements: Statements, path: str) -> Entry:
    """Return what the baseline has of a finding in the file `path`."""
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


def keys_of(finding: Finding) -> frozenset[LocationKey]:
    """Return the keys of all locations of a finding."""
    return frozenset(location.key for location in finding.locations)


class _Left(Struct):
    """An entry, and how often each of its locations may still be found; `used` once one of them was."""

    entry: Entry
    locations: Counter[Place]
    used: bool = False

    def take(self, entry: Entry, place: Place, *, part: bool = False) -> bool:
        """Return whether this knows a location of `entry`, or of a `part` of one, and use it up."""
        mine = self.entry
        digest, node = place
        if not set(entry.edges) <= set(mine.edges):
            return False
        if len(entry.locations) == 1 and not part and not set(entry.nodes) <= set(mine.nodes):
            return False
        if not mine.locations and digest in mine.statements and (not node or node in mine.nodes):
            self.locations.setdefault(place, 1)
        if self.locations[place] < 1:
            return False
        self.locations[place] -= 1
        self.used = True
        return True

    def take_all(self) -> None:
        """Use up all locations."""
        self.used = True
        self.locations.clear()
        self.entry = replace(self.entry, statements=(), locations=())


class Matching:
    """The entries for one file, each used up as findings match it."""

    def __init__(self, entries: Iterable[Entry], document: Document, path: str) -> None:
        self.path = path
        self.document = document
        self.left: dict[str, list[_Left]] = defaultdict(list)  # by rule
        for entry in entries:
            self.left[entry.rule].append(_Left(entry, Counter(entry.locations)))

    @property
    def outlived(self) -> int:
        """The number of entries of which nothing was found."""
        return sum(not left.used for some in self.left.values() for left in some)

    def known(self, findings: Sequence[Finding], before: Sequence[Finding] = ()) -> list[frozenset[LocationKey]]:
        """Return the known locations of each finding; those of `before` are matched first.

        Exact matches come next: a finding that shrank must not take the entry of one that stayed.
        """
        if not self.left:
            return [frozenset()] * len(findings)
        statements = Statements(self.document)
        for one in before:
            entry = entry_of(one, self.document, statements, self.path)
            for place in entry.locations:
                any(left.take(entry, place, part=True) for left in self.left[entry.rule])
        made = [entry_of(finding, self.document, statements, self.path) for finding in findings]
        whole: set[int] = set()
        for exact in (True, False):
            whole |= {i for i, entry in enumerate(made) if i not in whole and self._whole(entry, exact=exact)}
        return [
            keys_of(finding) if index in whole else self._by_location(finding, made[index])
            for index, finding in enumerate(findings)
        ]

    def _whole(self, entry: Entry, *, exact: bool) -> bool:
        """Return whether an entry is for all that is now `entry`; one of 0.1.0 also if that is only a part of it."""
        old = replace(entry, locations=())
        for left in self.left[entry.rule]:
            mine = left.entry
            same = mine == (entry if mine.locations else old)
            if not left.used and (same if exact else not mine.locations and mine.knows(entry)):
                left.take_all()
                return True
        return False

    def _by_location(self, finding: Finding, entry: Entry) -> frozenset[LocationKey]:
        places = zip(finding.locations, entry.locations, strict=True)
        return frozenset(
            location.key for location, place in places if any(left.take(entry, place) for left in self.left[entry.rule])
        )
