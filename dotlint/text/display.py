"""Text from a DOT file made safe to show."""

from __future__ import annotations

# Shown as such: nothing else of the control, format, surrogate and private ranges reaches a terminal or a page.
_KEEP = {"\t"}


def visible(text: str) -> str:
    r"""Replace what a terminal would obey or hide: control characters, bidirectional overrides, lone surrogates.

    They are shown as escapes (`\x1b`, `\u202e`), so that what is seen is what is there.
    """
    if text.isprintable():
        return text
    return "".join(_show(char) if not char.isprintable() and char not in _KEEP else char for char in text)


def _show(char: str) -> str:
    import unicodedata  # noqa: PLC0415 - most texts are printable

    code = ord(char)
    if char == "\n":
        return "\\n"
    if char == "\r":
        return "\\r"
    if unicodedata.category(char) == "Zs":
        return char if code == 0x20 else f"\\u{code:04x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def one_line(text: str, most: int = 400) -> str:
    """Return a text as one visible line of at most `most` characters."""
    line = visible(" ".join(text.split("\n"))).replace("\t", " ")
    return line if len(line) <= most else line[: most - 1] + "…"


def short_repr(text: str | None, most: int = 60) -> str:
    """Return the `repr` of a text in one line of about `most` characters, for the `repr` of an object that has it."""
    return repr(text if text is None else one_line(text, most))
