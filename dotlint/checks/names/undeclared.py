"""N001: nodes that edges name and that have no statement of their own, in files where nodes have one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from dotlint.checks.grouping import count, listed, remaining
from dotlint.checks.names.ids import is_placeholder
from dotlint.deployment.unit import Unit
from dotlint.deployment.words import parse_name
from dotlint.edits.fix_context import in_order
from dotlint.edits.statement import as_written
from dotlint.engine.finding import Edit, Fix, Location, Related
from dotlint.syntax.tree import Block, EdgeStatement, NodeStatement, blocks, walk_statements
from dotlint.text.nearest import Lexicon, allowed_edits
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Graph, Node
    from dotlint.syntax.tree import NodeRef

_PIECE = regex(r"\d+|[^\W\d_]+")
_DECLARED_SHARE = 0.8
_DECLARED_LEAST = 3
# How many families without a near spelling are told one by one.
_MOST = 4

Words = tuple[str, ...]


class Meant(NamedTuple):
    """The declared node that was meant, in how many edits, and whether it is the only one as near."""

    node: Node
    edits: int
    single: bool


def undeclared_nodes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Nodes without a statement of their own where nearly all others have one; one finding a family."""
    graph = context.graph
    in_sets = _statements_in_sets(graph)
    declared = {
        n.index for n in graph.nodes.values() if any(id(statement) not in in_sets for statement in n.statements)
    }
    missing = [node for node in graph.nodes.values() if node.index not in declared and not is_placeholder(node)]
    share = float(card.parameters.get("declared_share", _DECLARED_SHARE))
    if not missing or len(declared) < _DECLARED_LEAST or len(declared) < share * len(graph.nodes):
        return
    meant = suggestions(graph, missing, declared, context.file.vocabulary.words)
    if not _declares_first(graph, declared):
        # Statements that follow the edges only dress nodes: one that needs no dress has none.
        missing = [node for node in missing if node.index in meant]
    families: dict[tuple[str, str], list[Node]] = defaultdict(list)
    unlike = {parse_name(node.name).family for node in missing if node.index not in meant}
    for node in missing:
        found = meant.get(node.index)
        family = parse_name(node.name).family if found or len(unlike) <= _MOST else ""
        families[family, parse_name(found.node.name).family if found else ""].append(node)
    for (family, _), every in families.items():
        locations = remaining(context.file, card, (one for node in every for one in _mentioned(node)), lambda one: one)
        named = {location.node for location in locations}
        some = [node for node in every if node.name in named]
        if not some:
            continue
        first = some[0]
        guess = meant.get(first.index)
        edges = sum(graph.in_degree(node) + graph.out_degree(node) for node in some)
        who = (
            f"`{first.name}` is"
            if len(some) == 1
            else f"`{first.name}` and {len(some) - 1} more{' like it' if family else ''} are"
        )
        fix = _rename(context, some, meant, {one.start for one in locations}) if guess else None
        yield card.finding(
            f"{who} named by {count(edges, 'edge')} and declared nowhere",
            locations[0].start,
            locations[0].end,
            nodes=tuple(node.name for node in some),
            locations=tuple(locations),
            related=(Related("declared here", guess.node.start, guess.node.end),) if guess else (),
            help=f"did you mean `{guess.node.name}`?" if guess else "declare it, or mend the spelling",
            fixable=fix.applicability if fix else None,
            fix=fix,
            about=Unit(family=family) if family and len(some) > 1 else None,
            graph=graph.index,
        )


def _statements_in_sets(graph: Graph) -> set[int]:
    """Give the statements of sets that are a side of an edge, by `id`.

    `{a b} -> c` names its nodes and declares none.
    """
    if not graph.subgraphs:
        return set()
    todo = [side for s in walk_statements([graph.statement.body]) if isinstance(s, EdgeStatement) for side in blocks(s)]
    return {id(s) for block in todo for s in block.body if isinstance(s, NodeStatement) and not s.lists}


def _declares_first(graph: Graph, declared: set[int]) -> bool:
    """Whether most nodes are declared before an edge names them."""
    first = sum(1 for n in graph.nodes.values() if n.index in declared and n.statements[0].start <= n.start)
    return 2 * first >= len(declared)


