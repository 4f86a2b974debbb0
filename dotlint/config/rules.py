"""The rules of a configuration and the strategy that it declares, each read once per run."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dotlint.files.paths import as_path
from dotlint.registry.rules import all_cards, tuned
from dotlint.strategy import Layout, Strategy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dotlint.config.model import Config
    from dotlint.engine.card import Card
    from dotlint.strategy.launch.argument import LaunchArgument


def folders_of(config: Config, more: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """Return the folders with rule cards: those of the configuration and `more`."""
    return (*(as_path(folder) for folder in config.get("rules") or ()), *more)


def tuned_cards(config: Config, more: tuple[Path, ...] = ()) -> tuple[Card, ...]:
    """Return all rules, including those in the folders `more`, with the configured severities and parameters."""
    cards = all_cards(folders_of(config, more), config.get("plugins") or ())
    severity = {word: setting.value for word, setting in config.table("severity").items()}
    parameters = {word: setting.value for word, setting in config.table("rule").items()}
    if not severity and not parameters:
        return cards
    return tuned(cards, severity, parameters, folders_of(config, more))


def read_strategy(
    arguments: Sequence[str | LaunchArgument], layout: str | None, world: int | None = None, model: str | None = None
) -> Strategy:
    """Read a strategy; `model` is the path of a file with the facts of the model. Raises `StrategyError`."""
    facts = None
    if model is not None:
        from dotlint.strategy.launch.config_json import model_facts  # noqa: PLC0415 - most runs name no model

        facts = model_facts(model)
    return Strategy.combine(arguments, layout=Layout.named(layout) if layout else None, world=world, model=facts)


@cache
def strategy_of(
    arguments: tuple[str, ...], layout: str | None, world: int | None = None, model: str | None = None
) -> Strategy:
    """Read a strategy as `read_strategy` does, once per run."""
    return read_strategy(arguments, layout, world, model)
