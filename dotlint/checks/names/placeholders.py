"""N: names with a placeholder that was not expanded."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks.grouping import remaining
from dotlint.deployment.words import parse_name
from dotlint.engine.finding import Location
from dotlint.text.english import count
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Graph, Node

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
