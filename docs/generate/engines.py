"""The tables of the engines' pages: options and keys, ranks, and where each requirement is stated."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from dotlint.engine.own_cards import own_cards
from dotlint.strategy.degrees import AXES
from dotlint.strategy.engines import ENGINES
from dotlint.strategy.launch import systems
from dotlint.strategy.launch.table import config_keys, option_mappings, parallelism_keys, table_of
from dotlint.strategy.model import MODEL_FACTS
from dotlint.strategy.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dotlint.strategy.launch.table import LaunchOption

_EXPERTS: Final = {
    "grid": "Experts have a grid of their own over the same GPUs, {order}.",
    "stage": "Experts are over all ranks of a stage, whatever `ep` states.",
    "none": "It has no experts.",
}
_SETTINGS: Final = {
    "expert_parallel": "`ep` over TP · CP · DP",
    "attention_dp": "`dp` within `--tp`",
    "dp_attention": "that `dp` is within the ranks of TP",
    "expert_dp": "copies of the experts",
    "ep_is_tp": "`ep` of all ranks, with a backend that spans them",
    "sequence_parallel": "`sp` equal to `tp`",
    "chunk_layers": "`vpp`, by the layers of a chunk",
    "pipeline_layout": "`vpp` and `stage_layers`",
    "embedding_counts": "that the embedding counts as a layer",
    "loss_counts": "that the loss counts as a layer",
    "grouped": "that `--num-query-groups` counts",
    "moe_layers": "which layers have experts",
    "world": "the number of GPUs",
    "nodes": "the number of nodes",
    "per_node": "the GPUs of a node",
    "replicas": "the number of servers",
    "replicate": "`dp`, times the shards",
    "shard": "`dp`, times the replicas; -1 takes the rest of the GPUs",
    "schedule": "`vpp`, if the schedule is interleaved",
    "first_less": "layers that the first stage has less",
    "last_less": "layers that the last stage has less",
}
_KINDS: Final = {
    "json": "a JSON object, whose entries are options with this name before theirs",
    "options": "a JSON object, whose entries are options",
    "file": "a configuration file",
}


def options(engine: str) -> str:
    """Return the table of the options that are read, and the release in which they were looked up."""
    table = table_of(engine)
    lines = ["| option | states |", "|---|---|", *(_row(option) for option in table.options)]
    lines += ["", f"These names were looked up in {' and '.join(map(str, table.releases))}."]
    if table.unverified:
        lines.append(f"Not found there: {_codes(table.unverified)}.")
    return "\n".join(lines)


def _row(option: LaunchOption) -> str:
    return f"| {_codes(option.names.split())} | {_states(option)} |"


def _states(option: LaunchOption) -> str:
    if option.kind in _KINDS:
        return _KINDS[option.kind]
    known = option.to in AXES or option.to in MODEL_FACTS or option.to == "phase"
    name = f"`{option.to}`" if known else _SETTINGS[option.to]
    if option.value is not None:
        return f"{name} = {str(option.value).lower()}"
    if option.words:
        values = dict.fromkeys(option.words.values())
        words = "; ".join(f"{_codes([w for w, v in option.words.items() if v == each])}: {each}" for each in values)
        return name if values.keys() <= {True} or all(w == v for w, v in option.words.items()) else f"{name} ({words})"
    return name


def _codes(names: Iterator[str] | list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def ranks(engine: str) -> str:
    """Return how the degrees of an engine are placed on GPUs."""
    preset = PRESETS[engine]
    order = _codes(preset.order)
    experts = _EXPERTS[preset.experts].format(order=_codes(preset.expert_order or ()))
    return f"Outermost first, the ranks are in the order {order} ({preset.source}). {experts}"


def sources(engine: str) -> str:
    """Return the table of the rules that a plan is checked with, and where the engine states each requirement."""
    cards = {card.check: card for card in own_cards()}
    lines = ["| rule | requirement of | stated in |", "|---|---|---|"]
    for check, source in ENGINES[engine].sources.items():
        card = cards.get(check)
        if card is not None:
            lines.append(f"| [{card.code}](../rules/{card.code}.md) | {card.name.replace('-', ' ')} | {source} |")
    return "\n".join(lines)


def config() -> str:
    """Return the table of the keys of `config.json` by the fact that they state."""
    rows = (f"| `{fact}` | {_codes(keys)} |" for fact, keys in config_keys().items())
    return "\n".join(("| fact | keys of `config.json` |", "|---|---|", *rows))


def manifests() -> str:
    """Return the table of the keys of manifests that state options."""
    rows = [f"| `parallelism.{key}` | `{option}` of vLLM |" for key, option in parallelism_keys().items()]
    rows += [f"| `{name}` | each key is an option of vLLM |" for name in option_mappings()]
    return "\n".join(("| key | states |", "|---|---|", *rows))


GENERATED: Final[dict[str, Callable[[], str]]] = {
    **{f"options of {engine}": partial(options, engine) for engine in systems.ENGINES},
    **{f"ranks of {engine}": partial(ranks, engine) for engine in ENGINES},
    **{f"sources of {engine}": partial(sources, engine) for engine in ENGINES},
    "config.json": config,
    "manifests": manifests,
}
