"""Fix files: read, fix, and optionally write back if the file has not changed in between."""

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
    from dotlint.pipeline.fixed import FixResult


class FixedFile(Struct):
    """The outcome for one file: the `result` for its new text, and its `fixes` if it could be read.

    If it could not be written, `failure` is the reason in one line, and `result` is that of the original text.
    `messages` are lines for the user.
    """

    path: str
    result: FileResult
    fixes: FixResult | None = None
    failure: str | None = None
    messages: list[str] = field(default_factory=list)


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
            fixed.messages.clear()
    return fixed


def fix_data(data: bytes, name: str, settings: Settings, *, unsafe: bool) -> FixedFile:
    """Fix the contents of a file with the given name, without writing it."""
    try:
        refuse_binary(data)
    except UnreadableError as error:
        return FixedFile(name, FileResult(name, None, [], unreadable=str(error)))
    fixes = fix_text(Source.from_bytes(data, name), settings, unsafe=unsafe)
    return FixedFile(name, fixes.result.slim(), fixes, messages=_messages(name, fixes))


def _messages(name: str, fixes: FixResult) -> list[str]:
    """Return one line that counts the fixed findings, and a line for each refused fix."""
    lines: list[str] = []
    if fixes.applied:
        counts = Counter(finding.code for finding in fixes.applied)
        total = len(fixes.applied)
        counted = ", ".join(f"{code} {number}" if number > 1 else code for code, number in sorted(counts.items()))
        lines.append(f"{name}: {total} finding{'s' if total > 1 else ''} fixed ({counted})")
    refused = (f"{name}:{r.line}: the fix of {r.finding.code} was refused: {r.reason}" for r in fixes.refused)
    return [*lines, *refused]
