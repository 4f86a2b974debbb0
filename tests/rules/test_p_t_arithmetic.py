"""P002 to P006, P010, T006 and T008: the strategy against the model, and labels against the model."""

from __future__ import annotations

import pytest

from dotlint.edits.apply import apply_edits
from dotlint.engine.own_cards import own_cards
from tests.dsl import check_rules, find

NORM = "Input: [batch=4, seq=1024, hidden=512]\\nOutput: [batch=4, seq=1024, hidden=512]"
NODES = f'norm [label="LayerNorm\\n{NORM}\\nGPU: 0"] mlp [label="MLP\\n{NORM}\\nGPU: 0"]'
PLAIN = f"digraph g {{ {NODES} norm -> mlp }}"


def declared(spec: str, model: str = "", layout: str = "") -> str:
    lay = f"[layout]\n{layout}\n" if layout else ""
    return f'strategy = "{spec}"\n{lay}[model]\n{model}\n'


@pytest.mark.parametrize(
    ("code", "table", "message"),
    [
        ("P002", declared("tp4", "heads = 6"), "6 heads are not divisible by TP=4"),
        (
            "P002",
            declared("tp4", "heads = 8\nkv_heads = 3"),
            "3 key-value heads are neither a multiple nor a divisor of TP=4",
        ),
        ("P002", declared("tp4", "heads = 8\nkv_heads = 2"), None),
        ("P002", declared("tp2sp4", "heads = 4", 'sp = "ulysses"'), "4 heads are not divisible by TP·SP=8"),
        ("P002", declared("tp2sp4", "heads = 4", 'sp = "ring"'), None),
        ("P003", declared("ep4", "experts = 6"), "6 experts are not divisible by EP=4"),
        ("P003", declared("ep4", "experts = 8"), None),
        ("P004", declared("sp4", "seq = 1023"), "1023 tokens are not divisible by SP=4"),
        ("P004", declared("tp4", "seq = 1023"), None),
        ("P005", declared("pp4", "layers = 3"), "3 layers are fewer than PP=4"),
        ("P005", declared("pp4", "layers = 6"), None),
        (
            "P006",
            declared("tp2ep4", "", 'model = "overlay"'),
            "the expert grid is a multiple of PP·EP·ETP = 1·4·1 = 4",
        ),
        ("P006", declared("tp2dp2ep4", "", 'model = "overlay"'), None),
        ("P006", declared("tp2ep4"), None),
    ],
)
def test_p002_p003_p004_p005_p006_sums_of_the_strategy(code: str, table: str, message: str | None) -> None:
    result = check_rules(PLAIN, code, strategy=table)
    assert [f.code for f in result.findings] == ([code] if message else [])
    if message:
        assert message in result.findings[0].message
        assert PLAIN[result.findings[0].start : result.findings[0].end] == "digraph g"


def test_p002_every_phase_is_told_by_its_name_and_an_assumed_one_not_at_all() -> None:
    table = "[phases.prefill]\nstrategy = 'tp4'\n[phases.decode]\nstrategy = 'tp3'\n[model]\nheads = 8\n"
    assert [f.message for f in find(PLAIN, "P002", strategy=table)] == ["decode: 8 heads are not divisible by TP=3"]
    both = PLAIN.replace("LayerNorm", "Prefill LayerNorm").replace("MLP", "Decode MLP")
    assert len(find(both, "P002", strategy=declared("tp3", "heads = 8"))) == 1


def test_p002_a_phase_of_another_file_is_left_to_that_file() -> None:
    table = "[phases.decode]\nstrategy = 'tp3'\nfile = 'decode.dot'\n[model]\nheads = 8\n"
    assert find(PLAIN, "P002", strategy=table) == []


@pytest.mark.parametrize("code", ["P002", "P003", "P004", "P005", "P010", "T006", "T008"])
def test_p002_p003_p004_p005_p010_t006_t008_what_the_model_lacks_is_listed_as_not_checked(code: str) -> None:
    for result in (
        check_rules(PLAIN, code),
        check_rules(PLAIN, code, strategy="tp2ep2sp2pp2"),
        check_rules(PLAIN, code, strategy=declared("tp2", "top_k = 2")),
    ):
        assert result.findings == []
        if code != "P010" or result.undecided:
            assert any("[model]" in one.needs for one in result.undecided), result.undecided
    assert check_rules(PLAIN, "P010").undecided


