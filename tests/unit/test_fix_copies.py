"""Stages written as copies, in files with shared statements, comments and headers, or two phases."""

from __future__ import annotations

import pytest

from dotlint.pipeline.fix_text import fix_text
from dotlint.syntax.source import Source
from tests.dsl import fix, settings_for
from tests.unit.fix_assertions import assert_left_alone, assert_patched, before_and_after

TITLES = {"qkv": "QKV Projection", "attn": "Attention Compute", "mlp": "MLP"}


def nodes(stage: int, prefix: str = "", *, mark: str = " ", leave: str = "") -> str:
    return "".join(
        f'{mark}  {prefix}stage{stage}_{op} [label="{title}\\nGPU: {2 * stage}-{2 * stage + 1}"]\n'
        for op, title in TITLES.items()
        if op != leave
    )


def edges(stage: int, prefix: str = "", *, mark: str = " ") -> str:
    name = f"{prefix}stage{stage}"
    return f"{mark}  {name}_qkv -> {name}_attn\n{mark}  {name}_attn -> {name}_mlp\n"


def link(stage: int, prefix: str = "", *, mark: str = " ", attributes: str = "") -> str:
    return f"{mark}  {prefix}stage{stage}_mlp -> {prefix}stage{stage + 1}_qkv{attributes}\n"


ENDS = ' digraph {\n   input [label="Input"]\n   output [label="Output"]\n'
CLOSE = "   input -> stage0_qkv\n }\n"


def shared(statement: str, copy: str) -> str:
    """Return a patch: two stages whose first operators share a statement, and the third stage as it is added."""
    return (
        f"{ENDS}   {statement}\n{nodes(0, leave='qkv')}{nodes(1, leave='qkv')}{nodes(2, leave='qkv', mark='+')}+  {copy}\n"
        f"{edges(0)}{edges(1)}{edges(2, mark='+')}{link(0)}{link(1, mark='+')}+  stage2_mlp -> output\n{CLOSE}"
    )


# operators that share a statement get a separate one
SHARED = shared(
    'stage0_qkv, stage1_qkv [label="QKV Projection", color=red]', 'stage2_qkv [label="QKV Projection", color=red]'
)
SHARED_BARE = shared("stage0_qkv, stage1_qkv", "stage2_qkv")
# a chain through several stages is copied edge by edge, after the chain
CHAIN = (
    f"{ENDS}{nodes(0)}{nodes(1)}{nodes(2, mark='+')}"
    "   input -> stage0_qkv -> stage0_attn -> stage0_mlp -> stage1_qkv -> stage1_attn -> stage1_mlp\n"
    f"{link(1, mark='+')}{edges(2, mark='+')}+  stage2_mlp -> output\n }}\n"
)
# a separate group of links stays separate, in stage order
LAST = (
    f"{ENDS}{nodes(0)}{nodes(1)}{nodes(2)}{nodes(3, mark='+')}{edges(0)}{edges(1)}{edges(2)}{edges(3, mark='+')}"
    f"   // links\n{link(0)}{link(1)}{link(2, mark='+')}+  stage3_mlp -> output\n{CLOSE}"
)
INNER = (
    f"{ENDS}{nodes(0)}{nodes(1, mark='+')}{nodes(2)}{nodes(3)}{edges(0)}{edges(1, mark='+')}{edges(2)}{edges(3)}"
    f"{CLOSE[:-4]}\n   // links\n{link(0, mark='+')}{link(1, mark='+')}{link(2)}   stage3_mlp -> output\n }}\n"
)
BEFORE_ITS_COMMENT = INNER.replace("   // links\n", "").replace(link(2), f"   // from 2 to 3\n{link(2)}")
# a header shows that there is a stage before the existing ones
FIRST = (
    f' digraph {{\n   title [label="Stage 0"]\n{nodes(0, mark="+")}{nodes(1)}{nodes(2)}{edges(0, mark="+")}{edges(1)}{edges(2)}'
    f"   node [color=red]\n   // links\n{link(0, mark='+')}{link(1)} }}\n"
)
BOXED = """
 digraph {
   subgraph cluster_stage0 { label="Stage 0"; stage0_qkv [label="QKV\\nGPU: 0-1"]; stage0_mlp; stage0_qkv -> stage0_mlp }
+  subgraph cluster_stage1 { label="Stage 1"; stage1_qkv [label="QKV\\nGPU: 2-3"]; stage1_mlp; stage1_qkv -> stage1_mlp }
+  final_output [label="Output"];
   input -> stage0_qkv
+  stage0_mlp -> stage1_qkv
+  stage1_mlp -> final_output
 }
"""
# a single stage with its edges: no edge mentions a node before its declaration
LONE = """
 digraph {
   stage0_qkv [label="QKV\\nGPU: 0-1" pp_stage="0" gpu="0-1"]
   stage0_mlp [label="MLP\\nGPU: 0-1" stage=0 device=1 xlabel="stage 0"]
   stage0_qkv -> stage0_mlp
+  stage1_qkv [label="QKV\\nGPU: 2-3" pp_stage="1" gpu="2-3"]
+  stage1_mlp [label="MLP\\nGPU: 2-3" stage=1 device=3 xlabel="stage 1"]
+  stage1_qkv -> stage1_mlp
+  final_output [label="Output"]
+  stage0_mlp -> stage1_qkv
+  stage1_mlp -> final_output
 }
"""
PATCHES = [
    (SHARED, "pp3tp2"), (SHARED_BARE, "pp3tp2"), (CHAIN, "pp3tp2"), (LAST, "pp4tp2"), (INNER, "pp4tp2"),
    (BEFORE_ITS_COMMENT, "pp4tp2"), (FIRST, "pp3tp2"), (BOXED, "pp2tp2"), (LONE, "pp2tp2"),
]  # fmt: skip


