"""What a file says to dotlint, as it is written; a `pyproject.toml` may say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotlint.errors import DotlintError
from dotlint.files.paths import nearest_path
from dotlint.text.toml import read_toml

if TYPE_CHECKING:
    from pathlib import Path


class ConfigError(DotlintError):
    """A configuration that cannot be used: the file, the key, and what would be right."""


def section_of(path: Path) -> dict[str, Any] | None:
    """Return what a file says to dotlint, None if it says nothing to it."""
    table = _toml(path)
    if path.name != "pyproject.toml":
        return table
    tool = table.get("tool", {})
    section = tool.get("dotlint") if isinstance(tool, dict) else None
    if section is not None and not isinstance(section, dict):
        raise ConfigError(f"{path}: `tool.dotlint` must be a table: write [tool.dotlint]")
    return section


def _toml(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"there is no configuration file {path}{near_file(path)}") from None
    except OSError as error:
        raise ConfigError(f"the configuration {path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise ConfigError(f"the configuration {path} is not TOML: {error}") from None


def near_file(path: Path) -> str:
    """Return the end of a message about a file or folder that is missing: the one of a similar name, if there is one."""
    near = nearest_path(path)
    return f"; did you mean `{near}`?" if near else ""
