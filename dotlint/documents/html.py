"""DOT in HTML: scripts of the type `text/vnd.graphviz`."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

from dotlint.documents.block import Block, assemble
from dotlint.documents.lines import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPES = frozenset({"text/vnd.graphviz", "text/graphviz", "text/x-graphviz", "text/dot", "text/x-dot"})


def blocks(text: str) -> Iterator[Block]:
    """Yield the content of the scripts with DOT."""
    reader = _Scripts(text)
    reader.feed(text.replace("\r", " "))
    for start, end in reader.spans:
        if text[start:end].strip():
            yield Block(assemble(text, [(start, end, None)]))


class _Scripts(HTMLParser):
    """The spans of the content of scripts with DOT."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.starts = [line.start for line in lines_of(text)]
        self.spans: list[tuple[int, int]] = []
        self.open: int | None = None

    def _offset(self) -> int:
        line, column = self.getpos()
        return self.starts[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where a script with DOT begins."""
        if tag == "script" and (dict(attrs).get("type") or "").partition(";")[0].strip().lower() in _TYPES:
            self.open = self._offset() + len(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        """Note where it ends."""
        if tag == "script" and self.open is not None:
            self.spans.append((self.open, self._offset()))
            self.open = None
