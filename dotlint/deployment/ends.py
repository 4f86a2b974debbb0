"""Which nodes are a phase's inputs and outputs, by what they are and not by how they happen to be connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.wiring import Wiring

_IN = {"input", "embedding", "kv-cache"}
_OUT = {"output", "head", "sampling", "kv-cache"}


def may_be_input(deployment: Deployment, reading: Reading) -> bool:
    """Whether the node's role makes it an input of its phase: not the input of a later stage or layer."""
    if reading.role is None or reading.role.name not in _IN:
        return False
    return _at_end(deployment, reading, first=True)


def may_be_output(deployment: Deployment, reading: Reading, stages: int | None) -> bool:
    """Whether the node's role makes it an output of its phase: not that of a stage before the last (of `stages`)."""
    if reading.role is None or reading.role.name not in _OUT:
        return False
    if reading.stage is not None and stages is not None and reading.stage < stages - 1:
        return False
    return _at_end(deployment, reading, first=False)


def _at_end(deployment: Deployment, reading: Reading, *, first: bool) -> bool:
    choose = min if first else max
    if reading.stage is not None:
        stages = deployment.units.get(reading.phase or "", {})
        if stages and reading.stage != choose(stages):
            return False
    if reading.layer is not None and reading.role is not None and reading.role.kind == "io":
        layers = {r.layer for r in deployment.operators if r.layer is not None and r.phase == reading.phase}
        return reading.layer == choose(layers)
    return True


def only_source(deployment: Deployment, wiring: Wiring) -> str | None:
    """The one operator of the graph that has consumers and no producer, whatever its name; None where there are more."""
    return _only([r.name for r in deployment.operators if wiring.outs[r.name] and not wiring.ins[r.name]])


def only_sink(deployment: Deployment, wiring: Wiring) -> str | None:
    """The one operator of the graph that has producers and no consumer; None where there are more."""
    return _only([r.name for r in deployment.operators if wiring.ins[r.name] and not wiring.outs[r.name]])


def _only(names: list[str]) -> str | None:
    return names[0] if len(names) == 1 else None
