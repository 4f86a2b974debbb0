"""Which nodes are a phase's inputs and outputs, by what they are and not by how they happen to be connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.wiring import Wiring

_IN = {"input", "embedding", "kv-cache"}
_OUT = {"output", "head", "sampling", "kv-cache"}


def may_be_input(deployment: Deployment, reading: Reading) -> bool:
    """Return whether the node's role makes it an input of its phase: not the input of a later stage or layer."""
    if reading.role is None or reading.role.name not in _IN:
        return False
    return _is_first(deployment, reading)


def may_be_output(deployment: Deployment, reading: Reading, stages: int | None) -> bool:
    """Return whether the node's role makes it an output of its phase: not that of a stage (of `stages`) or layer before the last."""
    named = deployment.vocabulary.role(
        reading.name
    )  # a label may tell what it computes, the name that it is the output
    if not any(role is not None and role.name in _OUT for role in (reading.role, named)):
        return False
    # Only what calls itself a stage's output is one; an output that merely lies on a stage's GPUs may be the model's.
    if reading.evidence.stage is not None and _before_last(deployment, reading, stages):
        return False
    of_layer = reading.evidence.layer is not None and reading.kind == "io"
    return not (of_layer and reading.layer is not None and reading.layer < _layers(deployment, reading)[1])


def _before_last(deployment: Deployment, reading: Reading, stages: int | None) -> bool:
    drawn = deployment.units.get(reading.phase or "", {})
    last = max([*drawn, (stages or 1) - 1])
    return reading.stage is not None and reading.stage < last


def _is_first(deployment: Deployment, reading: Reading) -> bool:
    """Return whether it stands in the first stage and layer of its phase: later ones are fed by those before."""
    drawn = deployment.units.get(reading.phase or "", {})
    if reading.stage is not None and drawn and reading.stage != min(drawn):
        return False
    if reading.layer is not None and reading.is_role("input"):
        return reading.layer == _layers(deployment, reading)[0]
    return True


def _layers(deployment: Deployment, reading: Reading) -> tuple[int, int]:
    layer = reading.layer or 0
    return deployment.layers.get(reading.phase, (layer, layer))


def only_source(deployment: Deployment, wiring: Wiring) -> str | None:
    """The one operator of the graph that has consumers and no producer, whatever its name; None where there are more."""
    return _only([r.name for r in deployment.operators if wiring.outs[r.name] and not wiring.ins[r.name]])


def only_sink(deployment: Deployment, wiring: Wiring) -> str | None:
    """The one operator of the graph that has producers and no consumer; None where there are more."""
    return _only([r.name for r in deployment.operators if wiring.ins[r.name] and not wiring.outs[r.name]])


def _only(names: list[str]) -> str | None:
    return names[0] if len(names) == 1 else None
