"""The entries of a baseline: what they store of a finding, and which findings and locations they match."""

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

_MOST_CHARACTERS: Final = 100

LocationDigest = tuple[str, str]
"""A location as the baseline stores it: the digest of its statement, and its node or ""."""


class BaselineEntry(Struct, frozen=True):
    """One known finding.

    `path` is relative to the baseline's folder, with `/`; `statement` is only for people who read the file.
    `statements` are digests of normal forms: of the statement at the finding, then of those that declare its nodes.
    `locations` has the (digest, node) of each location; version 0.1.0 wrote none.
    """

    rule: str
    path: str
    statement: str
    statements: tuple[str, ...]
    nodes: tuple[str, ...] = ()
    edges: tuple[Pair, ...] = ()
    locations: tuple[LocationDigest, ...] = ()

    def knows(self, other: BaselineEntry) -> bool:
        """Return whether `other`, a current finding, is this one or a part of it, compared by nodes and edges."""
        return (
            self.rule == other.rule
            and self.path == other.path
            and other.statements[0] in self.statements
            and set(other.nodes) <= set(self.nodes)
            and set(other.edges) <= set(self.edges)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of the entry."""
        found: dict[str, Any] = {"rule": self.rule, "path": self.path, "statement": self.statement}
        found["statements"] = list(self.statements)
        if self.nodes:
            found["nodes"] = list(self.nodes)
        if self.edges:
            found["edges"] = [list(edge) for edge in self.edges]
        if self.locations:
            found["locations"] = [list(location) for location in self.locations]
        return found


def entry_of(finding: Finding, document: Document, statements: Statements, path: str) -> BaselineEntry:
    """Return the entry for a finding in the file `path`."""
    first = statements.normal_at(finding.start)
    texts = [first]
    graph = document.graphs[finding.graph] if finding.graph < len(document.graphs) else None
    for name in finding.nodes:
        node = graph.nodes.get(name) if graph else None
        if node is not None:
            at = node.statements[0].start if node.statements else node.start
            texts.append(statements.normal_at(at))
    short = first if len(first) <= _MOST_CHARACTERS else first[: _MOST_CHARACTERS - 3] + "..."
    return BaselineEntry(
        rule=finding.code,
        path=path,
        statement=_as_utf8(short),
        statements=tuple(dict.fromkeys(map(_digest, texts))),
        nodes=tuple(map(_as_utf8, sorted(set(finding.nodes)))),
        edges=tuple(sorted({(_as_utf8(a), _as_utf8(b)) for a, b in (*finding.missing_edges, *finding.planned_edges)})),
        locations=tuple(
            (_digest(statements.normal_at(location.start)), _as_utf8(location.node or ""))
            for location in finding.locations
        ),
    )


def _as_utf8(text: str) -> str:
    """Return the text with bytes that were not UTF-8 escaped, so that every JSON parser accepts it."""
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def keys_of(finding: Finding) -> frozenset[LocationKey]:
    """Return the keys of all locations of a finding."""
    return frozenset(location.key for location in finding.locations)


class _Unmatched(Struct):
    """An entry, the number of matches left for each of its locations, and whether any was `used`."""

    entry: BaselineEntry
    locations: Counter[LocationDigest]
    used: bool = False

    def take(self, entry: BaselineEntry, location: LocationDigest, *, part: bool = False) -> bool:
        """Use up a location of `entry`, or of a `part` of one, and return whether this entry has it."""
        mine = self.entry
        digest, node = location
        if not set(entry.edges) <= set(mine.edges):
            return False
        if len(entry.locations) == 1 and not part and not set(entry.nodes) <= set(mine.nodes):
            return False
        if not mine.locations and digest in mine.statements and (not node or node in mine.nodes):
            self.locations.setdefault(location, 1)
        if self.locations[location] < 1:
            return False
        self.locations[location] -= 1
        self.used = True
        return True

    def take_all(self) -> None:
        """Use up all locations."""
        self.used = True
        self.locations.clear()
        self.entry = replace(self.entry, statements=(), locations=())


class Matching:
    """The entries for one file; each is used up as findings match it."""

    def __init__(self, entries: Iterable[BaselineEntry], document: Document, path: str) -> None:
        self.path = path
        self.document = document
        self.left: dict[str, list[_Unmatched]] = defaultdict(list)  # by rule
        for entry in entries:
            self.left[entry.rule].append(_Unmatched(entry, Counter(entry.locations)))

    @property
    def unmatched(self) -> tuple[BaselineEntry, ...]:
        """The entries that matched nothing."""
        return tuple(left.entry for some in self.left.values() for left in some if not left.used)

    def known(self, findings: Sequence[Finding], before: Sequence[Finding] = ()) -> list[frozenset[LocationKey]]:
        """Return the known locations of each finding; those of `before` are matched first.

        Exact matches come next: a finding that shrank must not use up the entry of an unchanged one.
        """
        if not self.left:
            return [frozenset()] * len(findings)
        statements = Statements(self.document)
        for one in before:
            entry = entry_of(one, self.document, statements, self.path)
            for location in entry.locations:
                any(left.take(entry, location, part=True) for left in self.left[entry.rule])
        current = [entry_of(finding, self.document, statements, self.path) for finding in findings]
        whole: set[int] = set()
        for exact in (True, False):
            whole |= {i for i, entry in enumerate(current) if i not in whole and self._whole(entry, exact=exact)}
        return [
            keys_of(finding) if index in whole else self._by_location(finding, current[index])
            for index, finding in enumerate(findings)
        ]

    def _whole(self, entry: BaselineEntry, *, exact: bool) -> bool:
        """Return whether an entry matches all of `entry`; one of version 0.1.0 may also be larger."""
        old = replace(entry, locations=())
        for left in self.left[entry.rule]:
            mine = left.entry
            same = mine == (entry if mine.locations else old)
            if not left.used and (same if exact else not mine.locations and mine.knows(entry)):
                left.take_all()
                return True
        return False

    def _by_location(self, finding: Finding, entry: BaselineEntry) -> frozenset[LocationKey]:
        return frozenset(
            location.key
            for location, digest in zip(finding.locations, entry.locations, strict=True)
            if any(left.take(entry, digest) for left in self.left[entry.rule])
        )