@pytest.mark.parametrize(("patch", "strategy"), PATCHES)
def test_a_stage_is_written_beside_and_like_its_siblings(patch: str, strategy: str) -> None:
    assert_patched(patch, "S002", strategy)


def phased(prefill: int, decode: int, *, drawn: int = 3) -> str:
    """Return two phases of three stages; the second has only the stages `drawn`."""
    stages = [("prefill_", s) for s in range(prefill)] + [("decode_", s) for s in range(decode)]
    mark = {(p, s): "+" if p == "decode_" and s >= drawn else " " for p, s in stages}
    lines = [ENDS, *(nodes(s, p, mark=mark[p, s]) for p, s in stages), '+  decode_output [label="Decode Output"]\n']
    lines += [edges(s, p, mark=mark[p, s]) for p, s in stages]
    lines += [link(s, p, mark=mark[p, s + 1], attributes=" [color=red]") for p, s in stages if (p, s + 1) in mark]
    lines += ["+  decode_stage2_mlp -> decode_output\n"]
    lines += [
        f"{mark['decode_', s]}  prefill_stage{s}_attn -> decode_stage{s}_attn [style=dashed]\n" for s in range(decode)
    ]
    return "".join([*lines, "   prefill_stage2_mlp -> output\n }\n"])


def test_edges_to_another_phase_are_copied_too() -> None:
    assert_patched(phased(3, 3, drawn=2), "S002", "prefill=pp3tp2;decode=pp3tp2")


def test_a_phase_of_one_stage_gets_links_like_the_other_phase() -> None:
    before, after = before_and_after(phased(3, 3, drawn=1))
    result = fix(before, "S002", "prefill=pp3tp2;decode=pp3tp2")
    assert result.refused == ()
    assert sorted(result.text.splitlines()) == sorted(after.splitlines())


OUTPUTS = [
    # like the other phase's, in the same case, without unknown dimensions
    ('label="PREFILL OUTPUT"', 'label="DECODE OUTPUT"'),
    ('label="prefill output"', 'label="decode output"'),
    ('label="Output", shape=ellipse', 'label="Decode Output", shape=ellipse'),
    ("label=Output", 'label="Decode Output"'),
    ("shape=ellipse", "shape=ellipse"),
    ("label=<Prefill<br/>Output>", "label=<Decode<br/>Output>"),
    ("label=<Output<br/>Output: [B=2, S=64]>", 'label="Output"'),
    ('label="Prefill Output\\nOutput: [B=2, S=64]\\nlast"', 'label="Decode Output\\nlast"'),
]


@pytest.mark.parametrize(("there", "written"), OUTPUTS)
def test_an_output_is_written_like_that_of_the_other_phase(there: str, written: str) -> None:
    patch = phased(3, 3, drawn=2).replace('output [label="Output"]', f"output [{there}]", 1)
    patch = patch.replace('decode_output [label="Decode Output"]', f"decode_output [{written}]")
    assert_patched(patch, "S002", "prefill=pp3tp2;decode=pp3tp2")


