"""Whether an expert could read what was drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.mutation.drawn.names import names

if TYPE_CHECKING:
    from bench.mutation.drawn.deployments import Extras
    from bench.mutation.drawn.manner import Manner
    from bench.mutation.model import Plan, World


LETTERS = 26


def legible(plan: Plan, extras: Extras, manner: Manner) -> bool:
    """Whether every number is told by something, in words or by where it stands."""
    words = [word for axis in _axes(plan, extras) if (word := manner.axes[axis].lower()) and manner.ids == "composed"]
    if plan.decode and manner.phase_word == "both" and manner.axes["phase"] == "d":
        words.append("p")
    return all((
        len(set(words)) == len(words),
        _initials(words),
        _told(plan, manner),
        _bare(plan, extras, manner),
        _letters(plan, manner),
        _ranks(plan, manner),
        _experts(plan, extras, manner),
        manner.layer_scope == "global" or plan.pp == 1 or plan.layers == 1 or stage_told(plan, manner) > 0,
        not extras.ring or manner.ids == "composed" or manner.shard_label == "yes" or manner.device != "none",
        # what is declared once has to be true of both phases
        not (plan.apart and plan.sp > 1 and manner.header in ("comment", "title", "label")),
        # words run together in capitals cannot be taken apart
        not (manner.sep == "glued" and manner.case == "upper"),
        # coordinates are of the stage's grid, which replicas and pools do not have
        not (manner.device == "dev(1,2)" and (plan.dp > 1 or plan.decode or plan.stage_gpus > 8)),
        not (manner.device in ("cuda:3", "npu:3", "{0,1}", "GPU 0,1") and plan.stage_gpus > 8),
    ))  # fmt: skip


def distinct(world: World, manner: Manner) -> bool:
    """Whether no two operators have one id, upper and lower case aside."""
    ids = names(world, manner).values()
    if manner.ids == "alphabet" and len(ids) > LETTERS:  # AR would be a collective
        return False
    return len({name.lower() for name in ids}) == len(ids)


def _axes(plan: Plan, extras: Extras) -> list[str]:
    """List the axes that ids have to tell."""
    axes = {
        "replica": plan.replicas > 1, "micro": extras.micro > 1, "stage": plan.pp > 1, "layer": True,
        "tensor": plan.tp > 1, "expert": plan.moe, "phase": plan.decode,
        "sequence": extras.ring, "step": extras.ring,
    }  # fmt: skip
    return [axis for axis, there in axes.items() if there]


def _initials(words: list[str]) -> bool:
    """Whether no word of an axis is a letter with which another's begins for the same kind of thing."""
    return not ("r" in words and {"rep", "replica", "rank"} & set(words)) and not (
        "d" in words and {"dp", "dev"} & set(words)
    )


def stage_told(plan: Plan, manner: Manner) -> int:
    """How many places tell the stage of an operator of a layer."""
    return sum((
        manner.ids == "composed" and manner.stage_id == "yes",
        manner.stage_label == "yes" and _labelled(manner),
        manner.clusters in ("stage", "nested") and plan.pp > 1,
    ))  # fmt: skip


def _labelled(manner: Manner) -> bool:
    return not (manner.title == "id" and manner.ids == "composed")


def _told(plan: Plan, manner: Manner) -> bool:
    """Whether stage, layer and rank are told somewhere: in ids, labels or clusters, or by devices alone."""
    composed, devices = manner.ids == "composed", manner.device != "none"
    layer = (
        (composed and manner.layer_id == "yes")
        or (manner.layer_label == "yes" and _labelled(manner))
        or manner.clusters in ("layer", "nested")
    )
    shard = (composed and manner.shard_id == "yes") or (manner.shard_label == "yes" and _labelled(manner)) or devices
    stage = plan.pp == 1 or stage_told(plan, manner) or devices
    if not composed and plan.replicas > 1 and not (devices or manner.clusters in ("replica", "nested")):
        return False
    if not composed and manner.title == "id":
        return False
    alone = plan.layers == 1 and stage_told(plan, manner) > 0
    return bool(stage and (layer or alone) and (shard or plan.tp == 1))


def _bare(plan: Plan, extras: Extras, manner: Manner) -> bool:
    """Whether numbers without a word are told apart: at most two, and where there are two, devices tell the rank."""
    if manner.ids != "composed":
        return True
    shown = {
        "stage": manner.stage_id == "yes",
        "layer": manner.layer_id == "yes",
        "tensor": manner.shard_id == "yes",
        "expert": manner.shard_id == "yes",
    }
    bare = {axis for axis in _axes(plan, extras) if shown.get(axis) and not manner.axes[axis]}
    ranks, others = bare & {"tensor", "expert"}, bare - {"tensor", "expert"}
    if len(others) == 2:  # a stage and a layer without a word: clusters or the label have to say which is which
        return not ranks and manner.clusters == "nested"
    # a bare number of the stage alone where layers are told too, or of operators outside of layers
    if "stage" in bare and (plan.layers > 1 or ranks) and manner.clusters not in ("stage", "nested"):
        return False
    if plan.pp > 1 and not manner.axes["stage"] and manner.stage_id == "no" and not manner.axes["layer"]:
        return manner.clusters in ("stage", "nested")
    return not (ranks and others) or manner.device != "none" or manner.clusters in ("layer", "nested")


def _letters(plan: Plan, manner: Manner) -> bool:
    """Whether letters of ranks stand apart from words."""
    if manner.ranks != "letters" or plan.tp == 1 or manner.shard_by == "device" or manner.ids != "composed":
        return True
    apart = manner.sep in ("_", "-", ".", " ", "__")
    return plan.tp <= 8 and apart and manner.shard_id == "yes" and manner.axes["tensor"] in ("", "shard", "tp", "rank") and (
        manner.axes["tensor"] == "" or manner.join == "apart"
    )  # fmt: skip


def _ranks(plan: Plan, manner: Manner) -> bool:
    """Whether the words for ranks fit their numbers: a GPU's number is not counted from 1, nor shared by two."""
    word, listed = manner.axes["tensor"], manner.device in ("ranks 0-7", "rank=3")
    told = manner.shard_label == "yes" and manner.told["tensor"] == "Rank {}"
    one = plan.stage_gpus == plan.tp
    if plan.tp == 1 and manner.shard_by == "rank":
        return True
    if manner.shard_by == "device":
        return (
            word in ("gpu", "dev")
            and one
            and manner.device != "none"
            and manner.shard_label == "no"
            and manner.ids == "composed"
        )
    if word in ("gpu", "dev") and (not one or manner.ranks != "0" or (plan.pp > 1 and manner.stage_id == "no")):
        return False
    return not ((word in ("rank", "r") or told) and (listed or manner.ranks == "1"))


def _experts(plan: Plan, extras: Extras, manner: Manner) -> bool:
    """Whether the number of an expert is its own: groups are numbered as ranks are."""
    if not plan.moe:
        return True
    if plan.experts_each > 1 and not extras.each:
        return manner.axes["expert"] in ("ep", "g", "eprank", "")
    return manner.axes["expert"] in ("e", "ex", "") and manner.shard_label == "no" if plan.experts_each > 1 else True
