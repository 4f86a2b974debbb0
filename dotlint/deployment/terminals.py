"""Inputs and outputs of a phase, by the roles of nodes and not by their edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.wiring import Wiring

_IN = {"input", "embedding", "kv-cache"}
_OUT = {"output", "head", "sampling", "kv-cache"}


def may_be_input(deployment: Deployment, reading: Reading) -> bool:
    """Return whether the role of the node makes it an input of its phase, not of a later stage or layer."""
    if reading.role is None or reading.role.name not in _IN:
        return False
    return _is_first(deployment, reading)


def may_be_output(deployment: Deployment, reading: Reading, stages: int | None) -> bool:
    """Return whether the role of the node makes it an output of its phase, not of an earlier stage or layer.

    `stages` is the declared number of stages.
    """
    # A label may describe what is computed, and the name that it is the output.
    named = deployment.vocabulary.role(reading.name)
    if not any(role is not None and role.name in _OUT for role in (reading.role, named)):
        return False
    # Only a node that names the stage is its output; an output on the GPUs of a stage may be that of the model.
    if reading.stage_named and _before_last(deployment, reading, stages):
        return False
    of_layer = reading.layer_named and reading.kind == "io"
    return not (of_layer and reading.layer is not None and reading.layer < _phase_layers(deployment, reading)[1])


def _before_last(deployment: Deployment, reading: Reading, stages: int | None) -> bool:
    drawn = deployment.units.get(reading.phase or "", {})
    last = max([*drawn, (stages or 1) - 1])
    return reading.stage is not None and reading.stage < last


def _is_first(deployment: Deployment, reading: Reading) -> bool:
    """Return whether the node is in the first stage and layer of its phase; later ones get input from previous ones."""
    drawn = deployment.units.get(reading.phase or "", {})
    if reading.stage is not None and drawn and reading.stage != min(drawn):
        return False
    if reading.layer is not None and reading.is_role("input"):
        return reading.layer == _phase_layers(deployment, reading)[0]
    return True


def _phase_layers(deployment: Deployment, reading: Reading) -> tuple[int, int]:
    layer = reading.layer or 0
    return deployment.layers.get(reading.phase, (layer, layer))


def only_source(deployment: Deployment, wiring: Wiring) -> str | None:
    """Return the only operator with consumers and no producer, whatever its name; None if there are several."""
    return _only([r.name for r in deployment.operators if wiring.outs[r.name] and not wiring.ins[r.name]])


def only_sink(deployment: Deployment, wiring: Wiring) -> str | None:
    """Return the only operator with producers and no consumer; None if there are several."""
    return _only([r.name for r in deployment.operators if wiring.ins[r.name] and not wiring.outs[r.name]])


def _only(names: list[str]) -> str | None:
    return names[0] if len(names) == 1 else None
