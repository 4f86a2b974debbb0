"""The baseline: a file with the known findings of a project, which are not reported again.

Entries have no line numbers. An entry is one finding: its rule, its path and the statements it is about, in normal
form (tokens with single blanks, without comments). So a statement that moves or is reformatted stays known, and one
that replaces another is reported. The locations of a finding are matched one by one: only new ones are reported. A
finding with one location stays known as long as it is about no further nodes or missing edges.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from dotlint.engine.baseline_entries import BaselineEntry, Matching, entry_of, keys_of
from dotlint.engine.narrow import without
from dotlint.engine.statements import Statements
from dotlint.errors import DotlintError
from dotlint.files.atomic import write_atomically
from dotlint.files.paths import nearest_path
from dotlint.files.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.finding import Finding, LocationKey
    from dotlint.graph.document import Document

VERSION: Final = 1


class BaselineError(DotlintError):
    """A baseline cannot be read or written."""


class Baseline(Struct, frozen=True):
    """The entries of a baseline file; paths in it are relative to `folder`."""

    folder: Path
    entries: tuple[BaselineEntry, ...] = ()

    def known(self, document: Document, name: str, findings: Sequence[Finding]) -> list[frozenset[LocationKey]]:
        """Return the known locations of each finding of the file `name`."""
        return self._matching(document, name).known(findings)

    def part(
        self,
        document: Document,
        name: str,
        findings: Sequence[Finding],
        rules: Mapping[str, Card],
        parts: Sequence[Finding] = (),
    ) -> tuple[list[Finding], list[Finding], tuple[BaselineEntry, ...]]:
        """Split the findings of the file `name` into new and known ones; `parts` are known parts of new ones.

        The third value has the entries for the file that no longer match anything.
        """
        matching = self._matching(document, name)
        known = matching.known(findings, parts)
        new, old = without(
            findings, lambda i: rules[findings[i].code].suppressible != "never" and known[i] == keys_of(findings[i])
        )
        return new, [*old, *parts], matching.unmatched

    def of_file(self, name: str) -> tuple[BaselineEntry, ...]:
        """Return the entries for the file `name`."""
        path = relative(name, self.folder)
        return tuple(entry for entry in self.entries if entry.path == path)

    def _matching(self, document: Document, name: str) -> Matching:
        return Matching(self.of_file(name), document, relative(name, self.folder))


def relative(name: str, folder: Path) -> str:
    """Return a file's path as a baseline in `folder` stores it: relative, with `/`; a name such as `<stdin>` unchanged."""
    if name.startswith("<"):
        return name
    try:
        found = os.path.relpath(Path(name).absolute(), folder)
    except ValueError:  # another drive
        found = str(Path(name).absolute())
    return Path(found).as_posix()


def entries(
    document: Document, name: str, findings: Iterable[Finding], folder: Path, rules: Mapping[str, Card]
) -> list[BaselineEntry]:
    """Return the entries for the findings of the file `name` in a baseline that will be written to `folder`."""
    statements = Statements(document)
    path = relative(name, folder)
    return [entry_of(f, document, statements, path) for f in findings if rules[f.code].suppressible != "never"]


def write_baseline(path: Path, found: Iterable[BaselineEntry]) -> int:
    """Write a baseline and return the number of its entries; raises `BaselineError`.

    Each entry has a line of its own, in sorted order, so that version control can merge baselines.
    """
    ordered = sorted(found, key=lambda e: (e.path, e.rule, e.statement, e.statements, e.nodes, e.edges))
    lines = ",\n".join("    " + json.dumps(entry.to_dict()) for entry in ordered)
    text = f'{{\n  "version": {VERSION},\n  "findings": [\n{lines}\n  ]\n}}\n' if ordered else _EMPTY
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise BaselineError(f"the baseline {path} cannot be written: {error.strerror or error}") from None
    return len(ordered)


_EMPTY: Final = f'{{\n  "version": {VERSION},\n  "findings": []\n}}\n'


def read_baseline(path: Path, *, piped: bool = False) -> Baseline:
    """Read a baseline file, `piped` as in `read_file`; raises `BaselineError` with a one-line message."""
    try:
        table = json.loads(read_file(path, piped=piped))
    except FileNotFoundError:
        near = nearest_path(path)
        remedy = f"did you mean `{near}`?" if near else f"create it with `--write-baseline {path.name}`"
        raise BaselineError(f"the baseline {path} does not exist; {remedy}") from None
    except OSError as error:
        raise BaselineError(f"the baseline {path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise BaselineError(
            f"{path} is not a baseline: it is not valid JSON; recreate it with --write-baseline"
        ) from None
    if not isinstance(table, dict) or table.get("version") != VERSION or not isinstance(table.get("findings"), list):
        expected = f'it must have "version": {VERSION} and a list "findings"'
        raise BaselineError(f"{path} is not a baseline: {expected}; recreate it with --write-baseline")
    try:
        return Baseline(path.absolute().parent, tuple(_read_entry(entry) for entry in table["findings"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BaselineError(
            f"{path} is not a baseline: an entry has no rule, path or statements; recreate it with --write-baseline"
        ) from None


def _read_entry(table: dict[str, Any]) -> BaselineEntry:
    statements = tuple(str(digest) for digest in table["statements"])
    if not statements:
        raise ValueError
    edges = tuple((str(tail), str(head)) for tail, head in table.get("edges", ()))
    nodes = tuple(str(node) for node in table.get("nodes", ()))
    locations = tuple((str(digest), str(node)) for digest, node in table.get("locations", ()))
    return BaselineEntry(
        str(table["rule"]), str(table["path"]), str(table.get("statement", "")), statements, nodes, edges, locations
    )
