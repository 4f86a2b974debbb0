"""Long lists of names made short without losing one: `expert{2..4}_{1..4}`."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

from dotlint.deployment.words import number_spans
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_APART = regex(r"[\s,]")
_NUMBER = regex(r"([0-9]{1,15})")  # what is longer is read in pieces: no number of a name is too long to be read
_MOST_NUMBERS = 64  # more in one name fold nothing
_MOST_TEXTS, _LONG = 6, 80  # a family of more texts, or a longer one, has folded badly
_SHORT = 24


def families(names: Iterable[str]) -> list[str]:
    """Fold names that differ only in numbers, in the order of their first member.

    A family is folded as far as the product of its ranges is exactly its members; what is left over is folded apart.
    """
    return [text for family in _families(names) for text, _ in family.exact()]


class _Family:
    """Names that differ only in numbers."""

    def __init__(self, pieces: tuple[str, ...]) -> None:
        self.pieces = pieces
        self.names: list[str] = []
        self.numbers: list[tuple[int, ...]] = []
        self.plain = not any("{" in piece for piece in pieces) and len(pieces) <= _MOST_NUMBERS

    def add(self, name: str, digits: list[str]) -> None:
        self.names.append(name)
        self.numbers.append(tuple(map(int, digits)))
        # `007` is not what 7 is written as.
        self.plain = self.plain and all(str(n) == text for n, text in zip(self.numbers[-1], digits, strict=True))

    def exact(self) -> Iterable[tuple[str, int]]:
        """Give texts that stand for the names, none more and none less, each with how many it stands for."""
        if len(self.names) == 1 or not self.plain:
            return [(name, 1) for name in self.names]
        blocks = _blocks(sorted(set(self.numbers)))
        return [(self._filled(map(_range, block)), prod(map(len, block))) for block in blocks]

    def loose(self) -> tuple[str, int]:
        """Give one text that stands for these names and maybe others."""
        columns = [sorted(set(column)) for column in zip(*self.numbers, strict=True)]
        if not self.plain or not columns:
            return self.names[0], len(self.names)
        ends = (str(c[0]) if len(c) == 1 else f"{{{c[0]}..{c[-1]}}}" for c in columns)
        return self._filled(ends), len(self.names)

    def _filled(self, values: Iterable[str]) -> str:
        return "".join(piece + value for piece, value in zip(self.pieces, [*values, ""], strict=True))


def _families(names: Iterable[str]) -> Iterable[_Family]:
    groups: dict[tuple[str, ...], _Family] = {}
    for name in names:
        pieces: list[str] = []
        digits: list[str] = []
        position = 0
        for start, end in number_spans(name):
            pieces.append(name[position:start])
            digits.append(name[start:end])
            position = end
        key = (*pieces, name[position:])
        family = groups.get(key)
        if family is None:
            family = groups[key] = _Family(key)
        family.add(name, digits)
    return groups.values()


def shown_names(names: Sequence[str]) -> list[str]:
    """Fold names for a comma-separated list: where one of them has a space or a comma in it, all stand in quotes."""
    folded = families(names)
    return [f'"{name}"' for name in folded] if any(_APART.search(name) for name in names) else folded


def shortened(names: Sequence[str], most: int = 40, room: int = 1200) -> tuple[list[str], int]:
    """Fold names for a list of at most `most` texts and about `room` characters; give how many names are left out.

    Where the exact texts are too long, a family that folds badly is told by the ends of its ranges and its size.
    """
    quoted = any(_APART.search(name) for name in names)

    def shown(text: str) -> str:
        return f'"{text}"' if quoted else text

    groups = list(_families(names))
    exact = [list(family.exact()) for family in groups]
    told = [(shown(text), number) for texts in exact for text, number in texts]
    if len(told) > most or sum(len(text) + 2 for text, _ in told) > room:
        told = []
        for family, texts in zip(groups, exact, strict=True):
            if len(texts) > _MOST_TEXTS or any(len(text) > _LONG for text, _ in texts):
                text, number = family.loose()
                told.append((f"{shown(text)} ({number} of them)", number))
            else:
                told += [(shown(text), number) for text, number in texts]
    kept: list[str] = []
    left = sum(number for _, number in told)
    for text, number in told:
        room -= len(text) + 2
        if len(kept) == most or (kept and room < 0):
            break
        kept.append(text)
        left -= number
    return kept, left


def template(text: str) -> str:
    """Give a text with every number blotted out: what texts that can be `ranged` have in common."""
    return _NUMBER.sub("\0", text)


def ranged(texts: Sequence[str]) -> str:
    """Say texts of one template at once: `layer {1..9} lacks 40 edges`."""
    split = [_NUMBER.split(text) for text in dict.fromkeys(texts)]
    parts = list(split[0])
    for index in range(1, len(parts), 2):
        written = list(dict.fromkeys(one[index] for one in split))
        if len(written) > 1:
            parts[index] = _span(written)
    return "".join(parts)


def numbers(text: str) -> tuple[int, ...]:
    """Give the numbers of a text in order, those that `template` blots out."""
    return tuple(map(int, _NUMBER.findall(text)))


def _span(written: list[str]) -> str:
    """Give the values exactly where that is short, else their ends."""
    values = sorted({int(number) for number in written})
    if len(values) < len(written) or any(str(int(number)) != number for number in written):
        written = sorted(written, key=int)  # `007` is not what 7 is written as
        exact = f"{{{','.join(written)}}}"
        return exact if len(exact) <= _SHORT else f"{{{written[0]}..{written[-1]}: {len(written)} of them}}"
    exact = _range(tuple(values))
    return exact if len(exact) <= _SHORT else f"{{{values[0]}..{values[-1]}: {len(values)} of them}}"


def _range(values: tuple[int, ...]) -> str:
    """Give `3`, `{3,5}`, `{0..7,9}` or `{1..15..2}`, as shells write them: runs of three and more by their ends."""
    if len(values) == 1:
        return str(values[0])
    step = values[1] - values[0]
    if step > 1 and len(values) > 4 and all(two - one == step for one, two in pairwise(values)):
        return f"{{{values[0]}..{values[-1]}..{step}}}"
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    texts = (f"{run[0]}..{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)
    return f"{{{','.join(texts)}}}"


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
