"""Lint a text that is DOT, from text to findings with fixes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.pipeline.compute import attach_fixes
from dotlint.pipeline.lint import lint
from dotlint.pipeline.preview import withdraw_refused
from dotlint.pipeline.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.engine.result import FileResult, Settings
    from dotlint.graph.document import Document
    from dotlint.syntax.source import Source


def lint_dot(
    source: Source,
    settings: Settings,
    *,
    on_read: Callable[[Document], None] | None = None,
    on_lint: Callable[[FileResult], None] | None = None,
) -> FileResult:
    """Lint a text that is DOT, whatever its name."""
    result = attach_fixes(lint(source, settings, on_read=on_read))
    if on_lint is not None:
        on_lint(result)
    withdraw_refused(result, Trials(settings))
    return result
