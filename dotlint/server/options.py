"""What the editor's settings say: the options of the command line, by the names that configuration files have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from dotlint.config.model import Overrides
from dotlint.engine.select import split_names
from dotlint.server.messages import Options
from dotlint.text.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEYS: Final = ("strategy", "layout", "preset", "select", "extend-select", "ignore", "config")
_LISTS: Final = {"strategy", "select", "extend-select", "ignore"}
_EDITORS_OWN: Final = {"enable", "path", "command", "args", "interpreter", "trace", "settings", "log-level"}
_PRESETS: Final = ("recommended", "strict", "graphviz")


class Scopes(Struct, frozen=True):
    """What holds in each of the folders that are open: the settings of the innermost folder that a file is in."""

    folders: tuple[tuple[Path, Options], ...]

    def of(self, path: str) -> Options:
        """Give what holds for a file; one that is in none of the folders counts as one of the first."""
        inside = [(len(folder.parts), options) for folder, options in self.folders if Path(path).is_relative_to(folder)]
        return max(inside, key=lambda pair: pair[0])[1] if inside else self.folders[0][1]


def read_options(settings: Iterable[object], folder: Path) -> tuple[Options, list[str]]:
    """Read settings, the later ones over the earlier, and say what in them is wrong, a line each.

    Each is a table with keys as in `dotlint.toml` (`extendSelect` is read as well), or has such a table under `dotlint`
    or `settings`; what is empty says nothing. Relative paths start at `folder`. What is wrong is left out.
    """
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for given in settings:
        for key, value in _table(given, wrong).items():
            name = re.sub(r"(?<=[a-z])(?=[A-Z])|_", "-", str(key)).lower()
            if name in KEYS:
                if value not in (None, "", [], {}):
                    values[name] = value
            elif name not in _EDITORS_OWN:
                near = nearest(name, KEYS)
                wrong.append(
                    f"there is no setting `{key}`"
                    + (f"; did you mean `{near}`?" if near else f"; there are {', '.join(KEYS)}")
                )
    read = {name: _read(name, value, wrong) for name, value in values.items()}
    strategy = tuple(_placed(one, folder) for one in read.get("strategy") or ())
    overrides = Overrides(
        strategy=strategy,
        layout=read.get("layout"),
        preset=read.get("preset"),
        select=split_names(read["select"]) if read.get("select") else None,
        extend_select=split_names(read.get("extend-select") or ()),
        ignore=split_names(read.get("ignore") or ()),
    )
    config = read.get("config")
    return Options(overrides, folder / Path(config).expanduser() if config else None), wrong


def _table(given: object, wrong: list[str]) -> Mapping[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        wrong.append("the settings of dotlint must be a table of names and values")
        return {}
    for name in ("dotlint", "settings"):
        if isinstance(given.get(name), dict):
            return _table(given[name], wrong)
    return given


def _read(name: str, value: object, wrong: list[str]) -> Any:  # noqa: ANN401 - a text or several
    if name in _LISTS:
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(one for one in value if one)
        wrong.append(f"the setting `{name}` must be a text or a list of texts")
        return None
    if not isinstance(value, str):
        wrong.append(f"the setting `{name}` must be a text")
        return None
    if name == "preset" and value not in _PRESETS:
        wrong.append(f"the setting `preset` is `{value}`, but must be one of {', '.join(_PRESETS)}")
        return None
    return value


def _placed(strategy: str, folder: Path) -> str:
    """Give a strategy file its folder; a specification stays as it is."""
    return str(folder / Path(strategy).expanduser()) if strategy.lower().endswith(".toml") else strategy
