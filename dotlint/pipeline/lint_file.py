"""One file from text to findings with their fixes: the only way there, for every command, report, editor and library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.engine.result import FileResult, Settings
from dotlint.files.discovery import UnreadableError, read_bytes, refuse_binary
from dotlint.pipeline.compute import attach_fixes
from dotlint.pipeline.lint import lint
from dotlint.pipeline.preview import withdraw_refused
from dotlint.pipeline.trials import Trials
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.graph.document import Document


def lint_file(
    source: Source, settings: Settings | None = None, *, on_read: Callable[[Document], None] | None = None
) -> FileResult:
    """Read a text, run the chosen rules over it, compute the fixes and keep those that `--fix` would write.

    `on_read` is called with the document before any rule runs: an editor need not wait for those.
    """
    settings = settings or Settings()
    result = attach_fixes(lint(source, settings, on_read=on_read))
    withdraw_refused(result, Trials(settings))
    return result


def lint_path(path: str, settings: Settings, *, data: bytes | None = None) -> FileResult:
    """Read a file and lint it; a file that cannot be read gives a result that says so.

    `data` is what was read already, from standard input for example; `path` is then only its name.
    """
    try:
        data = read_bytes(path) if data is None else data
        refuse_binary(data)
    except UnreadableError as error:
        return FileResult(path, None, [], unreadable=str(error))
    return lint_file(Source.from_bytes(data, path), settings)
