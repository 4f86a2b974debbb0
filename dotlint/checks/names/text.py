"""N: text that Graphviz does not read as it was meant: comments that are none, and what it never reads."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from dotlint.checks.grouping import at_span, count, remaining, the
from dotlint.data import graphviz
from dotlint.engine.finding import Edit, Fix, Location, Related
from dotlint.syntax.tree import AttributedStatement, Html
from dotlint.syntax.walk import ids
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Node
    from dotlint.syntax.tree import Id


def _apart(text: str, end: int, start: int) -> Edit:
    """Put a line end between two graphs, in place of blanks."""
    return Edit(end, end if text[end:start].strip() else start, "\n")


def text_not_read(file: FileContext, card: Card) -> Iterator[Outcome]:
    """Text after `@`, graphs that follow on the line of another one's brace, what never closes at the end."""
    text, graphs = file.document.text, file.document.tree.graphs
    lost = [
        (one, following)
        for one, following in pairwise(graphs)
        if one.close.at < one.close.to and "\n" not in text[one.end : following.start]
    ]
    lost = remaining(file, card, lost, lambda pair: Location(*pair[1].header))
    if lost:
        one, following = lost[0]
        more = f", nor {count(len(lost) - 1, 'more graph')} like it" if len(lost) > 1 else ""
        yield card.finding(
            "this graph starts on the line on which the one before it ends:"
            f" Graphviz since 13.0 does not read it{more}",
            *following.header,
            outcome="second-graph",
            locations=tuple(Location(*after.header) for _, after in lost),
            related=(Related("the end of the one before", one.end - 1, one.end),),
            help="start it on a line of its own",
            fix=Fix(
                "safe",
                tuple(_apart(text, before.end, after.start) for before, after in lost),
                f"Start {the(len(lost), 'graph')} on a line of its own",
            ),
            graph=graphs.index(following),
        )
    at = _skip(text, graphs[-1].end if graphs else 0)
    if at >= len(text) or any(problem.end >= at for problem in file.document.problems):
        return
    if text[at] == "@":
        rest = text[at + 1 :].strip()
        if rest:
            yield card.finding(
                "Graphviz stops reading at `@`: what follows is lost",
                at,
                at + 1,
                help="take the `@` out, or what follows it",
            )
    elif text[at] in '"<' or text.startswith("/*", at):
        yield card.finding(
            "what starts here is never closed, and Graphviz passes over it in silence",
            at,
            _line_end(text, at),
            help="take it out, or make it a comment",
        )  # fmt: skip


_BLANKS = regex(r"(?:[ \t\r\n]++|\ufeff|//[^\n]*+|#[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)*+")


def _skip(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


_COLOUR_AHEAD = regex(r"#[0-9a-fA-F]{3,8}(?![0-9a-fA-F])")


def swallowed_code(file: FileContext, card: Card) -> Iterator[Outcome]:
    """`#` and `//` that touch what stands before them and eat the rest of the line; `-- note`; `<!-- ...

    -->`.
    """
    text = file.document.text
    found = []
    for comment in file.document.comments:
        if comment.kind == "/*" or not comment.start or text[comment.start : comment.start + 1] not in {"#", "/"}:
            continue
        before = text[comment.start - 1]
        # A comment may touch the end of a statement, but not what waits for a value, nor a word.
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
        more = f", as it does at {len(some) - 1} more places" if len(some) > 1 else ""
        edits = []
        for comment in some:
            colour = _COLOUR_AHEAD.match(text, comment.start)
            if colour and text[comment.start - 1] == "=":
                edits.append(Edit(comment.start, colour.end(), f'"{colour[0]}"'))
        yield card.finding(
            f"`{kind}` starts a comment here: `{_short(text[first.start : first.end])}` is not read{more}",
            first.start,
            first.end,
            locations=tuple(map(at_span, some)),
            related=tuple(Related("here too", c.start, c.end) for c in some[1:4]),
            help=f"put the value in quotes; set a comment off by a blank before `{kind}`",
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
    """`<!-- note -->` is an HTML id, and so a node."""
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
            f"`<!--` starts no comment in DOT: this is a node{more}",
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
    """`-- a note` at the start of a line: an edge to its first word, and a node of each other one."""
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
                f"`--` starts no comment in DOT: it makes an edge from `{edge.tail.name}`{more}",
                start,
                end,
                nodes=(edge.tail.name, edge.head.name),
                locations=tuple(Location(s, e) for s, e, _ in found),
                help="write `// ...`",
                fix=Fix("unsafe", tuple(Edit(s, s + 2, "//") for s, _, _ in found), "Write `//` in place of `--`"),
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
    """Strings that a backslash keeps open, joins that a CR spoils, paths that lose their backslashes."""
    text = file.document.text
    if "\\" not in text:
        return
    kept: list[Id] = []
    spoilt: list[Id] = []
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
                spoilt.append(one)
            elif "\n" in one.raw and _TRAPPED.search(one.raw):
                kept.append(one)
    kept_open = [
        match for match in (_kept_open(text, p.start) for p in file.document.problems if p.opens_string) if match
    ]
    kept_open = remaining(file, card, kept_open, lambda one: Location(*one))
    if kept_open and not kept:
        yield card.finding(
            "the backslash before this quote keeps the string open",
            *kept_open[0],
            locations=tuple(Location(*one) for one in kept_open),
            related=tuple(Related("here too", *place) for place in kept_open[1:4]),
            help='write `\\\\"` for a backslash at the end of a string',
        )
    told = (
        (
            kept,
            "the backslash before the quote keeps this string open: it ends at a later quote",
            'write `\\\\"`',
        ),
        (
            spoilt,
            "a backslash before CR LF joins no lines: both stay in the text",
            "write the string on one line, or end lines with LF",
        ),
        (
            paths,
            "a backslash starts an escape in this text: the path is not drawn as it is written",
            "double each backslash",
        ),
    )
    for every, message, remedy in told:
        if some := remaining(file, card, every, at_span):
            more = f" ({count(len(some), 'place')})" if len(some) > 1 else ""
            yield card.finding(
                message + more,
                some[0].start,
                some[0].end,
                locations=tuple(map(at_span, some)),
                related=tuple(Related("here too", one.start, one.end) for one in some[1:4]),
                help=remedy,
            )


def _kept_open(text: str, at: int) -> tuple[int, int] | None:
    """Give the escaped quote that was to close the string which opens at `at`.

    One that ends its list or statement.
    """
    end = _line_end(text, at)
    match = _MEANT_END.search(text, at, end) if text.startswith('"', at) else None
    return (match.start(), match.start() + 2) if match else None
