"""The N rules: every example of their cards, and what the examples cannot show."""

from __future__ import annotations

import time

import pytest

from tests.dsl import apply_fixes, find


def test_n_a_good_file_has_no_findings_at_all() -> None:
    text = (
        "digraph G {\n  node [shape=box];\n"
        '  subgraph cluster_0 { label="stage 0"; a [label="A\\nx"]; b; }\n  a -> b; // edge\n}\n'
    )
    assert find(text, "N") == []


def test_n001_the_shard_that_was_misspelled_is_found_in_all_its_edges() -> None:
    nodes = "".join(f"  TP_Shard_L{i}_{j} [label=x];\n" for i in range(4) for j in range(2))
    text = "digraph {\n" + nodes + "  TP_Shard_L0_0 -> TP_Sharp_L1_0;\n  TP_Sharp_L1_0 -> TP_Shard_L2_0;\n}"
    (found,) = find(text, "N001")
    assert found.nodes == ("TP_Sharp_L1_0",)
    assert found.help == "did you mean `TP_Shard_L1_0`?"
    assert found.fix is not None
    assert found.fix.applicability == "safe"
    assert apply_fixes(text, [found]) == text.replace("Sharp", "Shard")


@pytest.mark.parametrize(
    ("declared", "named"),
    [
        ("k_proj_0 v_proj_0 out_0 norm_0 head_0", "q_proj_0"),  # another operator
        ("expert_0 expert_1 expert_2 gate head", "expert_7"),  # another index
        ("attn_gather_0 attn_0 norm_0 head_0 gate_0", "attn_scatter_0"),
    ],
)
def test_n001_another_operator_or_index_is_no_misspelling(declared: str, named: str) -> None:
    text = f"digraph {{ {declared}; {declared.split(maxsplit=1)[0]} -> {named} }}"
    (found,) = find(text, "N001")
    assert found.help == "declare it, or correct the spelling"
    assert found.fix is None


def test_n001_a_rename_that_would_double_an_edge_is_not_safe() -> None:
    text = "digraph { shard_0; shard_1; gather; norm; head; shard_1 -> gather; sharp_1 -> gather }"
    (found,) = find(text, "N001")
    assert found.fixable == "unsafe"


def test_n001_two_slips_or_two_candidates_are_not_safe() -> None:
    two = "digraph { dispatcher; a; b; c; d; a -> dispaatchr }"
    assert [f.fixable for f in find(two, "N001")] == ["unsafe"]
    either = "digraph { shard_0; share_0; b; c; d; b -> sharx_0 }"
    assert [f.fixable for f in find(either, "N001")] == ["unsafe"]


def test_n001_a_set_at_the_end_of_an_edge_declares_nothing() -> None:
    (found,) = find("digraph { expert_0; expert_1; gate; norm; head; gate -> {expert_0 exprt_1} }", "N001")
    assert found.nodes == ("exprt_1",)
    assert found.fix is not None
    assert found.fix.edits[0].text == "expert_1"


def test_n001_nodes_that_only_dress_up_after_the_edges_do_not_make_a_rule() -> None:
    assert (
        find("digraph { a -> b -> c -> d -> e; a [color=red]; b [color=red]; c [color=red]; d [color=red] }", "N001")
        == []
    )


def test_n001_undeclared_nodes_of_a_family_are_one_finding() -> None:
    nodes = "; ".join([*(f"n{i}" for i in range(50)), "sink_10 [label=x]", "sink_11 [label=y]"])
    edges = "; ".join(f"n{i} -> sink_{i}" for i in range(10))
    (found,) = find(f"digraph {{ {nodes}; {edges} }}", "N001")
    assert len(found.nodes) == 10


def test_n002_templates_are_told_once_each() -> None:
    text = "".join(f'"layer_{{layer_id}}_op{i}" -> "op_%02d"; ' for i in range(4))
    assert [len(f.nodes) for f in find(f"digraph {{ {text} }}", "N002")] == [4, 1]


@pytest.mark.parametrize(
    "name", ["a%20b", "foo%2dbar", "50%", "Outer$Inner", "{a,b}", "{a}", "cost: 5$", "x{", "C:\\%d1"]
)
def test_n002_what_only_looks_like_a_template(name: str) -> None:
    assert find(f'digraph {{ "{name}" -> b }}', "N002") == []


def test_n004_duplicates_of_one_family_are_one_finding_and_their_lines_go() -> None:
    edges = "".join(f"  e{i} -> out;\n" for i in range(3))
    text = "digraph {\n" + edges + edges + "}\n"
    (found,) = find(text, "N004")
    assert apply_fixes(text, [found]) == "digraph {\n" + edges + "}\n"


def test_n004_a_duplicate_in_another_cluster_is_not_safe_to_take_out() -> None:
    (found,) = find("digraph { a -> b; subgraph cluster_x { a -> b; } }", "N004")
    assert found.fixable == "unsafe"


