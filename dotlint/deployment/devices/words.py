"""The words that name devices, from the `[devices]` table of the vocabulary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable


class DeviceWords(Struct, frozen=True):
    """Words in lower case, singular and plural.

    `names` are words that always mean a device; `unsure` may mean one (`rank`), which the whole file decides; `hosts`
    are machines with devices.
    """

    names: frozenset[str]
    unsure: frozenset[str]
    hosts: frozenset[str]
    plurals: frozenset[str]
    stems: tuple[str, ...]
    letters: re.Pattern[str] | None

    @classmethod
    def of(cls, table: dict[str, Any]) -> DeviceWords:
        """Read the table. Raises `KeyError` or `TypeError` if a list is missing or is none."""
        names, unsure, hosts = (tuple(table[key]) for key in ("names", "unsure", "hosts"))
        letters = [word for word in unsure if len(word) == 1]
        longer = [*names, *(word for word in unsure if len(word) > 1)]
        return cls(
            _with_plurals(names),
            _with_plurals(unsure),
            _with_plurals(hosts),
            frozenset(word + "s" for word in (*names, *unsure) if word.isascii()),
            tuple(word for word in longer if not any(word != other and other in word for other in longer)),
            re.compile(rf"\b(?:{'|'.join(map(re.escape, letters))})\d") if letters else None,
        )

    def may_be_in(self, text: str) -> bool:
        """Return whether a text has anything that may name a device; most lines of labels have not."""
        lower = text.lower()
        for stem in self.stems:
            at = lower.find(stem)
            while at >= 0:
                if at == 0 or not "a" <= lower[at - 1] <= "z":  # `output` has a `tpu` inside
                    return True
                at = lower.find(stem, at + 1)
        return self.letters is not None and self.letters.search(lower) is not None

    def named(self, text: str) -> str | None:
        """Return the word in a token that always means a device: the token, or the end of a run of Chinese."""
        if text in self.names:
            return text
        return None if text.isascii() else next((w for w in self.names if not w.isascii() and text.endswith(w)), None)


def _with_plurals(words: Iterable[str]) -> frozenset[str]:
    return frozenset(form for word in words for form in ((word, word + "s") if word.isascii() else (word,)))
