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
    are machines with devices. `sure` matches a text that may name a device.
    """

    names: frozenset[str]
    unsure: frozenset[str]
    hosts: frozenset[str]
    plurals: frozenset[str]
    sure: re.Pattern[str]

    @classmethod
    def of(cls, table: dict[str, Any]) -> DeviceWords:
        """Read the table. Raises `KeyError` or `TypeError` if a list is missing or is none."""
        names, unsure, hosts = (tuple(table[key]) for key in ("names", "unsure", "hosts"))
        letters = [word for word in unsure if len(word) == 1]
        words = [*names, *(word for word in unsure if len(word) > 1)]
        pattern = "|".join(map(re.escape, words))
        if letters:
            pattern += rf"|\b(?:{'|'.join(map(re.escape, letters))})\d"
        return cls(
            _with_plurals(names),
            _with_plurals(unsure),
            _with_plurals(hosts),
            frozenset(word + "s" for word in (*names, *unsure) if word.isascii()),
            re.compile(pattern, re.IGNORECASE),
        )

    def named(self, text: str) -> str | None:
        """Return the word in a token that always means a device: the token, or the end of a run of Chinese."""
        if text in self.names:
            return text
        return None if text.isascii() else next((w for w in self.names if not w.isascii() and text.endswith(w)), None)


def _with_plurals(words: Iterable[str]) -> frozenset[str]:
    return frozenset(form for word in words for form in ((word, word + "s") if word.isascii() else (word,)))
