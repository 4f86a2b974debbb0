"""Configuration: the nearest `dotlint.toml` or `[tool.dotlint]` of each file, and what follows from it."""

from __future__ import annotations

import os
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from msgspec import Struct, field
from msgspec.structs import replace

from dotlint._version import __version__
from dotlint.config_keys import KEYS, ConfigError, known_key, read_value, satisfies
from dotlint.engine.pattern import PatternError, read_glob
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection, matching
from dotlint.errors import DotlintError
from dotlint.ignored import Patterns, left_out
from dotlint.paths import as_path
from dotlint.ruleset import all_cards, tuned, vocabularies
from dotlint.strategy import Layout, Strategy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dotlint.engine.baseline import Baseline
    from dotlint.engine.card import Card
    from dotlint.engine.finding import Severity
    from dotlint.engine.pattern import Pattern
    from dotlint.engine.result import StrategySource

NAMES: Final = ("dotlint.toml", "pyproject.toml")
_PATHS: Final = ("rules", "baseline", "extend")


class Set(Struct, frozen=True):
    """A value and the configuration file that says it; patterns in it are relative to that file's folder."""

    value: Any
    file: Path

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return self.file.parent


class Config(Struct, frozen=True):
    """What a configuration file says, `extend` followed; `file` is None where there is none.

    `values` has each key that is set. Of tables that were joined the entries are `Set` themselves, since each
    may come from another file. Paths are absolute.
    """

    file: Path | None = None
    values: Mapping[str, Set] = field(default_factory=dict)

    def get(self, key: str) -> Any:  # noqa: ANN401 - by kind, see `config_keys`
        """Give the value of a key, None where it is not set."""
        return self.values[key].value if key in self.values else None

    def table(self, key: str) -> dict[str, Set]:
        """Give the entries of a table, each with its file."""
        return cast("dict[str, Set]", self.get(key) or {})


class Overrides(Struct, frozen=True):
    """What the command line (or a caller) says; it wins over every file. None and () stand for nothing said.

    `select` replaces what a file selects, extends and ignores; `extend_select` and `ignore` come on top.
    """

    strategy: tuple[str, ...] = ()
    layout: str | None = None
    preset: str | None = None
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    rules: tuple[Path, ...] = ()
    exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    baseline: Path | None = None
    no_baseline: bool = False
    fail_on: Severity | None = None


