"""Regular expressions and globs from cards and configurations, matched in time linear in the text.

Python's `re` backtracks without a limit, so a single pattern such as `(a+)+b` in a card could hang a run. Here a
pattern is compiled to a nondeterministic finite automaton (Thompson 1968) whose deterministic states are built lazily
and cached. What an automaton cannot express (back-references, look-arounds) is rejected when the pattern is read.
"""

from __future__ import annotations

from typing import Final, NoReturn

from msgspec import Struct, field

from dotlint.errors import DotlintError

_MOST_STEPS: Final = 4_000
_MOST_NESTING: Final = 50
_MOST_COUNT: Final = 1_000
_MOST_CACHED: Final = 20_000  # transitions; the cache is cleared when it is full

_CLASSES: Final = {"d": str.isdecimal, "w": lambda c: c.isalnum() or c == "_", "s": str.isspace}
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_SPECIAL: Final = frozenset("\\.^$*+?{}[]|()-/ \"'`~!@#%&=:;,<>_")


class PatternError(DotlintError):
    """An invalid pattern; the message gives the 1-based column of the mistake."""


class CharacterSet(Struct, frozen=True):
    """A set of characters: single ones, inclusive ranges and classes (`d`, `D`, ...); `negated` inverts it."""

    characters: frozenset[str] = frozenset()
    ranges: tuple[tuple[str, str], ...] = ()
    classes: str = ""
    negated: bool = False

    def has(self, character: str) -> bool:
        """Return whether the character is in the set."""
        inside = (
            character in self.characters
            or any(first <= character <= last for first, last in self.ranges)
            or any(_CLASSES[c.lower()](character) is c.islower() for c in self.classes)
        )
        return inside is not self.negated


class Sequence(Struct, frozen=True):
    """Parts that match one after the other."""

    parts: tuple[Part, ...]


class Choice(Struct, frozen=True):
    """Alternatives, of which one matches."""

    parts: tuple[Part, ...]


class Repeat(Struct, frozen=True):
    """A part repeated `least` to `most` times; `most` is None if there is no upper limit."""

    part: Part
    least: int
    most: int | None


Part = CharacterSet | Sequence | Choice | Repeat
ANY: Final = CharacterSet(negated=True)
NOT_SLASH: Final = CharacterSet(frozenset("/"), negated=True)


class Pattern(Struct, eq=False):
    """A compiled pattern; `text` is its source. Not frozen, because it caches the transitions it has computed."""

    text: str
    _steps: list[tuple[CharacterSet | None, tuple[int, ...]]]
    _ignore_case: bool = False
    _cache: dict[tuple[frozenset[int], str], frozenset[int]] = field(default_factory=dict)

    def matches(self, text: str) -> bool:
        """Return whether the pattern matches the whole text."""
        states = self._reach((0,))
        for character in text.lower() if self._ignore_case else text:
            following = self._cache.get((states, character))
            if following is None:
                found = (to for state in states for to in self._after(state, character))
                following = self._reach(tuple(found))
                if len(self._cache) >= _MOST_CACHED:
                    self._cache.clear()
                self._cache[states, character] = following
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
    r"""Compile a regular expression that must match a whole text; `^` and `$` around it are redundant.

    `. [...] \d \w \s | * + ? {2,5} (...) (?:...)` mean what they mean in Python, except that `.` also matches a line
    break, because labels have several lines. A leading `(?i)` ignores case.

    Raises `PatternError` if the pattern is invalid.
    """
    reader = _Reader(text)
    part = reader.whole()
    return _compile(text, part, ignore_case=reader.ignore_case)


def read_glob(text: str) -> Pattern:
    """Compile a glob: `*` and `?` match within a folder, `**` across folders, `[a-z]` one character."""
    parts: list[Part] = []
    at = 0
    while at < len(text):
        if text.startswith("**/", at):
            parts.append(Repeat(Sequence((Repeat(ANY, 0, None), CharacterSet(frozenset("/")))), 0, 1))
            at += 3
        elif text.startswith("**", at):
            parts.append(Repeat(ANY, 0, None))
            at += 2
        elif text[at] == "*":
            parts.append(Repeat(NOT_SLASH, 0, None))
            at += 1
        elif text[at] == "?":
            parts.append(NOT_SLASH)
            at += 1
        elif text[at] == "[" and "]" in text[at + 2 :]:
            reader = _Reader(text.replace("[!", "[^"))
            reader.at = at + 1
            parts.append(reader.characters())
            at = reader.at
        else:
            parts.append(CharacterSet(frozenset(text[at])))
            at += 1
    return _compile(text, Sequence(tuple(parts)), ignore_case=False)


