"""A position in a text, and the word that is read there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

from dotlint.strategy.launch.shell.words import ShellError, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.strategy.launch.shell.variables import Variables


class Cursor(ABC):
    """Where a text is read; `word` is the one that is being read, `assigned` the variable of which it is the value."""

    def __init__(self, text: str, at: Sequence[int], variables: Variables, depth: int) -> None:
        """Start at the beginning of a text; `at` has the offset of each character, `depth` counts nested texts."""
        self.text, self.at, self.variables, self.depth = text, at, variables, depth
        self.index = 0
        self.word: Word | None = None
        self.plain = True  # no part of the word is quoted or expanded
        self.assigned: tuple[str, bool] | None = None
        self.vanishes = False  # the text in quotes is that of an array without elements

    @abstractmethod
    def words(self, inner: slice) -> list[Word]:
        """Return the words of a part of the text, whose line ends separate words, as those of an array."""

    @abstractmethod
    def end_word(self) -> None:
        """End the word that is being read."""

    def within(self, text: str, at: Sequence[int]) -> Self:
        """Return a cursor in a part of the script, with the same variables."""
        return type(self)(text, at, self.variables, self.depth + 1)

    def offset(self, index: int) -> int:
        """Return the offset in the source of a character of the text."""
        return self.at[min(index, len(self.at) - 1)] if self.at else 0

    def closing(self, mark: str, start: int) -> int:
        """Return the index of the next mark. Raises `ShellError` if there is none."""
        end = self.text.find(mark, start)
        if end < 0:
            raise ShellError(f"this {mark} is not closed", self.offset(start - 1))
        return end

    def end_of_quoted(self, start: int) -> int:
        """Return the index of the double quote that closes a text. Raises `ShellError` if there is none."""
        index = start
        while self.text[index : index + 1] != '"':
            if index >= len(self.text):
                raise ShellError('this " is not closed', self.offset(start - 1))
            index += 2 if self.text[index] == "\\" else 1
        return index

    def begin(self) -> Word:
        """Return the word that is being read, a new one after a separator."""
        if self.word is None:
            self.word, self.plain = Word(start=self.offset(self.index)), True
        return self.word

    def add(self, start: int, end: int, *, plain: bool = True) -> None:
        """Add characters of the text to the word."""
        self.begin().add(self.text[start:end], self.at[start:end])
        self.plain = self.plain and plain

    def number(self, name: str) -> str | None:
        """Return the value of a variable for arithmetic; None if it is unknown."""
        words = self.variables.value(name)
        return words[0].text if words and len(words) == 1 and not words[0].unknown else None

    def enclosed(self, opening: str, closing: str) -> slice:
        """Return the span between the mark at this index and the one that closes it, and continue after that one."""
        start, depth, index = self.index, 0, self.index
        while index < len(self.text):
            character = self.text[index]
            if character == "\\":
                index += 1
            elif character == "'" and opening != "{":
                index = self.closing("'", index + 1)
            elif character == '"' and opening == "(":
                index = self.end_of_quoted(index + 1)
            elif character == "#" and opening == "(" and self.text[index - 1].isspace():
                end = self.text.find("\n", index)
                index = len(self.text) if end < 0 else end
            elif character == opening:
                depth += 1
            elif character == closing:
                depth -= 1
                if not depth:
                    self.index = index + 1
                    return slice(start + 1, index)
            index += 1
        raise ShellError(f"this {opening} is not closed", self.offset(start))
