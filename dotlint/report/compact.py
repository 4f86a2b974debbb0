"""Long lists of names made short without losing one: `expert{2..4}_{1..4}`."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.deployment.words import parse_name
from dotlint.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_APART = regex(r"[\s,]")


def families(names: Iterable[str]) -> list[str]:
    """Fold names that differ only in numbers, in the order of their first member.

    A family is folded as far as the product of its ranges is exactly its members; what is left over is folded apart.
    """
    groups: dict[str, list[tuple[int, ...]]] = defaultdict(list)
    spelled: dict[str, list[str]] = defaultdict(list)
    for name in names:
        parsed = parse_name(name)
        groups[parsed.family].append(parsed.numbers)
        spelled[parsed.family].append(name)
    folded: list[str] = []
    for family, numbers in groups.items():
        plain = all(
            _fill(family, [str(n) for n in some]) == name
            for some, name in zip(numbers, spelled[family], strict=True)
        )
        if len(numbers) == 1 or not plain or "{" in family:
            folded += spelled[family]
        else:
            folded += [
                _fill(family, [_range(values) for values in block]) for block in _blocks(sorted(set(numbers)))
            ]
    return folded


def shown_names(names: Sequence[str]) -> list[str]:
    """Fold names for a comma-separated list: where one of them has a space or a comma in it, all stand in quotes."""
    folded = families(names)
    return [f'"{name}"' for name in folded] if any(_APART.search(name) for name in names) else folded


def _fill(family: str, values: list[str]) -> str:
    pieces = family.split("#")
    if len(pieces) != len(values) + 1:
        return family
    return "".join(piece + value for piece, value in zip(pieces, [*values, ""], strict=True))


def _range(values: tuple[int, ...]) -> str:
    if len(values) == 1:
        return str(values[0])
    if len(values) > 2 and values[-1] - values[0] == len(values) - 1:
        return f"{{{values[0]}..{values[-1]}}}"
    return "{" + ",".join(map(str, values)) + "}"


def _blocks(numbers: list[tuple[int, ...]]) -> list[list[tuple[int, ...]]]:
    """Cover the tuples exactly by products of value sets: split by the first number, join equal rests."""
    if not numbers or not numbers[0]:
        return [[]]
    by_first: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for first, *rest in numbers:
        by_first[first].append(tuple(rest))
    joined: dict[tuple[tuple[int, ...], ...], list[int]] = defaultdict(list)
    for first, rests in by_first.items():
        joined[tuple(rests)].append(first)
    return [[tuple(firsts), *block] for rests, firsts in joined.items() for block in _blocks(list(rests))]
