"""TOML that anybody may have written: what is wrong with it is a `ValueError`, and it takes no longer than its length."""

from __future__ import annotations

from typing import Any, Final

from dotlint.text.regex import regex

_BARE: Final = regex(r"[A-Za-z0-9_-]+")
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


def as_toml(value: object) -> str:
    """Write a value as TOML does, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, dict):
        entries = ((key if _BARE.fullmatch(key) else as_toml(key), as_toml(one)) for key, one in value.items())
        return f"{{{', '.join(f'{key} = {one}' for key, one in entries)}}}"
    return str(value)
