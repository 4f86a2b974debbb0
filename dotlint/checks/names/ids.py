"""N: ids that should be something else: placeholders, keywords, numbers that are split."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, TypeGuard

from dotlint.checks.attributes.uses import bodies
from dotlint.checks.grouping import remaining
from dotlint.data import graphviz
from dotlint.deployment.words import parse_name
from dotlint.edits.fix_context import in_order
from dotlint.edits.statement import id_text
from dotlint.engine.finding import Edit, Fix, Location, Related
from dotlint.syntax.tree import Assignment, Block, DefaultsStatement, EdgeStatement, NodeStatement
from dotlint.text.english import count, listed, the
from dotlint.text.nearest import Lexicon
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Graph, Node
    from dotlint.syntax.tree import Attribute, AttributedStatement, Id, Statement

# `{layer_id}`, `{i+1}`, `{x:02d}`, `${HOST}`, `$i`, `%d`.
_PLACEHOLDER = regex(
    r"\$\{[A-Za-z_]\w*\}|\{[A-Za-z_]\w*(?:\.\w+|\[\w+\])*(?:\s*[-+*/%]\s*\w+)*(?::[^{}|<>]*)?\}"
    r"|(?<=\w)\{\d?\}"
    r"|(?<![A-Za-z0-9\\])\$[a-z_]\w*|(?<![%\\])%(?:0\d+)?[dsi](?![A-Za-z0-9])",
    needs=("{", "$", "%"),
)
# An index letter after a word that deployments number, as in `gpu_i`: a placeholder without braces.
_LETTER = regex(
    r"(?<!(?-i:[A-Za-z]))(gpu|device|rank|layer|expert|stage|shard|head|chunk|node)_(i|j|k|n|idx|id|x)"
    r"(?!(?-i:[A-Za-z0-9]))",
    re.IGNORECASE,
    needs=("_i", "_j", "_k", "_n", "_x"),
)
_ASSIGNED = regex(r"(\w+)[ \t]*=[ \t]*\Z")
_RECORDS = {"record", "Mrecord"}


def _placeholder(node: Node) -> str | None:
    """Return the placeholder in a node's name, if any.

    A name that is all in braces is a set of states, and the name of a record is a label, which may have braces.
    """
    name = node.name
    if "{" not in name and "$" not in name and "%" not in name:
        return None
    match = _PLACEHOLDER.search(name)
    if match is None or (match[0] == name.strip() and name.startswith("{")):
        return None
    return None if "{" in match[0] and node.attributes.get("shape") in _RECORDS else match[0]


def is_placeholder(node: Node) -> bool:
    """Return whether the node's name contains a placeholder."""
    return _placeholder(node) is not None


