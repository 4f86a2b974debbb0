"""The vocabulary of roles, from `rules/vocabulary.toml`."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from msgspec import Struct, field
from msgspec.json import decode
from msgspec.structs import replace

from dotlint.deployment.devices.reader import DeviceReader
from dotlint.deployment.devices.words import DeviceWords
from dotlint.deployment.words import part_spans
from dotlint.errors import DotlintError
from dotlint.files.reading import read_file, read_package_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

T = TypeVar("T")
_MOST_TEXTS = 65536
_LONGEST = 12  # parts of a compound that the splitting of words takes apart
Phrases = dict[str, list[tuple[tuple[str, ...], T]]]
"""The phrases and their meanings by their first word, the longest phrase first."""

Kind = Literal["communication", "computation", "routing", "io", "memory", "annotation"]

PHASES: Final[Mapping[str, str]] = {"prefill": "prefill", "decode": "decode", "dec": "decode", "decoding": "decode"}
"""The words that name a phase whatever is declared."""


class VocabularyError(DotlintError):
    """A vocabulary file with missing or invalid entries."""


class Role(Struct, frozen=True):
    """The role of an operator; `communicates` names the collective or transfer that it performs, if any.

    `drawn_as` are the kinds whose shapes are acceptable for it, its own kind first.
    """

    name: str
    kind: Kind
    communicates: str | None = None
    drawn_as: tuple[str, ...] = ()

    @property
    def collective(self) -> bool:
        """Whether several ranks take part at once: all-reduce, all-gather, reduce-scatter, all-to-all, broadcast."""
        return self.communicates in {"all-reduce", "all-gather", "reduce-scatter", "all-to-all", "broadcast"}


class Vocabulary(Struct, eq=False, dict=True):  # the dict is what the cached property writes to
    """Roles and their phrases, and the words of annotations, of numbers, of devices and of links between them.

    `axes` maps a word before a number to what the number may count (`stage`, `layer`, ...), with true where the word is
    clear and false where it is an abbreviation that may mean something else.
    """

    roles: dict[str, Role]
    shapes: dict[str, tuple[str, ...]]
    annotation_words: frozenset[str]
    annotation_titles: tuple[str, ...]
    summary_phrases: tuple[str, ...]
    axes: dict[str, dict[str, bool]]
    devices: DeviceReader
    links: frozenset[str]
    operators: dict[str, Any]  # the tables of `rules/operators.toml`
    statements: list[Any]
    _compounds: Phrases[str]
    _phrases: Phrases[tuple[int, Role]]
    _written: frozenset[str]  # every word that is known in one piece
    _split: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _known: dict[tuple[str, ...], tuple[Role, ...]] = field(default_factory=dict)
    phases: dict[str, str] = field(default_factory=lambda: dict(PHASES))  # the words that name phases, with the names

    def with_phases(self, names: Iterable[str]) -> Vocabulary:
        """Return the vocabulary with the names of declared phases."""
        added = {name: name for name in names if name and name not in self.phases}
        if not added:
            return self
        words = self.annotation_words | added.keys()
        return replace(self, phases={**self.phases, **added}, annotation_words=words)

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of all phrases, with compounds joined."""
        return frozenset(word for phrases in self._phrases.values() for phrase, _ in phrases for word in phrase)

    def axis_word(self, word: str, before: str) -> str:
        """Return the word or two words before a number that name what it counts; "" if they name nothing."""
        if not word:
            return ""
        phrase = f"{before} {word}"
        if phrase in self.axes:
            return phrase
        if word in self.axes:
            return word
        if word.isascii():
            glued = f"{word[:-4]} rank"  # `tprank`
            return glued if word.endswith("rank") and glued in self.axes else ""
        return max(
            (w for w in self.axes if not w.isascii() and (word.startswith(w) or word.endswith(w))), key=len, default=""
        )

    def normalize(self, text: str) -> str:
        """Return the words of a text in lower case with compounds joined: ` alltoall expert aggregation `."""
        return f" {' '.join(self.split(text))} "

    def split(self, text: str) -> tuple[str, ...]:
        """Return the words of a text in lower case, without numbers.

        A known word stays whole although capitals or digits take it apart (`SwiGLU`, `fc1`, `注意力`), and the words of
        a compound become one.
        """
        words = self._split.get(text)
        if words is None:
            words = tuple(self._join_compounds(self._join_parts(text)))
            if len(self._split) < _MOST_TEXTS:
                self._split[text] = words
        return words

    def _join_parts(self, text: str) -> list[str]:
        """Return the words of a text, known ones in one piece, without other numbers."""
        spans = part_spans(text)
        lower = text.lower()
        if len(lower) != len(text):
            lower = text
        words: list[str] = []
        at = 0
        while at < len(spans):
            start, end = touched = spans[at]
            at += 1
            for last, span in enumerate(spans[at : at + _LONGEST - 1], at + 1):
                if span[0] != touched[1]:
                    break
                touched = span
                if lower[start : span[1]] in self._written:
                    end, at = span[1], last
            word = lower[start:end]
            if not word.isdigit():
                words.append(word)
        return words

    def role(self, text: str) -> Role | None:
        """Return the role that a text means; among several, the first one in the vocabulary."""
        roles = self.roles_of(text)
        return roles[0] if roles else None

    def roles_of(self, text: str) -> tuple[Role, ...]:
        """Return all roles that a text may mean, in the order of the vocabulary."""
        words = self.split(text)
        if words not in self._known:
            found = [
                (at, at + len(phrase), *meaning)
                for at in range(len(words))
                for phrase, meaning in _longest_phrase(self._phrases, words, at)
            ]
            # A phrase inside a longer one does not count: `gate proj` is not a gate.
            whole = [m for m in found if not any(o[0] <= m[0] and m[1] <= o[1] and o[:2] != m[:2] for o in found)]
            ordered = {match[3].name: match[3] for match in sorted(whole, key=lambda match: match[2])}
            self._known[words] = tuple(ordered.values())
        return self._known[words]

    def _join_compounds(self, words: Sequence[str]) -> list[str]:
        joined: list[str] = []
        at = 0
        while at < len(words):
            for phrase, word in _longest_phrase(self._compounds, words, at):
                joined.append(word)
                at += len(phrase)
                break
            else:
                joined.append(words[at])
                at += 1
        return joined


