"""Agreement with Graphviz on files from parsers' own tests, where that data lies beside the checkout."""

from __future__ import annotations

import base64
import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dotlint.graph.builder import read
from dotlint.syntax.tree import Html

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.graph.document import Document
    from dotlint.graph.model import Graph

SHARED = Path(__file__).parents[3] / "shared"
CONFORMANCE = SHARED / "conformance"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CONFORMANCE.is_dir(), reason="the conformance data is not beside the checkout"),
]


def refused(document: Document) -> bool:
    return any(problem.code != "E015" for problem in document.problems)


def test_files() -> None:
    wrong = []
    with (CONFORMANCE / "manifest.tsv").open(newline="") as manifest:
        for row in csv.DictReader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["newer_graphviz_differs"] or "line>16k" in row["features"]:
                continue
            document = read((CONFORMANCE / "files" / row["path"]).read_bytes())
            right = refused(document) == (row["graphviz"] == "reject")
            if right and row["graphviz"] == "accept":
                subgraphs = sum(len(graph.subgraphs) for graph in document.graphs)
                found = (len(document.graphs), document.node_count, document.edge_count, subgraphs)
                want = (sum(map(int, row[name].split(","))) for name in ("graphs", "nodes", "edges", "subgraphs"))
                right = found == tuple(want)
            if not right:
                wrong.append(row["path"])
    assert wrong == []


def plain(attributes: Mapping[str, str]) -> dict[str, Any]:
    return {
        str(name): {"html": str(value)} if isinstance(value, Html) else value
        for name, value in attributes.items()
        if value
    }


def facts(graph: Graph) -> dict[str, Any]:
    return {
        "directed": graph.directed,
        "strict": graph.strict,
        "graph_attrs": plain(graph.attributes),
        "node_defaults": plain(graph.node_defaults),
        "edge_defaults": plain(graph.edge_defaults),
        "nodes": {str(name): plain(node.attributes) for name, node in graph.nodes.items()},
        "edges": sorted(
            (str(edge.tail.name), str(edge.head.name), json.dumps(plain(edge.attributes), sort_keys=True))
            for edge in graph.edges
        ),
        "subgraphs": sorted(
            (sorted(map(str, one.nodes)), sorted(plain(one.attributes).items())) for one in graph.subgraphs
        ),
    }


def wanted(graph: dict[str, Any]) -> dict[str, Any]:
    def full(attributes: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in attributes.items() if value}

    return {
        **{name: graph[name] for name in ("directed", "strict")},
        **{name: full(graph[name]) for name in ("graph_attrs", "node_defaults", "edge_defaults")},
        "nodes": {name: full(attributes) for name, attributes in graph["nodes"].items()},
        "edges": sorted(
            (one["tail"], one["head"], json.dumps(full(one["attrs"]), sort_keys=True)) for one in graph["edges"]
        ),
        "subgraphs": sorted((sorted(one["nodes"]), sorted(full(one["attrs"]).items())) for one in graph["subgraphs"]),
    }


def test_snippets() -> None:
    wrong = []
    for line in (CONFORMANCE / "snippets.jsonl").read_text("utf-8").splitlines():
        snippet = json.loads(line)
        if "graphviz_14_1_5_differs" in snippet:
            continue
        text = base64.b64decode(snippet["dot_b64"]) if "dot_b64" in snippet else snippet["dot"].encode()
        document = read(text)
        right = refused(document) != snippet["accept"]
        if right and snippet["accept"] and snippet["facts"]:
            right = [facts(graph) for graph in document.graphs] == [
                wanted(graph) for graph in snippet["facts"]["graphs"]
            ]
        if not right:
            wrong.append(snippet["name"])
    assert wrong == []


def test_broken_files_are_broken_where_they_are() -> None:
    wrong = []
    with (SHARED / "corpus" / "syntax.tsv").open() as table:
        for row in csv.DictReader(table, delimiter="\t"):
            document = read((SHARED / "corpus" / "dot" / row["file"]).read_bytes())
            places = [
                start for problem in document.problems for _, start, _ in (("", problem.start, 0), *problem.related)
            ]
            lines = [document.source.position(start).line for start in places]
            if not any(abs(line - int(row["where the mistake is"])) <= 1 for line in lines):
                wrong.append(row["file"])
    assert wrong == []
