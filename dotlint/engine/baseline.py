"""Findings that were there when a project took dotlint up: kept in a file and not told again.

Nothing goes by line or count: an entry is one finding, its rule, its path and the statement it stands at, in
normal form (tokens with single blanks, without comments). So a statement that moves or is laid out anew stays
known, and one that takes the place of another is told. A finding about several nodes or missing edges is
known only while it speaks of no other ones.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from dotlint.engine.statements import Statements
from dotlint.errors import DotlintError
from dotlint.files.atomic import write_atomically
from dotlint.files.paths import nearest_path
from dotlint.suppressions.apply import without

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.finding import Finding, Pair
    from dotlint.graph.document import Document

VERSION: Final = 1
_SHOWN_AT_MOST: Final = 100


class BaselineError(DotlintError):
    """A baseline that cannot be read, and why."""


class Entry(Struct, frozen=True):
    """One known finding.

    `path` is relative to the baseline's folder, with `/`; `statement` is for the reader alone.
    `statements` are digests of the normal forms: where it stands, then those that declare its nodes.
    """

    rule: str
    path: str
    statement: str
    statements: tuple[str, ...]
    nodes: tuple[str, ...] = ()
    edges: tuple[Pair, ...] = ()

    def knows(self, other: Entry) -> bool:
        """Whether `other`, found now, is this finding or a part of it."""
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
        return found


class Baseline(Struct, frozen=True):
    """The entries of a baseline file; paths in it are relative to `folder`."""

    folder: Path
    entries: tuple[Entry, ...] = ()

    def part(
        self, document: Document, name: str, findings: Sequence[Finding], rules: Mapping[str, Card]
    ) -> tuple[list[Finding], list[Finding], int]:
        """Part the findings of the file `name` into new and known ones.

        The third is how many entries for the file are found no more. Each entry knows one finding, so that a
        second of the same kind at a second statement of the same text is new; what may never be suppressed is, too.
        """
        path = relative(name, self.folder)
        left = [entry for entry in self.entries if entry.path == path]
        if not left:
            return list(findings), [], 0
        known: set[int] = set()
        statements = Statements(document)
        made = [_entry(finding, document, statements, path) for finding in findings]
        # Exact matches first: a finding that shrank must not take the entry of one that stayed.
        for exact in (True, False):
            for index, entry in enumerate(made):
                if index in known or rules[entry.rule].suppressible == "never":
                    continue
                fitting = next((e for e in left if (e == entry if exact else e.knows(entry))), None)
                if fitting is not None:
                    left.remove(fitting)
                    known.add(index)
        new, old = without(findings, lambda index: index in known)
        return new, old, len(left)


def relative(name: str, folder: Path) -> str:
    """Give a file's path as a baseline in `folder` names it: relative, with `/`."""
    if name.startswith("<"):
        return name
    try:
        found = os.path.relpath(Path(name).absolute(), folder)
    except ValueError:  # another drive
        found = str(Path(name).absolute())
    return Path(found).as_posix()


def entries(
    document: Document, name: str, findings: Iterable[Finding], folder: Path, rules: Mapping[str, Card]
) -> list[Entry]:
    """Give the entries for the findings of the file `name` in a baseline that will lie in `folder`."""
    statements = Statements(document)
    path = relative(name, folder)
    return [_entry(f, document, statements, path) for f in findings if rules[f.code].suppressible != "never"]


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
        near = nearest_path(path)
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
    return Entry(str(table["rule"]), str(table["path"]), str(table.get("statement", "")), statements, nodes, edges)
