"""Fixing files: read, fixed, and written back where that is wanted and nobody else has written in between."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.engine.result import FileResult
from dotlint.files.atomic import WriteError, write_atomically
from dotlint.files.discovery import UnreadableError, read_bytes, refuse_binary
from dotlint.pipeline.fix_text import fix_text
from dotlint.pipeline.lint_file import lint_path
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from dotlint.engine.result import Settings
    from dotlint.pipeline.fix_text import FixResult


class FixedFile(Struct):
    """What became of one file: the `result` of what it holds now, its fixes where it could be read.

    And a `failure`.

    `failure` is one line where it could not be written; `result` is then that of the file as it was.
    """

    path: str
    result: FileResult
    fixes: FixResult | None = None
    failure: str | None = None
    messages: list[str] = field(default_factory=list)


def fix_file(path: str, settings: Settings, *, unsafe: bool, write: bool) -> FixedFile:
    """Fix a file in place, or only see what would be written."""
    try:
        data = read_bytes(path)
    except UnreadableError as error:
        return FixedFile(path, FileResult(path, None, [], unreadable=str(error)))
    fixed = fix_data(data, path, settings, unsafe=unsafe)
    if write and fixed.fixes is not None and fixed.fixes.changed:
        try:
            write_atomically(Path(path), fixed.fixes.data(), expected=data)
        except WriteError as error:
            fixed.failure = str(error)
            fixed.result = lint_path(path, settings, data=data).slim()
            fixed.messages.clear()
    return fixed


def fix_data(data: bytes, name: str, settings: Settings, *, unsafe: bool) -> FixedFile:
    """Fix what was read already, under a name; nothing is written."""
    try:
        refuse_binary(data)
    except UnreadableError as error:
        return FixedFile(name, FileResult(name, None, [], unreadable=str(error)))
    fixes = fix_text(Source.from_bytes(data, name), settings, unsafe=unsafe)
    return FixedFile(name, fixes.result.slim(), fixes, messages=_messages(name, fixes))


def _messages(name: str, fixes: FixResult) -> list[str]:
    """Tell what was fixed, in a line, and a line for every fix that was refused."""
    lines: list[str] = []
    if fixes.applied:
        counts = Counter(finding.code for finding in fixes.applied)
        total = len(fixes.applied)
        told = ", ".join(f"{code} {number}" if number > 1 else code for code, number in sorted(counts.items()))
        lines.append(f"{name}: {total} finding{'s' if total > 1 else ''} fixed ({told})")
    refused = (f"{name}:{r.line}: the fix of {r.finding.code} was refused: {r.reason}" for r in fixes.refused)
    return [*lines, *refused]
