"""Nodes by their names: where they are declared and mentioned, and what it takes to rename them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dotlint.edits.statement import id_text
from dotlint.engine.finding import Edit
from dotlint.errors import DotlintError
from dotlint.graph.builder import read
from dotlint.server.cursor import cursor_at
from dotlint.server.diagnostics import range_of
from dotlint.syntax.lexemes import decode
from dotlint.syntax.source import Source
from dotlint.syntax.tokens import tokens
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from dotlint.server.messages import Reading
    from dotlint.server.open_files import Snapshot
    from dotlint.server.references import Mention

_MOST_HIGHLIGHTS = 5_000


class RenameError(DotlintError):
    """A node that cannot be renamed, or not to that."""


def definition(uri: str, snapshot: Snapshot, reading: Reading, offset: int) -> types.Location | None:
    """Find the statement of the node at a place, or the cluster that an `lhead` or `ltail` there names."""
    mention = reading.mentions.at(offset)
    if mention is not None:
        home = reading.mentions.home(mention.node)
        return types.Location(uri, range_of(snapshot.text, home.start, home.end)) if home else None
    body = snapshot.text.body
    cursor = cursor_at(body, offset, reading.mentions.statement_before(offset))
    if cursor.kind == "value" and cursor.attribute in {"lhead", "ltail"} and cursor.end > cursor.start:
        name = decode(body[cursor.start : cursor.end])
        for cluster, start, _ in reading.clusters:
            if cluster == name:
                return types.Location(uri, range_of(snapshot.text, start, start))
    return None


def references(
    uri: str, snapshot: Snapshot, reading: Reading, offset: int, *, declaration: bool
) -> list[types.Location] | None:
    """Give every mention of the node at a place; without its own statements unless `declaration` says so."""
    mention = reading.mentions.at(offset)
    if mention is None:
        return None
    return [
        types.Location(uri, range_of(snapshot.text, one.start, one.end))
        for one in reading.mentions.of(mention.node)
        if declaration or not one.own
    ]


def highlights(snapshot: Snapshot, reading: Reading, offset: int) -> list[types.DocumentHighlight] | None:
    """Give the mentions of the node at a place: its own statements as written, edges as read."""
    mention = reading.mentions.at(offset)
    if mention is None:
        return None
    kinds = {True: types.DocumentHighlightKind.Write, False: types.DocumentHighlightKind.Read}
    found = list(reading.mentions.of(mention.node))[:_MOST_HIGHLIGHTS]
    return [types.DocumentHighlight(range_of(snapshot.text, one.start, one.end), kinds[one.own]) for one in found]


def renamable(snapshot: Snapshot, reading: Reading, offset: int) -> Mention:
    """Give the node at a place; raises `RenameError` where there is none, or a mention of it is not as it reads."""
    mention = reading.mentions.at(offset)
    if mention is None:
        raise RenameError("there is no node here to rename")
    name, body = reading.mentions.names[mention.node], snapshot.text.body
    for one in reading.mentions.of(mention.node):
        if not _spells(body[one.start : one.end], name):
            line = Source(body).position(one.start).line
            raise RenameError(f"`{one_line(name, 60)}` cannot be renamed before the mistake in line {line} is mended")
    return mention


def renamed(snapshot: Snapshot, reading: Reading, offset: int, new: str) -> list[Edit]:
    """Give the edits that rename the node at a place; `new` is its name, or a name in quotes as DOT spells it.

    Raises `RenameError` where another node of the graph has the name: they would become one.
    """
    mention = renamable(snapshot, reading, offset)
    name = decode(new) if len(new) > 1 and new.startswith('"') and _is_string(new) else new
    text = id_text(name)
    if not name:
        raise RenameError("a node needs a name")
    if "\0" in name or not _spells(text, name):
        raise RenameError(f"`{one_line(new, 60)}` cannot be written as a name: backslashes at its end escape the quote")
    names = reading.mentions.names
    if name == names[mention.node]:
        return []
    if any(names[other] == name for other in reading.mentions.siblings(mention.node)):
        raise RenameError(f"there is a node `{one_line(name, 60)}` already: the two would become one")
    return [Edit(one.start, one.end, text) for one in reading.mentions.of(mention.node)]


def refuse_other_meaning(snapshot: Snapshot, edits: list[Edit]) -> None:
    """Raise `RenameError` where edits change more than a name: part of the text cannot be read, and another part then.

    Reads the text anew, which takes its time.
    """
    after = before = snapshot.text.body
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        after = after[: edit.start] + edit.text + after[edit.end :]
    old, new = read(before), read(after)
    if (old.node_count, old.edge_count) != (new.node_count, new.edge_count):
        raise RenameError("the file has mistakes in its syntax, and would mean something else: mend them first")


def _spells(raw: str, name: str) -> bool:
    """Whether a spelling is that of one id, and that id's meaning is the name."""
    if not raw:
        return False
    kinds = [token.type for token in tokens(raw)]
    whole = "UNKNOWN" not in kinds and kinds[0] in {"NAME", "NUMBER", "STRING", "HTML"}
    return whole and decode(raw) == name


def _is_string(text: str) -> bool:
    return [token.type for token in tokens(text)] == ["STRING"]
