"""A: `lhead` and `ltail`, which clip edges at the border of a cluster."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks.attributes.uses import finding, replaced, uses
from dotlint.checks.attributes.value_edits import (
    fix_of,
    separately,
    to_word,
    use_text,
    value_fix,
    values_of,
)
from dotlint.checks.grouping import at_edge, at_edges, remaining
from dotlint.edits.fix_context import fixed_by
from dotlint.edits.graph_attributes import set_graph_attribute
from dotlint.engine.finding import Fix
from dotlint.text.english import count
from dotlint.text.nearest import Lexicon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.checks.attributes.uses import Use
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome
    from dotlint.graph.model import Edge, Graph


def missing_clusters(context: GraphContext, card: Card, some: list[Use]) -> Iterator[Outcome]:
    """Report ends that name no cluster."""
    clusters = [subgraph.name for subgraph in context.graph.subgraphs if subgraph.is_cluster and subgraph.name]
    known = set(clusters)
    for bad in separately([use for use in some if use.value and use.value not in known]):
        near = Lexicon(clusters).nearest(bad[0].value) if len(bad) == 1 else None
        yield finding(
            context,
            card,
            bad,
            f"`{bad[0].name}` is {values_of(bad)}, but must be the name of a cluster",
            near=near,
            help="use the name of a subgraph that starts with `cluster`",
            fix=value_fix(bad, to_word(near.word), near) if near else None,
        )


def clusters_elsewhere(context: GraphContext, card: Card, name: str) -> Iterator[Outcome]:
    """Report edges that `dot` does not clip, because their end is not in the cluster or both ends are."""
    graph = context.graph
    if not _is_compound(graph) or graph.attributes.get("layout", "dot") not in {"", "dot"}:
        return
    members: dict[str, set[str]] = defaultdict(set)
    for subgraph in graph.subgraphs:
        if subgraph.is_cluster and subgraph.name:
            members[subgraph.name].update(subgraph.nodes)
    wrong: list[tuple[Edge, str]] = []
    for edge in graph.edges:
        inside = members.get(edge.attributes.get(name, ""))
        end, other = (edge.head, edge.tail) if name == "lhead" else (edge.tail, edge.head)
        if inside is not None and end.name not in inside:
            wrong.append((edge, f"`{end.name}` is not in that cluster"))
        elif inside is not None and other.name in inside:
            wrong.append((edge, f"`{other.name}` is in that cluster too"))
    wrong = remaining(context.file, card, wrong, lambda one: at_edge(one[0]))
    if wrong:
        first, why = wrong[0]
        more = f", and {count(len(wrong) - 1, 'more edge')} likewise" if len(wrong) > 1 else ""
        yield card.finding(
            f"`{name}` of `{first.tail.name}` to `{first.head.name}` is `{first.attributes[name]}`, but {why}{more}",
            first.start,
            first.end,
            nodes=tuple(dict.fromkeys(end.name for edge, _ in wrong for end in (edge.tail, edge.head))),
            locations=at_edges(edge for edge, _ in wrong),
            help=f"lead the edge {'to' if name == 'lhead' else 'from'} a node in the cluster"
            f" {'from' if name == 'lhead' else 'to'} one outside",
            graph=graph.index,
        )


def _is_compound(graph: Graph) -> bool:
    return graph.attributes.get("compound", "").lower() in {"true", "yes", "1"}


def make_compound(fix: FixContext, _: Finding) -> Fix | str:
    """Set `compound=true` on the graph."""
    edit = set_graph_attribute(fix, "compound", "true")
    return edit if isinstance(edit, str) else Fix("unsafe", (edit,), "Set `compound=true` on the graph")


@fixed_by(make_compound)
def ends_without_compound(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report `lhead` and `ltail` in a graph that is not compound, in which `dot` ignores them."""
    some = [use for end in ("lhead", "ltail") for use in uses(context, card).get(("edge", end), []) if use.value]
    graph = context.graph
    if not some or _is_compound(graph) or graph.attributes.get("layout", "dot") not in {"", "dot"}:
        return
    own = uses(context, card).get(("graph", "compound"), [])
    fix = fix_of(
        [replaced(use_text(p.value), p.value, "true") for use in own for p in use.attributes()],
        "Set `compound=true` on the graph",
        applicability="unsafe",
    )
    number = sum(use.count for use in some)
    yield finding(
        context,
        card,
        some,
        f"`dot` does not clip {count(number, 'edge')} at the border of a cluster: the graph is not `compound`",
        at_name=True,
        help="add `compound=true;` to the graph",
        fix=fix,
        fixable=None if own else "unsafe",
    )
