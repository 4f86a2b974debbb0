"""Find the files to lint from the paths on the command line."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

from dotlint.errors import DotlintError
from dotlint.files.exclusion import Patterns, folder_patterns, inherited_patterns, is_excluded, is_path_excluded
from dotlint.files.paths import as_path, nearest_path
from dotlint.files.reading import MOST_BYTES, read_file, read_stream, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

ENDINGS = (".dot", ".gv")
_SKIPPED = {"node_modules", "__pycache__", "site-packages"}


class UnreadableError(DotlintError):
    """A file that cannot be read; the message is the reason."""


def discover(
    paths: Iterable[str],
    *,
    exclude: Sequence[Patterns] = (),
    force_exclude: bool = False,
    gitignore: bool = True,
    endings: Callable[[str], tuple[str, ...]] = lambda _: ENDINGS,
    unread: list[str] | None = None,
) -> Iterator[str]:
    """Yield the paths of the files to lint, each once: files as named, and those found within folders, sorted.

    `endings` returns the endings of the names to look for in a folder; the default is `*.dot` and `*.gv`.

    A folder search skips hidden folders, virtual environments, files ignored by `.gitignore` (unless `gitignore` is
    false) and files that match `exclude`. A file named explicitly is yielded whatever the patterns match, unless
    `force_exclude` is true. A path that does not exist is yielded too: reading it reports the error, and the other
    files are still linted. `unread` gets a line for each file of patterns that cannot be read.
    """
    seen: set[str] = set()
    unread = [] if unread is None else unread
    for path in paths:
        if path != "-" and os.path.isdir(path):
            files = _search_folder(path, exclude, endings, unread, gitignore=gitignore)
        elif force_exclude and path != "-" and is_path_excluded(path, exclude):
            continue
        else:
            files = iter((path,))
        for found in files:
            key = found if found == "-" else os.path.realpath(found)
            if key not in seen:
                seen.add(key)
                yield found


def _search_folder(
    folder: str,
    exclude: Sequence[Patterns],
    endings: Callable[[str], tuple[str, ...]],
    unread: list[str],
    *,
    gitignore: bool,
) -> Iterator[str]:
    top = os.path.abspath(folder)
    chains: dict[str, tuple[Patterns, ...]] = {top: inherited_patterns(top, unread) if gitignore else ()}
    unreadable: list[str] = []
    if is_path_excluded(folder, exclude, is_folder=True):
        return
    for base, folders, files in os.walk(folder, onerror=lambda error: unreadable.append(str(error.filename))):
        here = os.path.abspath(base)
        chain = chains.pop(here)
        if gitignore:
            chain = (*folder_patterns(here, unread), *chain)
        inside = {name: str(as_path(here, name)) for name in sorted(folders)}
        folders[:] = [name for name, whole in inside.items() if _is_searched(whole, name, exclude, chain)]
        chains.update((inside[name], chain) for name in folders)
        endings_here = endings(here)
        for name in sorted(files):
            if name.lower().endswith(endings_here):
                whole = str(as_path(here, name))
                if not is_excluded(whole, exclude) and not is_excluded(whole, chain):
                    yield str(as_path(base, name))
    yield from unreadable


def _is_searched(folder: str, name: str, exclude: Sequence[Patterns], chain: Sequence[Patterns]) -> bool:
    if name.startswith(".") or name in _SKIPPED or os.path.isfile(f"{folder}/pyvenv.cfg"):
        return False
    return not is_excluded(folder, exclude, is_folder=True) and not is_excluded(folder, chain, is_folder=True)


def read_bytes(path: str, *, piped: bool = False, most: int = MOST_BYTES) -> bytes:
    """Read a file as `read_file` does. Raises `UnreadableError`."""
    try:
        data = read_file(path, piped=piped, most=most)
    except FileNotFoundError:
        near = nearest_path(path, endings=ENDINGS)
        raise UnreadableError(
            ("no such folder" if path.endswith("/") else "no such file") + (f"; did you mean `{near}`?" if near else "")
        ) from None
    except IsADirectoryError:
        raise UnreadableError("is a folder" if os.access(path, os.R_OK | os.X_OK) else "permission denied") from None
    except PermissionError:
        raise UnreadableError("permission denied") from None
    except (OSError, ValueError) as error:
        raise UnreadableError(f"cannot be read: {reason(error)}") from None
    refuse_binary(data)
    return data


def read_piped(stream: IO[bytes], most: int = MOST_BYTES) -> bytes:
    """Read standard input. Raises `UnreadableError`."""
    try:
        return read_stream(stream, most)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {reason(error)}") from None


def refuse_binary(data: bytes) -> None:
    """Raise `UnreadableError` if the bytes are not text: a NUL and many control bytes, which no DOT file has."""
    head = data[:8192]
    if b"\0" not in head or head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return  # with a UTF-16 byte order mark it is text; the parser reports the encoding
    if head.count(0) * 10 >= 4 * len(head):
        head = head.replace(b"\0", b"")  # as in UTF-16 and UTF-32 without a byte order mark
    strange = sum(1 for byte in head if byte < 9 or 13 < byte < 32)
    if strange * 10 > len(head):
        raise UnreadableError("not a text file; dotlint reads DOT files, not rendered images")
