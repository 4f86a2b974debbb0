"""N: subgraphs that are not drawn as the author intended."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING

from dotlint.checks.grouping import at_span, at_subgraph, remaining
from dotlint.checks.names.edges import removal
from dotlint.data import graphviz
from dotlint.deployment.words import parse_name
from dotlint.edits.fix_context import in_order
from dotlint.edits.statement import id_text
from dotlint.engine.finding import Edit, Fix, Related
from dotlint.syntax.tree import Block, EdgeStatement, NodeStatement, blocks, walk_statements
from dotlint.text.english import count, listed, the

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Graph, Subgraph


def empty_clusters(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report clusters without nodes, which Graphviz does not draw; only the outermost, one finding for each graph."""
    graph, text = context.graph, context.file.document.text
    filled: set[int] = set()
    for subgraph in graph.subgraphs:
        for around in chain((subgraph,), subgraph.ancestors) if subgraph._direct else ():  # noqa: SLF001 - its own nodes only
            if around.index in filled:
                break
            filled.add(around.index)
    # In fdp, the name of a cluster can be the end of an edge.
    empty = [s for s in graph.subgraphs if s.index not in filled and s.is_cluster and s.name not in graph.nodes]
    if not empty:
        return
    sides, inside = _sides(graph), {id(s) for s in empty}
    for subgraph in graph.subgraphs:  # outer before inner
        if id(subgraph.parent) in inside:
            inside.add(id(subgraph))
    some = [s for s in empty if id(s.parent) not in inside]
    some = remaining(context.file, card, some, at_subgraph)
    if not some:
        return
    first = some[0]
    edits = [removal(text, block.start, block.end) for subgraph in some for block in subgraph.statements]
    whole = not any(id(block) in sides for subgraph in some for block in subgraph.statements)
    more = f" and {count(len(some) - 1, 'more cluster')}" if len(some) > 1 else ""
    yield card.finding(
        f"`{first.name}`{more} {'have' if more else 'has'} no nodes and {'are' if more else 'is'} not drawn",
        first.start,
        first.statements[0].open.end,
        locations=tuple(map(at_subgraph, some)),
        related=tuple(Related("also empty", s.start, s.statements[0].open.end) for s in some[1:4]),
        help="remove it, or add nodes to it",
        fix=Fix("unsafe", in_order(edits), f"Remove {the(len(some), 'empty cluster')}") if whole else None,
        fixable="unsafe" if whole else None,
        graph=graph.index,
    )


def _sides(graph: Graph) -> set[int]:
    """Return the `id` of blocks that are sides of edge statements, so that they cannot be removed."""
    return {
        id(block)
        for s in walk_statements([graph.statement.body])
        if isinstance(s, EdgeStatement)
        for block in blocks(s)
    }


