"""The type and blocks of quantized weights that `quantization_config` of a `config.json` states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_OWN_FORMATS: Final = {"nvfp4-pack-quantized": "nvfp4", "mxfp4-pack-quantized": "mxfp4"}


def quantization_facts(stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return `quantization` and `quant_block`: a type with a known size if the number of bits is stated."""
    method = str(stated.get("quant_method") or "")
    weights = _weights(stated)
    found: dict[str, Any] = {"quantization": method} if method else {}
    bits = stated.get("bits", stated.get("w_bit", weights.get("num_bits")))
    if stated.get("load_in_4bit") is True or stated.get("_load_in_4bit") is True:
        found["quantization"] = "nf4" if stated.get("bnb_4bit_quant_type") == "nf4" else "int4"
    elif stated.get("load_in_8bit") is True or stated.get("_load_in_8bit") is True:
        found["quantization"] = "int8"
    elif isinstance(algorithm := stated.get("quant_algo"), str):
        found["quantization"] = algorithm.lower()  # NVIDIA Model Optimizer
    elif (own := _OWN_FORMATS.get(str(stated.get("format")))) is not None:
        found["quantization"] = own
    elif bits in (4, 8) and method != "awq":
        found["quantization"] = ("fp" if weights.get("type") == "float" else "int") + str(bits)
    blocks = stated.get("weight_block_size", weights.get("block_structure"))
    group = stated.get("group_size", stated.get("q_group_size", weights.get("group_size")))
    if isinstance(blocks, list) and blocks:
        found["quant_block"] = blocks
    elif isinstance(group, int) and group > 0 and found.get("quantization") not in _OWN_FORMATS.values():
        found["quant_block"] = group
    return found


def _weights(stated: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return how the weights of the first group of layers are quantized (compressed-tensors)."""
    groups = stated.get("config_groups")
    first = next(iter(groups.values()), None) if isinstance(groups, dict) else None
    weights = first.get("weights") if isinstance(first, dict) else None
    return weights if isinstance(weights, dict) else {}
