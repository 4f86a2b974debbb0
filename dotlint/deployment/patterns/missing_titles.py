"""Find operators that one layer or stage lacks and all others have, by the words of labels.

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

_UNITS = 3  # fewer show no pattern
_OPERATORS = 3


class MissingTitle(Struct, frozen=True):
    """The operators of a layer or stage that lacks some: those that it has (`inside`), the exemplars, and how many have them."""

    inside: tuple[Reading, ...]
    exemplars: tuple[Reading, ...]
    having: int


def find_missing_titles(deployment: Deployment) -> Iterator[MissingTitle]:
    """Yield the layers that lack operators which all other layers have, if those are drawn alike.

    Where no layers are known, stages are compared.
    """
    roles: dict[str, set[str]] = defaultdict(set)
    for reading in deployment.operators:
        if reading.role is not None:
            roles[reading.evidence.name.family].add(reading.role.name)
    for phase in deployment.phases:
        inside = [r for r in deployment.operators if r.phase == phase and (r.role is None or r.role.name not in ENDS)]
        if any(r.summary or r.evidence.layers for r in inside):
            continue
        layered = 2 * sum(1 for r in inside if r.layer_index is not None) > len(inside)
        units: dict[int, list[Reading]] = defaultdict(list)
        for reading in inside:
            number = reading.layer_index if layered else reading.stage
            if number is not None and reading.role is not None:
                units[number].append(reading)
        if all(len(roles[r.evidence.name.family]) >= _OPERATORS for some in units.values() for r in some):
            yield from _lacking(units)


def _lacking(units: dict[int, list[Reading]]) -> Iterator[MissingTitle]:
    if len(units) < _UNITS:
        return
    titles = {number: Counter(_words(r) for r in some) for number, some in units.items()}
    usual, having = Counter(frozenset(counted.items()) for counted in titles.values()).most_common(1)[0]
    if having != len(units) - 1:
        return
    other = next(number for number, counted in titles.items() if frozenset(counted.items()) == usual)
    (odd,) = (number for number, counted in titles.items() if frozenset(counted.items()) != usual)
    lacking = titles[other] - titles[odd]
    if titles[odd] - titles[other] or 3 * lacking.total() > titles[other].total():
        return
    exemplars = tuple(r for r in units[other] if _words(r) in lacking and connected(r))
    if len(exemplars) == lacking.total():
        yield MissingTitle(tuple(units[odd]), exemplars, having)


def _words(reading: Reading) -> str:
    return plain_words(reading.evidence.title)
