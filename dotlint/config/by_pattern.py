"""The parts of a configuration that depend on a file's path: its strategy and its ignored rules."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from dotlint.files.paths import as_path

if TYPE_CHECKING:
    from pathlib import Path

    from dotlint.config.model import Config, Overrides
    from dotlint.text.glob import Glob


@lru_cache(maxsize=1024)
def glob_of(pattern: str) -> Glob:
    """Parse a file pattern of a configuration. Raises `GlobError`."""
    from dotlint.text.glob import read_glob  # noqa: PLC0415 - most configurations have no patterns

    return read_glob(pattern.removeprefix("./"))


def matches_file(pattern: str, folder: Path, path: str | Path) -> bool:
    """Return whether a file pattern of a configuration in `folder` matches a file or one of its parent folders.

    A pattern that starts with a slash can also match an absolute path. Outside `folder`, the file name is matched alone.
    """
    glob = glob_of(pattern)
    whole = as_path(os.path.abspath(path))
    try:
        parts = whole.relative_to(folder).parts
    except ValueError:
        parts = (whole.name,)
    ways = [parts, whole.parts[1:]] if pattern.startswith("/") else [parts]
    return any(
        glob.matches("/".join(way[:length]), is_folder=length < len(way) or (glob.only_folders and whole.is_dir()))
        for way in ways
        for length in range(1, len(way) + 1)
    )


def strategy_for(config: Config, path: str | Path, overrides: Overrides | None = None) -> tuple[tuple[str, ...], str]:
    """Return the strategy arguments for a file and where they are set; () and "" if none are declared.

    In a table the last matching pattern wins, so that exceptions follow the general case.
    """
    if overrides is not None and overrides.strategy:
        return overrides.strategy, "--strategy"
    given = config.values.get("strategy")
    if given is None:
        return (), ""
    if not isinstance(given.value, dict):
        return given.value, given.origin
    for pattern, setting in reversed(given.value.items()):
        if matches_file(pattern, setting.folder, path):
            return setting.value, f"{setting.origin}, pattern `{pattern}`"
    return (), ""


def severity_off(config: Config) -> tuple[str, ...]:
    """Return the rules that `severity` sets to `off`."""
    return tuple(word for word, setting in config.table("severity").items() if setting.value == "off")


def ignored_for(config: Config, path: str | Path) -> tuple[str, ...]:
    """Return the rules that `per-file-ignores` skips for a file."""
    return tuple(
        word
        for pattern, setting in config.table("per-file-ignores").items()
        if matches_file(pattern, setting.folder, path)
        for word in setting.value
    )
