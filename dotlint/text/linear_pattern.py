"""Patterns that a card may hold, matched in time linear in the text, whatever they are.

Python's `re` backtracks without a limit, so that one pattern in a card, `(a+)+b`, could hold a run up for
ever. Here a pattern becomes a finite automaton (Thompson 1968) whose states are made as they are met. What
an automaton cannot do, back-references and look-arounds, is refused when the pattern is read.
"""

from __future__ import annotations

from typing import Final, NoReturn

from msgspec import Struct, field

from dotlint.errors import DotlintError

_MOST_STEPS: Final = 4_000
_MOST_NESTING: Final = 50
_MOST_COUNT: Final = 1_000
_MOST_KNOWN: Final = 20_000  # transitions that are remembered; then they are forgotten and made anew

_CLASSES: Final = {"d": str.isdecimal, "w": lambda c: c.isalnum() or c == "_", "s": str.isspace}
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_SPECIAL: Final = frozenset("\\.^$*+?{}[]|()-/ \"'`~!@#%&=:;,<>_")


class PatternError(DotlintError):
    """A pattern that cannot be read; the message has the column of the mistake, counted from 1."""


class Set(Struct, frozen=True):
    """Characters: single ones, ranges (both ends in), classes (`d`, `D`); `negated` means all others."""

    characters: frozenset[str] = frozenset()
    ranges: tuple[tuple[str, str], ...] = ()
    classes: str = ""
    negated: bool = False

    def has(self, character: str) -> bool:
        """Whether the character is among them."""
        inside = (
            character in self.characters
            or any(first <= character <= last for first, last in self.ranges)
            or any(_CLASSES[c.lower()](character) is c.islower() for c in self.classes)
        )
        return inside is not self.negated


class Sequence(Struct, frozen=True):
    """One part after the other."""

    parts: tuple[Part, ...]


class Choice(Struct, frozen=True):
    """One of the parts."""

    parts: tuple[Part, ...]


class Repeat(Struct, frozen=True):
    """A part `least` to `most` times; None is without end."""

    part: Part
    least: int
    most: int | None


Part = Set | Sequence | Choice | Repeat
ANY: Final = Set(negated=True)


class Pattern(Struct, eq=False):
    """A pattern that was read; `text` is how it was written. Not frozen: it remembers the states it met."""

    text: str
    _steps: list[tuple[Set | None, tuple[int, ...]]]
    _ignore_case: bool = False
    _known: dict[tuple[frozenset[int], str], frozenset[int]] = field(default_factory=dict)

    def matches(self, text: str) -> bool:
        """Whether the whole text is what the pattern describes."""
        states = self._reach((0,))
        for character in text.lower() if self._ignore_case else text:
            following = self._known.get((states, character))
            if following is None:
                found = (to for state in states for to in self._after(state, character))
                following = self._reach(tuple(found))
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[states, character] = following
            states = following
            if not states:
                return False
        return len(self._steps) - 1 in states

    def _after(self, state: int, character: str) -> tuple[int, ...]:
        accepts, following = self._steps[state]
        if accepts is None:
            return ()
        fits = accepts.has(character)
        if self._ignore_case:
            fits = fits or accepts.has(character.upper())
        return following if fits else ()

    def _reach(self, states: tuple[int, ...]) -> frozenset[int]:
        found: set[int] = set()
        todo = list(states)
        while todo:
            state = todo.pop()
            if state not in found:
                found.add(state)
                accepts, following = self._steps[state]
                if accepts is None:
                    todo.extend(following)
        return frozenset(found)


def read_pattern(text: str) -> Pattern:
    r"""Read a regular expression that describes a whole text: `^` and `$` around it change nothing.

    `. [...] \d \w \s | * + ? {2,5} (...) (?:...)` mean what they mean to Python, but that `.` is a line break
    too, since labels have several lines; `(?i)` in front ignores case.
    Raises `PatternError`.
    """
    reader = _Reader(text)
    part = reader.whole()
    return _compiled(text, part, ignore_case=reader.ignore_case)


