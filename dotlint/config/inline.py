"""Keys of a configuration that the command line sets: `--config 'fail-on = "error"'`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dotlint.config.file import merged, settings_of
from dotlint.config.model import COMMAND_LINE, Config, Setting
from dotlint.config.section import ConfigError
from dotlint.config.verify import verify
from dotlint.files.paths import as_path
from dotlint.text.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def is_pair(value: str) -> bool:
    """Return whether a value of `--config` sets a key; otherwise it is a file."""
    return "=" in value and not os.path.exists(value)


def with_pairs(config: Config, pairs: Sequence[str]) -> Config:
    """Return a configuration with the keys that the command line sets. Raises `ConfigError`."""
    completed = replace(config, values=merged(config.values, _values(pairs)))
    verify(completed)
    return completed


def _values(pairs: Sequence[str]) -> Mapping[str, Setting]:
    section: dict[str, Any] = {}
    for pair in pairs:
        try:
            section |= read_toml(pair)
        except ValueError as error:
            raise ConfigError(
                f'--config `{pair}` is not TOML: {error}; write strings in quotes, as in `fail-on = "error"`'
            ) from None
    if "extend" in section:
        raise ConfigError("--config cannot set `extend`; name the file itself")
    # Paths and patterns are relative to the current folder.
    return settings_of(section, as_path(os.getcwd(), COMMAND_LINE), COMMAND_LINE)
