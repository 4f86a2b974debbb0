"""Sets of GPU ids (0-based global ranks), stored as ranges so that large deployments stay small."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dotlint.strategy.error import StrategyError, error_at
from dotlint.text.display import short_repr
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

IdRun = tuple[int, int]
"""A half-open range of ids: (0, 8) is GPUs 0 to 7."""

_PART: Final = regex(r"\s*([0-9]+)(?:\s*-\s*([0-9]+))?\s*")
_HIGHEST_ID: Final = (1 << 31) - 1


class GpuSet(Struct, frozen=True):
    """An immutable set of GPU ids. `runs` are half-open ranges, ascending, not empty and not adjacent."""

    runs: tuple[IdRun, ...] = ()

    @classmethod
    def of(cls, ids: Iterable[int]) -> GpuSet:
        """Return the set of these ids, in any order and with repetitions."""
        return cls(merge_runs((number, number + 1) for number in sorted(ids)))

    @classmethod
    def span(cls, first: int, count: int) -> GpuSet:
        """Return `count` consecutive ids from `first` on."""
        return cls(((first, first + count),) if count > 0 else ())

    @classmethod
    def parse(cls, text: str) -> GpuSet:
        """Parse "0-31,64-95". Raises `StrategyError` if it is not ids and ranges separated by commas, or an id repeats."""
        return parse_gpus(text, 0, len(text))

    @property
    def first(self) -> int:
        """The lowest id. Raises `StrategyError` on the empty set."""
        if not self.runs:
            raise StrategyError("no GPU in an empty set")
        return self.runs[0][0]

    @property
    def last(self) -> int:
        """The highest id. Raises `StrategyError` on the empty set."""
        if not self.runs:
            raise StrategyError("no GPU in an empty set")
        return self.runs[-1][1] - 1

    @property
    def contiguous(self) -> bool:
        """Whether the ids are a single range without a gap; true of the empty set."""
        return len(self.runs) <= 1

    @property
    def stride(self) -> int | None:
        """The constant distance between consecutive ids (1 for a single range), or None."""
        if len(self) < 2:
            return None
        if self.contiguous:
            return 1
        if any(stop - start > 1 for start, stop in self.runs):
            return None
        step = self.runs[1][0] - self.runs[0][0]
        pairs = zip(self.runs, self.runs[1:], strict=False)
        return step if all(after[0] - before[0] == step for before, after in pairs) else None

    def shifted(self, by: int) -> GpuSet:
        """Return the set with every id increased by `by`."""
        return GpuSet(tuple((start + by, stop + by) for start, stop in self.runs))

    def pick(self, positions: GpuSet) -> GpuSet:
        """Return the ids at these 0-based positions in ascending order. Raises `StrategyError` past the end."""
        if not positions:
            return GpuSet()
        if positions.last >= len(self):
            raise StrategyError(f"there is no GPU at position {positions.last} of {len(self)}")
        if self.contiguous:
            return positions.shifted(self.first)
        found: list[IdRun] = []
        passed = 0
        for start, stop in self.runs:
            here = GpuSet(((passed, passed + stop - start),)) & positions
            found.extend(here.shifted(start - passed).runs)
            passed += stop - start
        return GpuSet(merge_runs(found))

    def isdisjoint(self, other: GpuSet) -> bool:
        """Return whether the sets share no id."""
        return not self & other

    def short(self, width: int = 32) -> str:
        """Return `str(self)` shortened to about `width` characters, such as "0,4,8,...,60"."""
        full = str(self)
        if len(full) <= width:
            return full
        parts = full.split(",")
        kept = parts[:2]
        for part in parts[2:-1]:
            if len(",".join([*kept, part, "...", parts[-1]])) > width:
                break
            kept.append(part)
        return ",".join([*kept, "...", parts[-1]]) if len(kept) < len(parts) - 1 else full

    def __or__(self, other: GpuSet) -> GpuSet:
        return GpuSet(merge_runs(sorted(chain(self.runs, other.runs))))

    def __and__(self, other: GpuSet) -> GpuSet:
        found: list[IdRun] = []
        mine, theirs = 0, 0
        while mine < len(self.runs) and theirs < len(other.runs):
            start = max(self.runs[mine][0], other.runs[theirs][0])
            stop = min(self.runs[mine][1], other.runs[theirs][1])
            if start < stop:
                found.append((start, stop))
            if self.runs[mine][1] <= other.runs[theirs][1]:
                mine += 1
            else:
                theirs += 1
        return GpuSet(tuple(found))

    def __sub__(self, other: GpuSet) -> GpuSet:
        if not self.runs or not other.runs:
            return self
        ends = [stop for _, stop in other.runs]
        found: list[IdRun] = []
        for run_start, run_stop in self.runs:
            start = run_start
            for cut in range(bisect_right(ends, run_start), len(ends)):
                cut_start, cut_stop = other.runs[cut]
                if cut_start >= run_stop:
                    break
                if start < cut_start:
                    found.append((start, cut_start))
                start = max(start, cut_stop)
            if start < run_stop:
                found.append((start, run_stop))
        return GpuSet(tuple(found))

    def __le__(self, other: GpuSet) -> bool:
        return not self - other

    def __lt__(self, other: GpuSet) -> bool:
        return self != other and self <= other

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        index = bisect_right(self.runs, (number, _HIGHEST_ID + 2)) - 1
        return index >= 0 and number < self.runs[index][1]

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(range(start, stop) for start, stop in self.runs)

    def __len__(self) -> int:
        return sum(stop - start for start, stop in self.runs)

    def __bool__(self) -> bool:
        return bool(self.runs)

    def __repr__(self) -> str:
        return f"GpuSet({short_repr(str(self))})"

    def __str__(self) -> str:
        return ",".join(str(start) if stop - start == 1 else f"{start}-{stop - 1}" for start, stop in self.runs)


def union(sets: Iterable[GpuSet]) -> GpuSet:
    """Return the ids that are in any of the sets."""
    return GpuSet(merge_runs(sorted(chain.from_iterable(each.runs for each in sets))))


def disjoint(sets: Iterable[GpuSet]) -> bool:
    """Return whether no id is in two of the sets."""
    runs = sorted(chain.from_iterable(each.runs for each in sets))
    return all(before[1] <= after[0] for before, after in pairwise(runs))


def parse_gpus(text: str, start: int, end: int) -> GpuSet:
    """Parse the ids and ranges in `text[start:end]`, separated by commas and optional white space.

    Raises `StrategyError`, with its position in `text`, on a count, a reversed range, a repeated id or anything else.
    """
    found: list[IdRun] = []
    position = start
    while True:
        match = _PART.match(text, position, end)
        if match is None:
            raise _gpus_error(text, position, end)
        low, high = match[1], match[2] or match[1]
        if max(len(low), len(high)) > 10 or max(int(low), int(high)) > _HIGHEST_ID:
            raise error_at("a GPU id is too large", text, match.start(1), remedy=f"the highest id is {_HIGHEST_ID}")
        first, last = int(low), int(high)
        length = match.end(2 if match[2] else 1) - match.start(1)
        if last < first:
            ascending = f"{last}-{first}"
            raise error_at(
                f"GPU range {first}-{last} is reversed",
                text,
                match.start(1),
                length=length,
                remedy=f"write {ascending}",
                suggestion=ascending,
            )
        at = bisect_right(found, (first, last + 1))
        before = at > 0 and found[at - 1][1] > first
        if before or (at < len(found) and found[at][0] <= last):
            twice = first if before else found[at][0]
            raise error_at(f"GPU {twice} is repeated", text, match.start(1), length=length)
        found.insert(at, (first, last + 1))
        position = match.end()
        if position >= end:
            return GpuSet(merge_runs(found))
        if text[position] != ",":
            raise _gpus_error(text, position, end)
        position += 1


def _gpus_error(text: str, position: int, end: int) -> Exception:
    rest = text[position:end].strip()
    remedy = "write ids and ranges separated by commas, such as 0-31,64-95"
    if not rest:
        return error_at("a GPU id is missing", text, min(position, max(len(text) - 1, 0)), remedy=remedy)
    if re.match(r"gpus?\b", rest, re.IGNORECASE):
        remedy = "write GPU ids such as 0-31, not a count"
    while text[position].isspace():
        position += 1
    return error_at(f"unexpected {text[position]!r}", text, position, remedy=remedy)


def merge_runs(runs: Iterable[IdRun]) -> tuple[IdRun, ...]:
    """Merge ascending ranges that are adjacent or overlap."""
    joined: list[IdRun] = []
    for start, stop in runs:
        if joined and start <= joined[-1][1]:
            if stop > joined[-1][1]:
                joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return tuple(joined)