class Configurations:
    """The configuration of each file of a run: the nearest one, or `file` for all, or none where `isolated`.

    Files are read once. Every method raises `DotlintError` (most often `ConfigError`) with one line that
    names the file and the key at fault.
    """

    def __init__(
        self, overrides: Overrides | None = None, *, file: Path | None = None, isolated: bool = False
    ) -> None:
        for known in (all_cards, _read_strategy, _read_baseline):
            known.cache_clear()  # a new run reads what it needs anew: files may have changed
        self.overrides = overrides or Overrides()
        self._given = load(file) if file is not None else Config() if isolated else None
        self._by_folder: dict[str, Config] = {}
        self._settings: dict[tuple[int, tuple[str, ...], tuple[str, ...]], Settings] = {}

    def config(self, path: str | Path) -> Config:
        """Give the configuration that holds for a file or folder; `-` stands for the folder one is in."""
        if self._given is not None:
            return self._given
        place = os.getcwd() if str(path) == "-" else os.path.abspath(path)
        return self._nearest(place if os.path.isdir(place) else os.path.dirname(place))

    def _nearest(self, folder: str) -> Config:
        passed: list[str] = []
        found = Config()
        while folder not in passed:  # the topmost one is its own parent
            if folder in self._by_folder:
                found = self._by_folder[folder]
                break
            passed.append(folder)
            file = _file_in(folder)
            if file is not None:
                found = load(file)
                break
            folder = os.path.dirname(folder)
        self._by_folder.update(dict.fromkeys(passed, found))
        return found

    def cards(self, path: str | Path) -> tuple[Card, ...]:
        """Give every rule that there is for a file, as its configuration tunes them."""
        return _tuned(self.config(path), self.overrides)

    def settings(self, path: str | Path) -> Settings:
        """Give how to lint a file."""
        config = self.config(path)
        strategy, _ = strategy_for(config, path, self.overrides)
        off = off_for(config, path)
        key = (id(config), strategy, off)
        if key not in self._settings:
            self._settings[key] = self._made(config, strategy, off)
        return self._settings[key]

    def _made(self, config: Config, strategy: tuple[str, ...], off: tuple[str, ...]) -> Settings:
        said = self.overrides
        if said.layout and not strategy and "strategy" not in config.values:
            raise DotlintError("--layout says how a strategy's degrees become GPUs: give one with --strategy")
        source: StrategySource | None = "option" if said.strategy else "configuration" if strategy else None
        layout = said.layout or (None if said.strategy else config.get("layout"))
        select = said.select
        ignore, extend = said.ignore, said.extend_select
        if select is None:
            select = config.get("select")
            ignore = (*(config.get("ignore") or ()), *ignore)
            extend = (*(config.get("extend-select") or ()), *extend)
        return Settings(
            strategy=_read_strategy(strategy, layout) if strategy else None,
            strategy_source=source,
            selection=Selection(
                select=select,
                extend_select=extend,
                ignore=ignore,
                preset=said.preset or config.get("preset") or "recommended",
                off=off if said.select is None else per_file_off(off, config),
            ),
            cards=_tuned(config, said),
            baseline=self.baseline(config),
            vocabularies=vocabularies(_folders(config, said.rules)),
            fail_on=cast("Severity", said.fail_on or config.get("fail-on") or "warning"),
        )

    def baseline(self, config: Config) -> Baseline | None:
        """Give the baseline that holds under a configuration."""
        path = self.overrides.baseline or config.get("baseline")
        if path is None or self.overrides.no_baseline:
            return None
        return _read_baseline(as_path(path))

    def excluded(self, path: str, *, named: bool = False) -> bool:
        """Whether a file is left out: it fits `exclude` and was found, or was `named` and that counts too."""
        config = self.config(path)
        if path == "-" or (named and not (self.overrides.force_exclude or config.get("force-exclude"))):
            return False
        setting = config.values.get("exclude")
        patterns = [Patterns(str(setting.folder), setting.value)] if setting else []
        patterns += [Patterns(os.getcwd(), self.overrides.exclude)] if self.overrides.exclude else []
        whole = as_path(os.path.abspath(path))
        return left_out(str(whole), patterns) or any(
            left_out(str(folder), patterns, is_folder=True) for folder in whole.parents
        )


def _file_in(folder: str) -> Path | None:
    """Give the configuration file of a folder; a `pyproject.toml` without `[tool.dotlint]` is none."""
    for name in NAMES:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and (name == NAMES[0] or _section(as_path(path)) is not None):
            return as_path(path)
    return None


