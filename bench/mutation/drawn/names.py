"""The ids of a scheme, and what labels say of where an operator belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.mutation.drawn.manner import Manner
    from bench.mutation.model import Op, World

RING = ("ring", "ring_send")
"""Roles whose shards are of the sequence."""

_PARTS = {"D": "phase", "R": "replica", "M": "micro", "S": "stage", "L": "layer", "O": "op", "T": "shard"}


def numbers(op: Op, world: World, manner: Manner) -> dict[str, str]:
    """Give what is to be told of an operator, by axis, as it is written: "1", "a"; an axis that it has not is left out."""
    plan, found = world.plan, {}
    if plan.replicas > 1:
        found["replica"] = str(op.replica)
    if op.micro is not None:
        found["micro"] = str(op.micro)
    if op.stage is not None and plan.pp > 1:
        found["stage"] = str(op.stage + manner.first)
    if op.layer is not None:
        layer = op.layer % plan.layers if manner.layer_scope == "stage" else op.layer
        found["layer"] = str(layer + manner.first_layer)
    if op.shard is not None:
        found["shard"] = _shard(op, manner)
    if op.step is not None:
        found["step"] = str(op.step)
    return found


def _shard(op: Op, manner: Manner) -> str:
    assert op.shard is not None
    if op.experts or op.role in RING or op.axis == "sequence":
        return str(op.shard)
    if manner.shard_by == "device" and op.home is not None:
        return str(op.home)
    return "abcdefgh"[op.shard] if manner.ranks == "letters" else str(op.shard + int(manner.ranks))


def names(world: World, manner: Manner) -> dict[str, str]:
    """Give every operator its id; ids may coincide, which makes a scheme unfair."""
    if manner.ids == "composed":
        return {key: _composed(op, world, manner) for key, op in world.ops.items()}
    start = manner.first
    if manner.ids == "alphabet":
        return {key: _letters(number) for number, key in enumerate(world.ops)}
    if manner.ids == "opaque":
        word = "node_" if manner.sep == "_" else "n"
        return {key: f"{word}{number}" for number, key in enumerate(world.ops, start)}
    return {
        key: _spelled([manner.words[op.role].split("_"), [str(number)]], manner)
        for number, (key, op) in enumerate(world.ops.items(), start)
    }


def _letters(number: int) -> str:
    """Count A, B, ..., Z, AA, AB, ..."""
    return (_letters(number // 26 - 1) if number >= 26 else "") + chr(65 + number % 26)


def _composed(op: Op, world: World, manner: Manner) -> str:
    told = numbers(op, world, manner)
    parts: list[list[str]] = []
    for letter in manner.order:
        axis = _PARTS[letter]
        if axis == "op":
            parts.append([*manner.words[op.role].split("_"), *_link(op, manner)])
        elif axis == "phase":
            if world.plan.decode and (op.phase == "decode" or manner.phase_word == "both"):
                word = manner.axes["phase"]
                parts.append([word if op.phase == "decode" else "prefill"[: 1 if word == "d" else 9]])
        elif axis in told and _in_id(axis, op, manner):
            word = manner.axes[_word(axis, op)]
            parts.append([word, told[axis]] if word and _apart(manner) else [word + told[axis]])
        if letter == "T" and op.step is not None:
            step = manner.axes["step"]
            parts.append([step, told["step"]] if _apart(manner) else [step + told["step"]])
    return _spelled(parts, manner)


def _apart(manner: Manner) -> bool:
    return manner.join == "apart" and manner.sep not in ("camel", "glued")


def _in_id(axis: str, op: Op, manner: Manner) -> bool:
    if axis == "stage":
        return (manner.stage_id == "yes" or op.layer is None) and op.link is None
    return not (axis == "layer" and manner.layer_id == "no") and not (axis == "shard" and manner.shard_id == "no")


def _word(axis: str, op: Op) -> str:
    if axis != "shard":
        return axis
    return "expert" if op.experts else "sequence" if op.role in RING else op.axis or "tensor"


def _link(op: Op, manner: Manner) -> list[str]:
    """Name the stages that a transfer joins: `0_to_1`, `to_stage1`, `from_stage0`."""
    if op.link is None:
        return []
    tail, head = (f"{manner.axes['stage']}{stage + manner.first}" for stage in op.link)
    if op.role == "transfer":
        return [tail, "to", head]
    return ["to", head] if op.role == "send" else ["from", tail]


def _spelled(parts: list[list[str]], manner: Manner) -> str:
    """Join words and numbers as the scheme does; digits never touch digits, nor glued letters letters."""
    sep = "" if manner.sep in ("camel", "glued") else manner.sep
    inner = {"camel": "", "glued": "_", ".": "_", "__": "_"}.get(manner.sep, manner.sep)
    text = ""
    for part in parts:
        word = inner.join(_cased(atom, manner) for atom in part)
        clash = text and (text[-1].isdigit() and word[0].isdigit())
        clash = clash or (text and manner.sep == "glued" and text[-1].isalpha() and word[0].isalpha())
        text += (sep or ("_" if clash else "") if text else "") + word
    return text


def _cased(word: str, manner: Manner) -> str:
    if manner.sep == "camel" or manner.case == "capital":
        return word[:1].upper() + word[1:]
    return word.upper() if manner.case == "upper" else word


def places(op: Op, world: World, manner: Manner) -> list[str]:
    """Give what the label says of phase, replica, micro-batch, stage, layer and rank, in words."""
    told, found = numbers(op, world, manner), []
    opaque = manner.ids != "composed"
    if world.plan.decode and opaque and (op.phase == "decode" or manner.phase_word == "both"):
        prefill = "预填充" if manner.language == "zh" else "Prefill"
        found.append(manner.told["phase"] if op.phase == "decode" else prefill)
    for axis in ("replica", "micro", "stage", "layer", "shard", "step"):
        if (
            axis in told
            and _in_label(axis, manner)
            and not (axis == "shard" and op.experts and op.experts[0] == op.experts[1])
        ):
            found.append(manner.told[_word(axis, op)].format(told[axis].upper()))
    return found


def _in_label(axis: str, manner: Manner) -> bool:
    if axis in ("replica", "micro", "step"):
        return manner.ids != "composed"
    return {"stage": manner.stage_label, "layer": manner.layer_label, "shard": manner.shard_label}[axis] == "yes"
