"""TOML from untrusted files: every mistake is a `ValueError`, and parsing takes linear time."""

from __future__ import annotations

from typing import Any, Final

from dotlint.text.regex import regex

# The parser takes quadratic time in the length of a dotted key, and no valid file nests more than a few tables.
_TOO_DEEP: Final = regex(r"""(?:[ \t]*+[\w"'-]++[ \t]*+\.){100}""")


def read_toml(text: str) -> dict[str, Any]:
    """Parse a document. Raises `ValueError` if it is invalid or nested too deeply."""
    import tomllib  # noqa: PLC0415 - many runs read no TOML

    if _TOO_DEEP.search(text):
        raise ValueError("a key has more than 100 parts")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("tables or arrays are nested too deeply") from None
