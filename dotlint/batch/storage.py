"""Files on this machine and on object stores, by path or URI."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import fs

from dotlint.errors import DotlintError
from dotlint.files.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from typing import BinaryIO


class Storage:
    """A file or a folder, `root`, and what is below it.

    A location is a path, or a URI such as `s3://bucket/graphs`; pyarrow opens it, or fsspec if pyarrow does not know it.
    Methods take paths that `root` starts.
    """

    def __init__(self, location: str) -> None:
        self.location = location
        self._files, self.root = _opened(location)
        self.is_local = isinstance(self._files, fs.LocalFileSystem)

    def kind(self, path: str) -> str:
        """Return `file`, `folder` or `missing`."""
        found = self._files.get_file_info(path).type
        return {fs.FileType.File: "file", fs.FileType.Directory: "folder"}.get(found, "missing")

    def files(self, folder: str) -> Iterator[fs.FileInfo]:
        """Yield the regular files below a folder by name, but none that starts with `_` or `.`."""
        found = self._files.get_file_info(fs.FileSelector(folder, recursive=True, allow_not_found=True))
        for info in sorted(found, key=lambda one: one.path):
            inside = info.path.removeprefix(folder).strip("/")
            hidden = any(part[0] in "._" for part in inside.split("/") if part)
            if info.type == fs.FileType.File and not hidden:
                yield info

    def info(self, path: str) -> fs.FileInfo:
        """Return size and time of a file."""
        return self._files.get_file_info(path)

    def open(self, path: str) -> pa.NativeFile:
        """Open a file for reading at any offset."""
        return self._files.open_input_file(path)

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        with self.open(path) as file:
            return bytes(file.read())

    def read_end(self, path: str, most: int) -> bytes:
        """Return at most `most` bytes from the end of a file."""
        with self.open(path) as file:
            file.seek(max(file.size() - most, 0))
            return bytes(file.read())

    def create(self, path: str) -> AbstractContextManager[BinaryIO]:
        """Open a new file for writing in pieces. It is incomplete until it is closed."""
        return self._files.open_output_stream(path)  # type: ignore[no-any-return]

    def write(self, path: str, data: bytes) -> None:
        """Write a file completely or not at all. An object store shows an object only when it is complete."""
        if self.is_local:
            target = Path(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(target, data)
            return
        with self.create(path) as file:
            file.write(data)

    def move(self, path: str, target: str) -> None:
        """Give a file another name."""
        self._files.move(path, target)

    def delete(self, path: str) -> None:
        """Delete a file."""
        self._files.delete_file(path)

    def remove(self, folder: str) -> None:
        """Delete a folder and all that it contains."""
        self._files.delete_dir(folder)


@contextlib.contextmanager
def storage_errors(location: str) -> Iterator[None]:
    """Turn the errors of a storage, and of content that is not what its name says, into a `DotlintError`."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise DotlintError(f"{location}: {str(error).splitlines()[0]}") from error


def _opened(location: str) -> tuple[fs.FileSystem, str]:
    if "://" not in location:
        return fs.LocalFileSystem(), Path(location).absolute().as_posix()
    try:
        files, root = fs.FileSystem.from_uri(location)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, NotImplementedError) as error:
        files, root = _by_fsspec(location, error)
    return files, root.rstrip("/")


def _by_fsspec(location: str, error: Exception) -> tuple[fs.FileSystem, str]:
    try:
        import fsspec  # noqa: PLC0415 - only for what pyarrow does not know
    except ModuleNotFoundError:
        raise DotlintError(f"{location}: {error}; more kinds of storage need `pip install fsspec`") from None
    try:
        files, root = fsspec.core.url_to_fs(location)
    except (ImportError, ValueError) as problem:
        raise DotlintError(f"{location}: {problem}") from None
    return fs.PyFileSystem(fs.FSSpecHandler(files)), root