PARTED = "\n".join(
    line[1:]
    for part in (" digraph {\n", nodes(0, leave="mlp"), nodes(2), edges(0).splitlines()[0], "\n", edges(2), " }\n")
    for line in part.splitlines()
)
INPUTS = [
    ('input [label="INPUT"]', 'final_output [label="OUTPUT"]'),
    ('input [label="Model Input", shape=ellipse]', 'final_output [label="Model Output", shape=ellipse]'),
    (
        '"input" [label="Input\\nInput: [B=2]\\nOutput: [B=2]"]',
        '"final_output" [label="Output\\nInput: [B=2]\\nOutput: [B=2]"]',
    ),
    ("input [label=<Input>]", "final_output [label=<Output>]"),
    ("input [label=<Input<br/>Output: [B=2]>]", 'final_output [label="Output"]'),
    ("input", "final_output"),
    ('input, other [label="Input"]', 'final_output [label="Output"]'),
]


@pytest.mark.parametrize(("there", "written"), INPUTS)
def test_without_any_output_the_input_is_the_exemplar(there: str, written: str) -> None:
    patch = LAST.replace('input [label="Input"]', there).replace('   output [label="Output"]\n', "")
    patch = patch.replace("   input ->", f"   {there.split(maxsplit=1)[0].rstrip(',')} ->").replace(
        "> output\n", "> final_output\n"
    )
    assert_patched(patch.replace(nodes(3, mark="+"), f"{nodes(3, mark='+')}+  {written}\n"), "S002", "pp4tp2")


TWO = "digraph {\n" + "".join(line[1:] for s in (1, 2) for line in (nodes(s) + edges(s)).splitlines(keepends=True))
LEFT = [
    # a comment or an attribute that applies to no other stage
    (PARTED.replace("  stage2_attn [", "  // fed by GPU 1\n  stage2_attn ["), "pp3tp2", "GPU 1 is not a GPU of the stage"),
    ('digraph {\n  stage0_qkv [label="QKV" gpu="0-1"]\n  stage0_qkv -> stage0_mlp\n}', "pp2", '`gpu="0-1"` does not correspond'),
    # no statement concerns only one stage
    ("digraph {\n  stage0_qkv -> stage0_attn -> stage1_qkv -> stage1_attn\n}", "pp3tp2", "are mixed with those of other stages"),
    ("digraph {\n  subgraph cluster_x { stage0_qkv -> stage0_attn }\n  stage0_attn -> stage1_qkv -> stage1_attn\n}", "pp3tp2", "are mixed"),
    (TWO.replace("GPU: 2-3", "GPU: 7-8") + link(1)[1:] + "}", "pp3tp2", "are not on the GPUs of the layout"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "strategy", "why"), LEFT)
def test_an_ambiguous_stage_is_not_written(text: str, strategy: str, why: str) -> None:
    assert_left_alone(text, "S002", strategy, why)


PHASES = """\
digraph {{
  input [label="Input"]
  subgraph cluster_0 {{
    label="Stage 0, GPUs 0-1"
    s0_qkv [label="QKV Projection\\nGPU: 0-1"]
    s0_attn [label="Attention Compute\\nGPU: 0-1"]
  }}
{new}  subgraph cluster_1 {{
    label="Stage 1, decode, GPUs 2-3"
    s1_qkv [label="QKV Projection\\nGPU: 2-3"]
    s1_attn [label="Attention Compute\\nGPU: 2-3"]
  }}
  output [label="Output"]
  input -> s0_qkv -> s0_attn -> s1_qkv -> s1_attn -> output
{edges}}}
"""
NEW = """\
  subgraph cluster_1_new {
    label="Stage 1, GPUs 2-3"
    s1_qkv_new [label="QKV Projection\\nGPU: 2-3"]
    s1_attn_new [label="Attention Compute\\nGPU: 2-3"]
  }
  prefill_output [label="Prefill Output"]
"""
NEW_EDGES = """\
  s0_attn -> s1_qkv_new
  s1_qkv_new -> s1_attn_new
  s1_attn_new -> prefill_output
"""


def test_a_stage_does_not_reuse_a_cluster_of_another_phase() -> None:
    settings = settings_for(("S002",), "pp2tp2")
    before, after = (
        Source(PHASES.format(new=new, edges=edges), "a.dot") for new, edges in (("", ""), (NEW, NEW_EDGES))
    )
    assert fix_text(before, settings, unsafe=True).text == after.text