def placeholder_ids(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report names with a placeholder that was not expanded, with one finding for each placeholder."""
    graph = context.graph
    found: dict[str, list[Node]] = defaultdict(list)
    letters: dict[str, list[Node]] = defaultdict(list)
    families = {parse_name(node.name).family.lower() for node in graph.nodes.values()} if _any_letter(graph) else set()
    for node in graph.nodes.values():
        name = node.name
        if placeholder := _placeholder(node):
            found[placeholder].append(node)
        elif letter := _LETTER.search(name):
            # Only if siblings have a number there.
            plain = parse_name(name[: letter.start(2)] + "0" + name[letter.end(2) :]).family.lower()
            if plain in families:
                letters[letter[0]].append(node)
    for placeholder, every in (*found.items(), *letters.items()):
        nodes = remaining(context.file, card, every, _at)
        if not nodes:
            continue
        who = f"the name of `{nodes[0].name}` contains"
        if len(nodes) > 1:
            who = f"the names of `{nodes[0].name}` and {count(len(nodes) - 1, 'more node')} contain"
        yield card.finding(
            f"{who} the placeholder `{placeholder}`",
            nodes[0].start,
            nodes[0].end,
            nodes=tuple(node.name for node in nodes),
            locations=tuple(map(_at, nodes)),
            help="run the program that generates this file, or write the nodes that the placeholder stands for",
            graph=graph.index,
        )


def _at(node: Node) -> Location:
    return Location(node.start, node.end, str(node.name))


def _any_letter(graph: Graph) -> bool:
    return any(_LETTER.search(name) for name in graph.nodes)


def keyword_nodes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report words that are nodes, or attributes that are the graph's, because quotes or brackets are missing."""
    text = context.file.document.text
    strays: list[tuple[Assignment, Id]] = []
    bare: list[tuple[str, list[Attribute]]] = []
    for _, body in bodies(context.graph):
        taken: set[int] = set()
        for before, statement in pairwise(body):
            stray = _stray_value(context.graph, before, statement)
            if stray is not None and _same_line(text, before, statement):
                strays.append(stray)
                taken.add(id(statement))
        bare += _without_brackets(text, body, taken)
        yield from _missing_subgraph(context, card, body)
    for node in context.graph.nodes.values():
        if 3 <= len(node.name) <= 6 and len(node.statements) == 1:
            yield from _meant_defaults(context, card, node)
    strays = remaining(context.file, card, strays, _at_stray)
    bare = remaining(context.file, card, bare, _at_attributes)
    if strays:
        yield _strays(context, card, strays)
    if bare:
        yield _bare(context, card, bare)


def _same_line(text: str, before: Statement, after: Statement) -> bool:
    """Return whether only blanks separate two statements: no semicolon and no line break."""
    between = text[before.core_end : after.start]
    return bool(between) and not between.strip() and "\n" not in between


def is_stray_value(node: Node) -> bool:
    """Return whether a node may be part of a value without quotes: it is named like a style and has nothing else."""
    return (
        node.name in graphviz.styles("node")
        and not node.in_edges
        and not node.out_edges
        and not any(statement.lists for statement in node.statements)
    )


def _stray_value(graph: Graph, before: Statement, statement: Statement) -> tuple[Assignment, Id] | None:
    """Return the assignment and the node of `style=rounded filled`, in which the second word is a node."""
    if not isinstance(before, Assignment) or not isinstance(statement, NodeStatement):
        return None
    one = statement.nodes[0].id
    node = graph.nodes[one.value]
    if one.quoted or statement.lists or len(statement.nodes) > 1 or node.in_edges or node.out_edges:
        return None
    return None if any(own.lists for own in node.statements) else (before, one)


def _strays(context: GraphContext, card: Card, some: list[tuple[Assignment, Id]]) -> Outcome:
    edits = []
    for assignment, one in some:
        attribute = assignment.attributes[0]
        joined = f"{attribute.value.value}{',' if attribute.name.value == 'style' else ' '}{one.raw}"
        edits.append(Edit(attribute.value.start, one.end, '"' + joined.replace('"', '\\"') + '"'))
    attribute, first = some[0][0].attributes[0], some[0][1]
    more = f", and so {'is' if len(some) == 2 else 'are'} {count(len(some) - 1, 'more word')}" if len(some) > 1 else ""
    return card.finding(
        f"`{first.raw}` is a node here, not part of the value of `{attribute.name.value}`{more}",
        first.start,
        first.end,
        nodes=tuple(dict.fromkeys(one.value for _, one in some)),
        locations=tuple(map(_at_stray, some)),
        related=tuple(Related("here too", one.start, one.end) for _, one in some[1:4]),
        help=f"put the value in quotes: `{attribute.name.value}={edits[0].text}`",
        fix=Fix("unsafe", in_order(edits), f"Put {the(len(edits), 'value')} in quotes"),
        fixable="unsafe",
        graph=context.graph.index,
    )


def _at_stray(one: tuple[Assignment, Id]) -> Location:
    return Location(one[1].start, one[1].end, str(one[1].value))


def _at_attributes(one: tuple[str, list[Attribute]]) -> Location:
    return Location(one[1][0].start, one[1][-1].end)


def _without_brackets(text: str, body: list[Statement], taken: set[int]) -> Iterator[tuple[str, list[Attribute]]]:
    """Yield the kind and attributes of `a -> b style=dashed`, which are the graph's.

    `taken` has the ids of statements that are stray values.
    """
    known = graphviz.attributes()
    at = 0
    while at < len(body) - 1:
        first = body[at]
        run: list[Assignment] = []
        while (
            at + 1 < len(body) and isinstance(after := body[at + 1], Assignment) and _same_line(text, body[at], after)
        ):
            run.append(after)
            at += 1
        at += 1
        letter = "N" if isinstance(first, NodeStatement) else "E" if isinstance(first, EdgeStatement) else ""
        attributes = [assignment.attributes[0] for assignment in run]
        if not run or not letter or id(first) in taken:
            continue
        if all(a.name.value in known and known[a.name.value].allowed(letter) for a in attributes):
            yield "node" if letter == "N" else "edge", attributes


def _bare(context: GraphContext, card: Card, some: list[tuple[str, list[Attribute]]]) -> Outcome:
    what, attributes = some[0]
    spans = [(found[0].start, found[-1].end) for _, found in some]
    edits = [edit for start, end in spans for edit in (Edit(start, start, "["), Edit(end, end, "]"))]
    more = f", also at {count(len(some) - 1, 'more location')}" if len(some) > 1 else ""
    names = listed([f"`{attribute.name.value}`" for attribute in attributes])
    return card.finding(
        f"{names} after this {what} {'is an attribute' if len(attributes) == 1 else 'are attributes'} of the graph{more}",
        *spans[0],
        locations=tuple(Location(*span) for span in spans),
        related=tuple(Related("here too", *span) for span in spans[1:4]),
        help=f"put it in brackets: `[{context.file.document.text[slice(*spans[0])]}]`",
        fixable="unsafe",
        fix=Fix("unsafe", in_order(edits), f"Put {names} in brackets"),
        graph=context.graph.index,
    )


_SUBGRAPH = Lexicon(["subgraph"])


def _missing_subgraph(context: GraphContext, card: Card, body: list[Statement]) -> Iterator[Outcome]:
    """Report `cluster_a {` and `subgrph cluster_a {`: nodes that are followed by an anonymous subgraph."""
    text = context.file.document.text
    for at, (before, block) in enumerate(pairwise(body)):
        if not isinstance(block, Block) or block.keyword is not None or not _is_bare(before):
            continue
        if not _same_line(text, before, block):
            continue
        name = _first_id(before)
        word = body[at - 1] if at else None
        misspelled = None
        if word is not None and _is_bare(word) and _same_line(text, word, before):
            first = word.nodes[0].id
            misspelled = first if _SUBGRAPH.nearest(first.raw) else None
        if misspelled is None and not name.value.lower().startswith("cluster") and not _titles(context, name, block):
            continue
        if misspelled is not None:
            edit = Edit(misspelled.start, misspelled.end, "subgraph")
        else:
            edit = Edit(name.start, name.start, "subgraph ")
        yield card.finding(
            f"`{name.raw}` is a node here, and the braces after it are an anonymous subgraph",
            (misspelled or name).start,
            name.end,
            nodes=(name.value,),
            help=f"write `subgraph {name.raw} {{`",
            fix=Fix("unsafe", (edit,), f"Write `subgraph {name.raw} {{`"),
            fixable="unsafe",
            graph=context.graph.index,
        )


def _titles(context: GraphContext, name: Id, block: Block) -> bool:
    """Return whether a node that is used only here comes before braces with attributes of their own."""
    node = context.graph.nodes.get(name.value)
    if node is None or len(node.statements) > 1 or node.in_edges or node.out_edges:
        return False
    return any(s.start == block.start and s.name is None and s.own_attributes for s in context.graph.subgraphs)


def _is_bare(statement: Statement) -> TypeGuard[NodeStatement]:
    """Return whether a statement is only the name of one node."""
    return isinstance(statement, NodeStatement) and not statement.lists and len(statement.nodes) == 1


_DEFAULTS = Lexicon(["node", "edge", "graph"])


def _meant_defaults(context: GraphContext, card: Card, node: Node) -> Iterator[Outcome]:
    """Report `nodes [shape=box]` and `"node" [shape=box]`, which are nodes and set no defaults."""
    statement = node.statements[0]
    one = statement.nodes[0].id
    near = _DEFAULTS.nearest(node.name, most=1) if node.name not in {"node", "edge", "graph"} else None
    word = near.word if near else node.name
    if (near is None and not (one.quoted and word in {"node", "edge", "graph"})) or node.in_edges or node.out_edges:
        return
    names = set(statement.values())
    letters = {"node": "N", "edge": "E", "graph": "GC"}[word]
    known = graphviz.attributes()
    if (
        not names
        or "label" in names
        or len(statement.nodes) > 1
        or not all(n in known and known[n].allowed(letters) for n in names)
    ):
        return
    text = context.file.document.text
    edits = (Edit(one.start, one.end, word),) if text[one.start : one.end] == one.raw else ()
    fix = Fix("unsafe", edits, f"Write `{word} [...]`") if edits else None
    yield card.finding(
        f"`{one.raw}` is a node here and sets no defaults for {word}s"
        if word != "graph"
        else f"`{one.raw}` is a node here",
        one.start,
        one.end,
        nodes=(node.name,),
        help=f"write `{word} [...]`",
        fixable="unsafe" if fix else None,
        fix=fix,
        graph=context.graph.index,
    )


def split_numbers(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report ids such as `1abc` and `1.2.3`, which Graphviz reads as two ids."""
    text = context.file.document.text
    spans: list[tuple[int, int]] = []
    for _, body in bodies(context.graph):
        for before, statement in pairwise(body):
            # The end of a statement is slow to compute; the character before the next one is not.
            if text[statement.start - 1] not in "0123456789." or before.end != statement.start:
                continue
            if not isinstance(statement, NodeStatement | EdgeStatement | Assignment):
                continue
            start = _number_start(before)
            if start is None:
                continue
            end = _first_id(statement).end
            if spans and spans[-1][1] == before.end:  # `1.2.3.4` is three ids
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
    spans = remaining(context.file, card, sorted(spans), lambda span: Location(*span))
    if not spans:
        return
    start, end = spans[0]
    whole = text[start:end]
    meant = [_without_split(text, *span) for span in spans]
    more = f", and {count(len(spans) - 1, 'more id')} like it {'is' if len(spans) == 2 else 'are'} split"
    yield card.finding(
        f"`{whole}` is read as {_pieces(whole)}{more if len(spans) > 1 else ''}",
        start,
        end,
        locations=tuple(Location(*span) for span in spans),
        related=tuple(Related("here too", *span) for span in spans[1:4]),
        help=f"write `{meant[0]}`: Graphviz takes no unit" if meant[0][0] != '"' else "put it in quotes",
        fixable="unsafe",
        fix=Fix(
            "unsafe",
            tuple(Edit(*span, put) for span, put in zip(spans, meant, strict=True)),
            f"Put {the(len(spans), 'id')} in quotes" if meant[0][0] == '"' else f"Write {listed(meant, 3)}",
        ),
        graph=context.graph.index,
    )


def _without_split(text: str, start: int, end: int) -> str:
    """Return the id in quotes; of a length, what Graphviz takes for the attribute."""
    from dotlint.syntax.recovery.unquoted_values import without_unit  # noqa: PLC0415 - few files have such an id

    assigned = _ASSIGNED.search(text, max(0, start - 40), start)
    return (without_unit(assigned[1], text[start:end]) if assigned else None) or id_text_quoted(text[start:end])


def _pieces(whole: str) -> str:
    pieces = re.findall(r"-?(?:\d+\.?\d*|\.\d+)|[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*", whole)
    return listed([f"`{piece}`" for piece in pieces])


def id_text_quoted(value: str) -> str:
    """Return an id in quotes, even if it does not need them."""
    spelled = id_text(value)
    return spelled if spelled.startswith('"') else f'"{spelled}"'


def _first_id(statement: AttributedStatement) -> Id:
    if isinstance(statement, NodeStatement):
        return statement.nodes[0].id
    if isinstance(statement, EdgeStatement):
        side = statement.sides[0]
        return side[0].id if isinstance(side, list) else side.open  # type: ignore[return-value]
    return statement.attributes[0].name


def _number_start(statement: Statement) -> int | None:
    """Return the start of the last id of a statement if that is a bare number at its end, else None."""
    if isinstance(statement, DefaultsStatement) or getattr(statement, "lists", None):
        return None
    one: Id | None = None
    if isinstance(statement, Assignment):
        one = statement.attributes[0].value
    elif isinstance(statement, NodeStatement):
        ref = statement.nodes[-1]
        one = ref.ports[-1] if ref.ports else ref.id
    elif isinstance(statement, EdgeStatement):
        side = statement.sides[-1]
        if isinstance(side, list):
            one = side[-1].ports[-1] if side[-1].ports else side[-1].id
    if one is None or not re.fullmatch(r"-?(?:\d+\.?\d*|\.\d+)", one.raw):
        return None
    return one.start
