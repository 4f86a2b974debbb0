"""Read the files that arguments name."""

from __future__ import annotations

from typing import Final

from dotlint.files.paths import nearest_path
from dotlint.strategy.error import StrategyError

MOST_BYTES: Final = 1 << 18


def read_text(path: str) -> str:
    """Return the text of a file of at most 256 KiB. Raises `StrategyError` if it cannot be read."""
    name = repr(path)
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - a path as typed
            data = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        near = nearest_path(path)
        remedy = f": did you mean {near!r}?" if near else ""
        raise StrategyError(f"file {name} does not exist{remedy}", suggestion=near) from None
    except IsADirectoryError:
        raise StrategyError(f"{name} is a folder: name a file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StrategyError(f"file {name} cannot be read: {reason}") from None
    if len(data) > MOST_BYTES:
        raise StrategyError(f"{name} is larger than 256 KiB: it is no launch command or configuration")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StrategyError(f"file {name} cannot be read: {error}") from None
