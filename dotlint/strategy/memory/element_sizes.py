"""Bytes of an element: of weights, of quantized weights with their scales, and of the KV cache."""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING, Final

from dotlint.strategy.error import quoted
from dotlint.strategy.memory.lacking import LackingFactsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.strategy.model import ModelFacts

DEFAULT_DTYPE: Final = "bfloat16"

_BITS: Final[Mapping[str, int]] = {
    "float32": 32, "fp32": 32, "float": 32, "tf32": 32,
    "bfloat16": 16, "bf16": 16, "float16": 16, "fp16": 16, "half": 16,
    "fp8": 8, "float8": 8, "int8": 8, "w8a8": 8, "w8a16": 8,
    "fp4": 4, "int4": 4, "nvfp4": 4, "mxfp4": 4, "awq": 4, "w4a16": 4, "nf4": 4, "w4a8": 4,
}  # fmt: skip
_BLOCK_SCALE: Final = 4  # an FP32 scale for each block of two sides (DeepSeek-V3, weight_scale_inv)
_GROUP_SCALE: Final = 2  # a half-precision scale for each group of weights (AWQ, GPTQ)
_OWN_SCALES: Final[Mapping[str, float]] = {"nvfp4": 1 / 16, "mxfp4": 1 / 32}  # an 8-bit scale for 16 or 32 weights


def element_size(dtype: str, fact: str) -> float:
    """Return the bytes of an element of a data type, such as "bfloat16", "fp8_e4m3" or "awq_marlin".

    Raises `LackingFactsError`, with the name of the `fact`, if the type is not known.
    """
    word = dtype.lower().replace("-", "_")
    sizes = {_BITS[word]} if word in _BITS else {_BITS[part] for part in re.split(r"[_.]", word) if part in _BITS}
    if len(sizes) != 1:
        raise LackingFactsError(f"the size of `{fact}` = {quoted(dtype)} (known: {', '.join(_BITS)})")
    return sizes.pop() / 8


def weight_size(facts: ModelFacts, *, quantized: bool) -> float:
    """Return the bytes of a weight; of matrices, if `quantized`, with the scales of its block.

    Embeddings, output head, norms and routers keep the type of the model.
    """
    dtype = facts.dtype or DEFAULT_DTYPE
    if facts.quantization is None or not quantized:
        return element_size(dtype, "dtype")
    own = element_size(facts.quantization, "quantization")
    blocks = facts.quant_blocks
    if blocks:
        scale = _BLOCK_SCALE if len(blocks) > 1 else _GROUP_SCALE
        return own + scale / prod(blocks)
    return own + _OWN_SCALES.get(facts.quantization.lower(), 0)


def cache_element_size(facts: ModelFacts) -> float:
    """Return the bytes of an element of the KV cache; by default ("auto") it has the type of the model."""
    if facts.kv_dtype is None or facts.kv_dtype.lower() == "auto":
        return element_size(facts.dtype or DEFAULT_DTYPE, "dtype")
    return element_size(facts.kv_dtype, "kv_dtype")
