"""The defects that drawn deployments get: those of fixed schemes that fit, and some more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.mutation import placement, tensors, wiring, wording
from bench.mutation.defects import MUTATIONS, Mutation
from bench.mutation.drawn.fair import stage_told
from bench.mutation.drawn.faults import FAULTS, LOST

if TYPE_CHECKING:
    from bench.mutation.drawn.deployments import Extras
    from bench.mutation.drawn.manner import Manner
    from bench.mutation.model import World

del placement, tensors, wiring, wording  # they have filled the table of mutations

_GONE = f"{LOST} P007 P008 P009"

# Codes that are right besides those of the fixed schemes, and what may be told besides.
_WIRING: dict[str, tuple[str, str]] = {
    "edge_deleted": (_GONE, "S002 T007 C003"),
    "stage_unwired": (_GONE, "S002 S009 C001 C003 T007"),
    "link_dropped": (_GONE, "S002"),
    "fan_out_leaked": (_GONE, ""),
    "fan_in_leaked": (_GONE, "C003"),
    "layer_dropped": ("S003", "S008"),
    "back_edge": ("S005 S006 G002", "D009 C006 G009"),
    "ring_in_layer": ("S005 S006 G002", "C006 G009"),
    "loop_at_node": ("", ""),
    "stage_skipped": ("S006", "C006 G009"),
    "bypass": ("S005", "C006 G009"),
    "isolated": ("", "S003"),
    "dead_end": ("S014", "S003 T003"),
    "unfed": ("S014", "S003 T003"),
    "only_link_cut": ("S014 S001", "G008"),
    "odd_degree": ("S001 S006 T003 C006", ""),
    "residuals_lost": (_GONE, "T003"),
}
_OF_STRATEGY: dict[str, tuple[str, str]] = {
    "stage_dropped": ("D006 S007 P005 S004 G003 G004 G006", "D003"),
    "projection_dropped": ("S013", "P007 T004 T003"),
    "shard_dropped": ("S003 S013 S001 D005 G009 S011", "G003 G004 G005 C005 D006 D003"),
}
_ON_GPUS: dict[str, tuple[str, str]] = {
    "gpus_shifted": ("D005 D006 S005", "P007 P008"),
    "stages_exchanged": ("D004 D009", "S006 C006"),
    "shard_overlap": ("D004 D003", "C005 C006"),
    "gpu_out_of_range": ("D006 D005 D009", "C005 S005 S006"),
    "gpu_forgotten": ("D005 D006", ""),
    "collective_narrow": ("D009 D005", "C006"),
    "silent_transfer": ("S001 D009", ""),
}
_ON_SHAPES: dict[str, tuple[str, str]] = {
    "dims_forgotten": ("", ""), "edge_dims": ("T004", ""), "norm_changes": ("T003", ""), "split_idle": ("T003", ""),
}  # fmt: skip
_COLLECTIVES: dict[str, tuple[str, str]] = {
    "gather_removed": ("S003 S014 F001", "C006 P007"),
    "reduce_removed": ("S003 S014", "C006 P007"),
    "combine_removed": ("S003 S014", "C006 P008"),
    "dispatch_removed": ("S003 S014", "C006 P008"),
}
_TEXT: dict[str, tuple[str, str]] = dict.fromkeys(
    ("end_misspelt", "edge_repeated", "brace_lost", "bracket_doubled"), ("", "")
)

DRAWN: dict[str, Mutation] = FAULTS | {
    title: Mutation(
        MUTATIONS[title].change,
        MUTATIONS[title].codes | frozenset(codes.split()),
        MUTATIONS[title].brings | frozenset(brings.split()),
    )
    for title, (codes, brings) in (_WIRING | _OF_STRATEGY | _ON_GPUS | _ON_SHAPES | _COLLECTIVES | _TEXT).items()
}
"""All of them, by name."""

_NEED_GPUS = {*_ON_GPUS, "shard_on_sibling", "experts_collide"}
_NEED_SHAPES = {*_ON_SHAPES, "shard_resized"}
_NEED_STRATEGY = {*_OF_STRATEGY, *_COLLECTIVES, *_NEED_GPUS - {"gpu_forgotten", "shard_on_sibling"}, "expert_lost", "mlp_shard_lost",
                  "split_idle", "norm_changes", "operator_lost"}  # fmt: skip


def applicable(title: str, world: World, manner: Manner, extras: Extras) -> bool:
    """Whether what is wrong could be seen in this manner of writing."""
    plan = world.plan
    if title not in FAULTS and title not in _TEXT and extras.micro > 1:  # these count on one of everything
        return False
    if (title in _NEED_GPUS and manner.device == "none") or (title in _NEED_SHAPES and manner.shape == "none"):
        return False
    if title in _NEED_STRATEGY and manner.declared == "no":
        return False
    if title in ("stages_exchanged", "gpus_shifted") and not stage_told(plan, manner):
        return False  # nothing but its GPUs says which stage it is
    if title == "projection_dropped" and plan.layers * plan.pp < 4:
        return False
    if title in ("fan_in_leaked", "shard_dropped") and (extras.each or extras.qkv3):
        return False
    if title in _TEXT and manner.edges != "single" and title != "brace_lost":
        return False
    return not (title == "layer_dropped" and manner.clusters == "layer")
