"""TOML that anybody may have written: what is wrong with it is a `ValueError`, and it takes no longer than its length."""

from __future__ import annotations

from typing import Any, Final

from dotlint.text.regex import regex

# The parser takes the square of a dotted key's length; no table of ours is more than a few deep.
_DEEP: Final = regex(r"""(?:[ \t]*+[\w"'-]++[ \t]*+\.){100}""")


def read_toml(text: str) -> dict[str, Any]:
    """Parse a document. Raises `ValueError` with a line where it is none, or is nested beyond all reason."""
    import tomllib  # noqa: PLC0415 - many runs read none

    if _DEEP.search(text):
        raise ValueError("a key has more than 100 parts")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
