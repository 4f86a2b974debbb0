"""What labels say of pipeline transfers and of the strategy."""

from __future__ import annotations

import pytest

from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.fix.apply import fix_text
from dotlint.strategy import Strategy


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
        for s in range(base, base + 4)
        for op, title in (("norm", "LayerNorm"), ("mlp", "MLP"))
    )
    inner = "".join(f"  stage{s}_norm -> stage{s}_mlp\n" for s in range(base, base + 4))
    lines = "".join(f"  stage{s}_mlp -> stage{s + 1}_norm{link}\n" for s, link in enumerate(links, base))
    return f"digraph {{\n{nodes}{inner}{lines}}}\n"


LINKS = [
    (("", "", ""), ' [label="pipeline: stage {0} to {1}"]'),
    ((' [label="P2P send"]', "", ""), ' [label="P2P send"]'),
    ((' [label="Stage 0→1" color=red]', "", ""), ' [label="Stage {0}→{1}"]'),
    ((' [label="Stage 0 -> Stage 1"]', "", ""), ' [label="Stage {0} -> Stage {1}"]'),
    ((' [label="64 MB"]', "", ""), ' [label="pipeline: stage {0} to {1}"]'),
]


@pytest.mark.parametrize(("links", "label"), LINKS)
def test_links_are_labelled_in_the_words_of_those_that_are(links: tuple[str, ...], label: str) -> None:
    after = [link or label.format(s, s + 1) for s, link in enumerate(links)]
    assert fixed(pipeline(*links), "C004", "pp4tp2") == pipeline(*after)


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
    ('title [label="PP=2, TP=2\\n4 GPUs"]', None),
]


@pytest.mark.parametrize(("before", "after"), HEADERS)
def test_a_header_says_what_was_declared(before: str, after: str | None) -> None:
    assert fixed(headed(before), "P001", "pp2tp2", unsafe=True) == headed(after or before)
    assert fixed(headed(before), "P001", "pp2tp2") == headed(before)


def test_names_of_graphs_are_left_alone() -> None:
    text = headed("").replace("digraph {", "digraph pp4_tp2 {")
    assert fixed(text, "P001", "pp2tp2", unsafe=True) == text
