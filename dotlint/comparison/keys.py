"""What two nodes must have in common to correspond: keys, from the strictest to the loosest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dotlint.comparison.elements import FACTS, RANKS, UNIT

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


def _of(*names: str, needs: str = "") -> Callable[[Element], Key | None]:
    """Return a key of the title and these facts, which a node only has if it states the fact `needs`."""

    def key(one: Element) -> Key | None:
        facts = one.facts
        if needs and facts[needs] is None:
            return None
        return (one.title, *[facts[name] for name in names])

    return key


def _everything(one: Element) -> Key | None:
    return (one.label, one.title, *one.facts.values())


def _label_and_devices(one: Element) -> Key | None:
    return (one.label, one.facts["GPUs"]) if one.label else None


def _title(one: Element) -> Key | None:
    return (one.title,) if one.title else None


def _nothing(_: Element) -> Key | None:
    return ()


_position: Final = _of(*UNIT, *RANKS)
DEPLOYMENT: Final = (
    Level(_everything), Level(_label_and_devices), Level(_of(*FACTS)), Level(_of(*UNIT, *RANKS, "GPUs")),
    Level(_of("phase", "layer", *RANKS, "GPUs", needs="layer")), Level(_position),
    Level(_of("phase", "layer", *RANKS, needs="layer")), Level(_of("phase", "stage", "GPUs", needs="stage")),
    Level(_title, 1), Level(_nothing, 2),
)  # fmt: skip
"""The levels of operators of deployments."""


def _label(one: Element) -> Key | None:
    return (one.label,) if one.label else None


MISNAMED: Final = (Level(_label_and_devices), Level(_label), Level(_label, 1), *DEPLOYMENT)
"""The levels of operators of deployments whose names mislead, as those of a file whose names were exchanged."""


def _label_and_style(one: Element) -> Key | None:
    return (one.label, one.node.attributes.get("shape", ""), one.node.attributes.get("style", ""))


PLAIN: Final = (Level(_label_and_style), Level(_label), Level(_title, 1), Level(_nothing, 2))
"""The levels of nodes of graphs that are no deployments."""


def alike(one: Element) -> Key | None:
    """Return what nodes share of which it is left open which is which; None if a node stands alone."""
    return _position(one) if one.reading is not None and one.title else _label(one)
