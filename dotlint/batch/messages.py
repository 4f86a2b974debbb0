"""The messages between a process that reads tables and the process that lints their rows.

Each message, in both directions, is a length of eight bytes and the content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.batch.options import Limits, RowOptions  # noqa: TC001 - msgspec reads the types

if TYPE_CHECKING:
    from typing import BinaryIO


class Start(Struct, frozen=True):
    """The first message: how rows are linted. The answer is empty, or a mistake in the options."""

    options: RowOptions
    limits: Limits


def send(stream: BinaryIO, message: bytes) -> None:
    """Write a message."""
    stream.write(len(message).to_bytes(8, "big") + message)
    stream.flush()


def receive(stream: BinaryIO) -> bytes | None:
    """Read a message; None if the other process has ended."""
    length = stream.read(8)
    if len(length) < 8:
        return None
    size = int.from_bytes(length, "big")
    message = stream.read(size)
    return message if len(message) == size else None
