"""What labels say of pipeline transfers and of the strategy."""

from __future__ import annotations

import pytest

from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.pipeline.fix_text import fix_text
from dotlint.strategy import Strategy
from tests.unit.mending import assert_left_alone


def fixed(text: str, code: str, strategy: str, *, unsafe: bool = False) -> str:
    settings = Settings(
        strategy=Strategy.parse(strategy), strategy_source="option", selection=Selection(select=(code,))
    )
    result = fix_text(text, settings, unsafe=unsafe)
    assert result.refused == ()
    return result.text


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
    # what holds for one link alone, or is no line of text, is said of no other
    ((' [label="Stage 0 -> 1, GPU 0-1 to 2-3"]', "", ""), ' [label="pipeline: stage {0} to {1}"]'),
    ((' [label="Stage 0 -> 1, layers 4-7"]', "", ""), ' [label="pipeline: stage {0} to {1}"]'),
    (("", " [label=<<b>send</b>>]", ""), ' [label="pipeline: stage {0} to {1}"]'),
]


@pytest.mark.parametrize(("links", "label"), LINKS)
def test_links_are_labelled_in_the_words_of_those_that_are(links: tuple[str, ...], label: str) -> None:
    after = [link or label.format(s, s + 1) for s, link in enumerate(links)]
    assert fixed(pipeline(*links), "C004", f"pp{len(links) + 1}tp2") == pipeline(*after)


def test_of_several_labels_the_nearest_is_taken() -> None:
    links = (" [label=first]", "", "", " [label=last]")
    assert fixed(pipeline(*links), "C004", "pp5tp2") == pipeline(links[0], links[0], links[3], links[3])


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
def test_a_label_that_would_be_another_edges_too_is_not_written(link: str, other: str, why: str) -> None:
    text = pipeline(' [label="P2P"]', ' [label="P2P"]', ' [label="P2P"]').replace(f'{link} [label="P2P"]', other)
    assert other in text
    assert_left_alone(text, "C004", "pp4tp2", why)


def test_a_link_within_reach_of_two_stages_is_labelled_for_its_own() -> None:
    """Of two edges from one stage to the next the one that has a label tells what the other carries."""
    text = pipeline("", ' [label="Stage 1 -> 2, GPU 2-3 to 4-5"]', ' [label="send"]')
    text = text.replace("}\n", "  stage1_norm -> stage2_mlp\n}\n")
    before, after = (
        "  stage1_norm -> stage2_mlp\n",
        '  stage1_norm -> stage2_mlp [label="Stage 1 -> 2, GPU 2-3 to 4-5"]\n',
    )
    result = fixed(text, "C004", "pp4tp2")
    assert result == text.replace(before, after).replace(
        "stage0_mlp -> stage1_norm", "stage0_mlp -> stage1_norm [label=send]"
    )


def test_an_attribute_list_keeps_what_it_has() -> None:
    text = pipeline(" [color=red]", ' [label="send"]', ' [label="send"]')
    assert fixed(text, "C004", "pp4tp2") == text.replace("[color=red]", "[color=red, label=send]")


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
    # wherever it says so
    ('title [label="PP=4, TP=2\\nPP=4 TP=2"]', 'title [label="PP=2, TP=2\\nPP=2 TP=2"]'),
    ('label="PP=2, TP=2, 8 GPUs"', 'label="PP=2, TP=2, 4 GPUs"'),
    ("label=<PP=4, TP=2>", "label=<PP=2, TP=2>"),
    ("// PP=4 TP=2 on 9 GPUs\n", "// PP=2 TP=2 on 4 GPUs\n"),
    # the label that holds is the last one
    ('graph [label="PP=4"] label="PP=4, TP=2"', 'graph [label="PP=4"] label="PP=2, TP=2"'),
    (
        'subgraph cluster_a { label="PP=4"; graph [label="PP=4, TP=2"]; s0 }',
        'subgraph cluster_a { label="PP=4"; graph [label="PP=2, TP=2"]; s0 }',
    ),
    ('a -> subgraph cluster_b { label="PP=4, TP=2"; s0 }', 'a -> subgraph cluster_b { label="PP=2, TP=2"; s0 }'),
    ('title [label="PP=2, TP=2\\n4 GPUs"]', None),
]


@pytest.mark.parametrize(("before", "after"), HEADERS)
def test_a_header_says_what_was_declared(before: str, after: str | None) -> None:
    assert fixed(headed(before), "P001", "pp2tp2", unsafe=True) == headed(after or before)
    assert fixed(headed(before), "P001", "pp2tp2") == headed(before)


def test_names_of_graphs_are_left_alone() -> None:
    text = headed("").replace("digraph {", "digraph pp4_tp2 {")
    assert fixed(text, "P001", "pp2tp2", unsafe=True) == text


def test_what_a_header_has_from_the_defaults_of_nodes_is_left_alone() -> None:
    text = headed('node [label="PP=4, TP=2"] title')
    assert_left_alone(text, "P001", "pp2tp2", "no fix here: the position of the number in the text is uncertain")


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
def test_a_header_of_two_phases_says_what_was_declared_of_each(strategy: str, after: str) -> None:
    assert fixed(headed(PHASES), "P001", strategy, unsafe=True) == headed(after)
