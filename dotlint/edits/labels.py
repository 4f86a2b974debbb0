"""Split labels into lines as written, and join them again byte for byte."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.deployment.gpus_and_dims import read_tensors
from dotlint.syntax.tree import Assignment, DefaultsStatement
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.deployment.model import Reading
    from dotlint.syntax.tree import Attribute, Block, GraphBlock

_STRING = regex(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PIECE = regex(r"(\\[nlr]|\r?\n|&#10;)")
_HTML_PIECE = regex(r"(\s*<br\s*(?:align=\S+\s*)?/?>\s*)", re.IGNORECASE)
_TABLE = regex(r"<(?:table|tr|td|img)\b", re.IGNORECASE)
_MARKUP = regex(r"((?:\s*<[^>]*>\s*)+)")
_FIELDS = regex(r"((?:\\[nlr]|\s*[{}|]\s*|<[^>]*>|\r?\n)+)")
_ESCAPED = regex(r"\\(?![nlrNGLETH\"])")
_NUMBERS = regex(r"\d+")


class Label(Struct, frozen=True):
    r"""A label in quotes, or in HTML without tables: its `lines` and the `breaks` between them, as written.

    If the label end with a break (`...\l`), the last line is empty.
    """

    attribute: Attribute
    lines: tuple[str, ...]
    breaks: tuple[str, ...]

    def raw(self) -> str:
        """Return the label as written, including quotes or brackets."""
        first, last = self.attribute.value.raw[0], self.attribute.value.raw[-1]
        return first + "".join(line + brk for line, brk in zip(self.lines, (*self.breaks, ""), strict=True)) + last

    @property
    def end(self) -> int:
        """Return the index after the last line that is not blank."""
        at = len(self.lines)
        while at > 1 and not self.lines[at - 1].strip():
            at -= 1
        return at

    def with_line(self, index: int, line: str) -> Label:
        """Return the label with a line replaced except for the blanks around it."""
        old = self.lines[index]
        kept = len(old) - len(old.lstrip())
        written = old[:kept] + line + old[len(old.rstrip()) :]
        return replace(self, lines=(*self.lines[:index], written, *self.lines[index + 1 :]))

    def with_lines(self, index: int, written: list[str], usual: str = "\\n") -> Label:
        """Return the label with lines inserted before `index` (> 0), separated by its own break or else by `usual`."""
        between = self.breaks[0] if self.breaks else "<br/>" if self.attribute.value.html else usual
        pad = self.lines[index - 1] if "\n" in between and index > 1 else ""  # source lines may be indented
        blank = pad[: len(pad) - len(pad.lstrip())]
        return replace(
            self,
            lines=(*self.lines[:index], *(blank + line for line in written), *self.lines[index:]),
            breaks=(*self.breaks[: index - 1], *[between] * len(written), *self.breaks[index - 1 :]),
        )


def label_of(reading: Reading) -> Label | None:
    """Return the label that a node's own statement sets; None if it is not made of lines of text.

    Also None if the statement declares several nodes, because the label is then shared, and for the fields of a record.
    """
    found = reading.node.attribute("label")
    if found is None or "record" in reading.node.attributes.get("shape", "").lower():
        return None
    if any(len(statement.nodes) > 1 and statement.lists for statement in reading.node.statements):
        return None
    return split_label(found)


def cells_of(reading: Reading) -> Label | None:
    """Return the label that a node's own statement sets, split into its lines, or into the cells of a record or table.

    The markup between the cells counts as breaks, and the first and last line may be empty. None as for `label_of`.
    """
    found = reading.node.attribute("label")
    if found is None or (plain := label_of(reading)) is not None:
        return plain if found else None
    raw = found.value.raw
    if any(len(statement.nodes) > 1 and statement.lists for statement in reading.node.statements):
        return None
    if not found.value.html and _STRING.fullmatch(raw) is None:
        return None
    pieces = (_MARKUP if found.value.html else _FIELDS).split(raw[1:-1])
    return Label(found, tuple(pieces[::2]), tuple(pieces[1::2]))


def split_label(attribute: Attribute) -> Label | None:
    """Split the value of an attribute into lines; None unless it is one quoted string or HTML without tables."""
    raw = attribute.value.raw
    if attribute.value.html:
        pieces = _HTML_PIECE.split(raw[1:-1])
        return None if _TABLE.search(raw) else Label(attribute, tuple(pieces[::2]), tuple(pieces[1::2]))
    if _STRING.fullmatch(raw) is None:
        return None
    pieces = _PIECE.split(raw[1:-1])
    if any(_ESCAPED.search(line) for line in pieces[::2]):
        return None
    return Label(attribute, tuple(pieces[::2]), tuple(pieces[1::2]))


def subject(line: str) -> str:
    """Return the subject of a line: `gpu` for `GPU: 0-7 (TP=8)`, `[` for bare dimensions.

    For a line without a colon that is the whole line with its numbers masked.
    """
    key, colon, _ = line.partition(":")
    if colon and "[" not in key:
        return _NUMBERS.sub("#", key).strip().lower()
    tensors = read_tensors([line.strip()])
    return "[" if tensors.bare or tensors.inputs else _NUMBERS.sub("#", line).strip().lower()


def block_label(blocks: Sequence[Block | GraphBlock]) -> Attribute | None:
    """Return the last attribute that sets the label of a graph or subgraph in its body; None if there is none."""
    found: Attribute | None = None
    for block in blocks:
        for statement in block.body:
            if isinstance(statement, Assignment) or (
                isinstance(statement, DefaultsStatement) and statement.target == "graph"
            ):
                found = next((a for a in statement.attributes if a.name.value == "label"), found)
    return found
