"""The messages about a document with DOT inside: those of its blocks together, at the offsets of the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.documents.edits import in_document
from dotlint.engine.finding import Edit
from dotlint.server.flow_hints import flow_hints
from dotlint.server.messages import ParsedText, Symbol, Understood
from dotlint.server.outline import outline
from dotlint.server.parsed import colors, folds
from dotlint.server.references import Mentions, read_mentions
from dotlint.server.suppress_actions import suppressions
from dotlint.server.token_styles import styles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dotlint.documents.block import Block
    from dotlint.engine.card import Card
    from dotlint.engine.result import BlockResult
    from dotlint.server.messages import ColorSpan, FoldSpan
    from dotlint.server.suppress_actions import Edits


def parsed_blocks(blocks: Sequence[BlockResult]) -> ParsedText:
    """Return the mentions of nodes in all blocks.

    A block whose DOT is escaped, as in a notebook, has none: what an editor writes at a mention is not escaped.
    """
    all_mentions = Mentions([], [])
    clusters: list[tuple[str, int, int]] = []
    spans: list[tuple[int, int]] = []
    complete = True
    found: list[FoldSpan] = []
    shades: list[ColorSpan] = []
    for one in blocks:
        document, at = one.result.document, one.block.text.source_offset
        complete = complete and not document.problems
        mentions = read_mentions(document)
        first = len(all_mentions.names)
        all_mentions.names += mentions.names
        all_mentions.graphs += [first + number for number in mentions.graphs]
        if not _is_plain(one.block):
            continue
        spans.append((at(0), at(len(one.block.text))))
        all_mentions.starts.extend(map(at, mentions.starts))
        all_mentions.ends.extend(map(at, mentions.ends))
        all_mentions.nodes.extend(first + number for number in mentions.nodes)
        all_mentions.owns.extend(mentions.owns)
        all_mentions.statements.extend(map(at, mentions.statements))
        found += [replace(each, start=at(each.start), end=at(each.end)) for each in folds(document)]
        shades += [replace(each, start=at(each.start), end=at(each.end)) for each in colors(document)]
        clusters += [
            (each.name, at(each.start), at(each.end))
            for graph in document.graphs
            for each in graph.subgraphs
            if each.name is not None
        ]
    return ParsedText(
        all_mentions, tuple(clusters), complete=complete, spans=tuple(spans), folds=tuple(found), colors=tuple(shades)
    )


def understood_blocks(blocks: Sequence[BlockResult]) -> Understood:
    """Return what was inferred for the nodes and edges of all blocks."""
    every, hints = b"", []
    for one in blocks:
        assert one.result.context is not None
        every += styles(one.result.context)
        if _is_plain(one.block):
            at = one.block.text.source_offset
            hints += [replace(hint, offset=at(hint.offset)) for hint in flow_hints(one.result.context)]
    return Understood(every, tuple(hints))


def _is_plain(block: Block) -> bool:
    return block.encode("\"\\'") == "\"\\'"


def suppressions_of_blocks(
    text: str, blocks: Sequence[BlockResult], cards: Sequence[Card], reason: str = ""
) -> Iterator[Edits]:
    """Yield for each finding of the document the edits that suppress it, as `suppressions` does."""
    for one in blocks:
        document = one.result.document

        def moved(edit: Edit | None, block: Block = one.block) -> Edit | None:
            if edit is None:
                return None
            changes = in_document(text, block, [(edit.start, edit.end, edit.text)])
            return Edit(*changes[0]) if changes else None

        for here, everywhere in suppressions(document, one.result.findings, cards, read_mentions(document), reason):
            yield [moved(edit) for edit in here], moved(everywhere)


def symbols_of_blocks(blocks: Sequence[BlockResult]) -> tuple[Symbol, ...]:
    """Return the outline of the document: an entry for each graph, if there are several."""
    found: list[Symbol] = []
    for one in blocks:
        assert one.result.context is not None
        symbols = [_moved(symbol, one.block.text.source_offset) for symbol in outline(one.result.context)]
        graphs = one.result.document.graphs
        if len(blocks) > 1 and len(graphs) == 1 and symbols:
            start = one.block.text.source_offset(graphs[0].header[0])
            end = max(start, *(symbol.end for symbol in symbols))
            name = f"graph {graphs[0].name}" if graphs[0].name else "graph"
            symbols = [Symbol(name, "", "graph", min(start, symbols[0].start), end, start, start, tuple(symbols))]
        found += symbols
    return tuple(found)


def _moved(symbol: Symbol, at: Callable[[int], int]) -> Symbol:
    return replace(
        symbol,
        start=at(symbol.start),
        end=max(at(symbol.start), at(symbol.end)),
        first=at(symbol.first),
        last=max(at(symbol.first), at(symbol.last)),
        children=tuple(_moved(child, at) for child in symbol.children),
    )
