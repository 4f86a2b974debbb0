"""Read dotlint's table of a TOML file; a `pyproject.toml` does not necessarily have one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotlint.errors import DotlintError
from dotlint.files.paths import nearest_path
from dotlint.files.reading import read_file, reason
from dotlint.text.toml import read_toml

if TYPE_CHECKING:
    from pathlib import Path


class ConfigError(DotlintError):
    """A configuration is invalid; the message names the file, the key, and what is expected."""


def section_of(path: Path, *, piped: bool = False) -> dict[str, Any] | None:
    """Return dotlint's table of a file: all of it, or of a `pyproject.toml` `[tool.dotlint]`, None without one.

    `piped` is whether it may be a FIFO, because the user named it.
    """
    table = _toml(path, piped=piped)
    if path.name != "pyproject.toml":
        return table
    tool = table.get("tool", {})
    section = tool.get("dotlint") if isinstance(tool, dict) else None
    if section is not None and not isinstance(section, dict):
        raise ConfigError(f"{path}: `tool.dotlint` must be a table: write [tool.dotlint]")
    return section


def _toml(path: Path, *, piped: bool) -> dict[str, Any]:
    try:
        return read_toml(read_file(path, piped=piped).decode("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"the configuration file {path} does not exist{near_file(path)}") from None
    except OSError as error:
        raise ConfigError(f"the configuration {path} cannot be read: {reason(error)}") from None
    except ValueError as error:
        raise ConfigError(f"the configuration {path} is not TOML: {error}") from None


def near_file(path: Path) -> str:
    """Return a suggestion for a message about a missing file or folder: one with a similar name, or "" ."""
    near = None if path.exists() else nearest_path(path)
    return f"; did you mean `{near}`?" if near else ""
