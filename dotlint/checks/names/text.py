"""N: text that Graphviz does not read as intended: accidental comments, false comments, text that it ignores."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from dotlint.checks.grouping import at_span, remaining
from dotlint.checks.names.line_breaks import doubled_breaks
from dotlint.data import graphviz
from dotlint.engine.finding import Edit, Fix, Location, Related
from dotlint.syntax.tree import AttributedStatement, Html
from dotlint.syntax.walk import ids
from dotlint.text.english import count, the
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Node
    from dotlint.syntax.tree import Id


def _line_break(text: str, end: int, start: int) -> Edit:
    """Return the edit that replaces the blanks between two graphs with a line break."""
    return Edit(end, end if text[end:start].strip() else start, "\n")


def text_not_read(file: FileContext, card: Card) -> Iterator[Outcome]:
    """Report text after `@`, graphs that start on the line where another ends, and unclosed strings at the end."""
    text, graphs = file.document.text, file.document.tree.graphs
    lost = [
        (one, following)
        for one, following in pairwise(graphs)
        if one.close.at < one.close.to and "\n" not in text[one.end : following.start]
    ]
    lost = remaining(file, card, lost, lambda pair: Location(*pair[1].header))
    if lost:
        one, following = lost[0]
        more = ""
        if len(lost) > 1:
            more = f", as {'does' if len(lost) == 2 else 'do'} {count(len(lost) - 1, 'more graph')}"
        yield card.finding(
            f"this graph starts on the line where the previous one ends{more}:"
            f" Graphviz 13.0 and later ignores {'it' if len(lost) == 1 else 'them'}",
            *following.header,
            outcome="second-graph",
            locations=tuple(Location(*after.header) for _, after in lost),
            related=(Related("the previous graph ends here", one.end - 1, one.end),),
            help="start it on a new line",
            fix=Fix(
                "safe",
                tuple(_line_break(text, before.end, after.start) for before, after in lost),
                f"Start {the(len(lost), 'graph')} on a new line",
            ),
            graph=graphs.index(following),
        )
    if not graphs and text.strip() and not file.document.problems and _skip(text, 0) >= len(text):
        yield card.finding(
            "the file has comments, but no graph",
            0,
            _line_end(text, 0),
            help="write a graph; Graphviz does not read a file without one",
        )
    at = _skip(text, graphs[-1].end if graphs else 0)
    if at >= len(text) or any(problem.end >= at for problem in file.document.problems):
        return
    if text[at] == "@":
        rest = text[at + 1 :].strip()
        if rest:
            yield card.finding(
                "Graphviz stops reading at `@` and ignores the rest of the file",
                at,
                at + 1,
                help="remove the `@` or the text after it",
            )
    elif text[at] in '"<' or text.startswith("/*", at):
        yield card.finding(
            "this string or comment is never closed, and Graphviz silently ignores it",
            at,
            _line_end(text, at),
            help="remove it, or turn it into a comment",
        )  # fmt: skip


_BLANKS = regex(r"(?:[ \t\r\n]++|\ufeff|//[^\n]*+|#[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)*+")


def _skip(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


_COLOR = regex(r"#[0-9a-fA-F]{3,8}(?![0-9a-fA-F])")


def swallowed_code(file: FileContext, card: Card) -> Iterator[Outcome]:
    """Report `#` and `//` that start a comment by accident, and `-- note` and `<!-- note -->`, which are no comments."""
    text = file.document.text
    found = []
    for comment in file.document.comments:
        if comment.kind == "/*" or not comment.start or text[comment.start : comment.start + 1] not in {"#", "/"}:
            continue
        before = text[comment.start - 1]
        # A comment may directly follow a statement, but not `=`, `:` or a word.
        after = text[comment.start + len(comment.kind) : comment.start + len(comment.kind) + 1]
        word = comment.kind == "#" and (before.isalnum() or before == "_")
        if not after.isspace() and (word or before in "=:"):
            found.append(comment)
    found = remaining(file, card, found, at_span)
    for kind in ("#", "//"):
        some = [comment for comment in found if comment.kind == kind and comment.end > comment.start + len(kind)]
        if not some:
            continue
        first = some[0]
        more = f" and at {count(len(some) - 1, 'more location')}" if len(some) > 1 else ""
        edits = []
        for comment in some:
            color = _COLOR.match(text, comment.start)
            if color and text[comment.start - 1] == "=":
                edits.append(Edit(comment.start, color.end(), f'"{color[0]}"'))
        yield card.finding(
            f"`{kind}` starts a comment here{more}: `{_short(text[first.start : first.end])}` is not read",
            first.start,
            first.end,
            locations=tuple(map(at_span, some)),
            related=tuple(Related("here too", c.start, c.end) for c in some[1:4]),
            help=f"put the value in quotes; if this is a comment, write a blank before `{kind}`",
            fix=Fix("unsafe", tuple(edits), f"Put {the(len(edits), 'color')} in quotes")
            if len(edits) == len(some)
            else None,
            fixable="unsafe" if len(edits) == len(some) else None,
        )
    yield from _markup_comments(file, card)
    yield from _dashed_notes(file, card)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


def _markup_comments(file: FileContext, card: Card) -> Iterator[Outcome]:
    """Report `<!-- note -->`, which is an HTML id and thus a node."""
    text = file.document.text
    if "<!--" not in text:
        return
    for graph in file.document.graphs:
        nodes = [n for n in graph.nodes.values() if isinstance(n.name, Html) and n.name.startswith("!--")]
        nodes = [n for n in nodes if not n.in_edges and not n.out_edges]
        nodes = remaining(file, card, nodes, _at_markup)
        if not nodes:
            continue
        edits = []
        for node in nodes:
            start, end = node.span
            inner = text[start + 4 : end - 1].removesuffix("--").strip().replace("*/", "")
            edits.append(Edit(start, end, f"/* {inner} */"))
        more = f", and so are {len(nodes) - 1} more" if len(nodes) > 1 else ""
        yield card.finding(
            f"`<!--` does not start a comment in DOT: this is a node{more}",
            *nodes[0].span,
            nodes=tuple(str(node.name) for node in nodes),
            locations=tuple(map(_at_markup, nodes)),
            help="write `/* ... */` or `// ...`",
            fix=Fix("unsafe", tuple(edits), f"Make {the(len(edits), 'note')} a DOT comment"),
            fixable="unsafe",
            graph=graph.index,
        )


def _at_markup(node: Node) -> Location:
    return Location(*node.span, str(node.name))


_WORD_AFTER = regex(r"[ \t]*[A-Za-z_\x80-\U0010ffff][^\n;\[\]{}\"=<>-]*")


def _dashed_notes(file: FileContext, card: Card) -> Iterator[Outcome]:
    """Report `-- a note` at the start of a line, which is an edge to its first word and a node for each other word."""
    text = file.document.text
    if not re.search(r"^[ \t]*--", text, re.MULTILINE):
        return
    for graph in file.document.graphs:
        if graph.directed:
            continue
        found = []
        for edge in graph.edges:
            statement = edge.statement
            start, end = statement.operators[edge.step]
            line = text.rfind("\n", 0, start) + 1
            if text[line:start].strip() or edge.head.own_attributes:
                continue
            words = _WORD_AFTER.match(text, end)
            if words is None or len(words[0].split()) < 2 or not _ends_line(text, words.end()):
                continue
            notes = [graph.nodes.get(word) for word in words[0].split()]
            if all(
                note is None or (not note.own_attributes and len(note.in_edges) + len(note.out_edges) < 2)
                for note in notes
            ):
                found.append((start, words.end(), edge))
        found = remaining(file, card, found, lambda one: Location(one[0], one[1]))
        if found:
            start, end, edge = found[0]
            more = f", and so do {len(found) - 1} more lines" if len(found) > 1 else ""
            yield card.finding(
                f"`--` does not start a comment in DOT: it adds an edge from `{edge.tail.name}`{more}",
                start,
                end,
                nodes=(edge.tail.name, edge.head.name),
                locations=tuple(Location(s, e) for s, e, _ in found),
                help="write `// ...`",
                fix=Fix("unsafe", tuple(Edit(s, s + 2, "//") for s, _, _ in found), "Replace `--` with `//`"),
                fixable="unsafe",
                graph=graph.index,
            )


def _ends_line(text: str, at: int) -> bool:
    return not text[at : _line_end(text, at)].strip("; \t\r")


_TRAPPED = regex(r'\\"[ \t]*(?:\];?|;)[ \t]*\r?\n')
_MEANT_END = regex(r'(?<!\\)\\"(?=[ \t]*[\];}])')
_QUOTED_PATH = regex(r'"[A-Za-z]:\\(?!\\)[\w.-]')
_PATH = regex(r"[A-Za-z]:\\(?!\\)[\w.-]")


def backslash_traps(file: FileContext, card: Card) -> Iterator[Outcome]:
    """Report escaped closing quotes, line joins that a CR prevents, lost backslashes of paths, and doubled ones."""
    text = file.document.text
    if "\\" not in text:
        return
    yield from _doubled_breaks(file, card)
    kept: list[Id] = []
    unjoined: list[Id] = []
    paths: list[Id] = []
    for statement in file.document.tree.statements() if _QUOTED_PATH.search(text) else ():
        if not isinstance(statement, AttributedStatement):
            continue
        for attribute in statement.attributes:
            raw = attribute.value.raw
            if "\\" not in raw or not attribute.value.quoted:
                continue
            fact = graphviz.attributes().get(attribute.name.value)
            if fact is not None and not {"text", "label"}.isdisjoint(fact.types) and _PATH.match(raw, 1):
                paths.append(attribute.value)
    if "\\\r\n" in text or _TRAPPED.search(text):
        for one in ids(file.document.tree):
            if not one.quoted:
                continue
            if "\\\r\n" in one.raw:
                unjoined.append(one)
            elif "\n" in one.raw and _TRAPPED.search(one.raw):
                kept.append(one)
    kept_open = [
        match for match in (_kept_open(text, p.start) for p in file.document.problems if p.opens_string) if match
    ]
    kept_open = remaining(file, card, kept_open, lambda one: Location(*one))
    if kept_open and not kept:
        yield card.finding(
            "a backslash escapes this quote, so the string is not closed",
            *kept_open[0],
            locations=tuple(Location(*one) for one in kept_open),
            related=tuple(Related("here too", *span) for span in kept_open[1:4]),
            help='write `\\\\"` for a backslash at the end of a string',
        )
    groups = (
        (
            kept,
            "a backslash escapes the closing quote of this string, which ends at a later quote",
            'write `\\\\"`',
        ),
        (
            unjoined,
            "a backslash before CR LF does not join the lines: both stay in the text",
            "write the string on one line, or end lines with LF",
        ),
        (
            paths,
            "the backslashes of this path start escape sequences, so it is not drawn as written",
            "double each backslash",
        ),
    )
    for every, message, remedy in groups:
        if some := remaining(file, card, every, at_span):
            more = f" ({count(len(some), 'location')})" if len(some) > 1 else ""
            yield card.finding(
                message + more,
                some[0].start,
                some[0].end,
                locations=tuple(map(at_span, some)),
                related=tuple(Related("here too", one.start, one.end) for one in some[1:4]),
                help=remedy,
            )


def _doubled_breaks(file: FileContext, card: Card) -> Iterator[Outcome]:
    found = [
        (Location(one.value.start, one.value.end, names[0] if names else None), names)
        for one, names in doubled_breaks(file)
    ]
    if some := remaining(file, card, found, lambda one: one[0]):
        first = some[0][0]
        more = f" ({count(len(some), 'location')})" if len(some) > 1 else ""
        yield card.finding(
            f"`\\\\n` draws a backslash and an `n`, not a line break{more}",
            first.start,
            first.end,
            nodes=tuple(dict.fromkeys(name for _, names in some for name in names)),
            locations=tuple(where for where, _ in some),
            related=tuple(Related("here too", where.start, where.end) for where, _ in some[1:4]),
            help="write `\\n` for a line break",
        )


def _kept_open(text: str, at: int) -> tuple[int, int] | None:
    """Return the span of the escaped quote that should close the string at `at`: one at the end of a list or statement."""
    end = _line_end(text, at)
    match = _MEANT_END.search(text, at, end) if text.startswith('"', at) else None
    return (match.start(), match.start() + 2) if match else None
