"""Counts and lists in English sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun: `1 edge`, `18 edges`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def numbered(counts: Mapping[str, int]) -> str:
    """Return names in order, each with its number if it is more than one: `A001, S001 3`."""
    return ", ".join(f"{name} {number}" if number > 1 else name for name, number in sorted(counts.items()))


def the(number: int, singular: str) -> str:
    """Return a noun with its article and number: `the edge`, `the 18 edges`."""
    return f"the {singular}" if number == 1 else f"the {count(number, singular)}"


def listed(words: Sequence[str], most: int = 6) -> str:
    """Return words as a list in prose, `a, b and c`; beyond `most` words the rest is counted."""
    if len(words) > most:
        return f"{', '.join(words[: most - 1])} and {len(words) - most + 1} more"
    if len(words) > 1:
        return f"{', '.join(words[:-1])} and {words[-1]}"
    return words[0] if words else ""


def quoted(words: Sequence[str], most: int = 4) -> str:
    """Return names in backquotes as a list in prose: `` `a`, `b` and `c` ``."""
    return listed([f"`{word}`" for word in words], most)


def chain(names: Sequence[str], most: int = 12) -> str:
    """Return a path as `a -> b -> c`; of a path longer than `most` only the beginning and the end."""
    kept = list(names) if len(names) <= most else [*names[: most - 4], "...", *names[-3:]]
    return " -> ".join(kept)


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers in ascending order with runs of three or more as ranges: `0, 2-5 and 8`."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    texts = [text for run in runs for text in ([f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run))]
    return listed(texts, 12)
