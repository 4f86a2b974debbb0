"""Inputs and outputs of a phase, by the roles of nodes and not by their edges."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dotlint.deployment.words import plain_words

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.wiring import Wiring

_IN = {"input", "embedding", "kv-cache"}
_OUT = {"output", "head", "sampling", "kv-cache"}
_ENDS_OF_TRAINING = {"optimizer", "optimiser", "adam", "adamw", "sgd", "loss"}
_RELEASES = {"free", "reshard", "release", "discard"}  # of parameters: nothing is left that could be taken


def may_be_input(deployment: Deployment, reading: Reading) -> bool:
    """Return whether the role of the node makes it an input of its phase, not of a later stage or layer."""
    if not reading.is_role(*_IN):
        return False
    return _is_first(deployment, reading)


def may_be_output(deployment: Deployment, reading: Reading, stages: int | None) -> bool:
    """Return whether the role of the node makes it an output of its phase, not of an earlier stage or layer.

    `stages` is the declared number of stages. Every stage has an optimizer of its own.
    """
    words = plain_words(reading.evidence.title or reading.name).split()
    if words and words[0] in _RELEASES:
        return True
    if reading.role is None and not _ENDS_OF_TRAINING.isdisjoint(words):
        return True
    if not reading.is_role(*_OUT):
        # A label may describe what is computed, and the name that it is the output.
        named = deployment.vocabulary.role(reading.name)
        if named is None or named.name not in _OUT:
            return False
    # Only a node that names the stage is its output; an output on the GPUs of a stage may be that of the model.
    if reading.stage_named and _before_last(deployment, reading, stages):
        return False
    of_layer = reading.layer_named and reading.kind == "io"
    return not (
        of_layer and reading.layer_index is not None and reading.layer_index < _phase_layers(deployment, reading)[1]
    )


def may_be_end(deployment: Deployment, reading: Reading) -> bool:
    """Return whether a node at the edge of a graph may be data that enters or leaves: nothing shows that it computes.

    It is data by its role, or has none and states a tensor or is drawn like the data of the file. It has no device or
    place in the model, no Input or Output, and another shape than what computes.
    """
    tensors = reading.evidence.tensors
    placed = reading.gpus is not None or reading.stage_named or reading.layer_named
    if reading.kind not in {None, "io"} or placed or tensors.inputs or tensors.outputs:
        return False
    shape = _drawn(reading)
    drawn = deployment.derived(_shapes_by_kind)
    like_data = shape in drawn["io"] and shape not in drawn["communication"] | drawn["routing"]
    data = reading.kind == "io" or bool(tensors.bare) or like_data
    return data and shape not in drawn["computation"]


def states_one_side(deployment: Deployment, reading: Reading, side: str) -> bool:
    """Return whether a node states only the `inputs` or only the `outputs` of its tensors, as data does, unlike the others.

    At least four of five operators that state this side state the other one too.
    """
    tensors = reading.evidence.tensors
    if reading.kind not in {None, "io"} or tensors.bare or not getattr(tensors, side):
        return False
    if tensors.inputs and tensors.outputs:
        return False
    stating = [r for r in deployment.operators if getattr(r.evidence.tensors, side) and r.kind != "io"]
    whole = sum(1 for r in stating if r.evidence.tensors.inputs and r.evidence.tensors.outputs)
    return 5 * whole >= 4 * len(stating)


def _drawn(reading: Reading) -> str:
    return reading.node.attributes.get("shape", "ellipse").lower()


def _shapes_by_kind(deployment: Deployment) -> dict[str, set[str]]:
    """Return the shapes of data, and of what is in the middle of the graph, by kind."""
    found: dict[str, set[str]] = {"io": set(), "computation": set(), "communication": set(), "routing": set()}
    for reading in deployment.operators:
        inside = reading.node.in_edges and reading.node.out_edges
        if reading.kind in found and (inside or reading.kind == "io"):
            found[reading.kind].add(_drawn(reading))
    return found


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
        return reading.layer_index == _phase_layers(deployment, reading)[0]
    return True


def _phase_layers(deployment: Deployment, reading: Reading) -> tuple[int, int]:
    layer = reading.layer_index or 0
    return deployment.layers.get(reading.phase, (layer, layer))


# What a layer gives to the next one.
_ENDS_OF_LAYER = {
    "residual", "mlp", "mlp-down", "combine", "aggregate", "all-reduce", "reduce-scatter", "all-gather", "norm",
}  # fmt: skip


_CHUNKS = {"chunk", "chunks", "c", "segment", "seg", "ck", "块"}


def ends_of_chunks(deployment: Deployment, wiring: Wiring) -> frozenset[str]:
    """Return the last operators of all chunks of a prompt but the last one: only their keys and values are needed.

    Each chunk leads to the next one, and only the last of a row that differs in the chunk has a consumer.
    """
    ends = [r for r in deployment.operators if wiring.ins[r.name] and not wiring.outs[r.name]]
    found: set[str] = set()
    for reading in ends:
        name = reading.evidence.name
        for position, word in enumerate(name.words):
            if word in _CHUNKS and reading.name not in found:
                found |= _all_but_last(deployment, wiring, reading, position)
    return frozenset(found)


def _all_but_last(deployment: Deployment, wiring: Wiring, reading: Reading, position: int) -> set[str]:
    """Return a row of nodes that differ in one number, without its last, if that alone has a consumer and each leads to the next."""

    def others(one: Reading) -> tuple[str, tuple[int, ...]]:
        name = one.evidence.name
        return name.family, name.numbers[:position] + name.numbers[position + 1 :]

    row = [r for r in deployment.operators if others(r) == others(reading) and len(r.evidence.name.numbers) > position]
    row.sort(key=lambda r: r.evidence.name.numbers[position])
    *earlier, last = row
    if not earlier or not wiring.outs[last.name] or any(wiring.outs[r.name] for r in earlier):
        return set()
    numbers = [r.evidence.name.numbers[position] for r in row]
    word = reading.evidence.name.words[position]
    steps = {
        (one, two)
        for edge in deployment.graph.edges
        if (one := _number(deployment, edge.tail.index, word)) is not None
        and (two := _number(deployment, edge.head.index, word)) is not None
    }
    return {r.name for r in earlier} if steps.issuperset(pairwise(numbers)) else set()


def _number(deployment: Deployment, node: int, word: str) -> int | None:
    """Return the number behind a word in the name of a node."""
    name = deployment.readings[node].evidence.name
    return next((n for w, n in zip(name.words, name.numbers, strict=True) if w == word), None)


def source_without_name(deployment: Deployment, wiring: Wiring) -> str | None:
    """Return the only operator with consumers and no producer, whatever its name, if it is the input.

    It is not if there are several, or if another node is named as the input.
    """
    starts = [r for r in deployment.operators if wiring.outs[r.name] and not wiring.ins[r.name]]
    if len(starts) != 1 or any(
        r.is_role("input") and not wiring.ins[r.name] for r in deployment.operators if r is not starts[0]
    ):
        return None
    return starts[0].name


def sink_without_name(deployment: Deployment, wiring: Wiring, stages: int | None) -> str | None:
    """Return the operator that is the output although it is not named so: the only one without a consumer.

    In a file of one layer, it may also be the last operator of the layer. A node named as the output that does not
    lead to it is the output instead. `stages` is the declared number of stages.
    """
    ends = [r for r in deployment.operators if wiring.ins[r.name] and not wiring.outs[r.name]]
    one_layer = len(set(deployment.layers.values())) == 1 and all(
        low == high for low, high in deployment.layers.values()
    )
    if len(ends) > 1 and one_layer:
        ends = [r for r in ends if r.is_role(*_ENDS_OF_LAYER)]
    if len(ends) != 1:
        return None
    last = ends[0]
    named = [
        r
        for r in deployment.operators
        if r is not last and r.phase == last.phase and may_be_output(deployment, r, stages)
    ]
    if any(r.role is not None and r.role.name != "kv-cache" and last.name not in wiring.reach([r.name]) for r in named):
        return None
    return last.name
