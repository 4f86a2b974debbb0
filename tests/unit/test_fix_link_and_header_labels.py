"""Labels of pipeline links, and headers that state the strategy."""

from __future__ import annotations

import pytest

from tests.dsl import fixed
from tests.unit.fix_assertions import assert_left_alone


def pipeline(*links: str, base: int = 0) -> str:
    nodes = "".join(
        f'  stage{s}_{op} [label="{title}\\nGPU: {2 * s}-{2 * s + 1}"]\n'
        for s in range(base, base + len(links) + 1)
        for op, title in (("norm", "LayerNorm"), ("mlp", "MLP"))
    )
    inner = "".join(f"  stage{s}_norm -> stage{s}_mlp\n" for s in range(base, base + len(links) + 1))
    lines = "".join(f"  stage{s}_mlp -> stage{s + 1}_norm{link}\n" for s, link in enumerate(links, base))
    return f"digraph {{\n{nodes}{inner}{lines}}}\n"


LINKS = [
    (("", "", ""), ' [label="pipeline: stage {0} to {1}"]'),
    ((' [label="P2P send"]', "", ""), ' [label="P2P send"]'),
    ((' [label="Stage 0→1" color=red]', "", ""), ' [label="Stage {0}→{1}"]'),
    ((' [label="Stage 0 -> Stage 1"]', "", ""), ' [label="Stage {0} -> Stage {1}"]'),
    ((' [label="64 MB"]', "", ""), ' [label="pipeline: stage {0} to {1}"]'),
    # a text that applies to one link only, or is not a line of text, is not copied
    ((' [label="Stage 0 -> 1, GPU 0-1 to 2-3"]', "", ""), ' [label="pipeline: stage {0} to {1}"]'),
    ((' [label="Stage 0 -> 1, layers 4-7"]', "", ""), ' [label="pipeline: stage {0} to {1}"]'),
    (("", " [label=<<b>send</b>>]", ""), ' [label="pipeline: stage {0} to {1}"]'),
]


@pytest.mark.parametrize(("links", "label"), LINKS)
def test_links_are_labeled_like_the_others(links: tuple[str, ...], label: str) -> None:
    after = [link or label.format(s, s + 1) for s, link in enumerate(links)]
    assert fixed(pipeline(*links), "C004", f"pp{len(links) + 1}tp2", unsafe=False) == pipeline(*after)


def test_the_nearest_label_is_the_exemplar() -> None:
    links = (" [label=first]", "", "", " [label=last]")
    assert fixed(pipeline(*links), "C004", "pp5tp2", unsafe=False) == pipeline(links[0], links[0], links[3], links[3])


UNLABELLED = [
    ("stage0_mlp -> stage1_norm", "stage0_mlp -> stage2_norm", "the edge does not lead from one stage to the next"),
    (
        "  stage1_mlp -> stage2_norm",
        "  stage1_norm -> stage1_mlp -> stage2_norm",
        "the statement draws other edges too",
    ),
    ("stage1_mlp -> stage2_norm", "stage1_mlp -> {stage2_norm}", "the statement draws other edges too"),
]


@pytest.mark.parametrize(("link", "other", "why"), UNLABELLED)
def test_a_label_shared_with_another_edge_is_not_written(link: str, other: str, why: str) -> None:
    text = pipeline(' [label="P2P"]', ' [label="P2P"]', ' [label="P2P"]').replace(f'{link} [label="P2P"]', other)
    assert other in text
    assert_left_alone(text, "C004", "pp4tp2", why)


def test_a_link_between_two_others_is_labeled_for_its_own_stages() -> None:
    """If two edges link the same stages, the labeled one is the exemplar of the other."""
    text = pipeline("", ' [label="Stage 1 -> 2, GPU 2-3 to 4-5"]', ' [label="send"]')
    text = text.replace("}\n", "  stage1_norm -> stage2_mlp\n}\n")
    before, after = (
        "  stage1_norm -> stage2_mlp\n",
        '  stage1_norm -> stage2_mlp [label="Stage 1 -> 2, GPU 2-3 to 4-5"]\n',
    )
    result = fixed(text, "C004", "pp4tp2", unsafe=False)
    assert result == text.replace(before, after).replace(
        "stage0_mlp -> stage1_norm", "stage0_mlp -> stage1_norm [label=send]"
    )


