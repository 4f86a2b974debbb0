"""Which files are documents, and how the DOT in each kind is found."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dotlint.documents.block import Block

_MARKDOWN: Final = ("markdown.blocks", "marked.doxygen_blocks")
_SOURCE: Final = ("marked.doxygen_blocks",)

_READERS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys((".md", ".markdown", ".mkd", ".mdx", ".rmd", ".qmd"), _MARKDOWN),
    **dict.fromkeys((".rst", ".rest"), ("restructuredtext.blocks",)),
    **dict.fromkeys((".adoc", ".asciidoc", ".asc"), ("asciidoc.blocks",)),
    **dict.fromkeys((".puml", ".plantuml", ".pu", ".iuml", ".wsd"), ("marked.plantuml_blocks",)),
    ".org": ("marked.org_blocks",),
    ".ipynb": ("notebook.blocks",),
    **dict.fromkeys((".html", ".htm"), ("html.blocks",)),
    **dict.fromkeys((".py", ".pyi"), ("marked.doxygen_blocks", "python_strings.blocks")),
    **dict.fromkeys(
        (".c", ".h", ".cc", ".hh", ".cpp", ".hpp", ".cxx", ".hxx", ".ipp", ".inl", ".cu", ".cuh", ".java", ".dox"),
        _SOURCE,
    ),
    **dict.fromkeys((".cs", ".m", ".mm", ".d", ".php", ".js", ".ts", ".f90", ".idl", ".vhd", ".tcl"), _SOURCE),
}

ENDINGS: Final = tuple(_READERS)
"""The endings of the names of documents, in lower case."""

_MAY_CONTAIN = re.compile(r"graph|gv|dot", re.IGNORECASE)


def is_document(name: str) -> bool:
    """Return whether a file of this name is a document that may contain DOT, and not DOT itself."""
    return name.lower().endswith(ENDINGS)


def find_blocks(text: str, name: str) -> list[Block]:
    """Return the blocks of a document in the order of its text; raises `DotlintError` if it cannot be read."""
    if _MAY_CONTAIN.search(text) is None:
        return []
    found: list[Block] = []
    for reader in _READERS["." + name.lower().rpartition(".")[2]]:
        module, _, function = reader.partition(".")
        read: Callable[[str], Iterator[Block]] = getattr(import_module(f"dotlint.documents.{module}"), function)
        found += read(text)
    return sorted(found, key=lambda block: block.text.source_offset(0))
