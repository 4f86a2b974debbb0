"""Did you mean: the known word nearest to an unknown one.

`nearest` guesses what a person may have meant, for a message. A `Lexicon` finds the word that is a slip of the
keyboard away and says how far, which is certain enough to report a name in a graph and to write a fix.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

# Words shorter than this are too like each other for a guess: `wt`, `ht`, `q`, `k`.
SHORTEST = 4
# From this length on two slips are still the same word.
LONG = 8


def nearest(word: str, known: Iterable[str], *, least: float = 0.6) -> str | None:
    """Return the known word most like `word`, whatever their case; None if none is alike enough.

    `least` is the lowest ratio of equal characters, from 0 to 1, as `difflib` counts them.
    """
    import difflib  # noqa: PLC0415 - only a mistake pays for it

    spelled = {name.lower(): name for name in reversed(list(known))}
    close = difflib.get_close_matches(word.lower(), spelled, n=1, cutoff=least)
    return spelled[close[0]] if close else None


class Near(NamedTuple):
    """A known word, how many edits lead to it (0: only its case differs), and whether no other is as near."""

    word: str
    edits: int
    single: bool


def edits_between(one: str, other: str, most: int = 2) -> int:
    """Count insertions, deletions, replacements and swaps of neighbours (Damerau 1964).

    Gives `most + 1` as soon as it is known to be more than `most`.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        following = [i]
        for j, wanted in enumerate(other, 1):
            cost = min(row[j] + 1, following[-1] + 1, row[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            following.append(cost)
        if min(following) > most:
            return most + 1
        before, row = row, following
    return min(row[-1], most + 1)


def allowed_edits(word: str) -> int:
    """How many edits a word of this length may be away from what was meant."""
    return 0 if len(word) < SHORTEST else 1 if len(word) < LONG else 2


def _without_one(word: str) -> set[str]:
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


class Lexicon:
    """Known words, found by what is left of them when one letter is taken out: a search looks at few of them.

    Two words one edit or one swap apart have such a rest in common (SymSpell, Garbe 2012); of those two edits
    apart many do. Case is disregarded, but a word that differs in case only comes before all others.
    """

    __slots__ = ("_rests",)

    def __init__(self, words: Iterable[str]) -> None:
        self._rests: dict[str, list[str]] = defaultdict(list)
        for word in words:
            for rest in _without_one(word.lower()):
                self._rests[rest].append(word)

    def nearest(self, word: str, *, most: int | None = None) -> Near | None:
        """Find the nearest word within `most` edits (by default as its length allows), else give None."""
        low = word.lower()
        limit = allowed_edits(word) if most is None else most
        found: dict[str, int] = {}
        for rest in _without_one(low):
            # A rest that many words share says nothing, and looking at all of them would take quadratic time.
            for known in self._rests.get(rest, ())[:64]:
                if known not in found and known != word:
                    found[known] = edits_between(low, known.lower(), limit) if limit else 2 * (known.lower() != low)
        near = sorted((edits, known) for known, edits in found.items() if edits <= limit)
        if not near:
            return None
        return Near(near[0][1], near[0][0], len(near) == 1 or near[1][0] > near[0][0])