def test_n004_a_middle_duplicate_splits_the_chain_and_keeps_the_attributes_of_both_halves() -> None:
    text = "digraph { b -> c [color=red]; a -> b -> c -> d [color=red] }"
    (found,) = find(text, "N004")
    assert apply_fixes(text, [found]) == "digraph { b -> c [color=red]; a -> b [color=red]; c -> d [color=red] }"


def test_n004_ports_tell_edges_apart_and_reversed_ones_of_a_graph_do_not() -> None:
    assert find("digraph { a:n -> b; a:s -> b }", "N004") == []
    assert find("graph { a:n -- b; b -- a:s }", "N004") == []
    assert len(find("graph { a:n -- b; b -- a:n }", "N004")) == 1


def test_n012_one_character_is_one_finding_with_all_its_places() -> None:
    text = "digraph { a\u00a0-> b; c\u00a0-> d }"
    (found,) = find(text, "N012")
    assert apply_fixes(text, [found]) == "digraph { a -> b; c -> d }"


def test_n013_number_splits_join_all_their_pieces() -> None:
    text = "digraph { 1.2.3.4 -> 5x }"
    (found,) = find(text, "N013")
    assert apply_fixes(text, [found]) == 'digraph { "1.2.3.4" -> "5x" }'


@pytest.mark.parametrize(
    "text",
    [
        'digraph { a [URL="http://x.org#y", color="#ff0000"] }',
        'digraph {\n# 1 "file"\na -> b;# note\nb -> c // note\n}',
        "graph {\n a\n -- b [label=x]\n -- c\n}",
    ],
)
def test_n015_comments_and_hashes_at_their_place(text: str) -> None:
    assert find(text, "N015") == []


def test_n016_a_join_that_a_carriage_return_spoils() -> None:
    (found,) = find(b'digraph { a [label="x\\\r\ny"]; b; a -> b }', "N016")
    assert "CR LF" in found.message
    assert find(b'digraph { a [label="x\\\ny"]; a -> b }', "N016") == []


@pytest.mark.parametrize(
    ("label", "breaks"),
    [
        (r"fill the pot\\nand wait", True),
        (r"GPU 0\\nGPU 1", True),
        (r"first line\\nsecond line\\nthird", True),
        (r"tea\\ncup\\nsaucer\\nspoon", True),
        (r"src\\net", False),
        (r"C:\\Program Files\\new tools", False),
        (r"a blank, then \\n", False),
        (r"lines of [^\\n]+ and \\w", False),
        (r"print(\"a b\\nc d\")", False),
        (r"the sum $a \\neq b$", False),
    ],
)
def test_n016_a_doubled_backslash_where_a_line_break_is_meant(label: str, breaks: bool) -> None:
    found = find(f'digraph {{ a [label="{label}"]; a -> b }}', "N016")
    assert [finding.nodes for finding in found] == [("a",)] * breaks


_DRAWN = "a [label=A]; b [label=B]\n c [label=C]; d [label=D]\n a -> b; b -> c -> d"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (f"digraph {{\n {_DRAWN};x\n}}", "x"),
        (f"digraph {{\n qq {_DRAWN}\n}}", "qq"),
        (f"digraph {{\n legend [label=L] {_DRAWN}\n subgraph cluster_1 {{ a -> c;l }}\n}}", "l"),
        (f"digraph {{\n {_DRAWN}\n alone\n}}", None),
        (f"digraph {{\n a; b; c; d; e\n {_DRAWN}\n}}", None),
        (f"digraph {{\n {_DRAWN}; {{rank=same; a; z}}\n}}", None),
        ("digraph {\n a; b; c; a -> b -> c; d\n}", None),
    ],
)
def test_n025_a_word_among_nodes_with_edges_and_attributes(text: str, word: str | None) -> None:
    assert [finding.nodes for finding in find(text, "N025")] == ([] if word is None else [(word,)])


def test_n017_limits_of_graphviz_count_bytes_of_one_text() -> None:
    long = "x" * 16_382
    assert len(find(f'digraph {{ a [label="{long}"]; a -> b }}', "N017")) == 1
    assert len(find(f"digraph {{ // {long}\n a -> b }}", "N017")) == 1
    assert len(find('digraph { a [label="' + "é" * 8_200 + '"] }', "N017")) == 1
    assert find('digraph { a [label="' + (("x" * 10_000 + "\\n") * 2) + '"] }', "N017") == []
    assert find("digraph { " + "a_rather_long_name -> b; " * 1000 + "}", "N017") == []
    deep = "digraph " + "{" * 3_400 + "a" + "}" * 3_400
    assert len(find(deep, "N017")) == 1


def test_n_many_nodes_and_undeclared_ones_take_linear_time() -> None:
    nodes = "".join(f"n_{i % 90}_word{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}_{i};\n" for i in range(20_000))
    edges = "".join(f"n_{i % 90}_w0rd{chr(97 + i % 26)}x_{i} -> n_{i}_y;\n" for i in range(2_000))
    start = time.process_time()
    find("digraph {\n" + nodes + edges + "}", "N")
    assert time.process_time() - start < 10
