"""A file as read, with all its graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dotlint.errors import DotlintError

if TYPE_CHECKING:
    import networkx as nx

    from dotlint.graph.model import Graph
    from dotlint.syntax.problem import Problem
    from dotlint.syntax.source import Source
    from dotlint.syntax.tree import Comment, Tree


class Document(Struct, eq=False):
    """A file as read: its text, its lossless tree, its graphs and what is wrong with its syntax."""

    tree: Tree
    graphs: list[Graph]

    def __repr__(self) -> str:
        more = len(self.graphs) - 3
        return f"Document([{', '.join(map(repr, self.graphs[:3]))}{f', and {more} more' if more > 0 else ''}])"

    @property
    def source(self) -> Source:
        """Where the text comes from."""
        return self.tree.source

    @property
    def text(self) -> str:
        """The whole text, as decoded, without a leading byte order mark."""
        return self.tree.source.text

    @property
    def problems(self) -> list[Problem]:
        """What stands in the way of Graphviz reading the file, in the order of the text."""
        return self.tree.problems

    @property
    def errors(self) -> list[Problem]:
        """The same as `problems`, by the name that the library promises."""
        return self.problems

    @property
    def comments(self) -> list[Comment]:
        """Every comment of the file, in order."""
        return self.tree.comments

    @property
    def node_count(self) -> int:
        """The nodes of all graphs."""
        return sum(len(graph.nodes) for graph in self.graphs)

    @property
    def edge_count(self) -> int | None:
        """The edges of all graphs; None where a product of sets was too large to write out."""
        if any(graph.expansion_limited for graph in self.graphs):
            return None
        return sum(len(graph.edges) for graph in self.graphs)

    def to_networkx(self) -> nx.MultiGraph[str] | nx.MultiDiGraph[str]:
        """Return the first graph as networkx knows graphs; raises `DotlintError` where there is none."""
        from dotlint.graph.views import to_networkx  # noqa: PLC0415  # few need it, and networkx is slow to load

        return to_networkx(self._first)

    def to_pydot(self) -> Any:  # noqa: ANN401  # pydot has no types
        """Return the first graph as a `pydot.Dot`, subgraphs and defaults kept.

        Raises `DotlintError` where there is none.
        """
        from dotlint.graph.views import to_pydot  # noqa: PLC0415

        return to_pydot(self._first)

    @property
    def _first(self) -> Graph:
        """The only graph that most files have."""
        if not self.graphs:
            raise DotlintError(f"{self.source.name}: there is no graph in this text")
        return self.graphs[0]
