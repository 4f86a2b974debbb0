"""Missing edges of patterns, pipelines, fan-outs and flows: the fix, or the reason why there is none."""

from __future__ import annotations

import textwrap

import pytest

from tests.dsl import fix
from tests.unit.fix_assertions import assert_left_alone, assert_patched


def pipeline(stages: int, links: str = "", *, gone: str = "") -> str:
    """Return stages of three operators, nodes before edges, then the links between stages; `gone` is removed."""
    lines = ["digraph {"]
    for s in range(stages):
        gpus = f"{2 * s}-{2 * s + 1}"
        lines += [f'  s{s}_{op} [label="{title}\\nGPU: {gpus}"]' for op, title in
                  (("qkv", "QKV Projection"), ("attn", "Attention Compute"), ("mlp", "MLP"))]  # fmt: skip
    for s in range(stages):
        lines += [f"  s{s}_qkv -> s{s}_attn", f"  s{s}_attn -> s{s}_mlp"]
    lines += [line for line in textwrap.indent(textwrap.dedent(links), "  ").splitlines() if line.strip()]
    return "\n".join(line for line in (*lines, "}") if line.strip() != gone) + "\n"


LINKS = [
    # like the nearest link of the phase
    ("s0_mlp -> s1_qkv [color=blue]", 3, "  s1_mlp -> s2_qkv [color=blue]\n}"),
    ("s1_mlp -> s2_qkv [label=hop];\n", 3, "  s0_mlp -> s1_qkv [label=hop];\n  s1_mlp -> s2_qkv [label=hop];\n}"),
    # texts that apply to one location or link are omitted or renumbered
    ('s0_mlp -> s1_qkv [pos="1,2", color=blue, id=x]', 3, "  s1_mlp -> s2_qkv [color=blue]\n}"),
    ('s0_mlp -> s1_qkv [label="64 MB"]', 3, "  s1_mlp -> s2_qkv\n}"),
    ('s0_mlp -> s1_qkv [label="s 0 of 8", color=blue]', 3, "  s1_mlp -> s2_qkv [color=blue]\n}"),
    ('s0_mlp -> s1_qkv [label="GPU 0-1 to 2-3"]', 3, "  s1_mlp -> s2_qkv\n}"),
    (
        's0_mlp -> s1_qkv [label="stage 0 to 1", color=blue]',
        3,
        '  s1_mlp -> s2_qkv [label="stage 1 to 2", color=blue]\n}',
    ),
    ("s0_mlp -> s1_qkv [label=hop][color=blue]", 3, "  s1_mlp -> s2_qkv [label=hop][color=blue]\n}"),
    # ports, if the label defines them
    ("s0_mlp:e -> s1_qkv:w", 3, "  s1_mlp:e -> s2_qkv:w\n}"),
    # without another link, after the edge that leads to the last operator of the stage
    ("", 2, "  s0_attn -> s0_mlp\n  s0_mlp -> s1_qkv\n  s1_qkv"),
]


@pytest.mark.parametrize(("links", "stages", "there"), LINKS)
def test_a_stage_is_linked_like_the_others(links: str, stages: int, there: str) -> None:
    text = pipeline(stages, links)
    result = fix(text, "S004", f"pp{stages}tp2")
    assert there in result.text
    assert len(result.text.splitlines()) == len(text.splitlines()) + 1
    assert (result.refused, result.remaining) == ((), ())


LINKS_OF_A_PATTERN = [
    # a text with numbers is copied only if all others have the same
    ('s0_mlp -> s1_qkv [label="64 MB"]\ns1_mlp -> s2_qkv [label="64 MB"]', '  s2_mlp -> s3_qkv [label="64 MB"]\n}'),
    ('s0_mlp -> s1_qkv [label="64 MB"]\ns1_mlp -> s2_qkv [label="32 MB"]', "  s2_mlp -> s3_qkv\n}"),
    # the most common style, whatever the nearest link is
    (
        "s0_mlp -> s1_qkv [style=bold]\ns1_mlp -> s2_qkv [style=bold]\ns2_mlp -> s3_qkv [color=red]",
        "  s3_mlp -> s4_qkv [style=bold]\n}",
    ),
]


@pytest.mark.parametrize(("links", "there"), LINKS_OF_A_PATTERN)
def test_a_link_of_a_pattern_has_the_most_common_style(links: str, there: str) -> None:
    result = fix(pipeline(links.count("\n") + 3, links), "S001")
    assert result.text.endswith(f"{there}\n")
    assert result.remaining == ()


NO_LINKS = [
    ("s0_mlp -> hop -> s1_qkv", 3, "the other stages are connected through nodes between them"),
    ("s0_mlp -> s1_qkv\ns0_mlp -> s2_qkv", 3, "`s2_qkv` is already connected to another stage"),
    ("s1_mlp -> s2_qkv\ns0_mlp -> s2_qkv", 3, "`s0_mlp` is already connected to another stage"),
    ("s0_mlp -> s1_qkv\ns2_mlp -> s1_mlp", 3, "it would close a cycle through `s1_mlp`"),
]


@pytest.mark.parametrize(("links", "stages", "why"), NO_LINKS)
def test_an_ambiguous_stage_is_not_linked(links: str, stages: int, why: str) -> None:
    assert_left_alone(pipeline(stages, links), "S004", f"pp{stages}tp2", why)


