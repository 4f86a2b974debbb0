"""Spelling suggestions ("did you mean"): the known word that is closest to an unknown one.

`nearest` guesses what a person may have meant, for a message. A `Lexicon` counts the typing errors between two words,
which is certain enough to report a name in a graph and to write a fix.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Shorter words are too similar to each other for a suggestion: `wt`, `ht`, `q`, `k`.
SHORTEST = 4
# Words of this length or more may be two edits away.
LONG = 8


def nearest(word: str, known: Iterable[str], *, least: float = 0.6) -> str | None:
    """Return the known word most like `word`, whatever their case; None if none is alike enough.

    Of several that are equally alike, it is the one with the longest common beginning. `least` is the lowest ratio of
    equal characters, from 0 to 1, as `difflib` counts them.
    """
    import difflib  # noqa: PLC0415 - only a mistake pays for it

    bits_of, words = _letters(tuple(known))
    low = word.lower()
    own = _bits(low, bits_of)
    # No ratio exceeds that of the letters which both words have, in whatever order: most words need no comparison.
    bounds = [(2 * (own & bits).bit_count() / (len(low) + len(name) or 1), name) for name, (bits, _) in words.items()]
    matcher = difflib.SequenceMatcher()
    matcher.set_seq2(low)
    best = (least, 0, "")
    for bound, name in sorted((one for one in bounds if one[0] >= least), reverse=True):
        if bound < best[0]:
            break
        matcher.set_seq1(name)
        begin = next((at for at, (a, b) in enumerate(zip(low, name, strict=False)) if a != b), len(low))
        best = max(best, (matcher.ratio(), begin, name))
    return words[best[2]][1] if best[2] else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return the end of a message that suggests the known word nearest to an unknown one; "" if none is near."""
    near = nearest(word, known)
    return f"; did you mean `{near}`?" if near else ""


@lru_cache(maxsize=16)
def _letters(known: tuple[str, ...]) -> tuple[dict[tuple[str, int], int], dict[str, tuple[int, str]]]:
    """Return the bit of each occurrence of a letter, and of each word in lower case these bits and how it is written."""
    spelled = {name.lower(): name for name in reversed(known)}
    bits_of: dict[tuple[str, int], int] = {}
    for name in spelled:
        for letter in _occurrences(name):
            bits_of.setdefault(letter, 1 << len(bits_of))
    return bits_of, {name: (_bits(name, bits_of), written) for name, written in spelled.items()}


def _occurrences(word: str) -> Iterator[tuple[str, int]]:
    counts: dict[str, int] = defaultdict(int)
    for letter in word:
        counts[letter] += 1
        yield letter, counts[letter]


def _bits(word: str, bits_of: Mapping[tuple[str, int], int]) -> int:
    bits = 0
    for letter in _occurrences(word):
        bits |= bits_of.get(letter, 0)
    return bits


class Near(NamedTuple):
    """The closest known word.

    `edits` is the edit distance to it (0 if only case differs); `single` is whether no other known word is as close.
    """

    word: str
    edits: int
    single: bool


def edits_between(one: str, other: str, most: int = 2) -> int:
    """Return the number of insertions, deletions, replacements and swaps of adjacent letters (Damerau 1964).

    Returns `most + 1` as soon as the distance is known to exceed `most`.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        following = [i]
        for j, other_letter in enumerate(other, 1):
            cost = min(row[j] + 1, following[-1] + 1, row[j - 1] + (letter != other_letter))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == other_letter:
                cost = min(cost, before[j - 2] + 1)
            following.append(cost)
        if min(following) > most:
            return most + 1
        before, row = row, following
    return min(row[-1], most + 1)


def allowed_edits(word: str) -> int:
    """Return the largest edit distance at which a known word is suggested for a word of this length."""
    return 0 if len(word) < SHORTEST else 1 if len(word) < LONG else 2


def _deletions(word: str) -> set[str]:
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


class Lexicon:
    """Known words, indexed by their deletion variants so that a search compares only a few of them.

    Two words at edit distance one share a variant with one letter deleted (SymSpell, Garbe 2012), and so do many
    words at distance two. Case is ignored, but a word that differs only in case ranks first.
    """

    __slots__ = ("_variants",)

    def __init__(self, words: Iterable[str]) -> None:
        self._variants: dict[str, list[str]] = defaultdict(list)
        for word in words:
            for variant in _deletions(word.lower()):
                self._variants[variant].append(word)

    def nearest(self, word: str, *, most: int | None = None) -> Near | None:
        """Return the nearest word, or None if none is within `most` edits.

        `most` defaults to `allowed_edits(word)`.
        """
        low = word.lower()
        limit = allowed_edits(word) if most is None else most
        found: dict[str, int] = {}
        for variant in _deletions(low):
            # A variant that many words share carries no information, and comparing all of them would take quadratic time.
            for known in self._variants.get(variant, ())[:64]:
                if known not in found and known != word:
                    found[known] = edits_between(low, known.lower(), limit) if limit else 2 * (known.lower() != low)
        near = sorted((edits, known) for known, edits in found.items() if edits <= limit)
        if not near:
            return None
        return Near(near[0][1], near[0][0], len(near) == 1 or near[1][0] > near[0][0])
