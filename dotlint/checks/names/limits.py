"""N017: strings, chains and nested subgraphs that exceed the limits of Graphviz."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.checks.grouping import at_span, remaining
from dotlint.engine.finding import Location, Related
from dotlint.syntax.tree import Chain
from dotlint.syntax.walk import ids
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext
    from dotlint.engine.finding import Outcome

# Sizes of lib/cgraph's lexer and parser, the same in all versions from 2.42 to 14.
_RUN, _CHAIN, _NESTING = 16_381, 2_498, 3_332
# Anchored at line starts: otherwise every search position would scan the rest of its line.
_LONG_LINE = regex(rf"^[^\n]{{{_RUN // 4 + 1}}}", re.MULTILINE)
_LONG_RUN = regex(r'[^"\\<>\n]++')


def graphviz_limits(file: FileContext, card: Card) -> Iterator[Outcome]:
    """Report strings, comments, chains and nested subgraphs that exceed the limits of Graphviz."""
    text = file.document.text
    if len(text) > _RUN // 4:
        yield from _long_runs(file, card, text)
    chains = (
        [s for s in file.document.tree.statements() if isinstance(s, Chain) and len(s.operators) > _CHAIN]
        if len(text) > _CHAIN * 3
        else []
    )
    chains = remaining(file, card, chains, at_span)
    if chains:
        yield card.finding(
            f"a chain of {len(chains[0].operators):,} edges: Graphviz accepts at most {_CHAIN:,}",
            chains[0].start,
            chains[0].end,
            locations=tuple(map(at_span, chains)),
            related=tuple(Related("here too", s.start, s.end) for s in chains[1:4]),
            help="split it into several statements",
        )
    for graph in file.document.graphs:
        deep = next((s for s in graph.subgraphs if s.depth + 1 > _NESTING), None)
        if deep is not None:
            yield card.finding(
                f"this subgraph is more than {_NESTING:,} levels deep, which Graphviz cannot read", deep.start, deep.start + 1,
                graph=graph.index, help="reduce the nesting",
            )  # fmt: skip


def _long_runs(file: FileContext, card: Card, text: str) -> Iterator[Outcome]:
    if not _LONG_LINE.search(text):
        return  # a run never exceeds its line
    runs = [m.span() for m in _LONG_RUN.finditer(text) if m.end() - m.start() > _RUN // 4]
    runs = [run for run in runs if len(text[slice(*run)].encode("utf-8", "surrogatepass")) > _RUN]
    whole = [
        (c.start, c.end)
        for c in file.document.comments
        if c.end - c.start > _RUN // 4
        and c.kind != "/*"
        and len(text[c.start : c.end].encode("utf-8", "surrogatepass")) > _RUN
    ]
    if not runs and not whole:
        return
    inside = [(c.start, c.end) for c in file.document.comments if c.kind == "/*" and c.end - c.start > _RUN // 4]
    inside += [(one.start, one.end) for one in ids(file.document.tree) if one.to - one.at > _RUN // 4]
    found = whole + [run for run in runs if any(start <= run[0] and run[1] <= end + 1 for start, end in inside)]
    found = remaining(file, card, sorted(found), lambda run: Location(*run))
    if found:
        start, end = found[0]
        yield card.finding(
            f"{end - start:,} characters without a break: Graphviz reads at most {_RUN:,} bytes at once",
            start,
            end,
            locations=tuple(Location(*run) for run in found),
            related=tuple(Related("here too", *span) for span in found[1:4]),
            help="split it; in a string, `\\` at the end of a line continues it on the next",
        )
