"""What a folder search leaves out: `.gitignore` files as git reads them, and patterns of the same form.

The patterns are read here and git is never asked: a repository's own configuration can make git run programs.
"""

from __future__ import annotations

import os
from functools import cache, cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.errors import DotlintError
from dotlint.files.paths import as_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from dotlint.files.gitignore import Line


class Patterns(Struct, frozen=True, dict=True):  # the dict is what cached properties write to
    """Patterns as `.gitignore` has them, relative to an absolute folder; the last one that matches decides.

    A pattern that git would skip raises `DotlintError` where `strict` is true, and is skipped where it is
    not.
    """

    folder: str
    lines: tuple[str, ...]
    strict: bool = True

    @cached_property
    def _lines(self) -> tuple[Line, ...]:
        """What the lines mean, the last one first: it decides."""
        return tuple(reversed(list(_read_lines(self.lines, strict=self.strict))))

    def decide(self, path: str, *, is_folder: bool = False) -> bool | None:
        """Say whether an absolute path is left out (True), kept after all (False) or not named (None).

        What is said of a folder around it is not asked for: who walks down does not come into one that is left out.
        """
        inside = os.path.relpath(path, self.folder).replace(os.sep, "/")
        if inside == "." or inside.startswith("../"):
            return None
        said = (line.leaves_out for line in self._lines if line.glob.matches(inside, is_folder=is_folder))
        return next(said, None)


def _read_lines(lines: Iterable[str], *, strict: bool) -> Iterator[Line]:
    from dotlint.files.gitignore import read_line  # noqa: PLC0415 - most runs name files and search no folder
    from dotlint.text.glob import GlobError  # noqa: PLC0415

    for text in lines:
        try:
            line = read_line(text)
        except GlobError as error:
            if strict:
                raise DotlintError(f"`{text}` is not a .gitignore pattern: {error}") from error
            continue
        if line is not None:
            yield line


def left_out(path: str, chain: Iterable[Patterns], *, is_folder: bool = False) -> bool:
    """Ask the patterns in order; the first that speaks of the path decides."""
    for patterns in chain:
        said = patterns.decide(path, is_folder=is_folder)
        if said is not None:
            return said
    return False


def left_out_from_above(path: str, chain: Sequence[Patterns], *, is_folder: bool = False) -> bool:
    """Whether patterns leave a path out, by its own name or by that of a folder around it."""
    whole = os.path.abspath(path)
    return left_out(whole, chain, is_folder=is_folder) or any(
        left_out(str(above), chain, is_folder=True) for above in as_path(whole).parents
    )


def in_folder(folder: str) -> tuple[Patterns, ...]:
    """Give the patterns of the folder's own `.gitignore`, if it has one."""
    return _read(as_path(folder, ".gitignore"), folder)


@cache
def repository_of(folder: str) -> str | None:
    """Find the repository that an absolute folder lies in: the nearest folder above with a `.git`."""
    walk = as_path(folder)
    return next((str(above) for above in (walk, *walk.parents) if os.path.exists(above / ".git")), None)


def above_folder(folder: str) -> tuple[Patterns, ...]:
    """Give what holds for a folder from outside of it, as git orders it; nothing without a repository.

    Where that leaves the folder itself out it is given up: who names an ignored folder wants to see what is
    in it.
    """
    root = repository_of(folder)
    if root is None:
        return ()
    chain: list[Patterns] = []
    for above in as_path(folder).parents if folder != root else ():
        chain += in_folder(str(above))
        if str(above) == root:
            break
    chain += _read(as_path(root, ".git", "info", "exclude"), root)
    settings = os.environ.get("XDG_CONFIG_HOME") or str(as_path("~/.config").expanduser())
    chain += _read(as_path(settings, "git", "ignore"), root)
    inside = as_path(folder).relative_to(root)
    parts = [as_path(root, *inside.parts[: depth + 1]) for depth in range(len(inside.parts))]
    return () if any(left_out(str(part), chain, is_folder=True) for part in parts) else tuple(chain)


def _read(file: Path, folder: str) -> tuple[Patterns, ...]:
    try:
        text = file.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError:
        return ()
    return (Patterns(folder, tuple(line.removesuffix("\r") for line in text.split("\n")), strict=False),)
