"""The DOT files that a document draws or shows, named by their paths."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dotlint.errors import DotlintError
from dotlint.files.discovery import UnreadableError, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

_RESTRUCTURED_TEXT: Final = (".rst", ".rest")
_COMMAND = re.compile(
    r"""(?:^|[^\\@\w])[\\@]dotfile[ \t]+(?P<doxygen>"[^"\n]+"|\S+)        # Doxygen
        |^(?:graphviz|include)::(?P<asciidoc>[^\s\[]+\.(?:dot|gv))\[       # AsciiDoc
        |^[ \t]*`{3,}\{graphviz\}[ \t]+(?P<myst>\S+)[ \t\r]*$              # MyST
    """,
    re.VERBOSE | re.MULTILINE,
)


def included_files(path: str) -> list[str]:
    """Return the existing DOT files that a document includes; none if the document cannot be read."""
    try:
        text = read_bytes(path).decode("utf-8", "surrogateescape")
        names = list(dict.fromkeys(_names(text, path)))
    except (UnreadableError, DotlintError):
        return []  # reading it reports the error
    found = (_located(name, path) for name in names)
    return [file for file in found if file is not None]


def _names(text: str, path: str) -> Iterator[str]:
    if path.lower().endswith(_RESTRUCTURED_TEXT):
        from dotlint.documents.restructuredtext import included  # noqa: PLC0415 - slow to load

        yield from included(text)
        return
    for match in _COMMAND.finditer(text):
        yield (match["doxygen"] or match["asciidoc"] or match["myst"]).strip('"')


def _located(name: str, document: str) -> str | None:
    """Return the path of an included file; Sphinx counts `/name` from the folder of `conf.py`."""
    folder = Path(document).parent
    if name.startswith("/"):
        roots = [above for above in folder.absolute().parents if (above / "conf.py").is_file()]
        roots = [folder, *roots] if (folder / "conf.py").is_file() else roots
        if not roots:
            return None
        folder = roots[0]
    file = folder / name.lstrip("/")
    return os.path.normpath(file) if file.exists() and not file.is_dir() else None