def test_p002_a_file_that_is_no_deployment_is_not_checked() -> None:
    result = check_rules("digraph g { a -> b }", "P002", strategy=declared("tp4", "heads = 6"))
    assert (result.findings, result.holds, result.undecided) == ([], [], [])


def gate(text: str, name: str = "gate") -> str:
    return f'digraph g {{ norm [label="LayerNorm\\n{NORM}"] {name} [label="{text}\\n{NORM}"] norm -> {name} }}'


@pytest.mark.parametrize(
    ("label", "model", "fires"),
    [
        ("MoE Gate\\nTop-8", "top_k = 2", True),
        ("MoE Gate\\ntop_k=8", "top_k = 2", True),
        ("Router top 4 of 64", "top_k = 2", True),
        ("Expert Routing\\nTop-2 Selection", "top_k = 2", False),
        ("MoE Gate\\nTop-8", "experts = 4", True),
        ("MoE Gate\\nTop-8", "experts = 8", False),
        ("Sampling\\nTop-50", "top_k = 2", False),
        ("Sampling of tokens, top-k=50", "top_k = 2", False),
        ("MoE Gate\\nTop-8 or Top-2", "top_k = 2", False),
        ("MoE Gate top 10% of tokens", "top_k = 2", False),
        ("MoE Gate stop 3", "top_k = 2", False),
    ],
)
def test_p010_top_k(label: str, model: str, fires: bool) -> None:
    findings = find(gate(label), "P010", strategy=declared("ep2", model))
    assert bool(findings) == fires


def test_p010_top_k_is_fixed_where_the_model_says_which() -> None:
    text = gate("MoE Gate\\nTop-8 Selection")
    finding = find(text, "P010", strategy=declared("ep2", "top_k = 2"))[0]
    assert finding.fix is not None
    assert finding.fixable == "safe"
    assert apply_edits(text, finding.fix.edits) == gate("MoE Gate\\nTop-2 Selection")
    vague = find(text, "P010", strategy=declared("ep2", "experts = 4"))[0]
    assert vague.fix is None
    assert vague.fixable is None


def test_p010_top_k_of_an_inherited_label_is_found_and_not_fixed() -> None:
    text = f'digraph g {{ node [label="MoE Gate Top-8\\n{NORM}"] gate_0 gate_1 gate_0 -> gate_1 }}'
    assert find(text, "P010", strategy=declared("ep2", "top_k = 2"))[0].fix is None


def experts(tokens: int, seq: str = "tokens") -> str:
    dims = f"[{seq}={tokens}, hidden=512]"
    nodes = "".join(f'expert_{i} [label="Expert {i}\\nInput: {dims}\\nOutput: {dims}\\nGPU: {i}"]' for i in range(4))
    edge = "gate -> {expert_0 expert_1 expert_2 expert_3}"
    return f'digraph g {{ gate [label="Gate\\n{NORM}\\nGPU: 0-3"] {nodes} {edge} }}'


@pytest.mark.parametrize(
    ("tokens", "spec", "fires"), [(2048, "ep4", False), (1024, "ep4dp2", False), (1000, "ep4", True)]
)
def test_t006_token_flow(tokens: int, spec: str, fires: bool) -> None:
    result = check_rules(experts(tokens), "T006", strategy=declared(spec, "batch = 4\nseq = 1024\ntop_k = 2"))
    assert bool(result.findings) == fires
    assert bool(result.holds) != fires


def test_t006_token_flow_is_in_the_strict_preset_only() -> None:
    assert next(card for card in own_cards() if card.code == "T006").presets == ("strict",)


@pytest.mark.parametrize(
    ("head", "spec", "fires"),
    [(64, "tp1", False), (192, "tp1", False), (32, "tp2", False), (48, "tp1", True), (32, "tp1", True)],
)
def test_t008_heads_make_the_hidden_size(head: int, spec: str, fires: bool) -> None:
    text = PLAIN.replace('mlp [label="MLP', f'q_proj [label="Q Projection\\nHeads: [heads=8, d_k={head}]').replace(
        "-> mlp", "-> q_proj"
    )
    assert bool(find(text, "T008", strategy=declared(spec, "heads = 8\nhidden = 512"))) == fires
