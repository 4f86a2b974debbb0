"""Read the files that arguments name."""

from __future__ import annotations

import errno
from typing import Final

from dotlint.files.paths import nearest_path
from dotlint.files.reading import read_file, reason
from dotlint.strategy.error import StrategyError

MOST_BYTES: Final = 1 << 18


def read_text(path: str, *, piped: bool = False) -> str:
    """Return the text of a file of at most 256 KiB, `piped` as in `read_file`.

    Raises `StrategyError` if it cannot be read.
    """
    name = repr(path)
    try:
        data = read_file(path, piped=piped, most=MOST_BYTES)
    except FileNotFoundError:
        near = nearest_path(path)
        remedy = f": did you mean {near!r}?" if near else ""
        raise StrategyError(f"file {name} does not exist{remedy}", suggestion=near) from None
    except IsADirectoryError:
        raise StrategyError(f"{name} is a folder: name a file") from None
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            raise StrategyError(f"{name} is larger than 256 KiB: it is no launch command or configuration") from None
        raise StrategyError(f"file {name} cannot be read: {reason(error)}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StrategyError(f"file {name} cannot be read: {error}") from None
