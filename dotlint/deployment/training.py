"""Training: which nodes are of the forward and which of the backward pass, and where a step of training starts and ends."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.deployment.words import plain_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dotlint.deployment.model import Deployment, Direction, Reading
    from dotlint.deployment.wiring import Wiring
    from dotlint.graph.model import Graph

_FORWARD = {"fwd", "fw", "forward", "fprop"}
_BACKWARD = {
    "bwd", "bw", "backward", "bprop", "grad", "grads", "gradient", "gradients", "dgrad", "wgrad", "反向", "反向传播",
}  # fmt: skip
# `F3` and `B3` of a schedule, and the `W3` of one that computes the gradients of weights apart.
_LETTERS: dict[str, Direction] = {"f": "forward", "b": "backward", "w": "backward"}
_PARAMETERS = {"param", "params", "parameter", "parameters", "weight", "weights"}
_MOVES_PARAMETERS = {"all-gather", "broadcast", "gather"}


def set_directions(graph: Graph, readings: Sequence[Reading]) -> None:
    """Set which pass each node is of, if the file draws both passes."""
    found: dict[int, Direction] = {}
    for reading in readings:
        words = plain_words(f"{reading.name} {reading.evidence.title}")
        parts = set(words.split())
        if not _BACKWARD.isdisjoint(parts) or reading.is_role("backward"):
            found[reading.node.index] = "backward"
        elif not _FORWARD.isdisjoint(parts) and not reading.is_role("mlp") and " feed forward " not in words:
            found[reading.node.index] = "forward"
    found = found if len(set(found.values())) > 1 else _by_letters(graph, readings)
    for index, direction in found.items():
        readings[index].direction = direction
        readings[index].because(f"of the {direction} pass of training")


def _by_letters(graph: Graph, readings: Sequence[Reading]) -> dict[int, Direction]:
    """Return the passes of `F0_S1` and `B0_S1`: both letters have the same numbers, and F leads to its own B somewhere."""
    numbered: dict[str, dict[tuple[int, ...], int]] = defaultdict(dict)
    at: dict[int, tuple[str, tuple[int, ...]]] = {}
    for reading in readings:
        name = reading.evidence.name
        first = plain_words(reading.name).split()[:1]
        if name.numbers and first and first[0] in _LETTERS:
            numbered[first[0]][name.numbers] = reading.node.index
            at[reading.node.index] = first[0], name.numbers
    forward, backward = numbered["f"], numbered["b"]
    both = forward.keys() & backward.keys()
    if len(both) < 2 or len(both) * 5 < 4 * max(len(forward), len(backward)):
        return {}
    turns: Counter[tuple[str, str]] = Counter()
    for edge in graph.edges:
        one, two = at.get(edge.tail.index), at.get(edge.head.index)
        if one and two and one[1] == two[1]:
            turns[one[0], two[0]] += 1
    if not turns["f", "b"] or turns["b", "f"]:
        return {}
    return {index: _LETTERS[letter] for index, (letter, _) in at.items()}


def is_training(deployment: Deployment) -> bool:
    """Return whether the file draws a forward and a backward pass."""
    return deployment.derived(_is_training)


def _is_training(deployment: Deployment) -> bool:
    return any(r.direction == "backward" for r in deployment.operators)


def starts_of_training(deployment: Deployment, wiring: Wiring) -> frozenset[str]:
    """Return the nodes without a producer that a step of training starts with: data, parameters, the first operators."""
    if not is_training(deployment):
        return frozenset()
    starts = [r for r in deployment.operators if wiring.outs[r.name] and not wiring.ins[r.name]]
    first = min((r.stage for r in starts if r.stage is not None), default=None)
    forward = {r.name for r in starts if r.direction == "forward" and r.stage in {first, None}}
    found = _rows(deployment, forward)
    rows = _rows(deployment, (r.name for r in starts))
    titles = {_title(r) for r in deployment.operators if wiring.ins[r.name]}
    for reading in starts:
        moves = reading.is_role(*_MOVES_PARAMETERS)
        fed = [deployment.by_name[name] for name in wiring.outs[reading.name] if name in deployment.by_name]
        feeds = all(other.direction is not None for other in fed)
        if moves and (feeds or _names_parameters(reading)):
            alike = _names_parameters(reading) or _title(reading) not in titles
        else:
            ahead = all(other.direction != "backward" for other in fed)
            alike = reading.kind is None and reading.direction is None and (feeds or (ahead and reading.name in rows))
        if alike:
            found.add(reading.name)
    return frozenset(found)


def ends_of_training(deployment: Deployment, wiring: Wiring) -> frozenset[str]:
    """Return the nodes without a consumer that a step of training ends with: the last of the backward pass."""
    if not is_training(deployment):
        return frozenset()
    ends = [r for r in deployment.operators if wiring.ins[r.name] and not wiring.outs[r.name]]
    first = min((r.stage for r in deployment.operators if r.stage is not None), default=None)
    backward = [r for r in ends if r.direction == "backward"]
    last = {r.name for r in backward if r.stage in {first, None}}
    found = _rows(deployment, last)
    if len(last) == 1 and len(backward) == 1:
        found |= last
    fed = {_title(r) for r in deployment.operators if wiring.outs[r.name]}
    # Gradients that no optimizer takes, and the gradients of weights, end where they are computed.
    found |= {r.name for r in backward if _title(r) not in fed}
    return frozenset(found)


def _names_parameters(reading: Reading) -> bool:
    return not _PARAMETERS.isdisjoint(plain_words(f"{reading.name} {reading.evidence.title}").split())


def _title(reading: Reading) -> str:
    return plain_words(reading.evidence.title or reading.name)


def _rows(deployment: Deployment, names: Iterable[str]) -> set[str]:
    """Return those of some nodes that are most of a row: all nodes whose names differ from one another in one number."""
    rows = deployment.derived(_all_rows)
    some = set(names)
    found: set[str] = set()
    for name in some:
        numbers = deployment.by_name[name].evidence.name
        for position in range(len(numbers.numbers)):
            row = rows[_row_key(numbers.family, numbers.numbers, position)]
            if 2 * len(some.intersection(row)) > len(row) > 1:
                found.add(name)
    return found


def _all_rows(deployment: Deployment) -> Mapping[object, list[str]]:
    rows: dict[object, list[str]] = defaultdict(list)
    for reading in deployment.operators:
        name = reading.evidence.name
        for position in range(len(name.numbers)):
            rows[_row_key(name.family, name.numbers, position)].append(reading.name)
    return rows


def _row_key(family: str, numbers: tuple[int, ...], position: int) -> object:
    return family, position, numbers[:position], numbers[position + 1 :]
