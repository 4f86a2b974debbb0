"""Problems of the encoding: undecodable bytes, NUL characters, byte order marks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.syntax.problem import Problem
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.syntax.source import Source

_SURROGATE = regex("[\ud800-\udfff]")
_LATIN1 = regex(
    r'charset"?\s*=\s*"?(?:latin-?1|l1|iso-?8859-?1|iso_8859-1|iso-ir-100)\b', re.IGNORECASE, needs=("charset",)
)
_LETTER = regex(r"[^\x00-/:-@\[-^`{-\x7f]")


_MARKS = (
    ("utf-32-le", b"\xff\xfe\0\0"),
    ("utf-32-be", b"\0\0\xfe\xff"),
    ("utf-16-le", b"\xff\xfe"),
    ("utf-16-be", b"\xfe\xff"),
)


def wide_problem(source: Source) -> Problem | None:
    """Return E017 for a file in UTF-16 or UTF-32, which then is its only problem; None for any other."""
    text = source.text
    if not text.startswith(("\0", "\udcff", "\udcfe")) and text[1:2] != "\0":
        return None
    data = source.to_bytes()
    order = "be" if text[0] == "\0" else "le"
    for encoding, mark in (*_MARKS, (f"utf-32-{order}", b""), (f"utf-16-{order}", b"")):
        if data.startswith(mark):
            try:
                decoded = data[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                continue
            if "\0" not in decoded:
                return Problem(
                    "E017",
                    f"the file is encoded in {encoding[:6].upper()}, which Graphviz cannot read",
                    0,
                    len(text),
                    help="save it as UTF-8; PowerShell's `>` writes UTF-16",
                    edits=((0, len(text), decoded),),
                    applicability="safe",
                )
    return None


def encoding_problems(source: Source) -> list[Problem]:
    """Return E015 for the first undecodable byte and the first NUL, and E016 for a BOM that touches the first word."""
    found: list[Problem] = []
    text = source.text
    if not text.isascii() and not _LATIN1.search(text):
        bad = _undecodable(text)
        if bad is not None:
            count = len(_SURROGATE.findall(text))
            found.append(
                Problem(
                    "E015",
                    "a byte is not valid UTF-8" if count == 1 else f"{count} bytes are not valid UTF-8",
                    bad,
                    bad + 1,
                    help="save the file as UTF-8, or declare `charset=latin1` in the graph",
                )
            )
    nul = text.find("\0")
    if nul >= 0:
        found.append(
            Problem(
                "E015",
                "a NUL character hides the rest of its line from Graphviz",
                nul,
                nul + 1,
                help="save the file as UTF-8 text",
            )
        )
    if source.bom and _LETTER.match(text):
        found.append(
            Problem(
                "E016",
                "the byte order mark touches the first word, so Graphviz reads both as one name",
                0,
                len(re.match(r"\w*", text)[0]),  # type: ignore[index]  # matches the empty text too
                help="save the file without a byte order mark, or insert a line break after it",
                edits=((0, 0, "\n"),),
                applicability="safe",
            )
        )
    return found


def is_undecodable(text: str, at: int) -> bool:
    """Return whether a byte that is not UTF-8 is there; the statement around it is read as if it were a letter."""
    return _SURROGATE.match(text, at) is not None


def _undecodable(text: str) -> int | None:
    """Return the offset of the first byte that is not UTF-8 (decoded to a lone surrogate), or None."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None
