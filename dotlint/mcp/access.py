"""Which files the tools may read and write: those in the folders that the user or the client grants."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from msgspec import Struct

from dotlint.errors import DotlintError
from dotlint.strategy.launch.argument import LaunchArgument, file_of, launch_argument
from dotlint.text.display import one_line
from dotlint.text.english import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_BYTES: Final = 5_000_000
"""Clients give up on an answer after about a minute; a larger file takes longer."""


class AccessError(DotlintError):
    """A path that the tools may not use."""


class Access(Struct, frozen=True):
    """The granted folders, absolute and without symbolic links; a relative path is searched in each."""

    folders: tuple[Path, ...]

    @classmethod
    def to(cls, folders: Iterable[str | Path]) -> Access:
        """Grant access to folders, named as on the command line."""
        return cls(tuple(dict.fromkeys(Path(folder).expanduser().resolve() for folder in folders)))

    @classmethod
    def to_roots(cls, uris: Iterable[str]) -> Access:
        """Grant access to the roots of a client; those that are no `file:` URI have no files."""
        parts = [urlsplit(uri) for uri in uris]
        return cls.to(url2pathname(part.path) for part in parts if part.scheme == "file" and part.path)

    def allows(self, path: Path) -> bool:
        """Return whether a path is in a granted folder, symbolic links resolved."""
        resolved = path.resolve()
        return any(resolved.is_relative_to(folder) for folder in self.folders)

    def path(self, given: str) -> Path:
        """Return the path without symbolic links. Raises `AccessError` if it is in no granted folder."""
        shown = one_line(given)
        if not self.folders:
            remedy = "pass the text instead, or start the server with `dotlint mcp --root DIR`"
            raise AccessError(f"{shown}: no folder is granted, so no file can be read; {remedy}")
        try:
            tried = [folder / Path(given).expanduser() for folder in self.folders]
            inside = [path for path in tried if self.allows(path)]
            found = next((path for path in inside if path.exists()), inside[0] if inside else None)
            if found is not None:
                return found.resolve()
        except (OSError, ValueError, RuntimeError) as error:  # a NUL byte, a loop of links, an unknown user
            raise AccessError(f"{shown}: not a path: {error}") from None
        raise AccessError(f"{shown} is outside the granted folders ({_named(self.folders)}); pass the text instead")

    def file(self, given: str) -> Path:
        """Return the path of a regular file that is not too large to lint. Raises `AccessError`."""
        path = self.path(given)
        if path.exists():
            if path.is_dir():
                raise AccessError(f"{one_line(given)} is a folder; name one file")
            if not path.is_file():
                raise AccessError(f"{one_line(given)} is not a regular file")
            refuse_large(path.stat().st_size, given)
        return path

    def strategy(self, argument: str) -> str:
        """Return a strategy argument with the path of its file absolute, if it names one. Raises `AccessError`."""
        launched = launch_argument(argument)
        if launched is not None and launched.has_options:
            return argument
        named = file_of(argument)
        if named is None:
            return argument
        path = str(self.file(named))
        return path if launched is None else str(LaunchArgument(launched.system, path, launched.phase))


def refuse_large(size: int, name: str) -> None:
    """Raise `AccessError` for more than `MOST_BYTES`."""
    if size > MOST_BYTES:
        remedy = "run `dotlint check -f llm` on the command line instead"
        raise AccessError(
            f"{one_line(name)} has {size:,} bytes, and at most {MOST_BYTES:,} can be checked here; {remedy}"
        )


def _named(folders: Sequence[Path]) -> str:
    return listed([one_line(str(folder)) for folder in folders], 4)
