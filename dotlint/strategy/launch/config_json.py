"""The facts that Hugging Face's `config.json` states about a model, those of a nested `text_config` too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotlint.strategy.error import StrategyError
from dotlint.strategy.fact_values import read_facts
from dotlint.strategy.launch.files import read_text
from dotlint.strategy.launch.table import config_keys
from dotlint.strategy.toml_file import load_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.strategy.model import ModelFacts

_NESTED = ("text_config", "llm_config", "language_config", "thinker_config", "language_model", "decoder")


def model_facts(path: str) -> ModelFacts:
    """Read a `config.json`, that of a model's folder, or `[model]` of a strategy file (.toml).

    Raises `StrategyError` if it states no model.
    """
    if path.lower().endswith(".toml"):
        return load_model(path)
    file = Path(path) / "config.json" if Path(path).is_dir() else Path(path)
    where = repr(str(file))
    try:
        parsed = json.loads(read_text(str(file), piped=True))
    except (ValueError, RecursionError) as error:
        raise StrategyError(f"model configuration {where} is not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise StrategyError(f"model configuration {where} must be a JSON object")
    facts = facts_of(parsed)
    if "layers" not in facts and "hidden" not in facts:
        raise StrategyError(f"model configuration {where} states neither num_hidden_layers nor hidden_size")
    return read_facts(facts, where, "model")


def facts_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that a configuration states; values that state none (null, 0 experts) are left out."""
    own = dict(config)
    for _ in range(4):
        inner = next((own[key] for key in _NESTED if isinstance(own.get(key), dict)), None)
        if inner is None:
            break
        own = {**{key: value for key, value in own.items() if key not in _NESTED}, **inner}
    found: dict[str, Any] = {}
    for fact, keys in config_keys().items():
        value = next((value for key in keys if (value := _nested(own, key)) not in (None, 0, [])), None)
        if value is not None:
            found[fact] = value
    if found.get("tied") is None and own.get("tie_word_embeddings") is False:
        found["tied"] = False
    if own.get("use_sliding_window") is False:
        found.pop("window", None)
    if isinstance(found.get("moe_layer_freq"), list):  # a 0 or 1 for each layer
        kinds = found.pop("moe_layer_freq")
        found["mlp_only_layers"] = [index for index, kind in enumerate(kinds) if not kind] or None
    if "kv_lora_rank" in found:
        found["attention"] = "mla"
    elif own.get("multi_query") is True:
        found["kv_heads"] = 1
    if "heads" in found:
        found.setdefault("kv_heads", found["heads"])
    return {fact: value for fact, value in found.items() if value is not None}


def _nested(config: Mapping[str, Any], path: str) -> object:
    value: object = config
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, list) and all(isinstance(each, int | str) for each in value):
        return value
    return int(value) if isinstance(value, float) and value.is_integer() else None
