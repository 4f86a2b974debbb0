"""Verify a configuration when it is read: its folders, plugins, rules, parameters, patterns and strategies."""

from __future__ import annotations

from typing import Any

from dotlint.config.by_pattern import glob_of
from dotlint.config.keys import BY_PATTERN
from dotlint.config.model import Config, Setting
from dotlint.config.rules import folders_of, strategy_of, tuned_cards
from dotlint.config.section import ConfigError, near_file
from dotlint.engine.select import matching
from dotlint.errors import DotlintError
from dotlint.files.reading import is_pipe
from dotlint.registry.rules import all_cards
from dotlint.strategy import Layout
from dotlint.strategy.launch.argument import file_of


def verify(config: Config) -> None:
    """Raise `ConfigError`, with the file and the key, for everything that would otherwise fail later."""
    for folder in folders_of(config):
        if not folder.is_dir():
            where = config.values["rules"].origin
            wrong = f"{folder} is not a folder" if folder.exists() else f"the folder {folder} does not exist"
            raise ConfigError(f"{where}: `rules`: {wrong}{near_file(folder)}")
    _verified(config, "rules", lambda: all_cards(folders_of(config)))
    cards = _verified(config, "plugins", lambda: all_cards(folders_of(config), config.get("plugins") or ()))
    for key in ("select", "extend-select", "ignore"):
        for word in config.get(key) or ():
            _verified(config, key, lambda word=word: matching(word, cards))
    for key in ("per-file-ignores", "severity", "rule"):
        for name, setting in config.table(key).items():
            words = setting.value if key == "per-file-ignores" else (name,)
            for word in words:
                _verified(setting, key, lambda word=word: matching(word, cards))
    _verified(config, "rule", lambda: tuned_cards(config))
    if "layout" in config.values:
        _verified(config, "layout", lambda: Layout.named(config.get("layout")))
    if "model" in config.values:
        from dotlint.strategy.launch.config_json import model_facts  # noqa: PLC0415 - most configurations name no model

        _refuse_pipe(config.values["model"], "model", config.get("model"))
        _verified(config, "model", lambda: model_facts(config.get("model")))
    given = config.values.get("strategy")
    if given is not None:
        entries = given.value.values() if isinstance(given.value, dict) else [given]
        for entry in entries:
            for text in entry.value:
                _refuse_pipe(entry, "strategy", file_of(text))
            _verified(
                entry,
                "strategy",
                lambda entry=entry: strategy_of(entry.value, config.get("layout"), None, config.get("model")),
            )
    for key in BY_PATTERN & config.values.keys():
        if isinstance(config.get(key), dict):
            for pattern, setting in config.table(key).items():
                _verified(setting, key, lambda pattern=pattern: glob_of(pattern), f"the pattern `{pattern}`: ")


def _refuse_pipe(setting: Setting, key: str, file: str | None) -> None:
    """Raise `ConfigError` for a FIFO or a device, which only the command line may name."""
    if file is not None and is_pipe(file):
        raise ConfigError(f"{setting.origin}: `{key}`: {file} is not a regular file")


def _verified(where: Config | Setting, key: str, read: Any, what: str = "") -> Any:  # noqa: ANN401 - the result of `read`
    """Call `read` and return its result. Raises `ConfigError` with the file and the key."""
    try:
        return read()
    except DotlintError as error:
        setting = where.values.get(key) if isinstance(where, Config) else where
        raise ConfigError(f"{setting.origin if setting else where}: `{key}`: {what}{error}") from error
