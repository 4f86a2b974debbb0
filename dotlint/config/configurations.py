"""Configuration: the nearest `dotlint.toml` or `[tool.dotlint]` of each file, and what follows from it."""

from __future__ import annotations

import os
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from msgspec import Struct, field

from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.errors import DotlintError
from dotlint.files.exclusion import Patterns, is_excluded
from dotlint.files.paths import as_path
from dotlint.registry.rules import all_cards, tuned, vocabularies
from dotlint.strategy import Layout, Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dotlint.engine.baseline import Baseline
    from dotlint.engine.card import Card
    from dotlint.engine.finding import Severity
    from dotlint.engine.result import StrategySource
    from dotlint.text.linear_pattern import Pattern

NAMES: Final = ("dotlint.toml", "pyproject.toml")


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

    def __init__(self, overrides: Overrides | None = None, *, file: Path | None = None, isolated: bool = False) -> None:
        for known in (all_cards, strategy_of, _read_baseline):
            known.cache_clear()  # a new run reads what it needs anew: files may have changed
        self.overrides = overrides or Overrides()
        self._given = _load(file) if file is not None else Config() if isolated else None
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
                found = _load(file)
                break
            folder = os.path.dirname(folder)
        self._by_folder.update(dict.fromkeys(passed, found))
        return found

    def cards(self, path: str | Path) -> tuple[Card, ...]:
        """Give every rule that there is for a file, as its configuration tunes them."""
        return tuned_cards(self.config(path), self.overrides)

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
            strategy=strategy_of(strategy, layout) if strategy else None,
            strategy_source=source,
            selection=Selection(
                select=select,
                extend_select=extend,
                ignore=ignore,
                preset=said.preset or config.get("preset") or "recommended",
                off=off if said.select is None else per_file_off(off, config),
            ),
            cards=tuned_cards(config, said),
            baseline=self.baseline(config),
            vocabularies=vocabularies(folders_of(config, said.rules)),
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
        return is_excluded(str(whole), patterns) or any(
            is_excluded(str(folder), patterns, is_folder=True) for folder in whole.parents
        )


def _file_in(folder: str) -> Path | None:
    """Give the configuration file of a folder; a `pyproject.toml` without `[tool.dotlint]` is none."""
    for name in NAMES:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and (name == NAMES[0] or _says_something(path)):
            return as_path(path)
    return None


def _says_something(path: str) -> bool:
    from dotlint.config.file import section_of  # noqa: PLC0415 - many runs read no configuration

    return section_of(as_path(path)) is not None


def _load(path: Path) -> Config:
    from dotlint.config.file import load  # noqa: PLC0415 - as above

    return load(path)


def folders_of(config: Config, more: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """Give the folders with rules of one's own: the configuration's and `more`."""
    return (*(as_path(folder) for folder in config.get("rules") or ()), *more)


def tuned_cards(config: Config, said: Overrides) -> tuple[Card, ...]:
    """Give every rule that there is, with the severities and parameters of the configuration."""
    cards = all_cards(folders_of(config, said.rules), config.get("plugins") or ())
    severity = {word: setting.value for word, setting in config.table("severity").items()}
    parameters = {word: setting.value for word, setting in config.table("rule").items()}
    if not severity and not parameters:
        return cards
    return tuned(cards, severity, parameters, folders_of(config, said.rules))


@cache
def strategy_of(arguments: tuple[str, ...], layout: str | None) -> Strategy:
    """Read a strategy, once a run; raises `StrategyError`."""
    return Strategy.combine(arguments, layout=Layout.named(layout) if layout else None)


@cache
def _read_baseline(path: Path) -> Baseline:
    from dotlint.engine.baseline import read_baseline  # noqa: PLC0415 - most runs have none

    return read_baseline(path)


def strategy_for(config: Config, path: str | Path, said: Overrides | None = None) -> tuple[tuple[str, ...], str]:
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
def glob_of(pattern: str) -> Pattern:
    """Read a file pattern of a configuration; raises `PatternError`."""
    from dotlint.text.linear_pattern import read_glob  # noqa: PLC0415 - as above

    return read_glob(pattern.removeprefix("./").strip("/"))


def fits(pattern: str, folder: Path, path: str | Path) -> bool:
    """Whether a file pattern of a configuration in `folder` fits a file, or a folder that the file is in.

    Without a slash it is held against each name on the way from `folder` to the file, else against the path
    from there; `*` stays within a folder, `**` does not.
    """
    place = as_path(os.path.abspath(path))
    glob = glob_of(pattern)
    try:
        parts = place.relative_to(folder).parts
    except ValueError:
        parts = (place.name,)
    if "/" not in pattern.removeprefix("./").strip("/") and not pattern.startswith("/"):
        return any(glob.matches(part) for part in parts)
    if any(glob.matches("/".join(parts[:length])) for length in range(1, len(parts) + 1)):
        return True
    return pattern.startswith("/") and any(glob.matches(str(p).strip("/")) for p in (place, *place.parents))
