"""Definition, references and highlights of a node, and renaming."""

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
    from dotlint.server.messages import ParsedText
    from dotlint.server.open_file import Snapshot
    from dotlint.server.references import Mention

_MOST_HIGHLIGHTS = 5_000


class RenameError(DotlintError):
    """The node cannot be renamed, or the new name is invalid."""


def definition(uri: str, snapshot: Snapshot, parsed: ParsedText, offset: int) -> types.Location | None:
    """Return the declaration of the node at an offset, or the cluster that an `lhead` or `ltail` there names."""
    mention = parsed.mentions.at(offset)
    if mention is not None:
        home = parsed.mentions.home(mention.node)
        return types.Location(uri, range_of(snapshot.text, home.start, home.end)) if home else None
    body = snapshot.text.body
    cursor = cursor_at(body, offset, parsed.mentions.statement_before(offset))
    if cursor.kind == "value" and cursor.attribute in {"lhead", "ltail"} and cursor.end > cursor.start:
        name = decode(body[cursor.start : cursor.end])
        for cluster, start, _ in parsed.clusters:
            if cluster == name:
                return types.Location(uri, range_of(snapshot.text, start, start))
    return None


def references(
    uri: str, snapshot: Snapshot, parsed: ParsedText, offset: int, *, declaration: bool
) -> list[types.Location] | None:
    """Return the mentions of the node at an offset; those in node statements only with `declaration`."""
    mention = parsed.mentions.at(offset)
    if mention is None:
        return None
    return [
        types.Location(uri, range_of(snapshot.text, one.start, one.end))
        for one in parsed.mentions.of(mention.node)
        if declaration or not one.own
    ]


def highlights(snapshot: Snapshot, parsed: ParsedText, offset: int) -> list[types.DocumentHighlight] | None:
    """Return the mentions of the node at an offset: those in node statements as writes, others as reads."""
    mention = parsed.mentions.at(offset)
    if mention is None:
        return None
    kinds = {True: types.DocumentHighlightKind.Write, False: types.DocumentHighlightKind.Read}
    found = list(parsed.mentions.of(mention.node))[:_MOST_HIGHLIGHTS]
    return [types.DocumentHighlight(range_of(snapshot.text, one.start, one.end), kinds[one.own]) for one in found]


def renamable(snapshot: Snapshot, parsed: ParsedText, offset: int) -> Mention:
    """Return the mention at an offset; raises `RenameError` if there is none, or if a mention is not spelled as a valid id."""
    mention = parsed.mentions.at(offset)
    if mention is None:
        raise RenameError("there is no node here to rename")
    name, body = parsed.mentions.names[mention.node], snapshot.text.body
    for one in parsed.mentions.of(mention.node):
        if not _spells(body[one.start : one.end], name):
            line = Source(body).position(one.start).line
            raise RenameError(f"`{one_line(name, 60)}` cannot be renamed: fix the syntax error in line {line} first")
    return mention


def renamed(snapshot: Snapshot, parsed: ParsedText, offset: int, new: str) -> list[Edit]:
    """Return the edits that rename the node at an offset; `new` is a name, or a quoted DOT string.

    Raises `RenameError` if the name is invalid or belongs to another node of the graph, with which it would merge.
    """
    mention = renamable(snapshot, parsed, offset)
    name = decode(new) if len(new) > 1 and new.startswith('"') and _is_string(new) else new
    text = id_text(name)
    if not name:
        raise RenameError("a node name must not be empty")
    if "\0" in name or not _spells(text, name):
        raise RenameError(
            f"`{one_line(new, 60)}` cannot be written as an id: it ends with a backslash or has a null character"
        )
    names = parsed.mentions.names
    if name == names[mention.node]:
        return []
    if any(names[other] == name for other in parsed.mentions.siblings(mention.node)):
        raise RenameError(f"a node `{one_line(name, 60)}` already exists; the two would merge")
    return [Edit(one.start, one.end, text) for one in parsed.mentions.of(mention.node)]


def refuse_other_meaning(snapshot: Snapshot, edits: list[Edit]) -> None:
    """Raise `RenameError` if the edits of an incomplete text change more than a name.

    This parses the text before and after the edits, which is slow for a large text.
    """
    after = before = snapshot.text.body
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        after = after[: edit.start] + edit.text + after[edit.end :]
    old, new = read(before), read(after)
    if (old.node_count, old.edge_count) != (new.node_count, new.edge_count):
        raise RenameError("the renaming would change the graph, since the file has syntax errors; fix them first")


def _spells(raw: str, name: str) -> bool:
    """Return whether a text is exactly one id with the given value."""
    if not raw:
        return False
    kinds = [token.type for token in tokens(raw)]
    whole = "UNKNOWN" not in kinds and kinds[0] in {"NAME", "NUMBER", "STRING", "HTML"}
    return whole and decode(raw) == name


def _is_string(text: str) -> bool:
    return [token.type for token in tokens(text)] == ["STRING"]
