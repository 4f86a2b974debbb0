"""Fold names that differ only in numbers: `expert{2..4}_{1..4}`."""

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
_NUMBER = regex(r"([0-9]{1,15})")  # longer digit strings match in pieces, to bound the conversion to int
_MOST_NUMBERS = 64  # per name; names with more are not folded
_MOST_TEXTS, _LONG = 6, 80  # above either, a family is written with the ends of its ranges
_SHORT = 24


def families(names: Iterable[str]) -> list[str]:
    """Fold names that differ only in numbers, in the order of the first names.

    The result stands for exactly the given names: a family whose numbers are not a product of ranges gives several texts.
    """
    return [text for family in _families(names) for text, _ in family.exact()]


class _NameFamily:
    """Names that differ only in numbers."""

    def __init__(self, pieces: tuple[str, ...]) -> None:
        self.pieces = pieces
        self.names: list[str] = []
        self.numbers: list[tuple[int, ...]] = []
        self.plain = not any("{" in piece for piece in pieces) and len(pieces) <= _MOST_NUMBERS

    def add(self, name: str, digits: list[str]) -> None:
        self.names.append(name)
        self.numbers.append(tuple(map(int, digits)))
        # `007` is not the decimal form of 7.
        self.plain = self.plain and all(str(n) == text for n, text in zip(self.numbers[-1], digits, strict=True))

    def exact(self) -> Iterable[tuple[str, int]]:
        """Return texts that stand for exactly the names, each with the number of names it stands for."""
        if len(self.names) == 1 or not self.plain:
            return [(name, 1) for name in self.names]
        blocks = _products(sorted(set(self.numbers)))
        return [(self._filled(map(_brace_range, block)), prod(map(len, block))) for block in blocks]

    def loose(self) -> tuple[str, int]:
        """Return one text that stands for all the names and maybe others, and the number of names."""
        columns = [sorted(set(column)) for column in zip(*self.numbers, strict=True)]
        if not self.plain or not columns:
            return self.names[0], len(self.names)
        ends = (str(c[0]) if len(c) == 1 else f"{{{c[0]}..{c[-1]}}}" for c in columns)
        return self._filled(ends), len(self.names)

    def _filled(self, values: Iterable[str]) -> str:
        return "".join(piece + value for piece, value in zip(self.pieces, [*values, ""], strict=True))


def _families(names: Iterable[str]) -> Iterable[_NameFamily]:
    groups: dict[tuple[str, ...], _NameFamily] = {}
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
            family = groups[key] = _NameFamily(key)
        family.add(name, digits)
    return groups.values()


def folded_names(names: Sequence[str]) -> list[str]:
    """Fold names for a comma-separated list; if one contains a space or a comma, all are quoted."""
    folded = families(names)
    return [f'"{name}"' for name in folded] if any(_APART.search(name) for name in names) else folded


def shortened(
    names: Sequence[str], most: int = 40, room: int = 1200, quote: str | None = None
) -> tuple[list[str], int]:
    """Fold names to at most `most` texts and about `room` characters; return the texts and the number of omitted names.

    If the exact texts are too long, irregular families are written with the ends of their ranges and their size. All
    are in quotes if one contains a space or a comma, or in the given kind of quotes.
    """
    if quote is None:
        quote = '"' if any(_APART.search(name) for name in names) else ""

    def in_quotes(text: str) -> str:
        return f"{quote}{text}{quote}"

    groups = list(_families(names))
    exact = [list(family.exact()) for family in groups]
    folded = [(in_quotes(text), number) for texts in exact for text, number in texts]
    if len(folded) > most or sum(len(text) + 2 for text, _ in folded) > room:
        folded = []
        for family, texts in zip(groups, exact, strict=True):
            if len(texts) > _MOST_TEXTS or any(len(text) > _LONG for text, _ in texts):
                text, number = family.loose()
                folded.append((f"{in_quotes(text)} ({number} of them)", number))
            else:
                folded += [(in_quotes(text), number) for text, number in texts]
    kept: list[str] = []
    left = sum(number for _, number in folded)
    for text, number in folded:
        room -= len(text) + 2
        if len(kept) == most or (kept and room < 0):
            break
        kept.append(text)
        left -= number
    return kept, left


def without_numbers(text: str) -> str:
    """Return a text with its numbers masked, which is equal for texts that `ranged` can merge."""
    return _NUMBER.sub("\0", text)


def ranged(texts: Sequence[str]) -> str:
    """Merge texts that differ only in numbers: `layer {1..9} lacks 40 edges`."""
    split = [_NUMBER.split(text) for text in dict.fromkeys(texts)]
    parts = list(split[0])
    for index in range(1, len(parts), 2):
        written = list(dict.fromkeys(one[index] for one in split))
        if len(written) > 1:
            parts[index] = _value_range(written)
    return "".join(parts)


def numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a text that `without_numbers` masks, in order."""
    return tuple(map(int, _NUMBER.findall(text)))


def _value_range(written: list[str]) -> str:
    """Return the values if that is short, otherwise their ends and their number."""
    values = sorted({int(number) for number in written})
    if len(values) < len(written) or any(str(int(number)) != number for number in written):
        written = sorted(written, key=int)  # `007` is not the decimal form of 7
        exact = f"{{{','.join(written)}}}"
        return exact if len(exact) <= _SHORT else f"{{{written[0]}..{written[-1]}: {len(written)} of them}}"
    exact = _brace_range(tuple(values))
    return exact if len(exact) <= _SHORT else f"{{{values[0]}..{values[-1]}: {len(values)} of them}}"


def _brace_range(values: tuple[int, ...]) -> str:
    """Return `3`, `{3,5}`, `{0..7,9}` or `{1..15..2}`, as in shell brace expansion; three or more in a row are a range."""
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


def _products(numbers: list[tuple[int, ...]]) -> list[list[tuple[int, ...]]]:
    """Partition the tuples into products of value sets: group by the first number, then join groups with equal rests."""
    if not numbers or not numbers[0]:
        return [[]]
    by_first: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for first, *rest in numbers:
        by_first[first].append(tuple(rest))
    joined: dict[tuple[tuple[int, ...], ...], list[int]] = defaultdict(list)
    for first, rests in by_first.items():
        joined[tuple(rests)].append(first)
    return [[tuple(firsts), *block] for rests, firsts in joined.items() for block in _products(list(rests))]
