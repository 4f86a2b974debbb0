"""The graph that a DOT text defines."""

from __future__ import annotations

from dotlint.graph.builder import build, read
from dotlint.graph.document import Document
from dotlint.graph.model import Edge, Graph, Html, Node, Subgraph

__all__ = ["Document", "Edge", "Graph", "Html", "Node", "Subgraph", "build", "read"]
