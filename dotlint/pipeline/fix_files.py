"""Fix files: read, fix, and optionally write back if the file has not changed in between."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.engine.result import FileResult
from dotlint.files.atomic import WriteError, write_atomically
from dotlint.files.discovery import UnreadableError, read_bytes, refuse_binary
from dotlint.pipeline.fix_text import fix_text
from dotlint.pipeline.lint_file import lint_path
from dotlint.syntax.source import Source
from dotlint.text.english import count, numbered

if TYPE_CHECKING:
    from dotlint.engine.result import Settings
    from dotlint.pipeline.fixed import FixResult


class FixedFile(Struct):
    """The outcome for one file: the `result` for its new text, and its `fixes` if it could be read.

    If it could not be written, `failure` is the reason in one line, and `result` is that of the original text.
    """

    path: str
    result: FileResult
    fixes: FixResult | None = None
    failure: str | None = None

    @property
    def applied(self) -> Counter[str]:
        """The number of findings of each rule that were fixed; none if the file could not be written."""
        done = self.fixes.applied if self.fixes is not None and self.failure is None else ()
        return Counter(finding.code for finding in done)

    @property
    def summary(self) -> str:
        """A line for the user that counts what was fixed; "" if nothing was."""
        applied = self.applied
        return f"{self.path}: {count(applied.total(), 'finding')} fixed ({numbered(applied)})" if applied else ""

    @property
    def refused(self) -> list[str]:
        """A line for the user for each fix that was refused."""
        refused = self.fixes.refused if self.fixes is not None and self.failure is None else ()
        return [f"{self.path}:{one.line}: the fix of {one.finding.code} was refused: {one.reason}" for one in refused]


def fix_file(path: str, settings: Settings, *, unsafe: bool, write: bool) -> FixedFile:
    """Fix a file; write it only if `write` is true."""
    try:
        data = read_bytes(path, piped=settings.piped and not write, most=settings.most_bytes)
    except UnreadableError as error:
        return FixedFile(path, FileResult(path, None, [], unreadable=str(error)))
    fixed = fix_data(data, path, settings, unsafe=unsafe)
    if write and fixed.fixes is not None and fixed.fixes.changed:
        try:
            write_atomically(Path(path), fixed.fixes.data(), expected=data)
        except WriteError as error:
            fixed.failure = str(error)
            fixed.result = lint_path(path, settings, data=data).slim()
    return fixed


def fix_data(data: bytes, name: str, settings: Settings, *, unsafe: bool) -> FixedFile:
    """Fix the contents of a file with the given name, without writing it."""
    try:
        refuse_binary(data)
    except UnreadableError as error:
        return FixedFile(name, FileResult(name, None, [], unreadable=str(error)))
    fixes = fix_text(Source.from_bytes(data, name), settings, unsafe=unsafe)
    return FixedFile(name, fixes.result.slim(), fixes)
