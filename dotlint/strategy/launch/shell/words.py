"""Words and commands, each character with its offset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_WORD: Final = 1 << 16


class ShellError(Exception):
    """A text that cannot be split into words; `offset` is where."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class Word(Struct):
    """A word: its text, the offset of each character, and the part of it whose value is unknown.

    `choices` are the options that this part has in one branch of the script or another.
    """

    text: str = ""
    at: list[int] = field(default_factory=list)
    unknown: str = ""
    start: int = 0
    choices: tuple[str, ...] = ()

    def add(self, text: str, at: Sequence[int], unknown: str = "", choices: tuple[str, ...] = ()) -> None:
        """Append characters."""
        if len(self.text) + len(text) > _LONGEST_WORD:
            raise ShellError("this word is too long", self.start)
        self.text += text
        self.at.extend(at)
        self.unknown = self.unknown or unknown
        self.choices = (*self.choices, *choices)

    @property
    def offsets(self) -> Sequence[int]:
        """The offset of each character; of the word itself if it is empty."""
        return self.at or [self.start]

    def part(self, start: int, end: int) -> Word:
        """Return the characters from `start` to `end` as a word, unknown if they overlap what is."""
        first = self.text.find(self.unknown) if self.unknown else end
        unknown = self.unknown if first < end and start < first + len(self.unknown) else ""
        at = self.at[start:end]
        return Word(self.text[start:end], at, unknown, at[0] if at else self.start, self.choices if unknown else ())

    def split(self) -> list[Word]:
        """Split at white space, as a shell does where a value is not quoted; at least one word, maybe empty.

        The part that is unknown stays whole.
        """
        first = self.text.find(self.unknown) if self.unknown else len(self.text)
        whole = range(first, first + len(self.unknown))
        ends = [i for i, character in enumerate(self.text) if character in " \t\r\n" and i not in whole]
        pieces: list[Word] = []
        start = 0
        for end in (*ends, len(self.text)):
            if end > start:
                pieces.append(self.part(start, end))
            start = end + 1
        return pieces or [Word(start=self.start)]


class Command(Struct):
    """The words of a command, and the values that watched variables have for it."""

    words: list[Word] = field(default_factory=list)
    variables: dict[str, Word] = field(default_factory=dict)


class Document(Struct, frozen=True):
    """A file that the script writes from a here-document."""

    text: str
    at: Sequence[int]


def joined(words: Sequence[Word], between: str = " ") -> Word:
    """Return words as one, with spaces between them, as an assignment joins those of a variable."""
    found = Word(start=words[0].start if words else 0)
    for number, word in enumerate(words):
        if number and between:
            found.add(between, [word.start])
        found.add(word.text, word.at, word.unknown, word.choices)
    return found


def options_in(words: Sequence[Word]) -> list[str]:
    """Return the parts of words that look like options."""
    return [part for word in words for part in word.text.split() if part.startswith("-")]
