"""N001: nodes that edges use but no statement declares, in files that declare their nodes."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from dotlint.checks.grouping import remaining
from dotlint.checks.names.placeholders import is_placeholder
from dotlint.deployment.unit import Unit
from dotlint.deployment.words import parse_name
from dotlint.edits.fix_context import in_order
from dotlint.edits.statement import as_written
from dotlint.engine.finding import Edit, Fix, Location, Related
from dotlint.syntax.tree import Block, EdgeStatement, NodeStatement, blocks, walk_statements
from dotlint.text.english import count, listed
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
# How many families without a similar declared name are reported one by one.
_MOST = 4

Words = tuple[str, ...]


class Meant(NamedTuple):
    """The declared node that was meant, its edit distance, and whether it is the only one that close."""

    node: Node
    edits: int
    single: bool


def undeclared_nodes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report undeclared nodes in a graph that declares nearly all nodes, with one finding for each family."""
    graph = context.graph
    in_sets = _statements_in_sets(graph)
    declared = {
        n.index for n in graph.nodes.values() if any(id(statement) not in in_sets for statement in n.statements)
    }
    missing = [node for node in graph.nodes.values() if node.index not in declared and not is_placeholder(node)]
    share = float(card.parameters.get("declared_share", _DECLARED_SHARE))
    if not missing or len(declared) < _DECLARED_LEAST:
        return
    instead: list[Node] = []
    if len(declared) < share * len(graph.nodes):
        missing = instead = _instead_of_idle(graph, missing, declared)
        if not missing:
            return
    meant = suggestions(graph, missing, declared, context.file.vocabulary.words)
    if not _declares_first(graph, declared):
        # Statements after the edges only set attributes, so a node without attributes needs none.
        missing = [node for node in missing if node.index in meant]
    unclear = any(node.index not in meant for node in missing)
    if unclear and not instead and not context.deployment.recognized:
        alike = _families_with_lists(graph, declared)
        role = context.deployment.by_name
        if sum(1 for one in role.values() if one.role and one.node.index in declared) * 2 < len(declared):
            missing = [node for node in missing if node.index in meant or _letters(node.name) in alike]
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
        who = f"`{first.name}` is" if len(some) == 1 else f"`{first.name}` and {len(some) - 1} more are"
        fix = _rename(context, some, meant, {one.start for one in locations}) if guess else None
        yield card.finding(
            f"{who} used by {count(edges, 'edge')} but never declared",
            locations[0].start,
            locations[0].end,
            nodes=tuple(node.name for node in some),
            locations=tuple(locations),
            related=(Related("declared here", guess.node.start, guess.node.end),) if guess else (),
            suggestion=f"`{guess.node.name}`" if guess else None,
            help="declare it, or correct the spelling",
            fixable=fix.applicability if fix else None,
            fix=fix,
            about=Unit(family=family) if family and len(some) > 1 else None,
            graph=graph.index,
        )


def _instead_of_idle(graph: Graph, missing: list[Node], declared: set[int]) -> list[Node]:
    """Return the undeclared nodes that edges use instead of declared ones without edges: only their numbers differ.

    `expert-4_gpu0` stands in the edges, and `expert0_gpu0` is declared and connected to nothing.
    """
    idle: Counter[Words] = Counter()
    for node in graph.nodes.values():
        if node.index in declared and not node.in_edges and not node.out_edges:
            idle[_letters(node.name)] += 1
    used = Counter(_letters(node.name) for node in missing)
    alike = {words for words, number in used.items() if words and 1 < number == idle[words]}
    return [node for node in missing if _letters(node.name) in alike]


def _families_with_lists(graph: Graph, declared: set[int]) -> set[Words]:
    """Return the letters of names, such as `r` of `r1` and `r2`, of which several declared nodes state attributes.

    In graphs other than deployments, a node that is not declared is often meant: its name is its label. A router `r6`
    beside `r1` to `r5`, each with its address, is none of them.
    """
    numbered = Counter(
        _letters(node.name)
        for node in graph.nodes.values()
        if node.index in declared and node.own_attributes and any(map(str.isdigit, _words(node.name)))
    )
    return {letters for letters, number in numbered.items() if letters and number > 1}


