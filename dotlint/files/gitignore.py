"""Translate `.gitignore` patterns to regular expressions that match in linear time.

The semantics are those of https://git-scm.com/docs/gitignore and git's `wildmatch.c`. The literal parts of a pattern
between its `*` are searched from left to right, each at its first occurrence; no later part ever needs a later
occurrence. So each is an atomic group, and several `*` never backtrack into each other.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

# git skips a pattern with any other class as malformed.
_CLASSES: Final = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r" \t-\r", "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_ENDS: Final = r"(?=/|\Z)"
_FOLDERS: Final = "(?:[^/]+/)*?"


class IgnoreRule(Struct, frozen=True):
    """One pattern: its expression, whether it excludes or re-includes, and whether it matches only folders.

    A rule with `name_only` has no slash and matches the file name at any depth.
    """

    regex: re.Pattern[str]
    excludes: bool
    only_folders: bool
    name_only: bool

    def matches(self, path: str, *, is_folder: bool) -> bool:
        """Return whether a path itself matches, ignoring the folders around it.

        The path is relative to the folder of the pattern and separated by `/`.
        """
        if self.only_folders and not is_folder:
            return False
        return self.regex.match(path.rpartition("/")[2] if self.name_only else path) is not None


def read_line(line: str) -> IgnoreRule | None:
    """Parse a line; None if it is blank or a comment. Raises `ValueError` if the pattern can never match."""
    if line.startswith("#") or not line.strip(" "):
        return None
    text = _without_trailing_spaces(line)
    excludes = not text.startswith("!")
    text = text[0 if excludes else 1 :]
    only_folders = text.endswith("/")
    text = text.removesuffix("/")
    if not text or "//" in text:
        raise ValueError("no path can match it")
    name_only = "/" not in text
    segments = [text] if name_only else text.removeprefix("/").split("/")
    return IgnoreRule(re.compile(_path(segments, name_only=name_only), re.DOTALL), excludes, only_folders, name_only)


def _without_trailing_spaces(line: str) -> str:
    """Strip trailing spaces, except one that is escaped by a backslash."""
    text = line.rstrip(" ")
    escapes = len(text) - len(text.rstrip("\\"))
    return text + " " if escapes % 2 and len(text) < len(line) else text


def _path(segments: list[str], *, name_only: bool) -> str:
    """Return the expression for a whole path."""
    chunks: list[list[str]] = [[]]
    for segment in segments:
        if not name_only and len(segment) > 1 and not segment.strip("*"):
            chunks.append([])
        else:
            chunks[-1].append(_segment(segment))
    first, *others = ["/".join(chunk) for chunk in chunks]
    if not others:
        return first + r"\Z"
    *between, last = others
    found = [f"{first}/" if first else ""]
    found += [f"(?>{_FOLDERS}{chunk}/)" for chunk in between if chunk]
    # After the last `**` comes the end of the path, or, if nothing follows, anything inside the folder.
    found.append(rf"{_FOLDERS}{last}\Z" if last else ".")
    return "".join(found)


def _segment(text: str) -> str:
    """Return the expression for the text between two slashes."""
    first, *others = _literals(text)
    if not others:
        return first + _ENDS
    *between, last = others
    found = [first, *(f"(?>[^/]*?{part})" for part in between if part), f"[^/]*{last}{_ENDS}"]
    return f"(?>{''.join(found)})"


def _literals(text: str) -> list[str]:
    """Return the expressions for the texts between the `*` of a segment; each item matches one character."""
    parts = [""]
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "*":
            parts.append("")
        elif character == "?":
            parts[-1] += "[^/]"
        elif character == "[":
            written, at = _bracket(text, at)
            parts[-1] += written
        elif character == "\\":
            if at == len(text):
                raise ValueError("a backslash at the end")
            parts[-1] += re.escape(text[at])
            at += 1
        else:
            parts[-1] += re.escape(character)
    return parts


def _bracket(text: str, at: int) -> tuple[str, int]:
    """Return the expression for `[...]` and the offset after it; `at` is the offset after the `[`."""
    negated = text[at : at + 1] in ("!", "^") and at < len(text)
    at += negated
    first = at
    items: list[str] = []
    while at < len(text) and (text[at] != "]" or at == first):
        named = re.compile(r"\[:([^\]]*):\]").match(text, at)
        if named:
            if named[1] not in _CLASSES:
                raise ValueError(f"unknown character class `[:{named[1]}:]`")
            items.append(_CLASSES[named[1]])
            at = named.end()
            continue
        low, at = _character(text, at)
        high = low
        if text[at : at + 1] == "-" and text[at + 1 : at + 2] not in ("", "]"):
            high, at = _character(text, at + 1)
        items.append(re.escape(low) if low >= high else f"{re.escape(low)}-{re.escape(high)}")
    if at >= len(text):
        raise ValueError("`[` is never closed")
    return (f"[^/{''.join(items)}]" if negated else f"(?!/)[{''.join(items)}]"), at + 1


def _character(text: str, at: int) -> tuple[str, int]:
    if text[at] == "\\" and at + 1 < len(text):
        at += 1
    return text[at], at + 1
