"""The configuration and the settings of each file of a run."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from dotlint.config.by_pattern import ignored_for, severity_off, strategy_for
from dotlint.config.model import Config, Overrides
from dotlint.config.rules import folders_of, strategy_of, tuned_cards
from dotlint.documents import kinds as documents
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.errors import DotlintError
from dotlint.files.discovery import ENDINGS
from dotlint.files.exclusion import Patterns, is_path_excluded
from dotlint.files.paths import as_path
from dotlint.files.reading import MOST_BYTES, is_pipe
from dotlint.registry.rules import all_cards, vocabularies

if TYPE_CHECKING:
    from pathlib import Path

    from dotlint.engine.baseline import Baseline
    from dotlint.engine.card import Card
    from dotlint.engine.facts import StrategySource
    from dotlint.engine.finding import Severity

NAMES: Final = ("dotlint.toml", "pyproject.toml")


class Configurations:
    """The configuration of each file: the nearest `dotlint.toml` or `[tool.dotlint]`, `file`, or none if `isolated`.

    Each configuration file is read once. If a person typed the paths on the command line (`typed`), they may be FIFOs;
    an editor's settings, like a configuration, come from elsewhere. The methods raise `DotlintError`, usually
    `ConfigError`, with a one-line message that names the file and the key.
    """

    def __init__(
        self,
        overrides: Overrides | None = None,
        *,
        file: Path | None = None,
        isolated: bool = False,
        typed: bool = False,
    ) -> None:
        for cached in (all_cards, strategy_of, _read_baseline):
            cached.cache_clear()  # files may have changed since the last run
        self.overrides = overrides or Overrides()
        if not typed:
            _refuse_pipes(self.overrides, file)
        self._given: Config | None = None
        if file is not None or isolated:
            self._given = self._completed(_load(file, piped=True) if file is not None else Config())
        self._by_folder: dict[str, Config] = {}
        self._settings: dict[tuple[int, tuple[str, ...], tuple[str, ...]], Settings] = {}

    def config(self, path: str | Path) -> Config:
        """Return the configuration of a file or folder; `-` is the current folder."""
        if self._given is not None:
            return self._given
        absolute = os.getcwd() if str(path) == "-" else os.path.abspath(path)
        return self._nearest(absolute if os.path.isdir(absolute) else os.path.dirname(absolute))

    def _nearest(self, folder: str) -> Config:
        passed: list[str] = []
        found: Config | None = None
        while folder not in passed:  # the root is its own parent
            if folder in self._by_folder:
                found = self._by_folder[folder]
                break
            passed.append(folder)
            file = _file_in(folder)
            if file is not None:
                found = self._completed(_load(file))
                break
            folder = os.path.dirname(folder)
        found = found or self._completed(Config())
        self._by_folder.update(dict.fromkeys(passed, found))
        return found

    def _completed(self, config: Config) -> Config:
        if not self.overrides.pairs:
            return config
        from dotlint.config.inline import with_pairs  # noqa: PLC0415 - most runs set no key

        return with_pairs(config, self.overrides.pairs)

    def cards(self, path: str | Path) -> tuple[Card, ...]:
        """Return all rules, with the severities and parameters that a file's configuration sets."""
        return tuned_cards(self.config(path), self.overrides.rules)

    def settings(self, path: str | Path) -> Settings:
        """Return the settings for linting a file."""
        config = self.config(path)
        strategy, _ = strategy_for(config, path, self.overrides)
        off = ignored_for(config, path)
        if self.overrides.select is None:
            off = (*severity_off(config), *off)
        key = (id(config), strategy, off)
        if key not in self._settings:
            self._settings[key] = self._new_settings(config, strategy, off)
        return self._settings[key]

    def _new_settings(self, config: Config, strategy: tuple[str, ...], off: tuple[str, ...]) -> Settings:
        overrides = self.overrides
        if not strategy and "strategy" not in config.values:
            for option in ("layout", "world", "model", "gpu"):
                if getattr(overrides, option):
                    raise DotlintError(f"--{option} needs a strategy: give one with --strategy")
        source: StrategySource | None = "option" if overrides.strategy else "configuration" if strategy else None
        layout = overrides.layout or (None if overrides.strategy else config.get("layout"))
        model = overrides.model or config.get("model")
        select = overrides.select
        ignore, extend = overrides.ignore, overrides.extend_select
        if select is None:
            select = config.get("select")
            ignore = (*(config.get("ignore") or ()), *ignore)
            extend = (*(config.get("extend-select") or ()), *extend)
        return Settings(
            strategy=strategy_of(strategy, layout, overrides.world, model, overrides.gpu) if strategy else None,
            strategy_source=source,
            selection=Selection(
                select=select,
                extend_select=extend,
                ignore=ignore,
                preset=overrides.preset or config.get("preset") or "recommended",
                off=off,
            ),
            cards=tuned_cards(config, overrides.rules),
            baseline=self.baseline(config),
            vocabularies=vocabularies(folders_of(config, overrides.rules)),
            ignore_suppressions=overrides.ignore_suppressions,
            most_bytes=1_000_000 * size if (size := config.get("max-file-size")) else MOST_BYTES,
            fail_on=cast("Severity", overrides.fail_on or config.get("fail-on") or "warning"),
        )

    def baseline(self, config: Config) -> Baseline | None:
        """Return the baseline of a configuration, unless the command line overrides it; None if there is none."""
        path = self.overrides.baseline or config.get("baseline")
        if path is None or self.overrides.no_baseline:
            return None
        return _read_baseline(as_path(path), piped=self.overrides.baseline is not None)

    def endings(self, folder: str) -> tuple[str, ...]:
        """Return the endings of the files that a search of a folder finds: of DOT files, and if wanted of documents."""
        if self.overrides.embedded or self.config(folder).get("embedded"):
            return (*ENDINGS, *documents.ENDINGS)
        return ENDINGS

    def excluded(self, path: str, *, named: bool = False) -> bool:
        """Return whether `exclude` excludes a file. If the command line names it (`named`), `force-exclude` must be set."""
        config = self.config(path)
        if path == "-" or (named and not (self.overrides.force_exclude or config.get("force-exclude"))):
            return False
        setting = config.values.get("exclude")
        patterns = [Patterns(str(setting.folder), setting.value)] if setting else []
        patterns += [Patterns(os.getcwd(), self.overrides.exclude)] if self.overrides.exclude else []
        return is_path_excluded(path, patterns)


