"""vLLM: experts are over the ranks of TP, prefill context and DP, or divided over them without expert parallelism."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.strategy.launch.meaning.meaning import Meaning, fill_world, stated

if TYPE_CHECKING:
    from dotlint.strategy.launch.options import Options
    from dotlint.strategy.model import ModelFacts


def meaning(options: Options, _facts: ModelFacts, world: int | None) -> Meaning:
    """Return the meaning of `vllm serve` options (vllm/config/parallel.py)."""
    found = stated(options, world)
    fill_world(found, ("tp", "pp", "cp"))
    degrees = found.degrees
    if options.get("redundant_experts") and not options.get("eplb"):
        raise options.mistake("redundant_experts", "needs EPLB", "add --enable-eplb, or leave it out")
    if options.get("expert_parallel"):
        degrees["ep"] = degrees.get("tp", 1) * degrees.get("cp", 1) * degrees.get("dp", 1)
    return found
