"""Globs: the one kind of file pattern, with the meaning it has in `.gitignore`, matched in bounded time.

The meaning is that of https://git-scm.com/docs/gitignore and git's `wildmatch.c`. The words between the `*` of a
pattern are searched from left to right, each at its first occurrence: what follows never needs a later one. So each is
an atomic group, and no number of `*` makes matching try their positions in every combination.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from dotlint.errors import DotlintError

# Any other name makes git skip the whole pattern as malformed.
_CLASSES: Final = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r" \t-\r", "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_ENDS: Final = r"(?=/|\Z)"
_FOLDERS: Final = "(?:[^/]+/)*?"


class GlobError(DotlintError):
    """A glob that can never match."""


class Glob(Struct, frozen=True):
    """What a pattern matches, and whether it matches folders only.

    `named` patterns have no slash and match a name at any depth.
    """

    regex: re.Pattern[str]
    only_folders: bool
    named: bool

    def matches(self, path: str, *, is_folder: bool) -> bool:
        """Whether the pattern matches a path itself, given relative to the pattern's folder, with `/`; not its parents."""
        if self.only_folders and not is_folder:
            return False
        return self.regex.match(path.rpartition("/")[2] if self.named else path) is not None


def read_glob(text: str) -> Glob:
    """Read a pattern: `*` and `?` stay within a folder, `**` between slashes does not; raises `GlobError`."""
    only_folders = text.endswith("/")
    text = text.removesuffix("/")
    if not text or "//" in text:
        raise GlobError("it can match no name")
    named = "/" not in text
    segments = [text] if named else text.removeprefix("/").split("/")
    return Glob(re.compile(_path(segments, named=named), re.DOTALL), only_folders, named)


def _path(segments: list[str], *, named: bool) -> str:
    """Write the expression for a path, from its start to its end."""
    chunks: list[list[str]] = [[]]
    for segment in segments:
        if not named and len(segment) > 1 and not segment.strip("*"):
            chunks.append([])
        else:
            chunks[-1].append(_segment(segment))
    first, *others = ["/".join(chunk) for chunk in chunks]
    if not others:
        return first + r"\Z"
    *between, last = others
    found = [f"{first}/" if first else ""]
    found += [f"(?>{_FOLDERS}{chunk}/)" for chunk in between if chunk]
    # Behind the last `**` either something stands at the end of the path, or whatever is in there is meant.
    found.append(rf"{_FOLDERS}{last}\Z" if last else ".")
    return "".join(found)


def _segment(text: str) -> str:
    """Write the expression for what stands between two slashes."""
    first, *others = _words(text)
    if not others:
        return first + _ENDS
    *between, last = others
    found = [first, *(f"(?>[^/]*?{word})" for word in between if word), f"[^/]*{last}{_ENDS}"]
    return f"(?>{''.join(found)})"


def _words(text: str) -> list[str]:
    """Write what stands between the `*`: each character of it is an expression for one character."""
    words = [""]
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "*":
            words.append("")
        elif character == "?":
            words[-1] += "[^/]"
        elif character == "[":
            written, at = _bracket(text, at)
            words[-1] += written
        elif character == "\\":
            if at == len(text):
                raise GlobError("it ends with a backslash")
            words[-1] += re.escape(text[at])
            at += 1
        else:
            words[-1] += re.escape(character)
    return words


def _bracket(text: str, at: int) -> tuple[str, int]:
    """Write the expression for `[...]` and say where it ends; `at` is behind the bracket."""
    negated = text[at : at + 1] in ("!", "^") and at < len(text)
    at += negated
    first = at
    items: list[str] = []
    while at < len(text) and (text[at] != "]" or at == first):
        named = re.compile(r"\[:([^\]]*):\]").match(text, at)
        if named:
            if named[1] not in _CLASSES:
                raise GlobError(f"there are no characters called `{named[1]}`")
            items.append(_CLASSES[named[1]])
            at = named.end()
            continue
        low, at = _character(text, at)
        high = low
        if text[at : at + 1] == "-" and text[at + 1 : at + 2] not in ("", "]"):
            high, at = _character(text, at + 1)
        items.append(re.escape(low) if low >= high else f"{re.escape(low)}-{re.escape(high)}")
    if at >= len(text):
        raise GlobError("a `[` is never closed")
    return (f"[^/{''.join(items)}]" if negated else f"(?!/)[{''.join(items)}]"), at + 1


def _character(text: str, at: int) -> tuple[str, int]:
    if text[at] == "\\" and at + 1 < len(text):
        at += 1
    return text[at], at + 1
