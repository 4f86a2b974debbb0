"""The facts that Hugging Face's `config.json` states about a model, those of a nested `text_config` too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotlint.strategy.error import StrategyError
from dotlint.strategy.fact_values import read_facts
from dotlint.strategy.launch.files import read_text
from dotlint.strategy.launch.model_type import facts_of_type, layer_types_of, model_types, type_of
from dotlint.strategy.launch.quantization import quantization_facts
from dotlint.strategy.launch.table import config_keys
from dotlint.strategy.model import MOST_LAYERS
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
    """Return the facts that a configuration states; values that state none (null, 0 experts) are left out.

    What it leaves out, and the type of the model decides, is added: see `model_type`.
    """
    own, nested = _of_the_text(config)
    name = type_of(own)
    found: dict[str, Any] = {}
    for fact, keys in config_keys().items():
        value = next((value for key in keys if (value := _nested(own, key)) not in (None, 0, [])), None)
        if value is not None:
            found[fact] = value
    if nested:
        found = {**model_types().nested.get(name, {}), **found}
    if own.get("tie_word_embeddings") is False:
        found["tied"] = False
    if isinstance(own.get("quantization_config"), dict):
        found |= quantization_facts(own["quantization_config"])
    if found.get("dtype") in ("float32", "torch.float32"):
        del found["dtype"]  # that of the checkpoint: engines serve and train such models in 16 bits
    _add_experts(found, own)
    if "ffn" not in found and "hidden" in found and name in model_types().four_times.split():
        found["ffn"] = found["hidden"] * (_nested(own, "expansion_ratio") or 4)
    if "kv_lora_rank" in found and name not in model_types().hybrid.split():
        found["attention"] = "mla"
    elif own.get("multi_query") is True and own.get("new_decoder_architecture") is not True:
        found["kv_heads"] = 1
    if "heads" in found:
        found.setdefault("kv_heads", found["heads"])
    found = {**facts_of_type(name), **found}
    _add_windows(found, own, name)
    if found.get("attention") == "hybrid" and "layer_types" in found:
        del found["attention"]  # they state which layers have attention
    return {fact: value for fact, value in found.items() if value is not None}


def _of_the_text(config: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the configuration of the text model, with what the outer ones state about it, and whether it is nested."""
    own, nested = dict(config), False
    for _ in range(4):
        inner = next((own[key] for key in _NESTED if isinstance(own.get(key), dict)), None)
        if inner is None:
            break
        outer = {key: value for key, value in own.items() if key not in (*_NESTED, "model_type", "architectures")}
        own, nested = {**outer, **inner}, True
    return own, nested


def _add_experts(found: dict[str, Any], own: Mapping[str, Any]) -> None:
    """Add which layers have experts, and the shared ones, where a family of models states them in its own way."""
    if isinstance(found.get("moe_layer_freq"), list):  # a 0 or 1 for each layer
        kinds = found.pop("moe_layer_freq")
        found["mlp_only_layers"] = [index for index, kind in enumerate(kinds) if not kind] or None
    if isinstance(own.get("moe_layers"), list) and isinstance(found.get("layers"), int):
        found["mlp_only_layers"] = [index for index in range(found["layers"]) if index not in own["moe_layers"]] or None
        found.pop("decoder_sparse_step", None)
    if isinstance(dense := own.get("intermediate_size_mlp"), int):  # Llama 4: every MoE layer has a shared expert
        found |= {"moe_ffn": found.pop("ffn", None), "ffn": dense, "shared_experts": 1}
    shared = own.get("shared_expert_intermediate_size", own.get("shared_intermediate_size"))
    width = found.get("moe_ffn", found.get("ffn"))
    if isinstance(shared, int) and shared > 0 and isinstance(width, int) and "experts" in found:
        found.setdefault("shared_experts", -(-shared // width))  # one, as wide as several


def _add_windows(found: dict[str, Any], own: Mapping[str, Any], name: str) -> None:
    """Add the window of each layer, or leave windows out that are not used."""
    if own.get("use_sliding_window") is False:
        found.pop("window", None)
        return
    if "window" not in found and isinstance(own.get("attention_chunk_size"), int):
        found["window"] = own["attention_chunk_size"]
    if "window" in found and "layer_types" not in found and isinstance(found.get("layers"), int):
        kinds = layer_types_of(name, own, min(found["layers"], MOST_LAYERS))
        if kinds:
            found["layer_types"] = kinds


def _nested(config: Mapping[str, Any], path: str) -> object:
    value: object = config
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, list) and all(isinstance(each, int | str) for each in value):
        return value
    return int(value) if isinstance(value, float) and value.is_integer() else None
