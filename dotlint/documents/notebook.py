"""DOT in Jupyter notebooks: Markdown cells, cells that begin with `%%dot`, and strings in Python and R cells."""

from __future__ import annotations

import json
import re
from json.decoder import JSONDecoder, py_scanstring  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

from dotlint.documents import markdown, python_strings, r_strings
from dotlint.documents.block import Block, assemble, inner, unescaped
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.documents.block import Piece
    from dotlint.syntax.source import Edited

_MAGIC = re.compile(r"\s*%%(?:dot|graphviz|gv)\b.*")
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}(?:(?<=\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2})?|.)")


class _Text(str):
    """A string of a JSON text with its span in it, without the quotes."""

    __slots__ = ("end", "start")
    start: int
    end: int


class _Decoder(JSONDecoder):
    """Reads JSON and notes where each string stands."""

    def __init__(self) -> None:
        super().__init__(strict=False)
        self.parse_string = self._string
        self.scan_once = py_make_scanner(self)

    @staticmethod
    def _string(text: str, start: int, strict: bool = True) -> tuple[_Text, int]:
        value, end = py_scanstring(text, start, strict)
        found = _Text(value)
        found.start, found.end = start, end - 1
        return found, end


def blocks(text: str) -> Iterator[Block]:
    """Yield the DOT in the cells of a notebook; raises `DotlintError` if it is no valid notebook."""
    try:
        notebook = _Decoder().decode(text)
        cells = _cells(text, notebook)
        language = _language(notebook)
    except json.JSONDecodeError as error:
        raise DotlintError(f"is not a valid notebook: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except (AttributeError, KeyError, TypeError, RecursionError):
        raise DotlintError("is not a valid notebook: it has no list of cells with a type and a source") from None
    drawn = frozenset(name for kind, cell in cells if kind == "code" for name in python_strings.drawn_names(cell))
    for kind, cell in cells:
        if kind == "markdown":
            found: Iterator[Block] = markdown.blocks(cell)
        elif kind != "code":
            continue
        elif _MAGIC.match(cell):
            found = _magic(cell)
        elif language == "r":
            found = r_strings.blocks(cell)
        else:
            found = python_strings.blocks(cell, drawn)
        for block in found:
            yield inner(block, _spell)


def _cells(text: str, notebook: dict[str, Any]) -> list[tuple[str, Edited]]:
    """Return the type and the text of each cell; before version 4 of the format, code stands in `input`."""
    sheets = notebook.get("worksheets", [notebook])
    found = []
    for cell in (cell for sheet in sheets for cell in sheet["cells"]):
        source = cell.get("source", cell.get("input", []))
        strings = source if isinstance(source, list) else [source]
        found.append((str(cell["cell_type"]), assemble(text, (p for one in strings for p in _pieces(text, one)))))
    return found


def _pieces(text: str, string: _Text) -> Iterator[Piece]:
    escapes = _ESCAPE.finditer(text, string.start, string.end)
    return unescaped(string.start, string.end, escapes, lambda escape: str(json.loads(f'"{escape}"')))


def _language(notebook: dict[str, Any]) -> str:
    """Return the language of the code cells in lower case; Python if the notebook does not say."""
    about = notebook.get("metadata", {})
    named = about.get("kernelspec", {}).get("language") or about.get("language_info", {}).get("name")
    return str(named or "python").lower()


def _magic(cell: Edited) -> Iterator[Block]:
    """Yield the cell without its first line that is not blank, the magic command."""
    match = _MAGIC.match(cell)
    assert match is not None
    start = match.end() + 1
    if cell[start:].strip():
        yield Block(assemble(cell, [(start, len(cell), None)]))


def _spell(line: str) -> str:
    return json.dumps(line, ensure_ascii=False)[1:-1]
