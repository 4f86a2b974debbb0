"""Planned nodes: their slots and edges, or the reason why they are not written."""

from __future__ import annotations

import re

import pytest

from dotlint.pipeline.fix_files import fix_data
from tests.dsl import fix, settings_for
from tests.unit.fix_assertions import assert_left_alone, assert_patched
from tests.unit.test_fix_missing_nodes import layers, sharded

FOUR = range(4)


def shards(there: list[int], *, name: str = "qkv_{}", label: str = "\\nGPU: {}", of: int = 4) -> str:
    """Return one layer with tensor shards of QKV only; the edges of a shard are adjacent."""
    rows = [(name.format(i), label.format(i)) for i in there]
    return "\n".join([
        "digraph {",
        f'  norm [label="LayerNorm\\nGPU: 0-{of - 1}"]',
        *(f'  {qkv} [label="QKV Projection{gpus}"]' for qkv, gpus in rows),
        f'  sum [label="All-Reduce\\nGPU: 0-{of - 1}"]',
        *(f"  norm -> {qkv}\n  {qkv} -> sum" for qkv, _ in rows),
        "}\n",
    ])  # fmt: skip


def apart(text: str) -> str:
    """Return the text with a cluster around every shard."""
    return re.sub(r"  (qkv_(\d) \[.*\])\n", r'  subgraph cluster_\2 {\n    label="rank \2"\n    \1\n  }\n', text)


def stages(*there: list[int]) -> str:
    """Return stages of QKV shards on four GPUs each; the edges of a shard are adjacent."""
    nodes, edges = [], []
    for s, shards in enumerate(there):
        whole = f"{4 * s}-{4 * s + 3}"
        nodes.append(f'  s{s}_norm [label="Stage {s} LayerNorm\\nGPU: {whole}"]')
        nodes += [f'  s{s}_qkv_{i} [label="Stage {s} QKV Projection\\nGPU: {4 * s + i}"]' for i in shards]
        nodes.append(f'  s{s}_sum [label="Stage {s} All-Reduce\\nGPU: {whole}"]')
        edges += [f"  s{s}_norm -> s{s}_qkv_{i}\n  s{s}_qkv_{i} -> s{s}_sum" for i in shards]
    links = [f"  s{s}_sum -> s{s + 1}_norm" for s in range(len(there) - 1)]
    return "\n".join(["digraph {", *nodes, *edges, *links, "}\n"])


WRITTEN = [
    ([0, 1, 2], ""),
    ([0, 1, 2], "\\nGPU: {}"),
    ([0, 1, 3], "\\nGPU: {}"),
    ([0, 1, 3], "\\nrank {}"),
]


@pytest.mark.parametrize(("there", "label"), WRITTEN)
def test_shards_are_written_with_and_without_gpus(there: list[int], label: str) -> None:
    lacking = ({*FOUR} - {*there}).pop()
    before, result = shards(there, label=label), fix(shards(there, label=label), "P007", "tp4")
    assert result.refused == ()
    node = f'  qkv_{lacking} [label="QKV Projection{label.format(lacking)}"]\n'
    edges = f"  norm -> qkv_{lacking}\n  qkv_{lacking} -> sum\n"
    assert [line for line in result.text.splitlines(keepends=True) if line not in before] == [
        node,
        *edges.splitlines(keepends=True),
    ]
    names = [line.split()[0] for line in result.text.splitlines() if "QKV" in line]
    assert names == [f"qkv_{i}" for i in FOUR]
    assert edges in result.text


NOT_WRITTEN = [
    # steps of three lead to GPUs that do not exist
    (shards([0, 3]), "tp4", "`qkv_6` would be on GPU 6, which the unit does not have"),
    # two names for one number
    (shards([0, 2, 3]).replace("qkv_2", "qkv_00"), "tp4", "the numbering of the existing ones cannot be continued"),
    (
        shards([0, 1, 2]).replace('"QKV Projection\\nGPU: 1"', '"QKV of one"'),
        "tp4",
        "the statement of `qkv_3` does not follow from its siblings",
    ),
    (apart(shards([0, 1, 2])), "tp4", "each sibling of `qkv_3` has its own cluster"),
    (stages([*FOUR], [*FOUR], [0, 1, 2]), "pp2tp4", "`s2_qkv_3` would be on GPU 11, which the unit does not have"),
    (re.sub(r"  qkv_.*\n", "", shards([0, 1, 2])), "tp4", "the statement of `qkv_3` does not follow from its siblings"),
    (shards([*range(400)], of=1024), "tp1024", "it would add more than 512 nodes"),
    (sharded(range(6), "plain", of=8), "tp4", "there are more than the strategy has"),
]


