"""The defects that drawn deployments get: those of fixed schemes that fit, and some more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.mutation import placement, tensors, wiring
from bench.mutation.defects import MUTATIONS
from bench.mutation.drawn.fair import stage_told

if TYPE_CHECKING:
    from bench.mutation.defects import Change
    from bench.mutation.drawn.deployments import Extras
    from bench.mutation.drawn.manner import Manner
    from bench.mutation.model import World

_GONE = "S001 S003 S004 S011 S012 S014 G003 G004 G005 G006 G009 P007 P008 P009"
"""Rules that may name what lacks an edge."""

# Codes that are right besides those of the fixed schemes, and what may be told besides.
ALSO: dict[str, tuple[str, str]] = {
    "edge_deleted": (_GONE, "S002 T007 C003 S013"),
    "stage_unwired": (_GONE, "S002 S009 C001 C003 T007 S013"),
    "link_dropped": (_GONE, ""),
    "flow_interrupted": (_GONE, "C001 C003 C002"),
    "fan_out_leaked": (_GONE, ""),
    "fan_in_leaked": (_GONE, "C003"),
    "stage_dropped": ("D006 S007 P005", ""),
    "operator_dropped": ("S014", "C003 T007"),
    "projection_dropped": ("S013", "P007 T004"),
    "shard_dropped": ("S003 S013 P007 S001 D005", ""),
    "expert_dropped": ("S003 S013 S001", ""),
    "layer_dropped": ("S003", "S008"),
    "back_edge": ("S005 S006 G002", "D009 C006 G009"),
    "ring_in_layer": ("", "C006 G009 S005 S006"),
    "stage_skipped": ("S006", "C006 G009"),
    "bypass": ("S005", "C006 G009"),
    "isolated": ("", "S003"),
    "dead_end": ("S014", "S003 T003"),
    "unfed": ("S014", "S003 T003"),
    "only_link_cut": ("S014 S001", "G008"),
    "odd_degree": ("S001 S006 T003", "C006"),
    "silent_transfer": ("S001 D009", ""),
    "gpus_shifted": ("D005 D006 S005", ""),
    "stages_exchanged": ("D004 D009", "S006 C006"),
    "shard_overlap": ("D004 D003", "C005 C006"),
    "gpu_out_of_range": ("D006 D005", "C005 S005"),
    "edge_dims": ("T004", ""),
    "norm_changes": ("T003", ""),
    "split_idle": ("T003", ""),
    "gather_removed": ("S003 S014 C001 F001 F005", "C006 P007"),
    "reduce_removed": ("S003 S014 F001 F005", "C006 P007"),
    "collective_narrow": ("D009 D005", "C006"),
    "residuals_lost": (_GONE, "T003"),
}

_FITTING = (
    "edge_deleted", "stage_unwired", "link_dropped", "fan_out_leaked", "fan_in_leaked", "stage_dropped", "operator_dropped",
    "projection_dropped", "shard_dropped", "expert_dropped", "layer_dropped", "back_edge", "ring_in_layer", "loop_at_node",
    "stage_skipped", "bypass", "isolated", "dead_end", "unfed", "only_link_cut", "odd_degree", "residuals_lost", "silent_transfer",
)  # fmt: skip
_ON_GPUS = ("gpus_shifted", "stages_exchanged", "shard_overlap", "gpu_out_of_range", "gpu_forgotten", "collective_narrow")
_ON_SHAPES = ("dims_forgotten", "edge_dims", "norm_changes", "split_idle")
_ON_BOTH = ("gather_removed", "reduce_removed", "combine_removed", "dispatch_removed")

DRAWN: dict[str, Change] = {
    title: MUTATIONS[title].change for title in (*_FITTING, *_ON_GPUS, *_ON_SHAPES, *_ON_BOTH)
}
del placement, tensors, wiring


def applicable(title: str, world: World, manner: Manner, extras: Extras) -> bool:
    """Whether what is wrong would be seen in this manner of writing."""
    if title in MUTATIONS and extras.micro > 1:  # these count on one of everything
        return False
    if title in _ON_GPUS and manner.device == "none":
        return False
    if title in _ON_SHAPES and (manner.shape == "none" or (manner.shape == "symbols" and title == "edge_dims")):
        return False
    if title in ("stages_exchanged", "gpus_shifted") and not stage_told(world.plan, manner):
        return False  # nothing but its GPUs says which stage it is
    if title == "silent_transfer" and manner.device == "none":
        return False
    if title == "projection_dropped" and world.plan.layers * world.plan.pp < 4:
        return False
    if title in ("shard_dropped", "expert_dropped", "fan_out_leaked", "fan_in_leaked") and extras.each:
        return title != "expert_dropped"
    return not (title == "layer_dropped" and manner.clusters == "layer")
