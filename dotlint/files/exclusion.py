"""Exclude files from a folder search, by `.gitignore` files and by patterns of the same form.

The patterns are read here and git is never run, because a repository's own configuration can make git run programs.
"""

from __future__ import annotations

import os
from functools import cache, cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.errors import DotlintError
from dotlint.files.paths import as_path
from dotlint.files.reading import read_file, reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from dotlint.files.gitignore import IgnoreRule


class Patterns(Struct, frozen=True, dict=True):  # cached properties need the dict
    """Patterns in `.gitignore` form, relative to the absolute path `folder`; the last matching pattern wins.

    A pattern that git would skip raises `DotlintError` if `strict` is true; otherwise it is skipped.
    """

    folder: str
    lines: tuple[str, ...]
    strict: bool = True

    @cached_property
    def _rules(self) -> tuple[IgnoreRule, ...]:
        """The rules of the lines in reverse order, because the last matching one wins."""
        return tuple(reversed(list(_parse_lines(self.lines, strict=self.strict))))

    def decide(self, path: str, *, is_folder: bool = False) -> bool | None:
        """Return whether an absolute path is excluded (True), re-included by `!` (False), or not matched (None).

        Only the path itself is matched, not the folders around it: a search does not descend into an excluded folder.
        """
        try:
            inside = os.path.relpath(path, self.folder).replace(os.sep, "/")
        except ValueError:  # another drive
            return None
        if inside == "." or inside.startswith("../"):
            return None
        decisions = (rule.excludes for rule in self._rules if rule.glob.matches(inside, is_folder=is_folder))
        return next(decisions, None)


def _parse_lines(lines: Iterable[str], *, strict: bool) -> Iterator[IgnoreRule]:
    from dotlint.files.gitignore import read_line  # noqa: PLC0415 - most runs search no folder
    from dotlint.text.glob import GlobError  # noqa: PLC0415

    for text in lines:
        try:
            rule = read_line(text)
        except GlobError as error:
            if strict:
                raise DotlintError(f"`{text}` is not a valid .gitignore pattern: {error}") from error
            continue
        if rule is not None:
            yield rule


def is_excluded(path: str, chain: Iterable[Patterns], *, is_folder: bool = False) -> bool:
    """Return whether a path is excluded; the first patterns that match it decide."""
    for patterns in chain:
        decision = patterns.decide(path, is_folder=is_folder)
        if decision is not None:
            return decision
    return False


def is_path_excluded(path: str, chain: Sequence[Patterns], *, is_folder: bool = False) -> bool:
    """Return whether patterns exclude a path, by its own name or by that of a folder around it."""
    whole = os.path.abspath(path)
    return is_excluded(whole, chain, is_folder=is_folder) or any(
        is_excluded(str(above), chain, is_folder=True) for above in as_path(whole).parents
    )


def folder_patterns(folder: str, unread: list[str]) -> tuple[Patterns, ...]:
    """Return the patterns of the folder's own `.gitignore`, if it has one; `unread` gets why it cannot be read."""
    return _read_patterns(as_path(folder, ".gitignore"), folder, unread)


@cache
def repository_of(folder: str) -> str | None:
    """Return the repository that contains an absolute folder: the nearest ancestor with a `.git`, or None."""
    walk = as_path(folder)
    return next((str(above) for above in (walk, *walk.parents) if os.path.exists(above / ".git")), None)


def inherited_patterns(folder: str, unread: list[str]) -> tuple[Patterns, ...]:
    """Return the patterns that apply to a folder from outside of it, in git's order; none outside a repository.

    If those patterns exclude the folder itself, they are dropped: a user who names an ignored folder wants it
    searched.
    """
    root = repository_of(folder)
    if root is None:
        return ()
    chain: list[Patterns] = []
    for above in as_path(folder).parents if folder != root else ():
        chain += folder_patterns(str(above), unread)
        if str(above) == root:
            break
    chain += _read_patterns(as_path(root, ".git", "info", "exclude"), root, unread)
    settings = os.environ.get("XDG_CONFIG_HOME") or str(as_path("~/.config").expanduser())
    chain += _read_patterns(as_path(settings, "git", "ignore"), root, unread)
    inside = as_path(folder).relative_to(root)
    parts = [as_path(root, *inside.parts[: depth + 1]) for depth in range(len(inside.parts))]
    return () if any(is_excluded(str(part), chain, is_folder=True) for part in parts) else tuple(chain)


def _read_patterns(file: Path, folder: str, unread: list[str]) -> tuple[Patterns, ...]:
    try:
        text = read_file(file).decode("utf-8-sig", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        unread.append(f"{file} cannot be read, so its patterns are ignored: {reason(error)}")
        return ()
    return (Patterns(folder, tuple(line.removesuffix("\r") for line in text.split("\n")), strict=False),)