def _refuse_pipes(overrides: Overrides, file: Path | None) -> None:
    """Raise `DotlintError` for a FIFO or a device that an editor's settings or a program name."""
    from dotlint.strategy.launch.argument import file_of  # noqa: PLC0415 - the command line may name them

    strategies = (file_of(strategy) for strategy in overrides.strategy)
    for named in (file, overrides.baseline, overrides.model, *strategies):
        if named is not None and is_pipe(str(named)):
            raise DotlintError(f"{named} is not a regular file")


def _file_in(folder: str) -> Path | None:
    """Return the configuration file of a folder, if any; a `pyproject.toml` needs a table `[tool.dotlint]`."""
    for name in NAMES:
        path = os.path.join(folder, name)
        if os.path.exists(path) and not os.path.isdir(path) and (name == NAMES[0] or _has_section(path)):
            return as_path(path)
    return None


def _has_section(path: str) -> bool:
    from dotlint.config.section import section_of  # noqa: PLC0415 - many runs read no configuration

    return section_of(as_path(path)) is not None


def _load(path: Path, *, piped: bool = False) -> Config:
    from dotlint.config.file import load  # noqa: PLC0415 - as above

    return load(path, piped=piped)


@cache
def _read_baseline(path: Path, *, piped: bool) -> Baseline:
    from dotlint.engine.baseline import read_baseline  # noqa: PLC0415 - most runs have none

    return read_baseline(path, piped=piped)
