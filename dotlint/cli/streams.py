"""The standard streams of the commands, and their exit statuses."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import IO, TYPE_CHECKING, NamedTuple

from dotlint.errors import DotlintError
from dotlint.files.paths import as_path
from dotlint.files.reading import was_read
from dotlint.text.display import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

FOUND, FAILED = 1, 2


class StreamError(DotlintError):
    """Standard output cannot be written."""


class Streams(NamedTuple):
    """The input, the output for results, and the output for messages about the run."""

    stdin: IO[bytes]
    stdout: IO[str]
    stderr: IO[str]


def write_messages(streams: Streams, *messages: str) -> None:
    """Write messages about the run, one per line."""
    streams.stderr.write("".join(f"dotlint: {visible(message)}\n" for message in messages))


def fail(streams: Streams, message: str, frame: str = "") -> int:
    """Write why the run failed, and return its exit status; the lines of `frame` are shown below the message."""
    try:
        write_messages(streams, f"error: {message}")
        streams.stderr.write("".join(f"  {visible(line)}\n" for line in frame.splitlines()))
        streams.stderr.flush()
    except OSError:  # only the exit status can still report it
        drop_unwritten(streams)
    return FAILED


def drop_unwritten(streams: Streams) -> None:
    """Discard unwritten output: Python would try to write it again at exit, and report another error."""
    for stream, own in ((streams.stdout, sys.__stdout__), (streams.stderr, sys.__stderr__)):
        if stream is own and own is not None:
            try:
                own.flush()
            except OSError:
                os.dup2(os.open(os.devnull, os.O_WRONLY), own.fileno())


def write_result(streams: Streams, text: str, output: str | None = None) -> None:
    """Write text to standard output, or to a file atomically."""
    if output is not None:
        write_file(text.encode("utf-8", "backslashreplace"), output)
        return
    with _as_stream_error():
        try:
            streams.stdout.write(text)
        except UnicodeEncodeError:
            encoding = getattr(streams.stdout, "encoding", None) or "ascii"
            streams.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        streams.stdout.flush()


def write_bytes(streams: Streams, data: bytes, output: str | None = None) -> None:
    """Write bytes unchanged, whatever the encoding of standard output; a text-only stream gets text."""
    raw = getattr(streams.stdout, "buffer", None)
    if output is not None:
        write_file(data, output)
    elif raw is None:
        streams.stdout.write(data.decode("utf-8", "backslashreplace"))
    else:
        with _as_stream_error():
            streams.stdout.flush()
            raw.write(data)
            raw.flush()


def write_file(data: bytes, output: str) -> None:
    """Write a file atomically. Raises `DotlintError` for a file that this run has read."""
    from dotlint.files.atomic import write_atomically

    if was_read(output):
        raise DotlintError(f"--output {output} would overwrite a file that is read; choose another name")
    write_atomically(as_path(output), data)


@contextlib.contextmanager
def _as_stream_error() -> Iterator[None]:
    """Turn an `OSError` into a `StreamError`, except if the reader has closed the pipe."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StreamError(f"standard output cannot be written: {error.strerror or error}") from error


def use_color(choice: str, *, terminal: bool) -> bool:
    """Return whether to use color: always, never, or auto, which is up to NO_COLOR, FORCE_COLOR and the terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (terminal and os.environ.get("TERM") != "dumb")


def terminal_width() -> int:
    """Return the width of the terminal in columns; 100 if there is none."""
    # As `shutil.get_terminal_size`, without the import of `shutil` and of all compressions.
    try:
        columns = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        columns = 0
    if columns > 0:
        return columns
    try:
        assert sys.__stdout__ is not None
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 100
    except (AssertionError, ValueError, OSError):  # it is none, closed, or no terminal
        return 100
