"""The editor's settings: command-line options under the names that configuration files use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from dotlint.config.model import Overrides
from dotlint.engine.select import split_names
from dotlint.server.messages import EditorOptions
from dotlint.strategy.launch.argument import in_folder
from dotlint.text.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEYS: Final = ("strategy", "layout", "preset", "select", "extend-select", "ignore", "config", "inlay-hints")
_LISTS: Final = {"strategy", "select", "extend-select", "ignore"}
_EDITORS_OWN: Final = {
    "enable",
    "languages",
    "path",
    "command",
    "args",
    "interpreter",
    "trace",
    "settings",
    "log-level",
}
_PRESETS: Final = ("recommended", "strict", "graphviz")


class Scopes(Struct, frozen=True):
    """The settings of each workspace folder."""

    folders: tuple[tuple[Path, EditorOptions], ...]

    def of(self, path: str) -> EditorOptions:
        """Return the settings of the innermost folder that contains a file, or else of the first folder."""
        inside = [(len(folder.parts), options) for folder, options in self.folders if Path(path).is_relative_to(folder)]
        return max(inside, key=lambda pair: pair[0])[1] if inside else self.folders[0][1]


def read_options(settings: Iterable[object], folder: Path) -> tuple[EditorOptions, list[str]]:
    """Return the merged settings, later ones first in precedence, and one line for each invalid one, which is ignored.

    Each is a table with keys as in `dotlint.toml` (or in camel case: `extendSelect`), or has such a table under `dotlint`
    or `settings`. Empty values are ignored. Relative paths start at `folder`.
    """
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for each in settings:
        for key, value in _table(each, wrong).items():
            name = re.sub(r"(?<=[a-z])(?=[A-Z])|_", "-", str(key)).lower()
            if name in KEYS:
                if value not in (None, "", [], {}):
                    values[name] = value
            elif name not in _EDITORS_OWN:
                near = nearest(name, KEYS)
                wrong.append(
                    f"unknown setting `{key}`"
                    + (f"; did you mean `{near}`?" if near else f"; the settings are {', '.join(KEYS)}")
                )
    read = {name: _checked(name, value, wrong) for name, value in values.items()}
    strategy = tuple(in_folder(one, folder) for one in read.get("strategy") or ())
    overrides = Overrides(
        strategy=strategy,
        layout=read.get("layout"),
        preset=read.get("preset"),
        select=split_names(read["select"]) if read.get("select") else None,
        extend_select=split_names(read.get("extend-select") or ()),
        ignore=split_names(read.get("ignore") or ()),
    )
    config = read.get("config")
    hints = read.get("inlay-hints") is not False
    return EditorOptions(overrides, folder / Path(config).expanduser() if config else None, inlay_hints=hints), wrong


def _table(given: object, wrong: list[str]) -> Mapping[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        wrong.append("the dotlint settings must be a table")
        return {}
    for name in ("dotlint", "settings"):
        if isinstance(given.get(name), dict):
            return _table(given[name], wrong)
    return given


def _checked(name: str, value: object, wrong: list[str]) -> Any:  # noqa: ANN401 - a string or a tuple of strings
    if name in _LISTS:
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(one for one in value if one)
        wrong.append(f"the setting `{name}` must be a string or a list of strings")
        return None
    if name == "inlay-hints":
        if isinstance(value, bool):
            return value
        wrong.append(f"the setting `{name}` must be true or false")
        return None
    if not isinstance(value, str):
        wrong.append(f"the setting `{name}` must be a string")
        return None
    if name == "preset" and value not in _PRESETS:
        wrong.append(f"the setting `preset` is `{value}`, but must be one of {', '.join(_PRESETS)}")
        return None
    return value