def test_other_attributes_are_kept() -> None:
    text = pipeline(" [color=red]", ' [label="send"]', ' [label="send"]')
    assert fixed(text, "C004", "pp4tp2", unsafe=False) == text.replace("[color=red]", "[color=red, label=send]")


def headed(place: str) -> str:
    body = 's0 [label="QKV Projection\\nGPU: 0-1"] s1 [label="MLP\\nGPU: 2-3"] s0 -> s1'
    return f"digraph {{\n  {place}\n  {body}\n}}\n"


HEADERS = [
    ('title [label="PP=4, TP=2\\n8 GPUs"]', 'title [label="PP=2, TP=2\\n4 GPUs"]'),
    ('title [label="PP4_TP2"]', 'title [label="PP2_TP2"]'),
    ('title [label="TP=1 × PP=2, 2 GPUs in total"]', 'title [label="TP=2 × PP=2, 4 GPUs in total"]'),
    ("// strategy: pp4 tp2\n", "// strategy: pp2 tp2\n"),
    ("/* PP=4 TP=2, 8 GPUs */", "/* PP=2 TP=2, 4 GPUs */"),
    ('label="PP=4, TP=2"', 'label="PP=2, TP=2"'),
    ('graph [label="PP=4, TP=2"]', 'graph [label="PP=2, TP=2"]'),
    ('subgraph cluster_all { label="PP=4, TP=2" s0 }', 'subgraph cluster_all { label="PP=2, TP=2" s0 }'),
    # wherever it is stated
    ('title [label="PP=4, TP=2\\nPP=4 TP=2"]', 'title [label="PP=2, TP=2\\nPP=2 TP=2"]'),
    ('label="PP=2, TP=2, 8 GPUs"', 'label="PP=2, TP=2, 4 GPUs"'),
    ("label=<PP=4, TP=2>", "label=<PP=2, TP=2>"),
    ("// PP=4 TP=2 on 9 GPUs\n", "// PP=2 TP=2 on 4 GPUs\n"),
    # the last label is in effect
    ('graph [label="PP=4"] label="PP=4, TP=2"', 'graph [label="PP=4"] label="PP=2, TP=2"'),
    (
        'subgraph cluster_a { label="PP=4"; graph [label="PP=4, TP=2"]; s0 }',
        'subgraph cluster_a { label="PP=4"; graph [label="PP=2, TP=2"]; s0 }',
    ),
    ('a -> subgraph cluster_b { label="PP=4, TP=2"; s0 }', 'a -> subgraph cluster_b { label="PP=2, TP=2"; s0 }'),
    ('title [label="PP=2, TP=2\\n4 GPUs"]', None),
]


@pytest.mark.parametrize(("before", "after"), HEADERS)
def test_a_header_states_the_declared_strategy(before: str, after: str | None) -> None:
    assert fixed(headed(before), "P001", "pp2tp2", unsafe=True) == headed(after or before)
    assert fixed(headed(before), "P001", "pp2tp2", unsafe=False) == headed(before)


def test_names_of_graphs_are_not_changed() -> None:
    text = headed("").replace("digraph {", "digraph pp4_tp2 {")
    assert fixed(text, "P001", "pp2tp2", unsafe=True) == text


def test_a_header_label_from_node_defaults_is_not_changed() -> None:
    text = headed('node [label="PP=4, TP=2"] title')
    assert_left_alone(text, "P001", "pp2tp2", "no automatic fix: the position of the number in the text is uncertain")


PHASES = 'title [label="Prefill: PP=4, TP=2\\nDecode: PP=2, TP=4"]'


@pytest.mark.parametrize(
    ("strategy", "after"),
    [
        ("prefill=pp2tp2;decode=pp2tp4", PHASES.replace("PP=4", "PP=2")),
        ("prefill=pp4tp2;decode=pp2tp2", PHASES.replace("TP=4", "TP=2")),
        ("prefill=pp2tp2;decode=pp2tp2", PHASES.replace("PP=4", "PP=2").replace("TP=4", "TP=2")),
        ("prefill=pp4tp2;decode=pp2tp4", PHASES),
    ],
)
def test_a_header_of_two_phases_states_both_strategies(strategy: str, after: str) -> None:
    assert fixed(headed(PHASES), "P001", strategy, unsafe=True) == headed(after)
