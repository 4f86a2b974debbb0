"""Refuse an output that is one of the files that a command reads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.cli.options import ConfigOptions


def refuse_overwriting(
    output: str | None, paths: Iterable[str], options: ConfigOptions | None = None, *, option: str = "--output"
) -> None:
    """Raise `DotlintError` if the output is one of `paths`, or a file that the options name for reading."""
    if output is None or not os.path.exists(output):
        return
    for path in (*paths, *_named(options or {})):
        if path != "-" and os.path.exists(path) and os.path.samefile(path, output):
            raise DotlintError(f"{option} {output} would overwrite a file that is read; choose another name")


def _named(options: ConfigOptions) -> Iterable[str]:
    """Return what the options name for reading; what is no file is harmless."""
    files = (
        *options.get("config", ()),
        options.get("model"),
        None if options.get("write_baseline") else options.get("baseline"),
    )
    from dotlint.strategy.launch.argument import file_of

    strategies = (file_of(strategy) for strategy in options.get("strategy", ()))
    return [file for file in (*strategies, *files) if file]
