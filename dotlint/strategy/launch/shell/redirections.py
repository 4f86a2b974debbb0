"""Redirections: the file that a command writes, and here-documents, which may be such a file or a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from dotlint.strategy.launch.shell.expansion import expand
from dotlint.strategy.launch.shell.words import Document
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.strategy.launch.shell.cursor import Cursor
    from dotlint.strategy.launch.shell.words import Word

_PLAIN: Final = regex(r"[^\\$`]+")
_SHELLS: Final = frozenset({"bash", "sh", "zsh", "ssh", "sbatch"})


class Redirections(Struct):
    """Those of one line: the marks that end its here-documents, the file that is written, whether a shell reads them.

    `awaited` is whether the next word is the file.
    """

    marks: list[str] = field(default_factory=list)
    file: str = ""
    awaited: bool = False
    shell: bool = False

    def end_command(self, words: Sequence[Word]) -> None:
        """Take the file of `tee`, and whether the command is a shell."""
        names = [word.text.rsplit("/", 1)[-1] for word in words]
        if "tee" in names[:2]:
            self.file = next((name.text for name in words[names.index("tee") + 1 :] if name.text[:1] != "-"), "")
        self.shell = self.shell or bool(_SHELLS.intersection(names))


def redirect(cursor: Cursor, line: Redirections) -> None:
    """Read `<` or `>`, with the mark of a here-document."""
    text = cursor.text
    if text.startswith("<<", cursor.index) and not text.startswith("<<<", cursor.index):
        cursor.index += 2
        while cursor.index < len(text) and text[cursor.index] in "- \t":
            cursor.index += 1
        start = cursor.index
        while cursor.index < len(text) and not text[cursor.index].isspace() and text[cursor.index] not in ";&|<>":
            cursor.index += 1
        line.marks.append(text[start : cursor.index])
        return
    cursor.end_word()
    writes = text[cursor.index] == ">"
    while cursor.index < len(text) and text[cursor.index] in "<>&|":
        cursor.index += 1
    line.awaited = writes and text[cursor.index - 1] in ">|"


def read_documents(cursor: Cursor, line: Redirections) -> Iterator[Document]:
    """Keep the here-documents of the line before that are written to a file, and yield those that a shell reads."""
    for mark in line.marks:
        document = _document(cursor, mark)
        if line.file:
            cursor.variables.documents[line.file] = document
        elif line.shell:
            yield document


def _document(cursor: Cursor, mark: str) -> Document:
    """Return the lines up to a mark, with their variables replaced unless the mark is quoted."""
    plain = mark.strip("'\"\\")
    start = end = cursor.index
    while plain and cursor.index < len(cursor.text):
        stop = cursor.text.find("\n", cursor.index)
        line = cursor.text[cursor.index : None if stop < 0 else stop]
        end, cursor.index = cursor.index, len(cursor.text) if stop < 0 else stop + 1
        if line.strip() == plain:
            break
    text, at = cursor.text[start:end], cursor.at[start:end]
    if plain != mark or not ("$" in text or "`" in text):
        return Document(text, at)
    inner = cursor.within(text, at)
    while inner.index < len(text):
        if text[inner.index] in "$`":
            expand(inner, quoted=True)
            continue
        begin, run = inner.index, _PLAIN.match(text, inner.index)
        inner.index = run.end() if run is not None else begin + 1
        inner.add(begin, inner.index)
    word = inner.begin()
    return Document(word.text, word.at)