def _toml(path: Path) -> dict[str, Any]:
    from dotlint.toml import read_toml  # noqa: PLC0415 - many runs read no configuration

    try:
        return read_toml(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        near = _near_file(path)
        raise ConfigError(
            f"there is no configuration file {path}" + (f"; did you mean `{near}`?" if near else "")
        ) from None
    except OSError as error:
        raise ConfigError(f"the configuration {path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise ConfigError(f"the configuration {path} is not TOML: {error}") from None


def _near_file(path: Path) -> Path | None:
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return None
    import difflib  # noqa: PLC0415 - only where a file is missing

    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.75)
    return path.with_name(close[0]) if close else None


def _section(path: Path) -> dict[str, Any] | None:
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
    section = _section(path)
    where = str(path)
    if section is None:
        raise ConfigError(f"{where} has no table [tool.dotlint]")
    required = section.get("required-version")
    if required is not None and not satisfies(__version__, read_value("required-version", required, where)):
        raise ConfigError(
            f"{where} requires dotlint {required}, and this is {__version__}: install one that it allows"
        )
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
            _glob(pattern)
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
    for key in ("rules",):
        for folder in config.get(key) or ():
            if not as_path(folder).is_dir():
                near = _near_file(as_path(folder))
                remedy = f"; did you mean `{near}`?" if near else ""
                raise ConfigError(f"{config.values[key].file}: `{key}`: there is no folder {folder}{remedy}")
    cards = _guarded(config, "rules", lambda: all_cards(_folders(config)))
    cards = _guarded(config, "plugins", lambda: all_cards(_folders(config), config.get("plugins") or ()))
    for key in ("select", "extend-select", "ignore"):
        for word in config.get(key) or ():
            _guarded(config, key, lambda word=word: matching(word, cards))
    for key in ("per-file-ignores", "severity", "rule"):
        for name, setting in config.table(key).items():
            words = setting.value if key == "per-file-ignores" else (name,)
            for word in words:
                _guarded(setting.file, key, lambda word=word: matching(word, cards))
    _guarded(config, "rule", lambda: _tuned(config, Overrides()))
    if "layout" in config.values:
        _guarded(config, "layout", lambda: Layout.named(config.get("layout")))
    given = config.values.get("strategy")
    if given is not None:
        entries = given.value.values() if isinstance(given.value, dict) else [given]
        for entry in entries:
            _guarded(
                entry.file, "strategy", lambda entry=entry: _read_strategy(entry.value, config.get("layout"))
            )


def _guarded(where: Config | Path, key: str, read: Any) -> Any:  # noqa: ANN401 - gives what `read` gives
    """Call `read`; a mistake of the user's is told with the file and the key that it stands in."""
    try:
        return read()
    except DotlintError as error:
        file = where.values[key].file if isinstance(where, Config) and key in where.values else where
        told = ConfigError(f"{file}: `{key}`: {error}")
        raise told from error


def _folders(config: Config, more: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    return (*(as_path(folder) for folder in config.get("rules") or ()), *more)


def _tuned(config: Config, said: Overrides) -> tuple[Card, ...]:
    cards = all_cards(_folders(config, said.rules), config.get("plugins") or ())
    severity = {word: setting.value for word, setting in config.table("severity").items()}
    parameters = {word: setting.value for word, setting in config.table("rule").items()}
    if not severity and not parameters:
        return cards
    return tuned(cards, severity, parameters, _folders(config, said.rules))


@cache
def _read_strategy(arguments: tuple[str, ...], layout: str | None) -> Strategy:
    return Strategy.combine(arguments, layout=Layout.named(layout) if layout else None)


@cache
def _read_baseline(path: Path) -> Baseline:
    from dotlint.engine.baseline import read_baseline  # noqa: PLC0415 - most runs have none

    return read_baseline(path)


def strategy_for(
    config: Config, path: str | Path, said: Overrides | None = None
) -> tuple[tuple[str, ...], str]:
    """Give the strategy arguments that hold for a file and who says so; () where nobody does.

    Of a table the last pattern that fits holds, so that exceptions stand behind the rule.
    """
    if said is not None and said.strategy:
        return said.strategy, "--strategy"
    given = config.values.get("strategy")
    if given is None:
        return (), ""
    if not isinstance(given.value, dict):
        return given.value, str(given.file)
    for pattern, setting in reversed(given.value.items()):
        if fits(pattern, setting.folder, path):
            return setting.value, f"{setting.file}, pattern `{pattern}`"
    return (), ""


def off_for(config: Config, path: str | Path) -> tuple[str, ...]:
    """Give the rules that never run for a file: `severity` off, and those of the patterns that fit."""
    found = [word for word, setting in config.table("severity").items() if setting.value == "off"]
    for pattern, setting in config.table("per-file-ignores").items():
        if fits(pattern, setting.folder, path):
            found += setting.value
    return tuple(found)


def per_file_off(off: tuple[str, ...], config: Config) -> tuple[str, ...]:
    """Give of `off` what holds where the command line selects rules itself: not what `severity` turns off."""
    turned_off = {word for word, setting in config.table("severity").items() if setting.value == "off"}
    return tuple(word for word in off if word not in turned_off)


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> Pattern:
    return read_glob(pattern.removeprefix("./").strip("/"))


def fits(pattern: str, folder: Path, path: str | Path) -> bool:
    """Whether a file pattern of a configuration in `folder` fits a file, or a folder that the file is in.

    Without a slash it is held against each name on the way from `folder` to the file, else against the path
    from there; `*` stays within a folder, `**` does not.
    """
    place = as_path(os.path.abspath(path))
    glob = _glob(pattern)
    try:
        parts = place.relative_to(folder).parts
    except ValueError:
        parts = (place.name,)
    if "/" not in pattern.removeprefix("./").strip("/") and not pattern.startswith("/"):
        return any(glob.matches(part) for part in parts)
    if any(glob.matches("/".join(parts[:length])) for length in range(1, len(parts) + 1)):
        return True
    return pattern.startswith("/") and any(glob.matches(str(p).strip("/")) for p in (place, *place.parents))
