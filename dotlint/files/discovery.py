"""From paths on a command line to the files that are linted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dotlint.errors import DotlintError
from dotlint.files.exclusion import Patterns, above_folder, in_folder, left_out
from dotlint.files.paths import as_path, contents, nearest_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ENDINGS = (".dot", ".gv")
_NEVER = {"node_modules", "__pycache__", "site-packages"}


class UnreadableError(DotlintError):
    """A file that cannot be read, and why."""


def discover(
    paths: Iterable[str],
    *,
    exclude: Sequence[Patterns] = (),
    force_exclude: bool = False,
    gitignore: bool = True,
) -> Iterator[str]:
    """Give the files to lint, each once: a file as named, a folder's `*.dot` and `*.gv` by their names.

    A folder is searched without hidden folders, virtual environments, what `.gitignore` leaves out (unless
    `gitignore` is false) and what `exclude` names. A file that is named itself is given whatever the patterns
    say, unless `force_exclude` is true. A path that is not there is given as it is: reading it says so, and
    the others go on.
    """
    seen: set[str] = set()
    for path in paths:
        if path != "-" and os.path.isdir(path):
            files = _inside(path, exclude, gitignore=gitignore)
        elif force_exclude and path != "-" and _excluded(path, exclude):
            continue
        else:
            files = iter((path,))
        for found in files:
            key = found if found == "-" else os.path.realpath(found)
            if key not in seen:
                seen.add(key)
                yield found


def _excluded(path: str, exclude: Sequence[Patterns], *, is_folder: bool = False) -> bool:
    """Whether patterns leave a path out, by its own name or by that of a folder around it."""
    whole = os.path.abspath(path)
    return left_out(whole, exclude, is_folder=is_folder) or any(
        left_out(str(above), exclude, is_folder=True) for above in as_path(whole).parents
    )


def _inside(folder: str, exclude: Sequence[Patterns], *, gitignore: bool) -> Iterator[str]:
    top = os.path.abspath(folder)
    chains: dict[str, tuple[Patterns, ...]] = {top: above_folder(top) if gitignore else ()}
    closed: list[str] = []
    if _excluded(folder, exclude, is_folder=True):
        return
    for base, folders, files in os.walk(folder, onerror=lambda error: closed.append(str(error.filename))):
        here = os.path.abspath(base)
        chain = chains.pop(here)
        if gitignore:
            chain = (*in_folder(here), *chain)
        inside = {name: str(as_path(here, name)) for name in sorted(folders)}
        folders[:] = [name for name, whole in inside.items() if _searched(whole, name, exclude, chain)]
        chains.update((inside[name], chain) for name in folders)
        for name in sorted(files):
            if name.lower().endswith(ENDINGS):
                whole = str(as_path(here, name))
                if not left_out(whole, exclude) and not left_out(whole, chain):
                    yield str(as_path(base, name))
    yield from closed


def _searched(folder: str, name: str, exclude: Sequence[Patterns], chain: Sequence[Patterns]) -> bool:
    if name.startswith(".") or name in _NEVER or os.path.isfile(f"{folder}/pyvenv.cfg"):
        return False
    return not left_out(folder, exclude, is_folder=True) and not left_out(folder, chain, is_folder=True)


def read_bytes(path: str) -> bytes:
    """Read a file; raises `UnreadableError` with one clear line."""
    try:
        data = contents(path)
    except FileNotFoundError:
        near = nearest_path(path, endings=ENDINGS)
        raise UnreadableError("no such file" + (f"; did you mean `{near}`?" if near else "")) from None
    except IsADirectoryError:
        raise UnreadableError("it is a folder" if os.access(path, os.R_OK | os.X_OK) else "permission denied") from None
    except PermissionError:
        raise UnreadableError("permission denied") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableError(f"it cannot be read: {reason}") from None
    refuse_binary(data)
    return data


def refuse_binary(data: bytes) -> None:
    """Raise `UnreadableError` where the bytes are no text: many control bytes that no DOT file has."""
    head = data[:8192]
    if b"\0" not in head or head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return  # a mark of UTF-16 makes it text, if no DOT: the reader says so
    strange = sum(1 for byte in head if byte < 9 or 13 < byte < 32)
    if strange * 10 > len(head):
        raise UnreadableError("it is not a text file; dotlint reads DOT, not the pictures made of it")
