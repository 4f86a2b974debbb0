"""DeepSpeed: the batch sizes of its configuration determine DP; stages and experts are arguments of the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.strategy.launch.meaning.meaning import Meaning, fill_world, note_unknown_world, started_on, stated

if TYPE_CHECKING:
    from dotlint.strategy.launch.options import Options
    from dotlint.strategy.model import ModelFacts


def meaning(options: Options, _facts: ModelFacts, world: int | None) -> Meaning:
    """Return the meaning of a DeepSpeed configuration (deepspeed.ai/docs/config-json)."""
    found = stated(options, started_on(options, world))
    fill_world(found, ("tp", "pp", "sp"))
    whole, micro = options.get("global_batch"), options.get("micro_batch")
    one = (micro or 0) * options.get("accumulation", 1)
    if "dp" not in found.degrees and whole and one and whole % one == 0:
        found.degrees["dp"] = whole // one
        found.notes.append(f"DP follows from the batch sizes: {whole} / {one} = {whole // one}")
    note_unknown_world(found)
    return found