@pytest.mark.parametrize(("text", "strategy", "why"), NOT_WRITTEN)
def test_ambiguous_shards_are_not_written(text: str, strategy: str, why: str) -> None:
    assert_left_alone(text, "P007", strategy, why)


@pytest.mark.parametrize("there", [([*FOUR], [0, 1, 2]), ([0, 1, 2], [*FOUR]), ([0, 1, 2], [0, 1, 2])])
def test_the_last_shards_of_a_row_are_restored_in_every_stage(there: tuple[list[int], ...]) -> None:
    result = fix(stages(*there), "P007", f"pp{len(there)}tp4")
    assert result.refused == ()
    assert result.text == stages(*[[*FOUR]] * len(there))


def test_a_shard_that_another_stage_would_lack_is_not_written() -> None:
    text = stages([0, 1, 2], [0, 1, 2]).replace('GPU: 1"', 'GPU: 9"')
    (finding,) = fix(text, "P007", "pp2tp4").remaining
    assert "it would cause S003: stage 0 lacks `s0_qkv_3` that its siblings have" in (finding.help or "")


def test_fixes_of_a_rule_are_counted_in_the_message() -> None:
    strategy = settings_for(("P007",), "pp2tp4")
    for there, expected in (([0, 1, 2], "1 finding fixed (P007)"), ([0, 1], "2 findings fixed (P007 2)")):
        fixed = fix_data(stages(there, [0, 1, 2]).encode(), "x.dot", strategy, unsafe=True)
        assert fixed.summary == f"x.dot: {expected}"
        assert fixed.refused == []


@pytest.mark.parametrize("there", [[0, 1], [0, 3], [1, 3], [1, 2], [2, 3]])
def test_shards_are_copied_from_another_stage(there: list[int]) -> None:
    result, whole = fix(stages([*FOUR], there), "P007", "pp2tp4"), stages([*FOUR], [*FOUR])
    nodes = [line for line in result.text.splitlines() if "label" in line]
    assert nodes == [line for line in whole.splitlines() if "label" in line]
    assert sorted(result.text.splitlines()) == sorted(whole.splitlines())


EXPERTS = """
 digraph {
   gate [label="Expert Gate\\nGPU: 0-3"]
   expert_0 [label="Expert 0\\nGPU: 0"]
   expert_1 [label="Expert 1\\nGPU: 1"]
   expert_2 [label="Expert 2\\nGPU: 2"]
+  expert_3 [label="Expert 3\\nGPU: 3"]
   sum [label="Expert Aggregation\\nGPU: 0-3"]
   gate -> expert_0 [style=dashed]
   gate -> expert_1 [style=dashed]
   gate -> expert_2 [style=dashed]
+  gate -> expert_3 [style=dashed]
   expert_0 -> sum
   expert_1 -> sum
   expert_2 -> sum
+  expert_3 -> sum
 }
"""


@pytest.mark.parametrize("spelled", ["expert_{}", '"expert {}"', '"expert_{}"', "expert{}x", "Experte{}"])
def test_an_expert_is_written_like_the_others(spelled: str) -> None:
    patch = EXPERTS
    for i in FOUR:
        patch = patch.replace(f"expert_{i}", spelled.format(i))
    assert_patched(patch, "P008", "ep4")


def test_too_many_experts_are_not_changed() -> None:
    text = "\n".join(line[1:] for line in EXPERTS.strip("\n").splitlines())
    for i in (0, 1):
        text = text.replace("}", f'  expert_{4 + i} [label="Expert {4 + i}"]\n  gate -> expert_{4 + i} -> sum\n}}')
    assert_left_alone(text, "P008", "ep4", "there are more than the strategy has")


GO_PAST = [
    # an edge to a set, one from a set, and another one
    ("  qkv_2 -> {mlp_2}\n", "  qkv_2 -> attn_2\n  attn_2 -> {mlp_2}\n"),
    ("  {qkv_2 norm_2} -> mlp_2\n", "  qkv_2 -> attn_2\n  {attn_2 norm_2} -> mlp_2\n"),
    ("  qkv_2 -> mlp_2 [color=red]\n", "  qkv_2 -> attn_2\n  attn_2 -> mlp_2 [color=red]\n"),
    ('  qkv_2 -> "mlp_2"\n', '  qkv_2 -> attn_2\n  attn_2 -> "mlp_2"\n'),
    ("  qkv_2:out -> mlp_2\n", "  qkv_2:out -> attn_2\n  attn_2 -> mlp_2\n"),
    ('  "qkv_2" -> mlp_2\n', '  qkv_2 -> attn_2\n  "attn_2" -> mlp_2\n'),
    ("  qkv_2 -> mlp_2\n  qkv_2 -> norm_3\n", "  qkv_2 -> attn_2\n  attn_2 -> mlp_2\n  qkv_2 -> norm_3\n"),
    ("", "  qkv_2 -> attn_2\n  attn_2 -> mlp_2\n"),
]
WHOLE, PAST = layers(), "  qkv_2 -> mlp_2\n"


