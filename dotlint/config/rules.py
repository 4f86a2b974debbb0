"""The rules of a configuration and the strategy that it declares, each read once per run."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.errors import DotlintError
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
    arguments: Sequence[str | LaunchArgument],
    layout: str | None,
    world: int | None = None,
    model: str | None = None,
    gpu: str | None = None,
) -> Strategy:
    """Read a strategy; `model` is the path of a file with the facts of the model, `gpu` a name or a memory in GiB.

    Raises `StrategyError`.
    """
    facts = None
    if model is not None:
        from dotlint.strategy.launch.config_json import model_facts  # noqa: PLC0415 - most runs name no model

        facts = model_facts(model)
    read = Strategy.combine(arguments, layout=Layout.named(layout) if layout else None, world=world, model=facts)
    return read if gpu is None else _on_gpu(read, gpu)


def _on_gpu(strategy: Strategy, gpu: str) -> Strategy:
    """Return the strategy on another GPU, given by its name or its memory in GiB, for all phases."""
    from dotlint.data.gpus import gpus_named  # noqa: PLC0415 - most runs name no GPU
    from dotlint.strategy.fact_values import read_facts  # noqa: PLC0415
    from dotlint.strategy.memory.device import unknown_gpu  # noqa: PLC0415

    memory = float(gpu) if re.fullmatch(r"\d+(\.\d+)?", gpu) else None
    if memory is None and len(gpus_named(gpu)) != 1:
        raise DotlintError(f"--gpu: {unknown_gpu(gpu)} (or give its memory in GiB, such as 80)")
    facts = read_facts({"gpu": gpu} if memory is None else {"gpu_memory": memory}, "--gpu", "model")
    own = {"gpu": facts.gpu, "gpu_memory": facts.gpu_memory}
    phases = tuple(replace(phase, facts=replace(phase.facts, **own)) for phase in strategy.phases)
    return replace(strategy, model=replace(strategy.model, **own), phases=phases)


@cache
def strategy_of(
    arguments: tuple[str, ...],
    layout: str | None,
    world: int | None = None,
    model: str | None = None,
    gpu: str | None = None,
) -> Strategy:
    """Read a strategy as `read_strategy` does, once per run."""
    return read_strategy(arguments, layout, world, model, gpu)