def suggestions(graph: Graph, missing: list[Node], declared: set[int], meaningful: frozenset[str]) -> dict[int, Meant]:
    """For undeclared nodes, by their index, the declared node that is the same but for one word's spelling.

    Numbers have to agree, and a word that means something (one of `meaningful`, the vocabulary's, or one that a declared node
    has) is never taken for a slip of another: `q_proj` is not `k_proj`. Takes time linear in the names.
    """
    wanted: dict[Words, list[tuple[Node, int]]] = defaultdict(list)  # a name's words but one -> who, which one
    spelled: dict[Words, list[Node]] = defaultdict(list)
    for node in missing:
        words = _words(node.name)
        if not any(word.isalpha() for word in words):
            continue
        spelled[words].append(node)
        for place, word in enumerate(words):
            if not word.isdigit():
                wanted[_but(words, place)].append((node, place))
    same: dict[Words, list[Node]] = defaultdict(list)
    offered: dict[Words, dict[str, list[Node]]] = defaultdict(dict)
    known = set(meaningful)
    for node in graph.nodes.values():
        if node.index not in declared:
            continue
        words = _words(node.name)
        known.update(words)
        if words in spelled:
            same[words].append(node)
        for place, word in enumerate(words):
            if not word.isdigit() and (rest := _but(words, place)) in wanted:
                offered[rest].setdefault(word, []).append(node)
    found: dict[int, Meant] = {}
    for words, nodes in spelled.items():
        for node in nodes if words in same else ():
            # The same words and numbers, written in another case or with other marks between them.
            candidate = same[words][0]
            edits = 1 if candidate.name.lower() == node.name.lower() else 2
            found[node.index] = Meant(candidate, edits, len(same[words]) == 1)
    for rest, askers in wanted.items():
        if rest not in offered:
            continue
        lexicon = Lexicon(offered[rest])
        for node, place in askers:
            word = _words(node.name)[place]
            if word in known or node.index in found or not allowed_edits(word):
                continue
            near = lexicon.nearest(word)
            if near is None or _joined(node, offered[rest][near.word][0]):
                continue
            candidates = offered[rest][near.word]
            found[node.index] = Meant(candidates[0], near.edits, near.single and len(candidates) == 1)
    return found


def _words(name: str) -> Words:
    return tuple(piece.lower() for piece in _PIECE.findall(name))


def _but(words: Words, place: int) -> Words:
    return (*words[:place], "", *words[place + 1 :])


def _joined(one: Node, other: Node) -> bool:
    """Whether an edge joins the two, so that they are two."""
    return any(edge.head is other for edge in one.out_edges) or any(edge.tail is other for edge in one.in_edges)


def _mentioned(node: Node) -> list[Location]:
    """Return every mention of an undeclared node, the first one first."""
    first = Location(node.start, node.end, str(node.name))
    return [
        first,
        *(Location(ref.id.start, ref.id.end, first.node) for ref in mentions(node) if ref.start != first.start),
    ]


def _rename(context: GraphContext, some: list[Node], meant: dict[int, Meant], starts: set[int]) -> Fix | None:
    """Write the declared names in place of the others.

    Safe where each is one slip away from one node only.
    """
    graph, text = context.graph, context.file.document.text
    safe = True
    edits: list[Edit] = []
    for node in some:
        guess = meant[node.index]
        safe = safe and guess.edits <= 1 and guess.single and not _doubles(node, guess.node)
        spelled = as_written(text, graph, guess.node.name)
        for ref in mentions(node):
            if ref.start not in starts:
                continue
            if text[ref.id.start : ref.id.end] != ref.id.raw:
                return None
            edits.append(Edit(ref.id.start, ref.id.end, spelled))
    if not edits:
        return None
    renamed = listed([f"`{node.name}` to `{meant[node.index].node.name}`" for node in some], 3)
    return Fix("safe" if safe else "unsafe", in_order(edits), f"Rename {renamed}")


def mentions(node: Node) -> list[NodeRef]:
    """Where edges and sets name an undeclared node."""
    found: dict[int, NodeRef] = {}
    statements = {id(s): s for edge in (*node.in_edges, *node.out_edges) for s in edge.statements}
    for statement in statements.values():
        for side in statement.sides:
            for ref in () if isinstance(side, Block) else side:
                if ref.id.value == node.name:
                    found[ref.id.start] = ref
    for own in node.statements:
        found.update((ref.id.start, ref) for ref in own.nodes if ref.id.value == node.name)
    return [found[start] for start in sorted(found)]


def _doubles(node: Node, other: Node) -> bool:
    """Whether the other node would get an edge that it has already."""
    ins, outs = {edge.tail for edge in other.in_edges}, {edge.head for edge in other.out_edges}
    return any(edge.tail in ins for edge in node.in_edges) or any(edge.head in outs for edge in node.out_edges)
