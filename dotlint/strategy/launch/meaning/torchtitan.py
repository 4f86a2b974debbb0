"""torchtitan: DP is replicas times shards, of which one may take the rest of the GPUs."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from dotlint.strategy.launch.meaning.meaning import Meaning, fill_world, note_unknown_world, started_on, stated

if TYPE_CHECKING:
    from dotlint.strategy.launch.options import Options
    from dotlint.strategy.model import ModelFacts

_LOOPED: Final = frozenset({"interleaved1f1b", "interleavedzerobubble", "loopedbfs", "zbvzerobubble", "dualpipev"})


def meaning(options: Options, facts: ModelFacts, world: int | None) -> Meaning:
    """Return the meaning of a job's configuration (torchtitan/config/configs.py)."""
    found = stated(options, started_on(options, world))
    degrees = found.degrees
    if degrees.get("tp", 1) > 1 and options.get("sequence_parallel", True):
        degrees["sp"] = degrees["tp"]
    replicas, shards = options.get("replicate", 1), options.get("shard", -1)
    if shards > 0:
        degrees["dp"] = replicas * shards
    elif shards != -1:
        raise options.mistake("shard", "is neither a degree nor -1", "-1 takes the rest of the GPUs")
    else:
        fill_world(found, ("tp", "pp", "cp"))
        note_unknown_world(found)
        if "dp" not in degrees and replicas > 1:
            degrees["dp"] = replicas
    _chunks(options, facts, found)
    return found


def _chunks(options: Options, facts: ModelFacts, found: Meaning) -> None:
    """Add VPP: with an interleaved schedule, two stages for each rank or as many as the layers of a stage allow."""
    pp, schedule = found.degrees.get("pp", 1), options.get("schedule", "")
    if pp == 1 or schedule.lower() not in _LOOPED:
        return
    size, layers = options.get("chunk_layers"), facts.layers
    if size and layers:
        less = options.get("first_less", 1) + options.get("last_less", 1)
        stages = ceil((layers + less) / size)
        if stages % pp:
            raise options.mistake("chunk_layers", f"makes {stages} stages, which PP={pp} does not divide")
        found.degrees["vpp"] = stages // pp
    elif not size:
        found.degrees["vpp"] = 2
    else:
        found.notes.append("VPP is unknown without the number of layers: add --model config.json")