def subgraphs_not_clusters(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report subgraphs whose label, colors or style are not drawn because they are not clusters."""
    graph, text = context.graph, context.file.document.text
    families: dict[tuple[str, tuple[str, ...]], list[Subgraph]] = defaultdict(list)
    for subgraph in graph.subgraphs:
        if subgraph.is_cluster or (subgraph.name is None and not subgraph._layer):  # noqa: SLF001
            continue
        own = subgraph.own_attributes
        drawn = tuple(sorted(name for name, value in own.items() if value and _drawn(name)))
        if "label" in drawn or any("color" in name or name == "style" for name in drawn):
            if any(child.is_cluster for child in subgraph.children) and "label" not in drawn:
                continue  # set for the clusters inside it
            if not subgraph.nodes or _lost_its_keyword(text, subgraph.statements[0]):
                continue
            families[parse_name(subgraph.name or "").family, drawn].append(subgraph)
    taken = {subgraph.name for subgraph in graph.subgraphs}
    for (_, drawn), every in families.items():
        some = remaining(context.file, card, every, at_subgraph)
        if not some:
            continue
        first = some[0]
        what = listed([f"`{word}`" for word in drawn], 4)
        edits = _clustered(text, some, taken)
        name = f"the subgraph `{first.name}`" if first.name else "this subgraph"
        who = f"{name} is" if len(some) == 1 else f"{name} and {len(some) - 1} more are"
        yield card.finding(
            f"{who} not drawn as a cluster: {what} {'has' if len(drawn) == 1 else 'have'} no effect",
            first.start,
            first.statements[0].open.end,
            locations=tuple(map(at_subgraph, some)),
            help="start its name with `cluster`",
            related=tuple(Related("the same here", s.start, s.statements[0].open.end) for s in some[1:4]),
            fix=Fix("unsafe", tuple(edits), f"Rename {the(len(some), 'subgraph')} to start with `cluster`")
            if edits
            else None,
            fixable="unsafe" if edits else None,
            graph=graph.index,
        )


def _lost_its_keyword(text: str, block: Block) -> bool:
    """Return whether braces follow a word on their line, as in `cluster_a {`, which `keyword_nodes` reports."""
    if block.keyword is not None:
        return False
    before = text[text.rfind("\n", 0, block.start) + 1 : block.start].rstrip()
    return before[-1:].isalnum() or before[-1:] in {"_", '"'}


def _drawn(name: str) -> bool:
    fact = graphviz.attributes().get(name)
    return fact is not None and fact.allowed("C") and not fact.allowed("S") and not name.startswith("font")


def _clustered(text: str, some: list[Subgraph], taken: set[str | None]) -> list[Edit]:
    """Return the edits that rename the subgraphs to clusters; none if a name is taken."""
    edits: list[Edit] = []
    for subgraph in some:
        name = f"cluster_{subgraph.name if subgraph.name is not None else subgraph.index}"
        if name in taken:
            return []
        for block in subgraph.statements:
            if block.id is not None:
                if text[block.id.start : block.id.end] != block.id.raw:
                    return []
                edits.append(Edit(block.id.start, block.id.end, id_text(name)))
            else:
                at = block.open.start
                word = "" if block.keyword is not None else "subgraph "
                edits.append(Edit(at, at, f"{word}{name} "))
    return sorted(edits, key=lambda edit: edit.start)


def ignored_attributes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report attributes after the closing brace of a subgraph, which Graphviz ignores."""
    text = context.file.document.text
    found = [
        block
        for block in (s for s in walk_statements([context.graph.statement.body]) if isinstance(s, Block))
        if block.lists and block.attributes
    ]
    found = remaining(
        context.file, card, sorted(found, key=lambda block: block.start), lambda block: at_span(block.lists[0])
    )
    if not found:
        return
    edits = [edit for block in found for edit in _inside(text, block)]
    first = found[0].lists[0]
    where = "this subgraph" if len(found) == 1 else f"this and {count(len(found) - 1, 'more subgraph')}"
    names = listed([f"`{name}`" for name in dict.fromkeys(a.name.value for a in found[0].attributes)])
    yield card.finding(
        f"Graphviz ignores {names} after the closing brace of {where}",
        first.start,
        first.end,
        locations=tuple(at_span(block.lists[0]) for block in found),
        related=tuple(Related("the same here", b.lists[0].start, b.lists[-1].end) for b in found[1:4]),
        help="move them inside the braces, as `node [...]` or as attributes of the subgraph",
        fix=Fix("unsafe", in_order(edits), f"Move the attributes of {the(len(found), 'subgraph')} inside the braces"),
        fixable="unsafe",
        graph=context.graph.index,
    )


def _inside(text: str, block: Block) -> list[Edit]:
    """Return the edits that move the attributes inside the braces, those of nodes as defaults for nodes."""
    known = graphviz.attributes()
    own: list[str] = []
    of_nodes: list[str] = []
    for attribute in block.attributes:
        fact = known.get(attribute.name.value)
        spelled = text[attribute.name.start : attribute.value.end]
        (own if fact is not None and not fact.allowed("N") else of_nodes).append(spelled)
    start, end = block.lists[0].start, block.lists[-1].end
    while text[start - 1] in " \t":
        start -= 1
    nodes = [s for s in block.body if isinstance(s, NodeStatement) and not s.lists]
    plain = len(nodes) == len(block.body) and block.keyword is None and not own
    if plain and nodes:
        # Defaults do not change nodes that already exist; a statement for several nodes does.
        spelled = ", ".join(text[s.start : s.core_end] for s in nodes)
        return [Edit(block.start, block.lists[0].start, f"{spelled} ")]
    added = "".join(f" {one};" for one in own) + (f" node [{', '.join(of_nodes)}];" if of_nodes else "")
    return [Edit(block.open.end, block.open.end, added), Edit(start, end, "")]