def _longest_phrase(phrases: Phrases[T], words: Sequence[str], at: int) -> list[tuple[tuple[str, ...], T]]:
    """Return the longest phrase that starts at a position in the words, as a list of one or none."""
    for one in phrases.get(words[at], ()):
        if len(one[0]) == 1 or tuple(words[at : at + len(one[0])]) == one[0]:
            return [one]
    return []


def _by_first_word(meanings: dict[str, T]) -> Phrases[T]:
    found: Phrases[T] = {}
    for phrase, meaning in meanings.items():
        words = tuple(phrase.split())
        found.setdefault(words[0], []).append((words, meaning))
    for phrases in found.values():
        phrases.sort(key=lambda one: len(one[0]), reverse=True)
    return found


def _axes(table: dict[str, dict[str, list[str]]]) -> dict[str, dict[str, bool]]:
    found: dict[str, dict[str, bool]] = {}
    for axis, words in table.items():
        for kind, clear in (("words", True), ("short", False)):
            for word in words.get(kind, ()):
                found.setdefault(word, {})[axis] = clear
    return found


def read_vocabulary(table: dict[str, Any], where: str) -> Vocabulary:
    """Create a vocabulary from its TOML table. Raises `VocabularyError` if a part is missing or invalid."""
    try:
        meaning: dict[str, tuple[int, Role]] = {}
        roles: dict[str, Role] = {}
        for order, entry in enumerate(table["role"]):
            drawn_as = tuple(entry.get("drawn_as", (entry["kind"],)))
            role = Role(entry["name"], entry["kind"], entry.get("communicates"), drawn_as)
            roles[role.name] = role
            for phrase in entry["phrases"]:
                meaning.setdefault(phrase, (order, role))
        for phrase, one in list(meaning.items()):
            meaning.setdefault(phrase.replace(" ", ""), one)  # `oproj` is `o proj`
        compounds = {phrase: word for word, phrases in table["compounds"].items() for phrase in phrases}
        annotation = table["annotation"]
        return Vocabulary(
            roles=roles,
            shapes={kind: tuple(names) for kind, names in table["shapes"].items()},
            annotation_words=frozenset(annotation["words"]),
            annotation_titles=tuple(annotation["titles"]),
            summary_phrases=tuple(annotation["summaries"]),
            axes=_axes(table.get("axes", {})),
            links=frozenset(table["devices"]["links"]),
            operators=table["operators"],
            statements=table["statements"],
            devices=DeviceReader(DeviceWords.of(table["devices"])),
            _compounds=_by_first_word(compounds),
            _phrases=_by_first_word(meaning),
            _written=frozenset(
                word for phrase in (*meaning, *compounds, *annotation["words"]) for word in phrase.split()
            ).union(phrase.replace(" ", "") for phrase in compounds),
        )
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise VocabularyError(f"{where}: the vocabulary lacks {error}, or it has the wrong type") from error


