"""Where nodes that siblings have are written, what they are joined to, and why some are not written."""

from __future__ import annotations

import re

import pytest

from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.pipeline.fix_files import fix_data
from dotlint.strategy import Strategy
from tests.unit.mending import assert_left_alone, assert_patched, run
from tests.unit.test_fix_members import layers, sharded

FOUR = range(4)


def shards(there: list[int], *, name: str = "qkv_{}", label: str = "\\nGPU: {}", of: int = 4) -> str:
    """One layer of tensor shards of QKV alone, each edge of a shard beside its other one."""
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
    """Give every shard a cluster."""
    return re.sub(r"  (qkv_(\d) \[.*\])\n", r'  subgraph cluster_\2 {\n    label="rank \2"\n    \1\n  }\n', text)


def stages(*there: list[int]) -> str:
    """Stages of QKV shards on four GPUs each, the edges of a shard side by side."""
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
def test_shards_are_written_whether_they_name_gpus_or_not(there: list[int], label: str) -> None:
    lacking = ({*FOUR} - {*there}).pop()
    before, result = shards(there, label=label), run(shards(there, label=label), "P007", "tp4")
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
    # numbers that go on by threes lead to GPUs that there are not
    (shards([0, 3]), "tp4", "`qkv_6` would be on GPUs 6, which the unit does not have"),
    # two names for one number
    (shards([0, 2, 3]).replace("qkv_2", "qkv_00"), "tp4", "the numbering of the existing ones cannot be continued"),
    (shards([0, 1, 2]).replace('"QKV Projection\\nGPU: 1"', '"QKV of one"'), "tp4", "`qkv_3` do not go on in one way"),
    (apart(shards([0, 1, 2])), "tp4", "the siblings of `qkv_3` stand in clusters of their own"),
    (stages([*FOUR], [*FOUR], [0, 1, 2]), "pp2tp4", "`s2_qkv_3` would be on GPUs 11, which the unit does not have"),
    (re.sub(r"  qkv_.*\n", "", shards([0, 1, 2])), "tp4", "`qkv_3` do not go on in one way"),
    (shards([*range(400)], of=1024), "tp1024", "more than 512 nodes would be written"),
    (sharded(range(6), "plain", of=8), "tp4", "there are more than the strategy has"),
]


@pytest.mark.parametrize(("text", "strategy", "why"), NOT_WRITTEN)
def test_shards_are_not_written_where_they_do_not_go_on_in_one_way(text: str, strategy: str, why: str) -> None:
    assert_left_alone(text, "P007", strategy, why)


@pytest.mark.parametrize("there", [([*FOUR], [0, 1, 2]), ([0, 1, 2], [*FOUR]), ([0, 1, 2], [0, 1, 2])])
def test_shards_that_end_a_row_go_back_in_every_stage(there: tuple[list[int], ...]) -> None:
    result = run(stages(*there), "P007", f"pp{len(there)}tp4")
    assert result.refused == ()
    assert result.text == stages(*[[*FOUR]] * len(there))


def test_a_shard_that_another_stage_would_then_lack_is_not_written() -> None:
    text = stages([0, 1, 2], [0, 1, 2]).replace('GPU: 1"', 'GPU: 9"')
    why = {finding.unit: finding.help or "" for finding in run(text, "P007", "pp2tp4").remaining}
    assert "the statements beside `s0_qkv_3` do not go on in one way" in why["stage 0"]
    assert "it adds S003: stage 0 lacks `s0_qkv_3` that its siblings have" in why["stage 1"]


def test_fixes_of_a_rule_are_counted_in_the_message() -> None:
    strategy = Settings(
        strategy=Strategy.parse("pp2tp4"), strategy_source="option", selection=Selection(select=("P007",))
    )
    for there, told in (([*FOUR], "1 finding fixed (P007)"), ([0, 1, 2], "2 findings fixed (P007 2)")):
        fixed = fix_data(stages(there, [0, 1, 2]).encode(), "x.dot", strategy, unsafe=True)
        assert fixed.messages == [f"x.dot: {told}"]


@pytest.mark.parametrize("there", [[0, 1], [0, 3], [1, 3], [1, 2], [2, 3]])
def test_shards_go_on_as_another_stage_shows(there: list[int]) -> None:
    result, whole = run(stages([*FOUR], there), "P007", "pp2tp4"), stages([*FOUR], [*FOUR])
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
def test_an_expert_is_written_as_the_others_are_spelled(spelled: str) -> None:
    patch = EXPERTS
    for i in FOUR:
        patch = patch.replace(f"expert_{i}", spelled.format(i))
    assert_patched(patch, "P008", "ep4")