@pytest.mark.parametrize(("past", "through"), GO_PAST)
def test_bypassing_edges_are_rerouted(past: str, through: str) -> None:
    text = layers((2,), bypass="directly").replace(PAST, past)
    result = fix(text, "S003")
    assert result.refused == ()
    assert result.text == WHOLE.replace("  qkv_2 -> attn_2\n  attn_2 -> mlp_2\n", through)


NOT_THROUGH = [
    ("  qkv_2:out -> mlp_2:in\n", "`qkv_2 -> mlp_2` bypasses missing nodes"),
    ("  norm_2 -> qkv_2 -> {mlp_2}\n", "`qkv_2 -> mlp_2` bypasses missing nodes"),
    ("  qkv_2 -> dropout_2\n  dropout_2 -> mlp_2\n", "edges bypass `attn_2` in a way that its siblings do not show"),
    ("  norm_2 -> mlp_2\n", "edges bypass `attn_2` in a way that its siblings do not show"),
    ("  qkv_2 -> mlp_3\n", "`attn_2` would be connected to `mlp_3`, which already has as many edges as its siblings"),
    ("  qkv_2 -> mlp_2 -> norm_2\n", "it would close a cycle through `attn_2`"),
]


@pytest.mark.parametrize(("past", "why"), NOT_THROUGH)
def test_ambiguous_edges_are_not_rerouted(past: str, why: str) -> None:
    assert_left_alone(layers((2,), bypass="directly").replace(PAST, past), "S003", None, why)


@pytest.mark.parametrize(
    ("clusters", "lacking"), [(False, (0,)), (False, (1,)), (False, (3,)), (True, (0,)), (True, (3,)), (True, (1, 2))]
)
def test_an_operator_goes_after_its_predecessor_whatever_its_number(clusters: bool, lacking: tuple[int, ...]) -> None:
    result = fix(layers(lacking, bypass="directly", clusters=clusters), "S003")
    assert result.refused == ()
    assert result.text == layers(clusters=clusters)


ENDS = layers(names="l{n}_{op}").replace(
    "digraph {\n", 'digraph {\n  input [label="Input"]\n  output [label="Output"]\n'
)
ENDS = ENDS.replace("}\n", "  input -> l0_norm\n  l3_mlp -> output\n}\n")


def lacking(operator: str, into: str, beyond: str) -> str:
    """Return the layers without an operator: the node that leads `into` it is connected to the node after it."""
    text = re.sub(rf"  {operator} \[.*\n", "", ENDS)
    return text.replace(f"  {operator} -> {beyond}\n", "").replace(
        f"  {into} -> {operator}\n", f"  {into} -> {beyond}\n"
    )


@pytest.mark.parametrize(
    ("operator", "into", "beyond"),
    [("l2_norm", "l1_mlp", "l2_qkv"), ("l3_attn", "l3_qkv", "l3_mlp"), ("l0_attn", "l0_qkv", "l0_mlp")],
)
def test_consecutive_layers_are_connected(operator: str, into: str, beyond: str) -> None:
    result = fix(lacking(operator, into, beyond), "S003")
    assert result.refused == ()
    assert sorted(result.text.splitlines()) == sorted(ENDS.splitlines())
    assert f"  {into} -> {operator}\n  {operator} -> {beyond}\n" in result.text


def test_the_last_layer_is_connected_to_the_output() -> None:
    text = ENDS.replace('  l3_mlp [label="MLP\\nGPU: 3"]\n', "").replace("  l3_attn -> l3_mlp\n", "")
    result = fix(text.replace("l3_mlp -> output", "l3_attn -> output"), "S003")
    assert result.refused == ()
    assert result.text == ENDS


def test_the_input_feeds_only_the_first_layer() -> None:
    text = lacking("l2_norm", "l1_mlp", "l2_qkv").replace("  l1_mlp -> l2_qkv\n", "  l1_mlp -> l2_attn\n")
    assert_left_alone(text, "S003", None, "edges bypass `l2_norm` in a way that its siblings do not show")
