"""Read a configuration file and the files that it extends."""

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
from dotlint.files.exclusion import repository_of
from dotlint.files.paths import as_path
from dotlint.strategy.launch.argument import in_folder
from dotlint.strategy.launch.systems import SYSTEMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_WORDS: Final = frozenset({"select", "extend-select", "ignore", "per-file-ignores", "plugins"})
_LISTS: Final = frozenset({"strategy", "rules", "exclude"})
_TRUSTED: Final = frozenset({"baseline", "extend"})
_PATHS: Final = frozenset({"rules", "baseline", "extend", "model"})


def load(path: Path, *, piped: bool = False) -> Config:
    """Read a configuration file and those that it extends. Raises `ConfigError` with the file and the key.

    `piped` is whether the file itself may be a FIFO, because the user named it.
    """
    path = as_path(os.path.abspath(path))
    config = Config(path, _values(path, piped=piped))
    verify(config)
    return config


def _values(path: Path, *, piped: bool) -> Mapping[str, Setting]:
    """Return the values of a file, over those of the file that it extends, and so on."""
    chain: dict[Path, Mapping[str, Setting]] = {}
    before: Path | None = None
    while True:
        where = f"{before}: `extend`: " if before is not None else ""
        if path in chain:
            raise ConfigError(f"{where}the files extend each other in a cycle: {_shortened([*chain, path])}")
        try:
            values = _own_values(path, piped=piped and not chain)
        except ConfigError as error:
            raise ConfigError(f"{where}{error}") from None
        chain[path] = values
        if "extend" not in values:
            break
        path, before = as_path(values["extend"].value), path
    found: Mapping[str, Setting] = {}
    for values in reversed(chain.values()):
        found = merged(found, values)
    return found


def _shortened(files: Sequence[Path]) -> str:
    """Return a chain of files for a message, without those in the middle of a long one."""
    names = [str(file) for file in files]
    return " -> ".join(names if len(names) <= 6 else [*names[:3], "...", *names[-2:]])


def _own_values(path: Path, *, piped: bool) -> Mapping[str, Setting]:
    section = section_of(path, piped=piped)
    if section is None:
        raise ConfigError(f"{path} has no table [tool.dotlint]")
    _verify_version(section, path)
    values = settings_of(section, path, str(path))
    for key in _TRUSTED & values.keys():
        _refuse_outside(key, values[key])
    return values


def _refuse_outside(key: str, setting: Setting) -> None:
    """Raise `ConfigError` for a file outside the repository: messages about it may quote what is not for others."""
    root = repository_of(str(setting.folder))
    if root is not None and not as_path(os.path.realpath(setting.value)).is_relative_to(os.path.realpath(root)):
        raise ConfigError(
            f"{setting.file}: `{key}` names a file outside the repository: {setting.value}; "
            "name it on the command line, or copy it"
        )


def settings_of(section: dict[str, Any], path: Path, where: str) -> dict[str, Setting]:
    """Return the keys of a file with their values; `where` names the file in messages."""
    keys = read_keys(section, where)
    values: dict[str, Setting] = {}
    for key in section:
        value = _normalized(key, getattr(keys, NAMES[key]), path.parent)
        if isinstance(value, dict):
            value = {name: Setting(one, path) for name, one in value.items()}
        values[key] = Setting(value, path)
    return values


def _verify_version(section: dict[str, Any], path: Path) -> None:
    """Verify the required version before other keys: a newer dotlint may have keys that this one does not know."""
    if "required-version" in section:
        required = read_keys({"required-version": section["required-version"]}, str(path)).required_version
        if isinstance(required, str) and not satisfies(__version__, required):
            raise ConfigError(f"{path} requires dotlint {required}, but this is {__version__}")


def _normalized(key: str, value: Any, folder: Path) -> Any:  # noqa: ANN401 - by key, see `Keys`
    """Return a value in the form that `Config` has: strings and lists as tuples, paths absolute."""
    if key == "rule":
        return value
    if key == "strategy" and isinstance(value, dict) and isinstance(value.get("from"), str) and _is_launch(value):
        value = _launched(value)
    if isinstance(value, dict):
        return {name: _normalized(key, one, folder) for name, one in value.items()}
    if key in _WORDS:
        return split_names([value] if isinstance(value, str) else value)
    if key in _LISTS:
        texts = (value,) if isinstance(value, str) else value
        return tuple(_text(key, text.strip(), folder) for text in texts)
    return _text(key, value.strip(), folder) if isinstance(value, str) else value


def _is_launch(table: Mapping[str, Any]) -> bool:
    """Return whether a table names launch options rather than file patterns."""
    return "file" in table or table["from"].strip().lower() in SYSTEMS


def _launched(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the arguments that a table with launch options means: `from = "vllm"` and `file`, or a file each phase."""
    system = table["from"].strip().lower()
    if system not in SYSTEMS:
        raise ConfigError(f"`strategy.from`: unknown engine `{system}`: use one of {', '.join(SYSTEMS)}")
    rest = {name: value for name, value in table.items() if name != "from"}
    files = [rest.pop("file")] if "file" in rest else []
    named = [f"{phase}={system}:{file}" for phase, file in rest.items() if isinstance(file, str)]
    if not files and not named:
        raise ConfigError(f'`strategy`: from = "{system}" needs file = "launch.sh", or prefill = ... and decode = ...')
    texts = [text for each in files for text in ([each] if isinstance(each, str) else each)]
    return (*(f"{system}:{text}" for text in texts), *named)


def _text(key: str, text: str, folder: Path) -> str:
    if key == "strategy":
        return in_folder(text, folder)
    if key in _PATHS:
        return os.path.abspath(folder / as_path(text).expanduser())
    return text


def merged(base: Mapping[str, Setting], own: Mapping[str, Setting]) -> Mapping[str, Setting]:
    """Merge two files: `own` overrides `base`, except that tables are merged entry by entry."""
    values = {**base, **own}
    for key in base.keys() & own.keys():
        if isinstance(base[key].value, dict) and isinstance(own[key].value, dict):
            values[key] = replace(own[key], value={**base[key].value, **own[key].value})
    return values
