"""The slots and the style of planned edges."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from dotlint.graph.builder import read
from dotlint.pipeline.fix_text import fix_text
from tests.dsl import settings_for

EDGES = settings_for(("S001", "S004"))


def nodes(stage: int, indent: str = "  ") -> str:
    base = 2 * stage
    return "".join(
        f'{indent}{name}{stage} [label="{label}\\nGPU: {base}-{base + 1}"];\n'
        for name, label in (("norm", "LayerNorm"), ("qkv", "QKV Projection"), ("attn", "Attention"), ("ffn", "MLP"))
    )


def inner(stage: int, indent: str = "  ", end: str = ";") -> str:
    chain = ["norm", "qkv", "attn", "ffn"]
    return "".join(f"{indent}{a}{stage} -> {b}{stage}{end}\n" for a, b in itertools.pairwise(chain))


def fixed(text: str) -> str:
    result = fix_text(text, EDGES)
    assert result.refused == ()
    assert fix_text(result.text, EDGES).text == result.text
    return result.text


def drawing(*pieces: str) -> str:
    return 'digraph {\n  in [label="Input"];\n' + "".join(pieces) + "}\n"


ALL_NODES = "".join(nodes(s) for s in range(4))
LINKS = ["  in -> norm0;\n", *(f"  ffn{s} -> norm{s + 1};\n" for s in range(3))]


def test_edges_go_between_the_links_of_their_stage() -> None:
    whole = drawing(ALL_NODES, *(x for s in range(4) for x in (LINKS[s], inner(s))))
    cut = drawing(ALL_NODES, LINKS[0], inner(0), *LINKS[1:])
    assert fixed(cut) == whole


def test_one_edge_is_restored() -> None:
    whole = drawing(ALL_NODES, *(x for s in range(4) for x in (LINKS[s], inner(s))))
    for s in (1, 2, 3):
        for line in inner(s).splitlines(keepends=True):
            assert fixed(whole.replace(line, "")) == whole, line


def test_edges_go_below_the_comment_that_heads_their_stage() -> None:
    def sections(*drawn: int) -> str:
        return "".join(f"  // edges of stage {s}\n{inner(s) if s in drawn else ''}\n" for s in range(4))

    assert fixed(drawing(ALL_NODES, sections(0, 1, 3), *LINKS)) == drawing(ALL_NODES, sections(0, 1, 2, 3), *LINKS)


def test_edges_go_into_their_cluster() -> None:
    def clusters(*drawn: int) -> str:
        return "".join(
            f'  subgraph cluster_{s} {{\n    label="Stage {s}";\n{nodes(s, "    ")}'
            f"{inner(s, '    ') if s in drawn else ''}  }}\n"
            for s in range(4)
        )

    assert fixed(drawing(clusters(0, 1, 3), *LINKS)) == drawing(clusters(0, 1, 2, 3), *LINKS)


def test_edges_outside_of_clusters_stay_outside() -> None:
    def clusters() -> str:
        return "".join(f"  subgraph cluster_{s} {{\n{nodes(s, '    ')}  }}\n" for s in range(4))

    text = fixed(drawing(clusters(), *(x for s in (0, 1, 3) for x in (LINKS[s], inner(s))), LINKS[2]))
    graph = read(text).graphs[0]
    assert all(edge.scope is graph for edge in graph.edges)
    assert text.count("attn2 -> ffn2") == 1


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", [";", ""])
@pytest.mark.parametrize("indent", ["  ", "\t", ""])
def test_the_style_of_the_file_is_kept(newline: str, end: str, indent: str) -> None:
    def write(*stages: int) -> str:
        edges = "".join(inner(s, indent, end) if s in stages else "" for s in range(4))
        return drawing(ALL_NODES, edges, *LINKS).replace("\n", newline)

    assert fixed(write(0, 1, 3)) == write(0, 1, 2, 3)


def test_a_file_of_one_line_stays_one_line() -> None:
    text = fixed(drawing(ALL_NODES, *(x for s in (0, 1, 3) for x in (LINKS[s], inner(s))), LINKS[2]).replace("\n", " "))
    assert "\n" not in text
    assert "norm2 -> qkv2;" in text


def test_bytes_that_are_no_utf_8_and_a_byte_order_mark_stay() -> None:
    text = drawing("  // caf\udce9\n", ALL_NODES, *(x for s in (0, 1, 3) for x in (LINKS[s], inner(s))), LINKS[2])
    data = b"\xef\xbb\xbf\n" + text.encode("utf-8", "surrogateescape")
    result = fix_text(data, EDGES)
    assert result.changed
    assert result.data().startswith(b"\xef\xbb\xbf\ndigraph {")
    assert b"  // caf\xe9\n" in result.data()


def test_comments_beside_the_anchor_keep_their_statement() -> None:
    cut = drawing(
        ALL_NODES,
        LINKS[0],
        inner(0),
        "  ffn0 -> norm1;  // over NVLink\n",
        "  // slow\n  ffn1 -> norm2;\n",
        inner(2),
        LINKS[3],
    )
    text = fixed(cut)
    assert "  ffn0 -> norm1;  // over NVLink\n  norm1 -> qkv1;\n" in text
    assert "  // slow\n  ffn1 -> norm2;\n" in text


def test_attributes_are_copied_from_the_most_common_style() -> None:
    styled = [
        inner(s).replace(f"attn{s} -> ffn{s}", f'attn{s} -> ffn{s} [color=red, style="dashed"]') for s in range(4)
    ]
    text = fixed(drawing(ALL_NODES, LINKS[0], styled[0], LINKS[1], styled[1], LINKS[2], LINKS[3], styled[3]))
    assert '  attn2 -> ffn2 [color=red, style="dashed"];\n' in text


def test_no_edge_mentions_a_node_before_its_declaration() -> None:
    early = drawing(
        nodes(0), inner(0), nodes(1), inner(1), "  node [shape=box];\n", nodes(2), nodes(3), inner(3), *LINKS
    )
    before, after = read(early).graphs[0], read(fixed(early)).graphs[0]
    assert [(n.name, n.attributes) for n in before.nodes.values()] == [
        (n.name, n.attributes) for n in after.nodes.values()
    ]


def test_a_missing_pipeline_link_is_written_like_the_others() -> None:
    links = [f'  ffn{s} -> norm{s + 1} [label="Stage {s}→{s + 1}" penwidth=2];\n' for s in range(3)]
    whole = drawing(ALL_NODES, *(inner(s) for s in range(4)), LINKS[0], *links)
    settings = settings_for(("S001", "S004"), "pp4tp2")
    result = fix_text(whole.replace(links[1], ""), settings)
    assert '  ffn1 -> norm2 [label="Stage 1→2" penwidth=2];\n' in result.text
    edges = Counter((e.tail.name, e.head.name) for e in read(result.text).graphs[0].edges)
    assert edges == Counter((e.tail.name, e.head.name) for e in read(whole).graphs[0].edges)


PORTS = [
    "attn{0}:out -> ffn{0}:in",
    "attn{0}:e -> ffn{0}:w",
    "attn{0}:out:s -> ffn{0}",
    'attn{0}:"o" -> ffn{0}:in:nw',
]


@pytest.mark.parametrize("line", PORTS)
def test_a_planned_edge_copies_the_ports_of_its_exemplar(line: str) -> None:
    whole = drawing(
        ALL_NODES,
        *(x.replace(f"attn{s} -> ffn{s}", line.format(s)) for s in range(4) for x in (LINKS[s], inner(s))),
    )
    assert fixed(whole.replace(f"  {line.format(2)};\n", "")) == whole


def test_a_port_that_the_new_end_lacks_is_not_copied() -> None:
    nodes = ALL_NODES.replace('ffn0 [label="MLP', 'ffn0 [shape=record label="<in>MLP').replace(
        'ffn1 [label="MLP', 'ffn1 [shape=record label="<in>MLP'
    )
    wired = [inner(s).replace(f"-> ffn{s}", f"-> ffn{s}:in") if s < 2 else inner(s) for s in range(4)]
    whole = drawing(nodes, *(x for s in range(4) for x in (LINKS[s], wired[s])))
    assert fixed(whole.replace("  attn2 -> ffn2;\n", "")) == whole
    assert fixed(whole.replace("  attn1 -> ffn1:in;\n", "")) == whole