def test_experts_that_are_too_many_are_left_alone() -> None:
    text = "\n".join(line[1:] for line in EXPERTS.strip("\n").splitlines())
    for i in (0, 1):
        text = text.replace("}", f'  expert_{4 + i} [label="Expert {4 + i}"]\n  gate -> expert_{4 + i} -> sum\n}}')
    assert_left_alone(text, "P008", "ep4", "there are more than the strategy has")


GO_PAST = [
    # an edge to a set, from a set, and one besides
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
def test_what_goes_past_an_operator_goes_through_it(past: str, through: str) -> None:
    text = layers((2,), past="directly").replace(PAST, past)
    result = run(text, "S003")
    assert result.refused == ()
    assert result.text == WHOLE.replace("  qkv_2 -> attn_2\n  attn_2 -> mlp_2\n", through)


NOT_THROUGH = [
    ("  qkv_2:out -> mlp_2:in\n", "`qkv_2 -> mlp_2` goes past what is missing"),
    ("  norm_2 -> qkv_2 -> {mlp_2}\n", "`qkv_2 -> mlp_2` goes past what is missing"),
    ("  qkv_2 -> dropout_2\n  dropout_2 -> mlp_2\n", "edges go past `attn_2` in a way that its siblings do not show"),
    ("  norm_2 -> mlp_2\n", "edges go past `attn_2` in a way that its siblings do not show"),
    ("  qkv_2 -> mlp_3\n", "`mlp_3`, which `attn_2` would be joined to, has what its siblings have"),
    ("  qkv_2 -> mlp_2 -> norm_2\n", "it closes a cycle through `attn_2`"),
]


@pytest.mark.parametrize(("past", "why"), NOT_THROUGH)
def test_what_cannot_be_turned_to_an_operator_stays(past: str, why: str) -> None:
    assert_left_alone(layers((2,), past="directly").replace(PAST, past), "S003", None, why)


@pytest.mark.parametrize(
    ("clusters", "lacking"), [(False, (0,)), (False, (1,)), (False, (3,)), (True, (0,)), (True, (3,)), (True, (1, 2))]
)
def test_an_operator_goes_after_the_one_before_it_whatever_its_number_is(
    clusters: bool, lacking: tuple[int, ...]
) -> None:
    result = run(layers(lacking, past="directly", clusters=clusters), "S003")
    assert result.refused == ()
    assert result.text == layers(clusters=clusters)


ENDS = layers(names="l{n}_{op}").replace(
    "digraph {\n", 'digraph {\n  input [label="Input"]\n  output [label="Output"]\n'
)
ENDS = ENDS.replace("}\n", "  input -> l0_norm\n  l3_mlp -> output\n}\n")


def lacking(operator: str, into: str, beyond: str) -> str:
    """The layers without an operator: what leads `into` it leads to what it leads to, by an edge of its own."""
    text = re.sub(rf"  {operator} \[.*\n", "", ENDS)
    return text.replace(f"  {operator} -> {beyond}\n", "").replace(
        f"  {into} -> {operator}\n", f"  {into} -> {beyond}\n"
    )


@pytest.mark.parametrize(
    ("operator", "into", "beyond"),
    [("l2_norm", "l1_mlp", "l2_qkv"), ("l3_attn", "l3_qkv", "l3_mlp"), ("l0_attn", "l0_qkv", "l0_mlp")],
)
def test_the_layer_before_leads_to_the_one_behind_it(operator: str, into: str, beyond: str) -> None:
    result = run(lacking(operator, into, beyond), "S003")
    assert result.refused == ()
    assert sorted(result.text.splitlines()) == sorted(ENDS.splitlines())
    assert f"  {into} -> {operator}\n  {operator} -> {beyond}\n" in result.text


def test_what_ends_the_model_leads_to_its_output() -> None:
    text = ENDS.replace('  l3_mlp [label="MLP\\nGPU: 3"]\n', "").replace("  l3_attn -> l3_mlp\n", "")
    result = run(text.replace("l3_mlp -> output", "l3_attn -> output"), "S003")
    assert result.refused == ()
    assert result.text == ENDS


def test_what_the_input_feeds_in_one_layer_it_feeds_in_no_other() -> None:
    text = lacking("l2_norm", "l1_mlp", "l2_qkv").replace("  l1_mlp -> l2_qkv\n", "  l1_mlp -> l2_attn\n")
    assert_left_alone(text, "S003", None, "edges go past `l2_norm` in a way that its siblings do not show")
