"""What a configuration file says, with the files that it extends."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from dotlint._version import __version__
from dotlint.config.keys import NAMES, read_keys
from dotlint.config.model import Config, Setting
from dotlint.config.section import ConfigError, section_of
from dotlint.config.verify import verify
from dotlint.config.versions import satisfies
from dotlint.engine.select import split_names
from dotlint.files.paths import as_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_WORDS: Final = frozenset({"select", "extend-select", "ignore", "per-file-ignores", "plugins"})
_LISTS: Final = frozenset({"strategy", "rules", "exclude"})
_PATHS: Final = frozenset({"rules", "baseline", "extend"})


def load(path: Path) -> Config:
    """Read a configuration file and those that it extends; `ConfigError` says what is wrong and where."""
    path = as_path(os.path.abspath(path))
    config = Config(path, _values(path, ()))
    verify(config)
    return config


def _values(path: Path, via: tuple[Path, ...]) -> Mapping[str, Setting]:
    if path in via:
        raise ConfigError(f"it runs in a circle: {' -> '.join(map(str, (*via, path)))}")
    section = section_of(path)
    if section is None:
        raise ConfigError(f"{path} has no table [tool.dotlint]")
    _look_at_version(section, path)
    keys = read_keys(section, str(path))
    values: dict[str, Setting] = {}
    for key in section:
        value = _settled(key, getattr(keys, NAMES[key]), path.parent)
        if isinstance(value, dict):
            value = {name: Setting(one, path) for name, one in value.items()}
        values[key] = Setting(value, path)
    if "extend" not in values:
        return values
    try:
        return _merged(_values(as_path(values["extend"].value), (*via, path)), values)
    except ConfigError as error:
        raise ConfigError(f"{path}: `extend`: {error}") from None


def _look_at_version(section: dict[str, Any], path: Path) -> None:
    """Look at the required version alone and first: a newer dotlint may have keys that this one has not."""
    if "required-version" in section:
        required = read_keys({"required-version": section["required-version"]}, str(path)).required_version
        if isinstance(required, str) and not satisfies(__version__, required):
            raise ConfigError(f"{path} requires dotlint {required}, but this is {__version__}")


def _settled(key: str, value: Any, folder: Path) -> Any:  # noqa: ANN401 - by key, see `Keys`
    """Return a value in the one form that it has everywhere else: texts and lists as tuples, paths absolute."""
    if key == "rule":
        return value
    if isinstance(value, dict):
        return {name: _settled(key, one, folder) for name, one in value.items()}
    if key in _WORDS:
        return split_names([value] if isinstance(value, str) else value)
    if key in _LISTS:
        texts = (value,) if isinstance(value, str) else value
        return tuple(_text(key, text.strip(), folder) for text in texts)
    return _text(key, value.strip(), folder) if isinstance(value, str) else value


def _text(key: str, text: str, folder: Path) -> str:
    if key in _PATHS or (key == "strategy" and text.lower().endswith(".toml")):
        return os.path.abspath(folder / as_path(text).expanduser())
    return text


def _merged(base: Mapping[str, Setting], own: Mapping[str, Setting]) -> Mapping[str, Setting]:
    """Merge two files: what `own` sets wins; tables are merged, so that one entry can be added."""
    merged = {**base, **own}
    for key in base.keys() & own.keys():
        if isinstance(base[key].value, dict) and isinstance(own[key].value, dict):
            merged[key] = replace(own[key], value={**base[key].value, **own[key].value})
    return merged
