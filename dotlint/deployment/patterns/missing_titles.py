"""Find operators that one layer lacks and all others have, by the words of labels.

This is for files whose names only number the nodes (`n_12`), so that names do not describe operators.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.families import connected
from dotlint.deployment.patterns.missing_nodes import ENDS
from dotlint.deployment.words import plain_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Deployment, Reading

_LAYERS = 3  # fewer show no pattern
_OPERATORS = 3


class MissingTitle(Struct, frozen=True):
    """The operators that a layer of a phase lacks, each with that of another layer, and how many layers have them."""

    phase: str | None
    layer: int
    exemplars: tuple[Reading, ...]
    having: int


def find_missing_titles(deployment: Deployment) -> Iterator[MissingTitle]:
    """Yield the layers that lack operators which all other layers have, if those are drawn alike."""
    roles: dict[str, set[str]] = defaultdict(set)
    for reading in deployment.operators:
        if reading.role is not None:
            roles[reading.evidence.name.family].add(reading.role.name)
    layers: dict[str | None, dict[int, list[Reading]]] = defaultdict(lambda: defaultdict(list))
    summarized: set[tuple[str | None, int | None]] = set()
    for reading in deployment.operators:
        if reading.summary or reading.evidence.layers:
            summarized.add((reading.phase, reading.layer))
        elif reading.layer is not None and reading.role is not None and reading.role.name not in ENDS:
            layers[reading.phase][reading.layer].append(reading)
    for phase, inside in layers.items():
        named = all(len(roles[r.evidence.name.family]) < _OPERATORS for some in inside.values() for r in some)
        if named or len(inside) < _LAYERS or not summarized.isdisjoint({(phase, None), *((phase, n) for n in inside)}):
            continue
        titles = {layer: Counter(plain_words(r.evidence.title) for r in some) for layer, some in inside.items()}
        usual, having = Counter(frozenset(counted.items()) for counted in titles.values()).most_common(1)[0]
        if having != len(inside) - 1:
            continue
        other = next(layer for layer, counted in titles.items() if frozenset(counted.items()) == usual)
        (layer,) = (n for n, counted in titles.items() if frozenset(counted.items()) != usual)
        lacking = titles[other] - titles[layer]
        if titles[layer] - titles[other] or 3 * lacking.total() > titles[other].total():
            continue
        exemplars = tuple(r for r in inside[other] if plain_words(r.evidence.title) in lacking and connected(r))
        if len(exemplars) == lacking.total():
            yield MissingTitle(phase, layer, exemplars, having)
