"""Findings that a project had when it adopted dotlint: kept in a file and not reported again.

Entries have no line numbers. An entry is one finding: its rule, its path and the statements it is about, in normal
form (tokens with single blanks, without comments). So a statement that moves or is reformatted stays known, and one
that replaces another is reported. Of a finding with several locations each is known by itself: only new ones are
reported. A finding with one location is known while it is about no other nodes or missing edges than before.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from dotlint.engine.baseline_entries import Entry, Matching, entry_of, keys_of
from dotlint.engine.narrow import without
from dotlint.engine.statements import Statements
from dotlint.errors import DotlintError
from dotlint.files.atomic import write_atomically
from dotlint.files.paths import nearest_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.finding import Finding, LocationKey
    from dotlint.graph.document import Document

VERSION: Final = 1


class BaselineError(DotlintError):
    """A baseline that cannot be read, and why."""


class Baseline(Struct, frozen=True):
    """The entries of a baseline file; paths in it are relative to `folder`."""

    folder: Path
    entries: tuple[Entry, ...] = ()

    def known(self, document: Document, name: str, findings: Sequence[Finding]) -> list[frozenset[LocationKey]]:
        """Return for each finding of the file `name` the locations that the baseline knows."""
        return self._matching(document, name).known(findings)

    def part(
        self,
        document: Document,
        name: str,
        findings: Sequence[Finding],
        rules: Mapping[str, Card],
        parts: Sequence[Finding] = (),
    ) -> tuple[list[Finding], list[Finding], int]:
        """Split the findings of the file `name` into new and known ones; `parts` are known parts of new ones.

        The third value is the number of entries for the file of which nothing is found any more.
        """
        matching = self._matching(document, name)
        known = matching.known(findings, parts)
        new, old = without(
            findings, lambda i: rules[findings[i].code].suppressible != "never" and known[i] == keys_of(findings[i])
        )
        return new, [*old, *parts], matching.outlived

    def _matching(self, document: Document, name: str) -> Matching:
        path = relative(name, self.folder)
        return Matching((entry for entry in self.entries if entry.path == path), document, path)


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
    return [entry_of(f, document, statements, path) for f in findings if rules[f.code].suppressible != "never"]


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
    places = tuple((str(digest), str(node)) for digest, node in table.get("locations", ()))
    return Entry(
        str(table["rule"]), str(table["path"]), str(table.get("statement", "")), statements, nodes, edges, places
    )
