"""Configuration: the nearest `dotlint.toml` or `[tool.dotlint]` of each file, and what follows from it."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from dotlint.config.by_pattern import ignored_for, severity_off, strategy_for
from dotlint.config.model import Config, Overrides
from dotlint.config.rules import folders_of, strategy_of, tuned_cards
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.errors import DotlintError
from dotlint.files.exclusion import Patterns, is_path_excluded
from dotlint.files.paths import as_path
from dotlint.registry.rules import all_cards, vocabularies

if TYPE_CHECKING:
    from pathlib import Path

    from dotlint.engine.baseline import Baseline
    from dotlint.engine.card import Card
    from dotlint.engine.facts import StrategySource
    from dotlint.engine.finding import Severity

NAMES: Final = ("dotlint.toml", "pyproject.toml")


class Configurations:
    """The configuration of each file of a run: the nearest one, or `file` for all, or none if `isolated`.

    Files are read once. Every method raises `DotlintError` (most often `ConfigError`) with one line that
    names the file and the key at fault.
    """

    def __init__(self, overrides: Overrides | None = None, *, file: Path | None = None, isolated: bool = False) -> None:
        for known in (all_cards, strategy_of, _read_baseline):
            known.cache_clear()  # files may have changed since the last run
        self.overrides = overrides or Overrides()
        self._given = _load(file) if file is not None else Config() if isolated else None
        self._by_folder: dict[str, Config] = {}
        self._settings: dict[tuple[int, tuple[str, ...], tuple[str, ...]], Settings] = {}

    def config(self, path: str | Path) -> Config:
        """Return the configuration of a file or folder; `-` stands for the current folder."""
        if self._given is not None:
            return self._given
        place = os.getcwd() if str(path) == "-" else os.path.abspath(path)
        return self._nearest(place if os.path.isdir(place) else os.path.dirname(place))

    def _nearest(self, folder: str) -> Config:
        passed: list[str] = []
        found = Config()
        while folder not in passed:  # the root is its own parent
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
        """Return every rule for a file, as its configuration tunes it."""
        return tuned_cards(self.config(path), self.overrides.rules)

    def settings(self, path: str | Path) -> Settings:
        """Return how to lint a file."""
        config = self.config(path)
        strategy, _ = strategy_for(config, path, self.overrides)
        off = ignored_for(config, path)
        if self.overrides.select is None:
            off = (*severity_off(config), *off)
        key = (id(config), strategy, off)
        if key not in self._settings:
            self._settings[key] = self._made(config, strategy, off)
        return self._settings[key]

    def _made(self, config: Config, strategy: tuple[str, ...], off: tuple[str, ...]) -> Settings:
        said = self.overrides
        if said.layout and not strategy and "strategy" not in config.values:
            raise DotlintError("--layout needs a strategy: give one with --strategy")
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
                off=off,
            ),
            cards=tuned_cards(config, said.rules),
            baseline=self.baseline(config),
            vocabularies=vocabularies(folders_of(config, said.rules)),
            fail_on=cast("Severity", said.fail_on or config.get("fail-on") or "warning"),
        )

    def baseline(self, config: Config) -> Baseline | None:
        """Return the baseline of a configuration, or the one that overrides it."""
        path = self.overrides.baseline or config.get("baseline")
        if path is None or self.overrides.no_baseline:
            return None
        return _read_baseline(as_path(path))

    def excluded(self, path: str, *, named: bool = False) -> bool:
        """Return whether `exclude` excludes a file; one that is `named` on the command line only if `force-exclude` is set."""
        config = self.config(path)
        if path == "-" or (named and not (self.overrides.force_exclude or config.get("force-exclude"))):
            return False
        setting = config.values.get("exclude")
        patterns = [Patterns(str(setting.folder), setting.value)] if setting else []
        patterns += [Patterns(os.getcwd(), self.overrides.exclude)] if self.overrides.exclude else []
        return is_path_excluded(path, patterns)


def _file_in(folder: str) -> Path | None:
    """Return the configuration file of a folder; a `pyproject.toml` without `[tool.dotlint]` is none."""
    for name in NAMES:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and (name == NAMES[0] or _says_something(path)):
            return as_path(path)
    return None


def _says_something(path: str) -> bool:
    from dotlint.config.section import section_of  # noqa: PLC0415 - many runs read no configuration

    return section_of(as_path(path)) is not None


def _load(path: Path) -> Config:
    from dotlint.config.file import load  # noqa: PLC0415 - as above

    return load(path)


@cache
def _read_baseline(path: Path) -> Baseline:
    from dotlint.engine.baseline import read_baseline  # noqa: PLC0415 - most runs have none

    return read_baseline(path)
