"""Lint one file, from text to findings with fixes: shared by all commands, reports, editors and the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.documents.kinds import is_document
from dotlint.engine.result import FileResult, Settings
from dotlint.files.discovery import UnreadableError, read_bytes, refuse_binary
from dotlint.pipeline.lint_dot import lint_dot
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.graph.document import Document


def lint_file(
    source: Source,
    settings: Settings | None = None,
    *,
    on_read: Callable[[Document], None] | None = None,
    on_lint: Callable[[FileResult], None] | None = None,
    slim: bool = False,
) -> FileResult:
    """Parse a text, run the selected rules, and compute the fixes that `--fix` would apply.

    The name of the source decides whether it is DOT, or a document with DOT inside. `on_read` is called with each
    parsed text before any rule runs on it, and `on_lint` with the result of a DOT text before its fixes are tried, so
    that an editor does not wait for what comes after. A `slim` result has only what reports need.
    """
    if is_document(source.name):
        from dotlint.pipeline.documents import lint_document  # noqa: PLC0415 - most files are DOT

        return lint_document(source, settings or Settings(), on_read=on_read, slim=slim)
    result = lint_dot(source, settings or Settings(), on_read=on_read, on_lint=on_lint)
    return result.slim() if slim else result


def lint_path(path: str, settings: Settings, *, data: bytes | None = None, slim: bool = False) -> FileResult:
    """Read and lint a file; if it cannot be read, the result's `unreadable` states why.

    `data` is its contents if they were read already, for example from standard input; `path` is then only its name.
    """
    try:
        data = read_bytes(path, piped=settings.piped, most=settings.most_bytes) if data is None else data
        refuse_binary(data)
    except UnreadableError as error:
        return FileResult(path, None, [], unreadable=str(error))
    return lint_file(Source.from_bytes(data, path), settings, slim=slim)