def test_no_cycle_is_closed_after_an_undirected_graph() -> None:
    text = "graph {\n  a -- b\n}\n" + pipeline(3, "s0_mlp -> s1_qkv\ns2_mlp -> s1_mlp")
    assert_left_alone(text, "S004", "pp3tp2", "it would close a cycle through `s1_mlp`")


def test_a_stage_with_two_exits_is_reported_without_a_fix() -> None:
    text = pipeline(2, gone="s0_attn -> s0_mlp").replace("  s0_qkv -> s0_attn\n", "  s0_qkv -> {s0_attn s0_mlp}\n")
    assert_left_alone(text, "S004", "pp2tp2", "connect the last operators of stage 0 to the first of stage 1")


def test_links_of_the_same_phase_are_the_exemplars() -> None:
    def phase(name: str, links: str) -> str:
        return "".join(
            f'  {name}_s{s}_{op} [label="{name.capitalize()} {title}\\nGPU: {2 * s}-{2 * s + 1}"]\n'
            for s in range(3)
            for op, title in (("qkv", "QKV Projection"), ("mlp", "MLP"))
        ) + "".join(f"  {name}_s{s}_qkv -> {name}_s{s}_mlp\n" for s in range(3)) + links  # fmt: skip

    both = "  prefill_s0_mlp -> prefill_s1_qkv [label=pre]\n  prefill_s1_mlp -> prefill_s2_qkv [label=pre]\n"
    one = "  decode_s0_mlp -> decode_s1_qkv [label=dec]\n"
    text = f"digraph {{\n{phase('prefill', both)}{phase('decode', one)}}}\n"
    added = "  decode_s1_mlp -> decode_s2_qkv [label=dec]\n"
    assert fix(text, "S004", "prefill=pp3tp2;decode=pp3tp2").text == text.replace(one, one + added)


FLOWS = [
    # one to one, in order, among the edges before and after
    """
     digraph {
       qkv_0; qkv_1; attn_0; attn_1
       input -> qkv_0
       input -> qkv_1
    +  qkv_0 -> attn_0
    +  qkv_1 -> attn_1
       attn_0 -> mlp
       attn_1 -> mlp
     }
    """,
    # all with the single node, which is mentioned only in its edge
    """
     digraph {
       input -> qkv_0;
       input -> qkv_1;
       attn -> mlp;
    +  qkv_0 -> attn;
    +  qkv_1 -> attn;
     }
    """,
    # only the outgoing edge exists
    """
     digraph {
       qkv_0 [label="QKV Projection"]
       attn_0 [label="Attention"]
       mlp [label="MLP"]
       attn_0 -> mlp [color=red]
    +  qkv_0 -> attn_0
     }
    """,
    # the consumer has no edges
    """
     digraph {
       input -> qkv_0
       input -> qkv_1
       attn_0 [label="Attention"]
       attn_1 [label="Attention"]
    +  qkv_0 -> attn_0
    +  qkv_1 -> attn_1
     }
    """,
]


@pytest.mark.parametrize("patch", FLOWS)
def test_consecutive_roles_are_connected(patch: str) -> None:
    assert_patched(patch, "S014", "tp2")


def test_ambiguous_roles_are_not_connected() -> None:
    text = "digraph {\n  input -> qkv_0\n  input -> qkv_1\n  attn_0 -> mlp\n  attn_b -> mlp\n  attn_c -> mlp\n}"
    assert_left_alone(text, "S014", "tp2", "no automatic fix: it is unclear which node feeds which")


GATE = """digraph {
  gate [label="Expert Gate\\nGPU: 0-3"]
  expert_0 [label="Expert 0\\nGPU: 0"]
  expert_1 [label="Expert 1\\nGPU: 1"]
  expert_2 [label="Expert 2\\nGPU: 2"]
  sum [label="Expert Combine\\nGPU: 0-2"]
"""
FANS = [
    """
    +  gate -> expert_0 [style=dashed]
    +  gate -> expert_1 [style=dashed]
       gate -> expert_2 [style=dashed]
       expert_0 -> sum
       expert_1 -> sum
       expert_2 -> sum
     }
    """,
    # a comment above the existing edge heads the whole fan-out
    """
       // experts
    +  gate -> expert_0 [style=dashed];
    +  gate -> expert_1 [style=dashed];
       gate -> expert_2 [style=dashed];
       expert_0 -> sum;
       expert_1 -> sum;
       expert_2 -> sum;
     }
    """,
    # the fan-out of the other side is no exemplar for a single edge
    """
       gate -> expert_0;
       gate -> expert_1;
       gate -> expert_2;
    +  expert_0 -> sum
    +  expert_1 -> sum
       expert_2 -> sum
     }
    """,
    """
       gate -> {expert_0 expert_1 expert_2}
       expert_0 -> sum [color=red]
    +  expert_1 -> sum [color=red]
    +  expert_2 -> sum [color=red]
     }
    """,
]


@pytest.mark.parametrize("patch", FANS)
def test_the_other_edges_of_a_fan_out_stay_together(patch: str) -> None:
    assert_patched(patch, "S011", head=GATE)
