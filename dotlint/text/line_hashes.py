"""The hashes of lines by which GitHub code scanning recognizes an alert in a later version of a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_WINDOW = 100
_FACTOR = 37
_MASK = (1 << 64) - 1
_END = "\uffff"  # stands for the end of the file, as in GitHub's implementation


def line_hashes(data: bytes, lines: Iterable[int]) -> dict[int, str]:
    """Return the `primaryLocationLineHash` of 1-based lines of a file, without lines that it does not have.

    The hash is that of github/codeql-action: of the 100 UTF-16 units from the start of the line on, without spaces and
    tabs and with LF for CR and CRLF; a polynomial in 37 modulo 2**64, in hexadecimal. A number follows it, because
    lines that start equal windows are counted from the start of the file. A lone CR ends a line here.
    """
    text = data.decode("utf-8", "replace")
    if not text.isascii() and max(text) > _END:
        units = text.encode("utf-16-le")
        text = "".join(chr(low | high << 8) for low, high in zip(units[::2], units[1::2], strict=True))
    text = re.sub(r"\r\n?", "\n", text).replace(" ", "").replace("\t", "") + _END
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    requested = {line for line in lines if 1 <= line <= len(starts)}
    counts = {_window(text, starts[line - 1]): 0 for line in requested}
    hashes = {window: _hash(window) for window in counts}
    found: dict[int, str] = {}
    for line, start in enumerate(starts[: max(requested, default=0)], 1):
        window = _window(text, start)
        if window in counts:
            counts[window] += 1
            if line in requested:
                found[line] = f"{hashes[window]:x}:{counts[window]}"
    return found


def _window(text: str, start: int) -> str:
    return text[start : start + _WINDOW]


def _hash(window: str) -> int:
    value = 0
    for char in window.ljust(_WINDOW, "\0"):
        value = (value * _FACTOR + ord(char)) & _MASK
    return value
