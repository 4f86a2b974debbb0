"""Find which coordinate of the head of an edge is determined by which coordinate of its tail.

Coordinates are the numbers that distinguish the nodes of a family: layer, rank, expert, an offset of GPUs.
"""

from __future__ import annotations

from collections import Counter
from operator import itemgetter, sub

from msgspec import Struct

Coordinates = tuple[int, ...]
_DIVISORS = (2, 4, 8, 16, 32, 64)


class CoordinateLink(Struct, frozen=True):
    """`head[k]` is determined by `tail[j]`.

    With `divisor` 1: head[k] = tail[j] + step. With n > 1: head[k] = tail[j] // n + step (n ranks share a head). With
    -n: head[k] // n = tail[j] + step (a tail has n heads).
    """

    j: int
    k: int
    step: int
    divisor: int = 1

    def step_between(self, tail: Coordinates, head: Coordinates) -> int:
        """Return the step of this link in one edge."""
        if self.divisor > 0:
            return head[self.k] - tail[self.j] // self.divisor
        return head[self.k] // -self.divisor - tail[self.j]


def align(
    pairs: list[tuple[Coordinates, Coordinates]], tail_words: tuple[str, ...], head_words: tuple[str, ...]
) -> list[CoordinateLink]:
    """Link each coordinate of the head to the one of the tail with the fewest distinct steps, if the edges support it.

    `pairs` are the coordinates of both ends of every edge of one type; the words are what each coordinate counts.
    """
    found: list[CoordinateLink] = []
    taken: set[int] = set()
    tail_columns = list(zip(*[tail for tail, _ in pairs], strict=True))
    head_columns = list(zip(*[head for _, head in pairs], strict=True))
    tails = [set(column) for column in tail_columns]
    shared = set(tail_words) & set(head_words) - {""}
    if len(head_words) == 2 and not shared and (j := _first_of_two(pairs)) is not None:
        return [CoordinateLink(j, 0, 0), CoordinateLink(j, 1, 1)]
    for k, head_word in enumerate(head_words):
        heads = set(head_columns[k])
        best: tuple[tuple[int, int, int, int], CoordinateLink] | None = None
        for j, tail_word in enumerate(tail_words):
            steps = Counter(map(sub, head_columns[k], tail_columns[j]))
            step, count = max(steps.items(), key=itemgetter(1))
            same = head_word == tail_word != ""
            values = min(len(heads), len(tails[j]))
            if same and values == 1 and steps.keys() <= {0, 1}:
                supported = True  # within a stage, and to the next stage
            elif values == 1 and shared & {head_word, tail_word}:
                supported = same and len(steps) == 1 and step == 0  # other numbers state what the unit is
            else:
                supported = _is_supported(len(steps), values, len(pairs), count, same_word=same, step=step)
            if supported:
                # Two steps between numbers of the same kind (this layer and the next) count as one.
                rank = (max(1, len(steps) - same), 0 if same else 1, 1 if j in taken else 0, abs(step) + abs(j - k))
                if best is None or rank < best[0]:
                    best = rank, CoordinateLink(j, k, step)
        link = best[1] if best else _divided(pairs, k, heads, tails)
        if link is not None:
            found.append(link)
            taken.add(link.j)
    return found


def _first_of_two(pairs: list[tuple[Coordinates, Coordinates]]) -> int | None:
    """Return the coordinate of the tails from which every head leads to the next, as `hop1to2` from stage 1."""
    for j in range(len(pairs[0][0])):
        if all(head == (tail[j], tail[j] + 1) for tail, head in pairs):
            return j
    return None


def _is_supported(distinct: int, values: int, pairs: int, count: int, *, same_word: bool, step: int) -> bool:
    """Return whether the few distinct steps over many values show that one coordinate determines the other."""
    if values == 1:
        # With a single value any two numbers have a constant step, so the words have to agree.
        return distinct == 1 and step == 0 and (same_word or pairs == 1)
    if distinct == 1:
        return True
    if same_word:
        return distinct == 2 or (distinct == 3 and values >= 3 and count * 3 >= pairs)
    return distinct == 2 and values >= 4 and count * 10 >= pairs * 7


def _divided(
    pairs: list[tuple[Coordinates, Coordinates]], k: int, heads: set[int], tails: list[set[int]]
) -> CoordinateLink | None:
    if len(pairs) < 3:
        return None
    for j, values in enumerate(tails):
        if min(len(heads), len(values)) < (2 if len(pairs) > 3 else 3):
            continue
        wide, narrow = sorted((max(values) - min(values), max(heads) - min(heads)), reverse=True)
        if wide == narrow or not narrow:
            continue
        ratio = wide // narrow
        for divisor in dict.fromkeys((ratio, ratio + 1, *_DIVISORS)):
            if divisor < 2:
                continue
            link = CoordinateLink(j, k, 0, divisor if max(values) - min(values) == wide else -divisor)
            steps = {link.step_between(tail, head) for tail, head in pairs}
            if len(steps) == 1:
                return CoordinateLink(j, k, steps.pop(), link.divisor)
    return None