class _Reader:
    """A recursive-descent parser over the text of a regular expression; `at` is its 0-based position."""

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
            self.fail(f"`{mark}` has nothing before it to repeat", start)
        if mark in "^$":
            self.fail(f"`{mark}` inside a pattern: it must match the whole text; use `.*` for anything", start)
        return CharacterSet(frozenset(mark))

    def group(self, start: int) -> Part:
        if self.take("?") and not self.take(":"):
            self.fail(
                "unsupported group: use `(...)` or `(?:...)`; look-arounds and named groups are not supported", start
            )
        self.nesting += 1
        if self.nesting > _MOST_NESTING:
            self.fail(f"groups nested more than {_MOST_NESTING} deep", start)
        part = self.choice()
        if not self.take(")"):
            self.fail("`(` is never closed", start)
        self.nesting -= 1
        return part

    def escape(self) -> CharacterSet:
        if self.at >= self.end:
            self.fail("`\\` at the end", self.at - 1)
        mark = self.text[self.at]
        self.at += 1
        if mark.lower() in _CLASSES:
            return CharacterSet(classes=mark)
        if mark in _ESCAPES:
            return CharacterSet(frozenset(_ESCAPES[mark]))
        if mark not in _SPECIAL:
            known = "\\d \\w \\s \\D \\W \\S or \\ before a punctuation mark"
            self.fail(f"unknown escape `\\{mark}`: use {known}", self.at - 2)
        return CharacterSet(frozenset(mark))

    def characters(self) -> CharacterSet:
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
                    self.fail("a range in descending order", start)
                ranges.append((character, min(high.characters)))
            else:
                characters.add(character)
        self.at += 1
        return CharacterSet(frozenset(characters), tuple(ranges), classes, negated)

    def member(self) -> CharacterSet:
        mark = self.text[self.at]
        self.at += 1
        return self.escape() if mark == "\\" else CharacterSet(frozenset(mark))

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
            self.fail("a repeated repeat (put the first into `(...)`)", start)
        return Repeat(part, least, most)

    def bounds(self) -> tuple[int, int | None] | None:
        stop = self.text.find("}", self.at, self.end)
        inner = self.text[self.at + 1 : stop] if stop > 0 else ""
        low, comma, high = inner.partition(",")
        if not (low or high) or not all(not n or (n.isascii() and n.isdigit()) for n in (low, high)):
            self.fail("`{` does not start a count such as {2} or {1,3} (write `\\{` for the brace)")
        least = int(low or 0)
        most = (int(high) if high else None) if comma else least
        if max(least, most or 0) > _MOST_COUNT or (most is not None and most < least):
            self.fail(f"a count must be ascending and at most {_MOST_COUNT}")
        self.at = stop + 1
        return least, most


def _compile(text: str, part: Part, *, ignore_case: bool) -> Pattern:
    """Compile a part to steps: a step is (character set, next steps), or (None, next steps) for an empty transition."""
    laid = 0
    steps: list[tuple[CharacterSet | None, tuple[int, ...]]] = []

    def add(step: tuple[CharacterSet | None, tuple[int, ...]]) -> int:
        if len(steps) >= _MOST_STEPS:
            raise PatternError(f"the pattern `{text[:80]}` is too large: it expands to more than {_MOST_STEPS} steps")
        steps.append(step)
        return len(steps) - 1

    def lay(part: Part) -> None:
        nonlocal laid
        laid += 1
        if laid > 4 * _MOST_STEPS:
            raise PatternError(f"the pattern `{text[:80]}` is too large: its counts expand to too many steps")
        if isinstance(part, CharacterSet):
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
    steps.append((CharacterSet(), ()))  # the accepting state, which matches no character
    return Pattern(text, steps, ignore_case)
