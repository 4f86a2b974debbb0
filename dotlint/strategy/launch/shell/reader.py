"""Splits a script into commands: quotes, assignments, redirections, here-documents and branches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.strategy.launch.shell.cursor import Cursor
from dotlint.strategy.launch.shell.expansion import NAME, expand
from dotlint.strategy.launch.shell.redirections import Redirections, read_documents, redirect
from dotlint.strategy.launch.shell.variables import Branches
from dotlint.strategy.launch.shell.words import Command, ShellError, Word
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.strategy.launch.shell.variables import Value, Variables

_LETTERS: Final = regex(r"[^\s\\'\"$`=;&|()<>#]+")
_RUN: Final = regex(r"[^\s\\'\"$`;&|()<>#]+")
_QUOTED: Final = regex(r"[^\"\\$`]+")
_ASSIGNS: Final = frozenset({"export", "declare", "local", "readonly", "typeset"})
_LOOPS: Final = frozenset({"for", "while", "until", "do", "done"})
_BRANCHES: Final = frozenset({"if", "elif", "else", "fi", "case", "esac"})
_PREFIXES: Final = frozenset({"then", "{", "}", "!", "time", "function"}) | _LOOPS | _BRANCHES
_ENDS: Final = frozenset({"exit", "return", "exec"})
_TESTS: Final = frozenset({"[", "[[", "test"})
_MOST_DEPTH: Final = 16


def commands(text: str, at: Sequence[int], variables: Variables, depth: int = 0) -> Iterator[Command]:
    """Yield the commands of a text in order; `at` has the offset of each of its characters.

    Raises `ShellError` if a quote or parenthesis is not closed, or if variables expand to too much.
    """
    yield from Reader(text, at, variables, depth).commands()


class Reader(Cursor):
    """Reads one text from start to end."""

    def __init__(self, text: str, at: Sequence[int], variables: Variables, depth: int) -> None:
        """Start at the beginning of a text; `at` has the offset of each character, `depth` counts nested texts."""
        super().__init__(text, at, variables, depth)
        self.command = Command()
        self.before: dict[str, Value | None] = {}  # values before the assignments of this command
        self.loops = False  # this command is the head of a `for`
        self.tested = False  # a test was part of this list of commands
        self.redirections = Redirections()
        self.listing = False  # the text is a list of words, in which no word belongs to the shell's grammar
        if depth > _MOST_DEPTH:
            raise ShellError("nested too deeply", at[0] if at else 0)

    def commands(self) -> Iterator[Command]:
        """Yield the commands."""
        while self.index < len(self.text):
            character = self.text[self.index]
            if character == "\n" or character in ";&|()":
                if character == ")" and self.in_case:
                    self.end_pattern()
                yield from self.end_command()
                self.end_list(character)
                self.index += 1
                if character == "\n":
                    line, self.redirections = self.redirections, Redirections()
                    for script in read_documents(self, line):
                        yield from commands(script.text, script.at, self.variables, self.depth + 1)
            elif character in "<>":
                redirect(self, self.redirections)
            else:
                self.step(character)
        yield from self.end_command()
        self.end_list("\n")

    def words(self, inner: slice) -> list[Word]:
        """Return the words of a part of the text, whose line ends separate words, as those of an array."""
        reader = self.within(self.text[inner], self.at[inner])
        reader.listing = True
        return [word for command in reader.commands() for word in command.words]

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
            expand(self, quoted=False)
        elif character == "=" and self.opens_assignment():
            self.assign()
        else:
            run = (_RUN if character == "=" else _LETTERS).match(self.text, start)
            self.index = run.end() if run is not None else start + 1
            self.add(start, self.index)

    def escape(self) -> None:
        """Read a backslash and the character after it; both are nothing at the end of a line."""
        after = self.text[self.index + 1 : self.index + 3]
        if after[:1] == "\n" or after == "\r\n":
            self.index += 2 if after[:1] == "\n" else 3
            return
        self.add(self.index + 1, self.index + 2, plain=False)
        self.index += 2

    def quoted(self) -> None:
        """Read a text in double quotes."""
        start, fresh = self.index, self.word is None
        self.begin()
        self.plain = self.vanishes = False
        self.index += 1
        while self.index < len(self.text):
            character = self.text[self.index]
            if character == '"':
                self.index += 1
                if fresh and self.vanishes and self.word is not None and not self.word.text:
                    self.word = None
                return
            if character == "\\" and self.text[self.index + 1 : self.index + 2] in ('"', "\\", "$", "`", "\n"):
                if self.text[self.index + 1] != "\n":
                    self.add(self.index + 1, self.index + 2)
                self.index += 2
            elif character in "$`":
                expand(self, quoted=True)
            else:
                run = _QUOTED.match(self.text, self.index)
                end = run.end() if run is not None else self.index + 1
                self.add(self.index, end)
                self.index = end
        raise ShellError('this " is not closed', self.offset(start))

    def opens_assignment(self) -> bool:
        """Whether the `=` at this index ends the name of a variable that is set."""
        if self.word is None or not self.plain or self.assigned is not None or self.listing:
            return False
        if self.command.words and self.command.words[0].text not in _ASSIGNS:
            return False
        return bool(NAME.fullmatch(self.word.text.removesuffix("+")))

    def assign(self) -> None:
        """Begin the value of a variable, or read the words of an array."""
        assert self.word is not None
        name = self.word.text
        self.assigned = name.removesuffix("+"), name.endswith("+")
        self.before.setdefault(self.assigned[0], self.variables.values.get(self.assigned[0]))
        self.word = None
        self.index += 1
        if self.text[self.index : self.index + 1] == "(":
            words = self.words(self.enclosed("(", ")"))
            self.variables.set(self.assigned[0], words, more=self.assigned[1], array=True)
            self.assigned = None
        else:
            self.begin()

    def end_word(self) -> None:
        """End the word that is being read: it is a value, a file, a word of the shell's grammar, or one of the command."""
        if self.word is None:
            return
        word, self.word = self.word, None
        if self.redirections.awaited:
            self.redirections.awaited, self.redirections.file = False, "" if word.unknown else word.text
        elif self.assigned is not None:
            name, more = self.assigned
            self.assigned = None
            self.variables.set(name, [word], more=more)
        elif self.plain and not self.listing and not self.command.words and word.text in _PREFIXES:
            self.loops = word.text == "for"
            self.branch(word.text)
        elif word.text or not self.plain:
            self.command.words.append(word)

    def end_command(self) -> Iterator[Command]:
        """End the command that is being read, and yield it if it runs a program."""
        self.end_word()
        self.redirections.awaited = False
        command, self.command = self.command, Command()
        before, self.before = self.before, {}
        loops, self.loops = self.loops, False
        words = command.words
        if self.listing:
            yield command
            return
        if not words or words[0].text in _ASSIGNS:
            return
        if loops and len(words) > 2 and words[1].text == "in":
            self.loop(words[0].text, words[2:])
            return
        if words[0].text == "unset":
            for word in words[1:]:
                self.variables.restore(word.text, None)
            return
        self.redirections.end_command(words)
        self.tested = self.tested or words[0].text in _TESTS
        if words[0].text in _ENDS and self.variables.branches:
            self.variables.branches[-1].ended = True
        watched = {name: self.variables.value(name) for name in self.variables.watched}
        command.variables = {name: found[0] for name, found in watched.items() if found}
        for name, value in before.items():  # what is set before a command on its line is set for it alone
            self.variables.restore(name, value)
        yield command

    def loop(self, name: str, values: list[Word]) -> None:
        """Set the variable of a loop; its value is undecided if there are several."""
        self.variables.set(name, None if len(values) > 1 or values[0].unknown else values)

    @property
    def in_case(self) -> bool:
        """Whether the innermost construct is a `case`."""
        return bool(self.variables.branches) and self.variables.branches[-1].kind == "case"

    def end_pattern(self) -> None:
        """Drop the pattern of a `case` that a `)` ends; `*` stands for all other words."""
        self.end_word()
        if [word.text for word in self.command.words] == ["*"]:
            self.variables.branches[-1].complete = True
        self.command = Command()

    def branch(self, word: str) -> None:
        """Begin or end a branch at a word of the shell's grammar."""
        branches = self.variables.branches
        if word in ("if", "case"):
            branches.append(Branches("if" if word == "if" else "case"))
        elif word in _BRANCHES and branches and branches[-1].kind == ("case" if word == "esac" else "if"):
            if word in ("fi", "esac"):
                self.variables.end_branches()
            else:
                self.variables.next_branch()
                branches[-1].complete = word == "else"

    def end_list(self, separator: str) -> None:
        """Begin or end the part of a list of commands, joined by `&&` or `||`, that a test before it decides on.

        `;;` ends a branch of a `case`.
        """
        branches, index = self.variables.branches, self.index
        decides = bool(branches) and branches[-1].kind == "test"
        joins = separator in "&|" and separator * 2 in (self.text[index : index + 2], self.text[index - 1 : index + 1])
        if joins and self.tested and not decides:
            branches.append(Branches("test"))
        elif not joins:
            if decides:
                self.variables.end_branches()
            self.tested = False
            if separator == ";" and self.text[index - 1 : index] == ";" and self.in_case:
                self.variables.next_branch()
