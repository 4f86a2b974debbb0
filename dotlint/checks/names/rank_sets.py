"""N021: clusters and rank sets that share nodes. `dot` ranks each node in one of them only (lib/dotgen/rank.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks.grouping import at_subgraph, remaining
from dotlint.data.values import is_true
from dotlint.edits.fix_context import fixed_by
from dotlint.edits.graph_attributes import set_graph_attribute
from dotlint.engine.finding import Fix, Related
from dotlint.graph.ranks import is_rank_set
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome
    from dotlint.graph.model import Graph, Subgraph

_MOST_RELATED = 3


class Torn(Struct, eq=False):
    """A cluster, a rank set that shares nodes with it, and the names of the nodes that leave the cluster."""

    cluster: Subgraph
    rank_set: Subgraph
    nodes: dict[str, None]

    @property
    def inside(self) -> bool:
        """Whether the cluster is a part of the rank set."""
        return self.rank_set in self.cluster.ancestors

    @property
    def is_lost(self) -> bool:
        """Whether no node is left to draw a box around."""
        return self.inside or len(self.nodes) == len(self.cluster.nodes)


def keep_clusters(fix: FixContext, _finding: Finding) -> Fix | str:
    """Set `newrank=true`, with which rank sets and clusters may share nodes."""
    edit = set_graph_attribute(fix, "newrank", "true")
    return edit if isinstance(edit, str) else Fix("unsafe", (edit,), "Set newrank=true on the graph")


@fixed_by(keep_clusters)
def nodes_leave_clusters(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report clusters that lose nodes to a rank set outside them, or are part of a rank set."""
    graph = context.graph
    own = graph.attributes
    if own.get("layout", "dot") not in {"", "dot"} or own.get("clusterrank", "local") in {"none", "global"}:
        return
    if is_true(own.get("newrank", "")):
        return
    torn = remaining(context.file, card, _torn(graph), lambda one: at_subgraph(one.cluster))
    for inside, is_lost in ((True, True), (False, True), (False, False)):
        some = [one for one in torn if one.inside == inside and one.is_lost == is_lost]
        if not some:
            continue
        first = some[0]
        where = "it is in a rank set" if inside else "a rank set outside takes its nodes"
        names = listed([f"`{name}`" for name in first.nodes], 3)
        more = f", and {count(len(some) - 1, 'more cluster')} likewise" if len(some) > 1 else ""
        yield card.finding(
            f"the box of `{_name(first.cluster)}` is not drawn, because {where}{more}"
            if is_lost
            else f"a rank set outside `{_name(first.cluster)}` takes {names} out of its box{more}",
            first.cluster.start,
            first.cluster.statements[0].open.end,
            nodes=tuple(dict.fromkeys(name for one in some for name in one.nodes)),
            locations=tuple(at_subgraph(one.cluster) for one in some),
            related=tuple(
                Related("the rank set", one.rank_set.start, one.rank_set.statements[0].open.end)
                for one in some[:_MOST_RELATED]
            ),
            graph=graph.index,
            help="set `newrank=true` on the graph, or "
            + ("move the cluster out of the rank set" if inside else "move the rank set into the cluster"),
        )


def _torn(graph: Graph) -> list[Torn]:
    found: dict[int, Torn] = {}
    for rank_set in filter(is_rank_set, graph.subgraphs):
        around = list(rank_set.ancestors)
        if any(map(is_rank_set, around)):
            continue  # the outer one counts
        level = next((one for one in around if one.is_cluster), None)
        for node in rank_set.nodes.values():
            for cluster in _clusters(node.subgraphs, level):
                if cluster not in around and not _hidden(cluster):
                    torn = found.setdefault(cluster.index, Torn(cluster, rank_set, {}))
                    torn.nodes[node.name] = None
    within = {index for index, one in found.items() if one.inside}
    return [
        one
        for index, one in sorted(found.items())
        if index not in within or within.isdisjoint(around.index for around in one.cluster.ancestors)
    ]


def _clusters(subgraphs: list[Subgraph], level: Subgraph | None) -> Iterator[Subgraph]:
    """Yield the clusters around a node that are in the cluster `level`; None for the whole graph."""
    for inner in subgraphs:
        chain = [inner, *inner.ancestors]
        if level is None or level in chain:
            yield from (one for one in chain[: chain.index(level) if level else None] if one.is_cluster)


def _hidden(cluster: Subgraph) -> bool:
    return "invis" in cluster.attributes.get("style", "")


def _name(cluster: Subgraph) -> str:
    return str(cluster.name) if cluster.name is not None else "cluster"
