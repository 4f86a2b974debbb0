"""The vocabulary of roles, read from `rules/vocabulary.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from dotlint.deployment.words import plain_words
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["communication", "computation", "routing", "io", "memory", "annotation"]


class VocabularyError(DotlintError):
    """A vocabulary file that does not say what one has to say."""


class Role(Struct, frozen=True):
    """What an operator is: `communicates` names the collective or transfer that it performs, if any.

    `drawn_as` are the kinds whose shapes are right for it, its own first.
    """

    name: str
    kind: Kind
    communicates: str | None = None
    drawn_as: tuple[str, ...] = ()

    @property
    def collective(self) -> bool:
        """Whether several ranks take part at once: all-reduce, all-gather, reduce-scatter, all-to-all, broadcast."""
        return self.communicates in {"all-reduce", "all-gather", "reduce-scatter", "all-to-all", "broadcast"}


class Vocabulary(Struct):
    """Roles with the phrases that mean them, the convention of shapes, and the words of annotations."""

    roles: dict[str, Role]
    shapes: dict[str, tuple[str, ...]]
    annotation_words: frozenset[str]
    annotation_titles: tuple[str, ...]
    summary_phrases: tuple[str, ...]
    _compounds: re.Pattern[str]
    _joined: dict[str, str]
    _phrases: re.Pattern[str]
    _meaning: dict[str, tuple[int, Role]]
    _known: dict[str, Role | None] = field(default_factory=dict)

    def normalise(self, text: str) -> str:
        """Give the words of a text in lower case with compounds joined: ` alltoall expert aggregation `."""
        words = plain_words(text)
        return self._compounds.sub(lambda match: f" {self._joined[match[0].strip()]}", words)

    def role(self, text: str) -> Role | None:
        """Find the role that a text means; among several the one that stands first in the vocabulary."""
        words = plain_words(text)
        if words not in self._known:
            found = [
                (*match.span(1), *self._meaning[match[1]]) for match in self._phrases.finditer(self.normalise(text))
            ]
            # A phrase inside a longer one says less: `gate proj` is no gate.
            whole = [m for m in found if not any(o[0] <= m[0] and m[1] <= o[1] and o[:2] != m[:2] for o in found)]
            self._known[words] = min(whole, key=lambda match: match[2])[3] if whole else None
        return self._known[words]


def _alternatives(phrases: list[str]) -> str:
    return "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))


def read_vocabulary(table: dict[str, Any], where: str) -> Vocabulary:
    """Build a vocabulary from its TOML table; raises `VocabularyError` where a part is missing or of a wrong kind."""
    try:
        joined = {phrase: word for word, phrases in table["compounds"].items() for phrase in phrases}
        compounds = re.compile(f" (?:{_alternatives(list(joined))})(?= )")
        meaning: dict[str, tuple[int, Role]] = {}
        roles: dict[str, Role] = {}
        for order, entry in enumerate(table["role"]):
            drawn_as = tuple(entry.get("drawn_as", (entry["kind"],)))
            role = Role(entry["name"], entry["kind"], entry.get("communicates"), drawn_as)
            roles[role.name] = role
            for phrase in entry["phrases"]:
                meaning.setdefault(phrase, (order, role))
        annotation = table["annotation"]
        return Vocabulary(
            roles=roles,
            shapes={kind: tuple(names) for kind, names in table["shapes"].items()},
            annotation_words=frozenset(annotation["words"]),
            annotation_titles=tuple(annotation["titles"]),
            summary_phrases=tuple(annotation["summaries"]),
            _compounds=compounds,
            _joined=joined,
            # A look-ahead, so that phrases that overlap are all seen; the longest of each place counts.
            _phrases=re.compile(f"(?<= )(?=({_alternatives(list(meaning))}) )"),
            _meaning=meaning,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise VocabularyError(f"{where}: the vocabulary lacks or misplaces {error}") from error


@cache
def load_vocabulary(path: Path, *more: str) -> Vocabulary:
    """Read a vocabulary file and put the TOML texts of `more` over it; raises `VocabularyError`.

    Roles of `more` stand before those of the file, or take the place of the one of their name; kinds of shapes and
    compounds are replaced by name; words of annotations are added.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        for text in more:
            table = _extended(table, tomllib.loads(text))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise VocabularyError(f"{path}: the vocabulary cannot be read: {error}") from error
    return read_vocabulary(table, str(path))


def _extended(table: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(more) - set(table))
    if unknown:
        raise VocabularyError(f"a vocabulary has no `{unknown[0]}`; there are {', '.join(sorted(table))}")
    try:
        own = {role["name"]: role for role in more.get("role", ())}
        there = {role["name"] for role in table["role"]}
        annotation = {
            key: [*words, *more.get("annotation", {}).get(key, ())] for key, words in table["annotation"].items()
        }
        return {
            **table,
            "shapes": {**table["shapes"], **more.get("shapes", {})},
            "compounds": {**table["compounds"], **more.get("compounds", {})},
            "role": [
                *(role for name, role in own.items() if name not in there),
                *(own.get(role["name"], role) for role in table["role"]),
            ],
            "annotation": annotation,
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise VocabularyError(f"a vocabulary lacks or misplaces {error}") from error
