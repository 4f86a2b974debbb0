"""TensorRT-LLM: attention data parallelism is over the ranks of TP; the degrees of experts multiply to TP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.strategy.launch.meaning.meaning import Meaning, stated

if TYPE_CHECKING:
    from dotlint.strategy.launch.options import Options
    from dotlint.strategy.model import ModelFacts


def meaning(options: Options, _facts: ModelFacts, world: int | None) -> Meaning:
    """Return the meaning of `trtllm-serve` options or of an LLM API file (tensorrt_llm/mapping.py)."""
    found = stated(options, world)
    if options.get("dp_attention") and found.degrees.get("tp", 1) > 1:
        found.degrees["dp"] = found.degrees["tp"]
    return found
