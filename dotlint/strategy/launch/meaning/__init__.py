"""What the options of each engine mean: degrees in its layout, and facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.strategy.launch.meaning import deepspeed, megatron, sglang, torchtitan, trtllm, vllm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dotlint.strategy.launch.meaning.meaning import Meaning
    from dotlint.strategy.launch.options import Options
    from dotlint.strategy.model import ModelFacts

MEANINGS: Final[Mapping[str, Callable[[Options, ModelFacts, int | None], Meaning]]] = {
    "vllm": vllm.meaning,
    "sglang": sglang.meaning,
    "megatron": megatron.meaning,
    "trtllm": trtllm.meaning,
    "torchtitan": torchtitan.meaning,
    "deepspeed": deepspeed.meaning,
}
"""By engine: the function from its options, the known facts and the number of GPUs to their meaning."""
