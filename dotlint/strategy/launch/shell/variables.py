"""What a script sets: the words of each variable, and which of them differ between its branches."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from dotlint.strategy.launch.shell.words import Document, ShellError, Word, has_options

_MOST_CHARACTERS: Final = 1 << 21


class Variables(Struct):
    """The words of each variable, the variables whose value depends on a branch, and how much was expanded.

    `watched` are the variables that a command may read itself, as `VLLM_PP_LAYER_PARTITION`; `choices` those of
    `undecided` that have options in a branch; `single` those whose options one branch sets and nothing else; `skipped` are
    the options that only a branch adds; `depth` is the number of
    branches around the current command; `documents` are the files that here-documents write, by name.
    """

    watched: tuple[str, ...] = ()
    words: dict[str, list[Word]] = field(default_factory=dict)
    undecided: set[str] = field(default_factory=set)
    choices: set[str] = field(default_factory=set)
    single: set[str] = field(default_factory=set)
    skipped: list[Word] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)
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
            words = [*before, *words] if len(before) != 1 or len(words) != 1 else [_appended(before[0], words[0])]
        elif self.depth and before is None:
            if has_options(words):
                self.single.add(name)
        elif self.depth and before is not None:
            added = None if name in self.single else _added(before, words)
            if added is not None:
                self.skipped.extend(added)
                return
            self.undecided.add(name)
            self.single.discard(name)
            if has_options(before) or has_options(words):
                self.choices.add(name)
        else:
            self._decide(name)
        self.words[name] = words

    def unset(self, name: str) -> None:
        """Forget a variable, or take it for undecided where only a branch unsets it."""
        if self.depth and name in self.words:
            self.undecided.add(name)
        elif not self.depth:
            self.words.pop(name, None)
            self._decide(name)

    def value(self, name: str) -> list[Word] | None:
        """Return the words of a variable; None if its value is unknown."""
        if name in self.single:  # elsewhere in the script, it is not set
            self.skipped.extend(piece for word in self.words.get(name, ()) for piece in word.split())
            return []
        return None if name in self.undecided else self.words.get(name)

    def _decide(self, name: str) -> None:
        for names in (self.undecided, self.choices, self.single):
            names.discard(name)


def _appended(one: Word, two: Word) -> Word:
    found = Word(one.text, [*one.at], one.unknown, one.start, one.choice)
    found.add(two.text, two.at, two.unknown, choice=two.choice)
    return found


def _added(before: list[Word], words: list[Word]) -> list[Word] | None:
    """Return what a new value adds to the end of that before, as in `A="$A -x"`; None if it is another value."""
    old, new = [word.text for word in before], [word.text for word in words]
    if old == new[: len(old)]:
        return words[len(old) :]
    if len(old) == len(new) == 1 and new[0].startswith(f"{old[0].rstrip()} "):
        return words[0].part(len(old[0].rstrip()) + 1, len(new[0])).split()
    return None
