"""The commands of a shell script, read as a shell splits them into words, with the offset of every character.

Nothing is run and no variable of the environment is read: a word with a command substitution, or with a variable that
the script does not set, is marked as unknown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from dotlint.strategy.launch.arithmetic import evaluated
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NAME: Final = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETER: Final = regex(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<all>\[[@*]\])?(?:(?P<op>:?[-=])(?P<default>.*))?", re.DOTALL
)
_LETTERS: Final = regex(r"[^\s\\'\"$`=;&|()<>#]+")
_RUN: Final = regex(r"[^\s\\'\"$`;&|()<>#]+")
_QUOTED: Final = regex(r"[^\"\\$`]+")
_ASSIGNS: Final = frozenset({"export", "declare", "local", "readonly", "typeset"})
_OPENS: Final = frozenset({"if", "for", "while", "until", "case"})
_CLOSES: Final = frozenset({"fi", "done", "esac"})
_PREFIXES: Final = frozenset({"then", "else", "elif", "do", "{", "}", "!", "time", "function"}) | _OPENS | _CLOSES
_MOST_CHARACTERS: Final = 1 << 21
_LONGEST_WORD: Final = 1 << 16
_MOST_DEPTH: Final = 16


class ShellError(Exception):
    """A text that cannot be split into words; `offset` is where."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class Word(Struct):
    """A word: its text, the offset of each character, and the part of it whose value is unknown."""

    text: str = ""
    at: list[int] = field(default_factory=list)
    unknown: str = ""
    start: int = 0

    def add(self, text: str, at: Sequence[int], unknown: str = "") -> None:
        """Append characters."""
        if len(self.text) + len(text) > _LONGEST_WORD:
            raise ShellError("this word is too long", self.start)
        self.text += text
        self.at.extend(at)
        self.unknown = self.unknown or unknown

    @property
    def offsets(self) -> Sequence[int]:
        """The offset of each character; of the word itself if it is empty."""
        return self.at or [self.start]


class Command(Struct):
    """The words of a command, and the values that watched variables have for it."""

    words: list[Word] = field(default_factory=list)
    variables: dict[str, Word] = field(default_factory=dict)


class Variables(Struct):
    """What a script has set: the words of each variable, those that differ between branches, and how much was expanded.

    `watched` are the variables that a command may read itself, as `VLLM_PP_LAYER_PARTITION`.
    """

    watched: tuple[str, ...] = ()
    words: dict[str, list[Word]] = field(default_factory=dict)
    undecided: set[str] = field(default_factory=set)
    skipped: list[Word] = field(default_factory=list)
    depth: int = 0
    expanded: int = 0

    def expand(self, size: int, offset: int) -> None:
        """Count characters that variables expand to. Raises `ShellError` if there are too many in all."""
        self.expanded += size
        if self.expanded > _MOST_CHARACTERS:
            raise ShellError("the variables expand to too much text", offset)

    def set(self, name: str, words: list[Word], *, more: bool) -> None:
        """Set a variable, or with `more` append to it; a value that only a branch sets is undecided."""
        before = self.words.get(name)
        if more and before is not None:
            if self.depth:
                self.skipped.extend(words)
                return
            self.expand(sum(len(word.text) + 1 for word in before), words[0].start if words else 0)
            words = [*before, *words] if len(before) != 1 or len(words) != 1 else [_joined(before[0], words[0])]
        elif self.depth and before is not None and [w.text for w in before] != [w.text for w in words]:
            self.undecided.add(name)
        elif not self.depth:
            self.undecided.discard(name)
        self.words[name] = words

    def value(self, name: str) -> list[Word] | None:
        """Return the words of a variable; None if its value is unknown."""
        return None if name in self.undecided else self.words.get(name)


def _joined(one: Word, two: Word) -> Word:
    return Word(one.text + two.text, [*one.at, *two.at], one.unknown or two.unknown, one.start)


def commands(text: str, at: Sequence[int], variables: Variables, depth: int = 0) -> Iterator[Command]:
    """Yield the commands of a text in order; `at` has the offset of each of its characters.

    Raises `ShellError` if a quote or parenthesis is not closed, or if variables expand to too much.
    """
    if depth > _MOST_DEPTH:
        raise ShellError("nested too deeply", at[0] if at else 0)
    yield from _Reader(text, at, variables, depth).commands()