def _letters(name: str) -> Words:
    return tuple(word for word in _words(name) if not word.isdigit())


def _statements_in_sets(graph: Graph) -> set[int]:
    """Return the `id` of statements in subgraphs that are sides of edges: `{a b} -> c` declares no nodes."""
    if not graph.subgraphs:
        return set()
    todo = [side for s in walk_statements([graph.statement.body]) if isinstance(s, EdgeStatement) for side in blocks(s)]
    return {id(s) for block in todo for s in block.body if isinstance(s, NodeStatement) and not s.lists}


def _declares_first(graph: Graph, declared: set[int]) -> bool:
    """Return whether most nodes are declared before an edge uses them."""
    first = sum(1 for n in graph.nodes.values() if n.index in declared and n.statements[0].start <= n.start)
    return 2 * first >= len(declared)


def suggestions(graph: Graph, missing: list[Node], declared: set[int], meaningful: frozenset[str]) -> dict[int, Meant]:
    """Return, by index of the undeclared node, the declared node whose name differs in the spelling of one word.

    Numbers must be equal, and a known word (in `meaningful`, the vocabulary, or in the name of a declared node) never
    counts as a typo of another: `q_proj` is not `k_proj`. The time is linear in the number of names.
    """
    lookups: dict[Words, list[tuple[Node, int]]] = defaultdict(list)  # words without one -> node, index of that word
    spelled: dict[Words, list[Node]] = defaultdict(list)
    for node in missing:
        words = _words(node.name)
        if not any(word.isalpha() for word in words):
            continue
        spelled[words].append(node)
        for index, word in enumerate(words):
            if not word.isdigit():
                lookups[_but(words, index)].append((node, index))
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
        for index, word in enumerate(words):
            if not word.isdigit() and (rest := _but(words, index)) in lookups:
                offered[rest].setdefault(word, []).append(node)
    found: dict[int, Meant] = {}
    for words, nodes in spelled.items():
        for node in nodes if words in same else ():
            # The same words and numbers with another case or other separators.
            candidate = same[words][0]
            edits = 1 if candidate.name.lower() == node.name.lower() else 2
            found[node.index] = Meant(candidate, edits, len(same[words]) == 1)
    for rest, undeclared in lookups.items():
        if rest not in offered:
            continue
        lexicon = Lexicon(offered[rest])
        for node, index in undeclared:
            word = _words(node.name)[index]
            if word in known or node.index in found or not allowed_edits(word):
                continue
            near = lexicon.nearest(word)
            if near is None or _connected(node, offered[rest][near.word][0]):
                continue
            candidates = offered[rest][near.word]
            found[node.index] = Meant(candidates[0], near.edits, near.single and len(candidates) == 1)
    return found


def _words(name: str) -> Words:
    return tuple(piece.lower() for piece in _PIECE.findall(name))


def _but(words: Words, index: int) -> Words:
    return (*words[:index], "", *words[index + 1 :])


def _connected(one: Node, other: Node) -> bool:
    """Return whether an edge connects the two, so that they are different nodes."""
    return any(edge.head is other for edge in one.out_edges) or any(edge.tail is other for edge in one.in_edges)


def _mentioned(node: Node) -> list[Location]:
    """Return the locations of all mentions of an undeclared node, the first one first."""
    first = Location(node.start, node.end, str(node.name))
    return [
        first,
        *(Location(ref.id.start, ref.id.end, first.node) for ref in mentions(node) if ref.start != first.start),
    ]


def _rename(context: GraphContext, some: list[Node], meant: dict[int, Meant], starts: set[int]) -> Fix | None:
    """Return the fix that replaces undeclared names with declared ones.

    It is safe if each differs in one edit from only one declared name.
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
    """Return all mentions of an undeclared node in edges and subgraphs, in text order."""
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
    """Return whether the other node would get an edge that it already has."""
    ins, outs = {edge.tail for edge in other.in_edges}, {edge.head for edge in other.out_edges}
    return any(edge.tail in ins for edge in node.in_edges) or any(edge.head in outs for edge in node.out_edges)