class _Reader:
    """A place in a regular expression."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.ignore_case = text.startswith("(?i)")
        self.at = 4 if self.ignore_case else 0
        self.end = len(text)
        self.nesting = 0

    def fail(self, what: str, at: int | None = None) -> NoReturn:
        column = (self.at if at is None else at) + 1
        raise PatternError(f"{what} at column {column} of the pattern `{self.text[:80]}`")

    def whole(self) -> Part:
        self.at += self.text.startswith("^", self.at)
        if self.text.endswith("$") and (len(self.text) - len(self.text.rstrip("$\\"))) % 2 == 1:
            self.end -= 1
        part = self.choice()
        if self.at < self.end:
            self.fail("unmatched `)`")
        return part

    def choice(self) -> Part:
        parts = [self.sequence()]
        while self.take("|"):
            parts.append(self.sequence())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def sequence(self) -> Part:
        parts: list[Part] = []
        while self.at < self.end and self.text[self.at] not in "|)":
            parts.append(self.repeated(self.atom()))
        return Sequence(tuple(parts))

    def take(self, mark: str) -> bool:
        found = self.text.startswith(mark, self.at) and self.at < self.end
        self.at += len(mark) if found else 0
        return found

    def atom(self) -> Part:
        start = self.at
        mark = self.text[start]
        self.at += 1
        if mark == "(":
            return self.group(start)
        if mark == "[":
            return self.characters()
        if mark == ".":
            return ANY
        if mark == "\\":
            return self.escape()
        if mark in "*+?":
            self.fail(f"`{mark}` with nothing before it to repeat", start)
        if mark in "^$":
            self.fail(f"`{mark}` inside: a pattern describes the whole text; `.*` is anything", start)
        return Set(frozenset(mark))

    def group(self, start: int) -> Part:
        if self.take("?") and not self.take(":"):
            self.fail("only `(...)` and `(?:...)` are groups; look-arounds and names are not taken", start)
        self.nesting += 1
        if self.nesting > _MOST_NESTING:
            self.fail(f"more than {_MOST_NESTING} groups within each other", start)
        part = self.choice()
        if not self.take(")"):
            self.fail("`(` is never closed", start)
        self.nesting -= 1
        return part

    def escape(self) -> Set:
        if self.at >= self.end:
            self.fail("`\\` with nothing behind it", self.at - 1)
        mark = self.text[self.at]
        self.at += 1
        if mark.lower() in _CLASSES:
            return Set(classes=mark)
        if mark in _ESCAPES:
            return Set(frozenset(_ESCAPES[mark]))
        if mark not in _SPECIAL:
            known = "\\d \\w \\s \\D \\W \\S and \\ before a mark"
            self.fail(f"`\\{mark}` means nothing here; there are {known}", self.at - 2)
        return Set(frozenset(mark))

    def characters(self) -> Set:
        start = self.at - 1
        negated = self.take("^")
        characters: set[str] = set()
        ranges: list[tuple[str, str]] = []
        classes = ""
        first = True
        while first or not self.text.startswith("]", self.at):
            if self.at >= self.end:
                self.fail("`[` is never closed", start)
            first = False
            low = self.member()
            if len(low.classes) == 1:
                classes += low.classes
                continue
            (character,) = low.characters
            ranged = self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at)
            if ranged and self.at + 1 < self.end:
                self.at += 1
                high = self.member()
                if high.classes or character > min(high.characters):
                    self.fail("a range that runs backwards", start)
                ranges.append((character, min(high.characters)))
            else:
                characters.add(character)
        self.at += 1
        return Set(frozenset(characters), tuple(ranges), classes, negated)

    def member(self) -> Set:
        mark = self.text[self.at]
        self.at += 1
        return self.escape() if mark == "\\" else Set(frozenset(mark))

    def repeated(self, part: Part) -> Part:
        start = self.at
        if self.take("*"):
            least, most = 0, None
        elif self.take("+"):
            least, most = 1, None
        elif self.take("?"):
            least, most = 0, 1
        elif self.text.startswith("{", self.at):
            bounds = self.bounds()
            if bounds is None:
                return part
            least, most = bounds
        else:
            return part
        self.take("?")  # a lazy repeat matches the same texts
        if self.at < self.end and self.text[self.at] in "*+{":
            self.fail("a repeat of a repeat; put the first into `(...)`", start)
        return Repeat(part, least, most)

    def bounds(self) -> tuple[int, int | None] | None:
        stop = self.text.find("}", self.at, self.end)
        inner = self.text[self.at + 1 : stop] if stop > 0 else ""
        low, comma, high = inner.partition(",")
        if not (low or high) or not all(not n or (n.isascii() and n.isdigit()) for n in (low, high)):
            self.fail("`{` that starts no count such as {2} or {1,3}; write `\\{` for the brace")
        least = int(low or 0)
        most = (int(high) if high else None) if comma else least
        if max(least, most or 0) > _MOST_COUNT or (most is not None and most < least):
            self.fail(f"a count runs upwards and at most to {_MOST_COUNT}")
        self.at = stop + 1
        return least, most


def _compiled(text: str, part: Part, *, ignore_case: bool) -> Pattern:
    """Lay the steps out: each is a set and what follows it, or (None, ...) for a free choice."""
    laid = 0
    steps: list[tuple[Set | None, tuple[int, ...]]] = []

    def add(step: tuple[Set | None, tuple[int, ...]]) -> int:
        if len(steps) >= _MOST_STEPS:
            raise PatternError(f"the pattern `{text[:80]}` stands for more than {_MOST_STEPS} steps")
        steps.append(step)
        return len(steps) - 1

    def lay(part: Part) -> None:
        nonlocal laid
        laid += 1
        if laid > 4 * _MOST_STEPS:
            raise PatternError(f"the counts of the pattern `{text[:80]}` stand for too many steps")
        if isinstance(part, Set):
            add((part, (len(steps) + 1,)))
        elif isinstance(part, Sequence):
            for one in part.parts:
                lay(one)
        elif isinstance(part, Choice):
            fork = add((None, ()))
            starts, ends = [], []
            for one in part.parts:
                starts.append(len(steps))
                lay(one)
                ends.append(add((None, ())))
            steps[fork] = (None, tuple(starts))
            for end in ends:
                steps[end] = (None, (len(steps),))
        else:
            repeat(part)

    def repeat(part: Repeat) -> None:
        for _ in range(part.least):
            lay(part.part)
        if part.most is None:
            fork = add((None, ()))
            lay(part.part)
            add((None, (fork,)))
            steps[fork] = (None, (fork + 1, len(steps)))
            return
        forks = []
        for _ in range(part.most - part.least):
            forks.append(add((None, ())))
            lay(part.part)
        for fork in forks:
            steps[fork] = (None, (fork + 1, len(steps)))

    lay(part)
    steps.append((Set(), ()))  # the end: it takes nothing more
    return Pattern(text, steps, ignore_case)
