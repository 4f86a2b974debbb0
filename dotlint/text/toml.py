"""TOML from untrusted files: every mistake is a `ValueError`, and parsing takes linear time."""

from __future__ import annotations

from typing import Any, Final

from dotlint.text.regex import regex

_BARE: Final = regex(r"[A-Za-z0-9_-]+")
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


def as_toml(value: object) -> str:
    """Render a value as TOML, on one line."""
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
