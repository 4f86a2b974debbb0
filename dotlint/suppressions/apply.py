"""Apply the suppressions of a file to its findings, and report suppressions that are unused or malformed."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from dotlint.engine.finding import Edit, Finding, Fix, Related
from dotlint.engine.narrow import without

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.card import Card
    from dotlint.graph.document import Document
    from dotlint.suppressions.directives import Directive, Suppressions, Word


def suppress(
    document: Document,
    findings: Sequence[Finding],
    suppressions: Suppressions,
    ran: Iterable[Card],
    *,
    whole: bool,
) -> tuple[list[Finding], list[Finding]]:
    """Split the findings of a file into those that remain and those that its comments suppress at every location.

    Findings that are suppressed at some of their locations have been narrowed before. The rules about comments (X002,
    X003) run here if they are among `ran`, the rules of this run. `whole` is true if no rules were selected:
    only then can a comment without rule codes be unused.
    """
    if not suppressions.directives and not suppressions.mistakes:
        return list(findings), []
    by_code = {card.code: card for card in ran}
    taken = [_gone(suppressions, finding) for finding in findings]
    extra: list[Finding] = []
    if (card := by_code.get("X002")) is not None:
        asked = frozenset(card.code for card in by_code.values() if card.section != "meta")
        mentions = _Mentions(document, findings)
        for directive in suppressions.directives:
            found = _unused(card, document, directive, asked, mentions, whole=whole)
            extra += [found] if found else []
    if (card := by_code.get("X003")) is not None:
        extra += [
            card.finding(m.message, m.start, m.end, help=m.help, suggestion=m.suggestion) for m in suppressions.mistakes
        ]
    every = [*findings, *extra]
    taken += [_gone(suppressions, finding) for finding in extra]
    return without(every, lambda index: taken[index])


def _gone(suppressions: Suppressions, finding: Finding) -> bool:
    return len(suppressions.take(finding)) == len({location.key for location in finding.locations})


def _unused(
    card: Card,
    document: Document,
    directive: Directive,
    asked: frozenset[str],
    mentions: _Mentions,
    *,
    whole: bool,
) -> Finding | None:
    if directive.words is None:
        if directive.used or not whole:
            return None
        idle: list[Word] = []
        message = f"this `{directive.verb}` suppresses nothing"
        edits = _removals(document, directive)
    else:
        idle = [word for word in directive.words if word.codes & asked and not word.codes & directive.used]
        if not idle:
            return None
        words = ", ".join(word.text for word in idle)
        message = f"`{directive.verb}[{words}]` suppresses nothing"
        if len(idle) == len(directive.words):
            edits = _removals(document, directive)
        else:
            starts = {word.start for word in idle}
            kept = ", ".join(word.text for word in directive.words if word.start not in starts)
            edits = [_rewritten(each, kept) for each in (directive, directive.end) if each and each.words]
    start, end = (idle[0].start, idle[-1].end) if idle else (directive.start, directive.stop)
    elsewhere = _elsewhere(directive, idle, mentions)
    return card.finding(
        message,
        start,
        end,
        help="remove it" if not elsewhere else "move it to the location of the finding, or remove it",
        related=elsewhere,
        fix=Fix("safe", tuple(edits), "Remove the unused suppression"),
        fixable="safe",
    )


def _elsewhere(directive: Directive, idle: Sequence[Word], mentions: _Mentions) -> tuple[Related, ...]:
    """Return findings of the directive's rules that are about a node declared here but are located elsewhere."""
    if directive.verb != "ignore":
        return ()
    codes = frozenset().union(*(word.codes for word in idle)) if idle else None
    found = mentions.about(directive.spans, codes)
    return tuple(Related(f"{f.code} is about this node and is located here", f.start, f.end) for f in found)


class _Mentions:
    """Where the nodes that findings are about are mentioned."""

    def __init__(self, document: Document, findings: Sequence[Finding]) -> None:
        self._document, self._findings = document, findings

    def about(self, spans: Iterable[tuple[int, int]], codes: frozenset[str] | None) -> list[Finding]:
        """Return the first three findings of these rules about nodes that are mentioned in the spans."""
        first: set[int] = set()
        for start, end in spans:
            for at in range(bisect_left(self._starts, start), bisect_left(self._starts, end)):
                for code, found in self._of_node[self._nodes[at]].items():
                    if codes is None or code in codes:
                        first.update(found)
        return [self._findings[index] for index in sorted(first)[:3]]

    @cached_property
    def _of_node(self) -> dict[tuple[int, str], dict[str, list[int]]]:
        """By graph and node: the first three findings of each rule."""
        found: dict[tuple[int, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for index, finding in enumerate(self._findings):
            if finding.graph < len(self._document.graphs):
                for name in finding.nodes:
                    some = found[finding.graph, name][finding.code]
                    if len(some) < 3:
                        some.append(index)
        return found

    @cached_property
    def _mentions(self) -> list[tuple[int, tuple[int, str]]]:
        found: list[tuple[int, tuple[int, str]]] = []
        for graph, name in self._of_node:
            node = self._document.graphs[graph].nodes.get(name)
            if node is not None:
                found += ((statement.start, (graph, name)) for statement in node.statements)
                found += ((edge.start, (graph, name)) for edge in (*node.out_edges, *node.in_edges))
        return sorted(found)

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in self._mentions]

    @cached_property
    def _nodes(self) -> list[tuple[int, str]]:
        return [node for _, node in self._mentions]


def _rewritten(directive: Directive, kept: str) -> Edit:
    start, end = directive.brackets
    return Edit(start, end, f"[{kept}]")


def _removals(document: Document, directive: Directive) -> list[Edit]:
    """Return the edits that remove a directive and, if it starts a block, its end."""
    return [_removal(document, each) for each in (directive, directive.end) if each]


def _removal(document: Document, directive: Directive) -> Edit:
    """Remove the line of a directive if nothing else is on it, else its comment, else only its text."""
    text, comment = document.text, directive.comment
    start, end = directive.opens, directive.stop
    closed = comment.kind == "/*" and text.endswith("*/", comment.start + 2, comment.end)
    if closed and not text[end : comment.end - 2].strip(" \t\r\n*") and start == comment.start:
        end = comment.end
    elif closed and start == comment.start:
        start = directive.start  # the comment has more text and stays
    source = document.source
    line = source.line_start(source.position(start).line)
    line_end = source.line_start(source.position(end).line + 1)
    if not text[line:start].strip() and not text[end:line_end].strip():
        return Edit(line, line_end, "")
    before = len(text[line:start].rstrip(" \t")) + line
    if text[end:line_end].strip():
        # The comment may be all that separates two tokens.
        apart = start > line and not text[start - 1].isspace() and not text[end].isspace()
        return Edit(start, end, " " if apart else "")
    return Edit(before, end, "")
