"""What two nodes must have in common to correspond: keys, from the strictest to the loosest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.comparison.elements import Element

Key = tuple[object, ...]


class Level(Struct, frozen=True):
    """Nodes with equal keys may correspond; `key` is None for a node that has too little for the level.

    `anchors` is how many neighbors that correspond already they must have in common; at 0, it is enough that no other
    node has the key.
    """

    key: Callable[[Element], Key | None]
    anchors: int = 0


def _everything(one: Element) -> Key | None:
    return (one.label, one.title, one.phase, one.stage, one.layer, one.ranks, one.gpus, one.tensors)


def _label_and_devices(one: Element) -> Key | None:
    return (one.label, one.gpus) if one.label else None


def _position_with_tensors(one: Element) -> Key | None:
    return (*_position(one), one.gpus, one.tensors)


def _position_on_devices(one: Element) -> Key | None:
    return (*_position(one), one.gpus)


def _without_stage(one: Element) -> Key | None:
    return (one.title, one.phase, one.layer, one.ranks, one.gpus) if one.layer is not None else None


def _position(one: Element) -> Key:
    return (one.title, one.phase, one.stage, one.layer, one.ranks)


def _layer(one: Element) -> Key | None:
    return (one.title, one.phase, one.layer, one.ranks) if one.layer is not None else None


def _stage(one: Element) -> Key | None:
    return (one.title, one.phase, one.stage, one.gpus) if one.stage is not None else None


def _title(one: Element) -> Key | None:
    return (one.title,) if one.title else None


def _nothing(_: Element) -> Key | None:
    return ()


DEPLOYMENT = (
    Level(_everything), Level(_label_and_devices), Level(_position_with_tensors), Level(_position_on_devices),
    Level(_without_stage), Level(_position), Level(_layer), Level(_stage), Level(_title, 1), Level(_nothing, 2),
)  # fmt: skip
"""The levels of operators of deployments."""


def _label_and_style(one: Element) -> Key | None:
    return (one.label, one.node.attributes.get("shape", ""), one.node.attributes.get("style", ""))


def _label(one: Element) -> Key | None:
    return (one.label,) if one.label else None


PLAIN = (Level(_label_and_style), Level(_label), Level(_title, 1), Level(_nothing, 2))
"""The levels of nodes of graphs that are no deployments."""


def alike(one: Element) -> Key | None:
    """Return what nodes share of which it is left open which is which; None if a node stands alone."""
    return _position(one) if one.reading is not None and one.title else _label(one)
