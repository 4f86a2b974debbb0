"""What a script sets: the words of each variable, and those that depend on which of its branches runs."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct, field

from dotlint.strategy.launch.shell.words import Document, ShellError, Word, joined, options_in

_MOST_CHARACTERS: Final = 1 << 21


class Value(Struct, frozen=True):
    """The words of a variable; None if they are unknown, and then the options that it has in any branch.

    `added` are options that only a branch adds to the words.
    """

    words: list[Word] | None
    choices: tuple[str, ...] = ()
    added: tuple[Word, ...] = ()

    @property
    def texts(self) -> tuple[str, ...] | None:
        """The texts of the words, by which values are compared."""
        return None if self.words is None else tuple(word.text for word in self.words)


class Branches(Struct):
    """An `if`, a `case`, or a test before `&&`: what its branches set, and whether one of them runs in any case.

    `before` has the values that the current branch has changed, as they were; `ended` is whether it leaves the script.
    """

    kind: Literal["if", "case", "test"]
    before: dict[str, Value | None] = field(default_factory=dict)
    outcomes: list[dict[str, Value | None]] = field(default_factory=list)
    complete: bool = False
    ended: bool = False


class Variables(Struct):
    """The values of all variables, the branches around the current command, and how much was expanded.

    `watched` are the variables that a command may read itself, as `VLLM_PP_LAYER_PARTITION`; `skipped` the options that
    only a branch adds to those that were used; `documents` the files that here-documents write, by name.
    """

    watched: tuple[str, ...] = ()
    values: dict[str, Value] = field(default_factory=dict)
    branches: list[Branches] = field(default_factory=list)
    skipped: list[Word] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)
    expanded: int = 0

    def expand(self, size: int, offset: int) -> None:
        """Count characters that variables expand to. Raises `ShellError` if there are too many in all."""
        self.expanded += size
        if self.expanded > _MOST_CHARACTERS:
            raise ShellError("the variables expand to too much text", offset)

    def set(self, name: str, words: list[Word] | None, *, more: bool = False, array: bool = False) -> None:
        """Set a variable or an array, with `more` append to it; `words` are None where its value is unknown."""
        before = self.values.get(name)
        if more and words is not None and before is not None:
            if before.words is None:
                return
            self.expand(sum(len(word.text) + 1 for word in before.words), words[0].start if words else 0)
            one = not array and len(before.words) <= 1
            words = [joined([*before.words, *words], "")] if one else [*before.words, *words]
            self.restore(name, Value(words, added=before.added))
        else:
            self.restore(name, Value(words))

    def restore(self, name: str, value: Value | None) -> None:
        """Give a variable a value, or with None unset it."""
        if self.branches:
            self.branches[-1].before.setdefault(name, self.values.get(name))
        if value is None:
            self.values.pop(name, None)
        else:
            self.values[name] = value

    def value(self, name: str) -> list[Word] | None:
        """Return the words of a variable; None if its value is unknown."""
        found = self.values.get(name)
        if found is None:
            return None
        self.skipped.extend(found.added)
        return found.words

    def next_branch(self) -> None:
        """End a branch of the innermost construct: the values are again those before it."""
        inner = self.branches[-1]
        if not inner.ended:
            inner.outcomes.append({name: self.values.get(name) for name in inner.before})
        for name, value in inner.before.items():
            if value is None:
                self.values.pop(name, None)
            else:
                self.values[name] = value
        inner.before, inner.ended = {}, False

    def end_branches(self) -> None:
        """End the innermost construct: what its branches set differently is unknown."""
        self.next_branch()
        inner = self.branches.pop()
        for name in dict.fromkeys(name for outcome in inner.outcomes for name in outcome):
            base = self.values.get(name)
            found = [outcome.get(name, base) for outcome in inner.outcomes]
            self.restore(name, _merged(base, found if inner.complete else [base, *found]))


def _merged(base: Value | None, values: list[Value | None]) -> Value | None:
    """Return the value after branches that leave a variable with these, of which None are unset."""
    known = [value for value in values if value is not None]
    if not known:
        return None if values else base
    if all(value.texts == known[0].texts for value in known) and known[0].words is not None:
        words = known[0].words
        if len(known) == len(values) or not options_in(words):
            return known[0]
        return Value([], added=tuple(piece for word in words for piece in word.split()))
    if base is not None and base.words is not None:
        added = [None if value is None else _added(base.words, value) for value in values]
        extra = [word for each in added if each is not None for word in each]
        if None not in added:
            return Value(base.words, added=(*base.added, *extra))
    choices = [option for value in known for option in (*value.choices, *options_in(value.words or ()))]
    return Value(None, tuple(dict.fromkeys(choices)))


def _added(before: list[Word], value: Value) -> list[Word] | None:
    """Return what a new value adds to the end of that before, as in `A="$A -x"`; None if it is another value."""
    if value.words is None:
        return None
    old, new = [word.text for word in before], [word.text for word in value.words]
    if old == new[: len(old)]:
        return [*value.words[len(old) :], *value.added]
    if len(old) == len(new) == 1 and new[0].startswith(f"{old[0].rstrip()} "):
        return [*value.words[0].part(len(old[0].rstrip()) + 1, len(new[0])).split(), *value.added]
    return None