class _Reader:
    """Reads one text from start to end."""

    def __init__(self, text: str, at: Sequence[int], variables: Variables, depth: int) -> None:
        self.text, self.at, self.variables, self.depth = text, at, variables, depth
        self.index = 0
        self.command = Command()
        self.word: Word | None = None
        self.plain = True  # no part of the word is quoted or expanded
        self.assigned: tuple[str, bool] | None = None
        self.before: dict[str, list[Word] | None] = {}  # values before the assignments of this command
        self.documents: list[str] = []

    def commands(self) -> Iterator[Command]:
        while self.index < len(self.text):
            character = self.text[self.index]
            if character == "\n" or character in ";&|()":
                yield from self.end_command()
                self.index += 1
                if character == "\n":
                    self.skip_documents()
            elif character in "<>":
                self.redirect()
            else:
                self.step(character)
        yield from self.end_command()

    def step(self, character: str) -> None:
        """Read one character of a word, or one expansion or quoted part."""
        start = self.index
        if character in " \t\r":
            self.end_word()
            self.index += 1
        elif character == "#" and self.word is None:
            end = self.text.find("\n", start)
            self.index = len(self.text) if end < 0 else end
        elif character == "\\":
            self.escape()
        elif character == "'":
            end = self.closing("'", start + 1)
            self.add(start + 1, end, plain=False)
            self.index = end + 1
        elif character == '"':
            self.quoted()
        elif character in "$`":
            self.expand(quoted=False)
        elif character == "=" and self.opens_assignment():
            self.assign()
        else:
            run = (_RUN if character == "=" else _LETTERS).match(self.text, start)
            self.index = run.end() if run is not None else start + 1
            self.add(start, self.index)

    def offset(self, index: int) -> int:
        return self.at[min(index, len(self.at) - 1)] if self.at else 0

    def closing(self, mark: str, start: int) -> int:
        end = self.text.find(mark, start)
        if end < 0:
            raise ShellError(f"this {mark} is not closed", self.offset(start - 1))
        return end

    def begin(self) -> Word:
        if self.word is None:
            self.word, self.plain = Word(start=self.offset(self.index)), True
        return self.word

    def add(self, start: int, end: int, *, plain: bool = True) -> None:
        self.begin().add(self.text[start:end], self.at[start:end])
        self.plain = self.plain and plain

    def escape(self) -> None:
        after = self.text[self.index + 1 : self.index + 3]
        if after[:1] == "\n" or after == "\r\n":
            self.index += 2 if after[:1] == "\n" else 3
            return
        self.add(self.index + 1, self.index + 2, plain=False)
        self.index += 2

    def quoted(self) -> None:
        start = self.index
        self.begin()
        self.plain = False
        self.index += 1
        while self.index < len(self.text):
            character = self.text[self.index]
            if character == '"':
                self.index += 1
                return
            if character == "\\" and self.text[self.index + 1 : self.index + 2] in ('"', "\\", "$", "`", "\n"):
                if self.text[self.index + 1] != "\n":
                    self.add(self.index + 1, self.index + 2)
                self.index += 2
            elif character in "$`":
                self.expand(quoted=True)
            else:
                run = _QUOTED.match(self.text, self.index)
                end = run.end() if run is not None else self.index + 1
                self.add(self.index, end)
                self.index = end
        raise ShellError('this " is not closed', self.offset(start))

    def opens_assignment(self) -> bool:
        """Whether the `=` at this index ends the name of a variable that is set."""
        if self.word is None or not self.plain or self.assigned is not None:
            return False
        if self.command.words and self.command.words[0].text not in _ASSIGNS:
            return False
        return bool(_NAME.fullmatch(self.word.text.removesuffix("+")))

    def assign(self) -> None:
        assert self.word is not None
        name = self.word.text
        self.assigned = name.removesuffix("+"), name.endswith("+")
        self.before.setdefault(self.assigned[0], self.variables.words.get(self.assigned[0]))
        self.word = None
        self.index += 1
        if self.text[self.index : self.index + 1] == "(":
            inner = self.enclosed("(", ")")
            words = list(_words(self.text[inner], self.at[inner], self.variables, self.depth + 1))
            self.variables.set(self.assigned[0], words, more=self.assigned[1])
            self.assigned = None
        else:
            self.begin()

    def enclosed(self, opening: str, closing: str) -> slice:
        """Return the span between the mark at this index and the one that closes it, and continue after that one."""
        start, depth, index = self.index, 0, self.index
        while index < len(self.text):
            character = self.text[index]
            if character == "\\":
                index += 1
            elif character == "'" and opening != "{":
                index = self.closing("'", index + 1)
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

    def expand(self, *, quoted: bool) -> None:
        """Read what `$` or a back quote at this index stands for."""
        start = self.index
        word = self.begin()
        if self.text[start] == "`":
            self.index = self.closing("`", start + 1) + 1
            self.unknown(word, start)
            return
        following = self.text[start + 1 : start + 2]
        self.index += 1
        if following == "(":
            inner = self.enclosed("(", ")")
            body = self.text[inner]
            value = evaluated(body[1:-1], self.number) if body[:1] == "(" and body[-1:] == ")" else None
            if value is None:
                self.unknown(word, start)
            else:
                word.add(str(value), [self.offset(start)] * len(str(value)))
        elif following == "{":
            inner = self.enclosed("{", "}")
            self.parameter(word, start, inner, quoted=quoted)
        else:
            name = _NAME.match(self.text, start + 1)
            if name is not None:
                self.index = name.end()
                self.variable(name[0], start, None, quoted=quoted)
            elif following and following in "0123456789@*#?!$-":
                self.index += 1
                self.unknown(word, start)
            else:
                word.add("$", [self.offset(start)])
        self.plain = False

    def number(self, name: str) -> str | None:
        words = self.variables.value(name)
        return words[0].text if words and len(words) == 1 and not words[0].unknown else None

    def unknown(self, word: Word, start: int) -> None:
        text = self.text[start : self.index]
        word.add(text, self.at[start : self.index], text)

    def parameter(self, word: Word, start: int, inner: slice, *, quoted: bool) -> None:
        match = _PARAMETER.fullmatch(self.text[inner])
        if match is None:
            self.unknown(word, start)
            return
        default = None
        if match["op"] is not None:
            span = slice(inner.start + match.start("default"), inner.stop)
            default = list(_words(self.text[span], self.at[span], self.variables, self.depth + 1))
        self.variable(match["name"], start, default, quoted=quoted, each=match["all"] == "[@]")

    def variable(self, name: str, start: int, default: list[Word] | None, *, quoted: bool, each: bool = False) -> None:
        """Add the value of a variable: split at white space if not quoted; `each` element of an array is a word."""
        found = self.variables.value(name)
        words = found if found is not None else default
        if words is None or name in self.variables.undecided:
            self.unknown(self.begin(), start)
            return
        self.variables.expand(sum(len(word.text) + 1 for word in words), self.offset(start))
        if quoted and not each:
            words = words[:1]  # "$ARGS" is the first element
        pieces = [piece for word in words for piece in ([word] if quoted else _split(word))]
        for number, piece in enumerate(pieces):
            if number:
                self.end_word()
            self.begin().add(piece.text, piece.at, piece.unknown)

    def end_word(self) -> None:
        if self.word is None:
            return
        word, self.word = self.word, None
        if self.assigned is not None:
            name, more = self.assigned
            self.assigned = None
            self.variables.set(name, [word], more=more)
        elif self.plain and not self.command.words and word.text in _PREFIXES:
            self.variables.depth += (word.text in _OPENS) - (word.text in _CLOSES)
        elif word.text or not self.plain:
            self.command.words.append(word)

    def end_command(self) -> Iterator[Command]:
        self.end_word()
        command, self.command = self.command, Command()
        before, self.before = self.before, {}
        if not command.words or command.words[0].text in _ASSIGNS:
            return
        words = self.variables.words
        command.variables = {name: words[name][0] for name in self.variables.watched if words.get(name)}
        for name, value in before.items():  # what is set before a command on its line is set for it alone
            if value is None:
                words.pop(name, None)
            else:
                words[name] = value
        yield command

    def redirect(self) -> None:
        text = self.text
        if text.startswith("<<", self.index) and not text.startswith("<<<", self.index):
            self.index += 2
            while self.index < len(text) and text[self.index] in "- \t":
                self.index += 1
            start = self.index
            while self.index < len(text) and not text[self.index].isspace() and text[self.index] not in ";&|<>":
                self.index += 1
            self.documents.append(text[start : self.index].strip("'\"\\"))
            return
        self.end_word()
        while self.index < len(text) and text[self.index] in "<>&|":
            self.index += 1

    def skip_documents(self) -> None:
        """Skip the here-documents that the command before this line reads."""
        for mark in self.documents:
            while mark and self.index < len(self.text):
                end = self.text.find("\n", self.index)
                line = self.text[self.index : None if end < 0 else end]
                self.index = len(self.text) if end < 0 else end + 1
                if line.strip() == mark:
                    break
        self.documents.clear()


def _words(text: str, at: Sequence[int], variables: Variables, depth: int) -> Iterator[Word]:
    """Yield the words of an array or a default value, whose line ends separate words."""
    for command in commands(text, at, variables, depth):
        yield from command.words


def _split(word: Word) -> list[Word]:
    """Split a value at white space, as a shell does where it is not quoted; at least one word, maybe empty."""
    pieces: list[Word] = []
    start = 0
    text = word.text
    for index in range(len(text) + 1):
        if index == len(text) or text[index] in " \t\r\n":
            if index > start:
                piece = text[start:index]
                unknown = word.unknown if word.unknown and word.unknown in piece else ""
                pieces.append(Word(piece, word.at[start:index], unknown, word.at[start]))
            start = index + 1
    return pieces or [Word(start=word.start)]