@cache
def load_vocabulary(path: str, *more: str) -> Vocabulary:
    """Read a vocabulary file and extend it by the TOML texts of `more`. Raises `VocabularyError`.

    The file is TOML, or the compiled JSON of all rules. Roles of `more` come before those of the file, or replace the
    role of the same name; kinds of shapes and compounds are replaced by name; words of annotations and devices are added.
    """
    if path.endswith(".json") and not more:
        return read_vocabulary(_compiled_table(path), path)
    from dotlint.text.toml import read_toml  # noqa: PLC0415 - the built-in vocabulary is compiled

    try:
        table = _compiled_table(path) if path.endswith(".json") else read_tables(path, read_toml)
        for text in more:
            table = _merged_table(table, read_toml(text))
    except (OSError, ValueError) as error:
        raise VocabularyError(f"{path}: the vocabulary cannot be read: {error}") from error
    return read_vocabulary(table, path)


def read_tables(path: str, read_toml: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Read a vocabulary file and the operators beside it. Raises `OSError` and `ValueError`."""
    beside = path.removesuffix("vocabulary.toml") + "operators.toml"
    return read_toml(read_package_text(path)) | read_toml(read_package_text(beside))


class _Compiled(Struct):
    vocabulary: dict[str, Any]


def _compiled_table(path: str) -> dict[str, Any]:
    return decode(read_file(path), type=_Compiled).vocabulary


def _merged_table(table: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(more) - set(table))
    if unknown:
        raise VocabularyError(f"unknown vocabulary table `{unknown[0]}`: use one of {', '.join(sorted(table))}")
    try:
        own = {role["name"]: role for role in more.get("role", ())}
        there = {role["name"] for role in table["role"]}
        added = {
            name: {key: [*words, *more.get(name, {}).get(key, ())] for key, words in table[name].items()}
            for name in ("annotation", "devices")
        }
        axes = {
            axis: {kind: [*words, *more.get("axes", {}).get(axis, {}).get(kind, ())] for kind, words in kinds.items()}
            for axis, kinds in table["axes"].items()
        }
        return {
            **table,
            "shapes": {**table["shapes"], **more.get("shapes", {})},
            "compounds": {**table["compounds"], **more.get("compounds", {})},
            "role": [
                *(role for name, role in own.items() if name not in there),
                *(own.get(role["name"], role) for role in table["role"]),
            ],
            "axes": axes,
            "operators": {**table["operators"], **more.get("operators", {})},
            "statements": [*more.get("statements", ()), *table["statements"]],
            **added,
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise VocabularyError(f"the vocabulary lacks {error}, or it has the wrong type") from error
