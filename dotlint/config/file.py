"""What a configuration file says: read, with the files that it extends, and tried at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from dotlint._version import __version__
from dotlint.config.configurations import Config, Overrides, Set, folders_of, glob_of, strategy_of, tuned_cards
from dotlint.config.keys import KEYS, ConfigError, known_key, read_value, satisfies
from dotlint.engine.select import matching
from dotlint.errors import DotlintError
from dotlint.files.paths import as_path, nearest_path
from dotlint.registry.rules import all_cards
from dotlint.strategy import Layout
from dotlint.text.linear_pattern import PatternError
from dotlint.text.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_PATHS: Final = ("rules", "baseline", "extend")


def _toml(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        near = nearest_path(path)
        raise ConfigError(
            f"there is no configuration file {path}" + (f"; did you mean `{near}`?" if near else "")
        ) from None
    except OSError as error:
        raise ConfigError(f"the configuration {path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise ConfigError(f"the configuration {path} is not TOML: {error}") from None


def section_of(path: Path) -> dict[str, Any] | None:
    """Give what a file says to dotlint, None where it says nothing to it."""
    table = _toml(path)
    if path.name != "pyproject.toml":
        return table
    tool = table.get("tool", {})
    section = tool.get("dotlint") if isinstance(tool, dict) else None
    if section is not None and not isinstance(section, dict):
        raise ConfigError(f"{path}: `tool.dotlint` must be a table: write [tool.dotlint]")
    return section


def load(path: Path, *, _via: tuple[Path, ...] = ()) -> Config:
    """Read a configuration file and those that it extends; `ConfigError` says what is wrong and where."""
    path = as_path(os.path.abspath(path))
    if path in _via:
        raise ConfigError(f"it runs in a circle: {' -> '.join(map(str, (*_via, path)))}")
    section = section_of(path)
    where = str(path)
    if section is None:
        raise ConfigError(f"{where} has no table [tool.dotlint]")
    required = section.get("required-version")
    if required is not None and not satisfies(__version__, read_value("required-version", required, where)):
        raise ConfigError(f"{where} requires dotlint {required}, and this is {__version__}: install one that it allows")
    for key in section:
        known_key(key, where)
    values: dict[str, Set] = {}
    for key, given in section.items():
        value = read_value(key, given, where)
        if key in _PATHS:
            value = _absolute(value, path.parent)
        elif key == "strategy":
            value = _strategy_paths(value, path.parent)
        _look_at_patterns(key, value, where)
        if isinstance(value, dict):
            value = {name: Set(one, path) for name, one in value.items()}
        values[key] = Set(value, path)
    if "extend" in values:
        try:
            base = load(as_path(values["extend"].value), _via=(*_via, path))
        except ConfigError as error:
            raise ConfigError(f"{where}: `extend`: {error}") from None
        values = _joined(base.values, values)
    config = Config(path, values)
    if not _via:
        _check(config)
    return config


def _absolute(value: Any, folder: Path) -> Any:  # noqa: ANN401 - a path or several
    if isinstance(value, tuple):
        return tuple(_absolute(one, folder) for one in value)
    return os.path.abspath(folder / as_path(value).expanduser())


def _strategy_paths(value: Any, folder: Path) -> Any:  # noqa: ANN401 - a tuple or a table of such
    if isinstance(value, dict):
        return {pattern: _strategy_paths(one, folder) for pattern, one in value.items()}
    return tuple(_absolute(one, folder) if one.lower().endswith(".toml") else one for one in value)


def _look_at_patterns(key: str, value: Any, where: str) -> None:  # noqa: ANN401
    patterns: Iterable[str] = ()
    if KEYS[key].kind in ("words-by-pattern", "strategy") and isinstance(value, dict):
        patterns = value
    for pattern in patterns:
        try:
            glob_of(pattern)
        except PatternError as error:
            raise ConfigError(f"{where}: `{key}`: {error}") from None


def _joined(base: Mapping[str, Set], own: Mapping[str, Set]) -> dict[str, Set]:
    """Join two files: what is set here wins; tables are joined, so that one entry can be added."""
    joined = {**base, **own}
    for key in base.keys() & own.keys():
        if isinstance(base[key].value, dict) and isinstance(own[key].value, dict):
            joined[key] = replace(own[key], value={**base[key].value, **own[key].value})
    joined.pop("extend", None)
    if "extend" in own:
        joined["extend"] = own["extend"]
    return joined


def _check(config: Config) -> None:
    """Try everything that could fail later: folders, plugins, rules, parameters and strategies."""
    for folder in folders_of(config):
        if not folder.is_dir():
            near = nearest_path(folder)
            remedy = f"; did you mean `{near}`?" if near else ""
            raise ConfigError(f"{config.values['rules'].file}: `rules`: there is no folder {folder}{remedy}")
    cards = _guarded(config, "rules", lambda: all_cards(folders_of(config)))
    cards = _guarded(config, "plugins", lambda: all_cards(folders_of(config), config.get("plugins") or ()))
    for key in ("select", "extend-select", "ignore"):
        for word in config.get(key) or ():
            _guarded(config, key, lambda word=word: matching(word, cards))
    for key in ("per-file-ignores", "severity", "rule"):
        for name, setting in config.table(key).items():
            words = setting.value if key == "per-file-ignores" else (name,)
            for word in words:
                _guarded(setting.file, key, lambda word=word: matching(word, cards))
    _guarded(config, "rule", lambda: tuned_cards(config, Overrides()))
    if "layout" in config.values:
        _guarded(config, "layout", lambda: Layout.named(config.get("layout")))
    given = config.values.get("strategy")
    if given is not None:
        entries = given.value.values() if isinstance(given.value, dict) else [given]
        for entry in entries:
            _guarded(entry.file, "strategy", lambda entry=entry: strategy_of(entry.value, config.get("layout")))


def _guarded(where: Config | Path, key: str, read: Any) -> Any:  # noqa: ANN401 - gives what `read` gives
    """Call `read`; a mistake of the user's is told with the file and the key that it stands in."""
    try:
        return read()
    except DotlintError as error:
        file = where.values[key].file if isinstance(where, Config) and key in where.values else where
        told = ConfigError(f"{file}: `{key}`: {error}")
        raise told from error
