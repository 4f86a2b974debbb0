"""H001, H004, H005 and V003: what prefill and decode have in common, and conventions of a file's own."""

from __future__ import annotations

import pytest

from tests.dsl import check_rules, digraph, find, node

LONG = "[batch=4, seq=1024, hidden=512]"
ONE = "[batch=4, seq=1, hidden=512]"


def operator(name: str, title: str, dims: str = LONG, after: str = "") -> str:
    return node(name, title, "0-1", dims, after or dims)


PREFILL = (
    operator("prefill_norm", "Prefill LayerNorm")
    + operator("prefill_mlp", "Prefill MLP")
    + operator("prefill_cache", "Prefill KV Cache")
)
DECODE = (
    operator("decode_norm", "Decode LayerNorm", ONE)
    + operator("decode_mlp", "Decode MLP", ONE)
    + operator("decode_input", "Decode Input", ONE)
)


@pytest.mark.parametrize(
    ("edge", "fires"),
    [
        ("decode_mlp -> prefill_norm", True),
        ("prefill_mlp -> decode_norm", True),
        ('prefill_mlp -> decode_norm [label="KV cache"]', False),
        ("prefill_cache -> decode_norm", False),
        ("prefill_mlp -> decode_input", False),
        ("prefill_norm -> prefill_mlp", False),
        ("shared_norm -> decode_norm", False),
    ],
)
def test_h001_edges_between_phases(edge: str, fires: bool) -> None:
    text = digraph(PREFILL, DECODE, operator("shared_norm", "LayerNorm"), edge)
    assert bool(find(text, "H001")) == fires


def test_h001_leaks_of_one_direction_are_one_finding() -> None:
    findings = find(
        digraph(PREFILL, DECODE, "prefill_norm -> {decode_norm decode_mlp}", "decode_mlp -> prefill_mlp"), "H001"
    )
    assert [len(f.nodes) for f in findings] == [3, 2]


@pytest.mark.parametrize(
    ("added", "fires"),
    [
        (operator("decode_gate", "Decode MoE Gate"), True),
        (operator("decode_gate", "Decode MoE Gate", ONE), False),
        (operator("decode_attn", "Decode Attention", ONE, LONG), False),
        (operator("decode_cache", "Decode KV Cache"), False),
        (operator("decode_gate", "Decode Gate over context"), False),
        (operator("decode_gate", "Decode MoE Gate", "[4, 1024, 512]"), False),
        (operator("decode_gate", "Decode MoE Gate", "[batch=4, seq=s, hidden=512]"), False),
        (operator("gate", "MoE Gate"), False),
    ],
)
def test_h004_the_sequence_of_decode(added: str, fires: bool) -> None:
    assert (
        bool(find(digraph(PREFILL, DECODE, added, "prefill_norm -> prefill_mlp", "decode_norm -> decode_mlp"), "H004"))
        == fires
    )


GATE = operator("prefill_gate", "Prefill MoE Gate")


@pytest.mark.parametrize(
    ("added", "roles"),
    [
        (GATE, ["gate"]),
        (GATE + operator("decode_route", "Decode Expert Routing", ONE), []),
        (GATE + 'decode_more [label="Decode layers 2-4 same as layer 1"]', []),
        (operator("prefill_sp_split", "Prefill SP Split"), []),
        (
            operator("prefill_q_proj", "Prefill Q Projection") + operator("decode_qkv", "Decode QKV Projection", ONE),
            [],
        ),
        (
            GATE + operator("prefill_qkv", "Prefill QKV Projection") + operator("prefill_expert", "Prefill Expert 0"),
            [],
        ),
        (GATE + operator("decode_prefill_gate", "Gate of prefill and decode"), []),
    ],
)
def test_h005_what_decode_lacks(added: str, roles: list[str]) -> None:
    findings = find(digraph(PREFILL, DECODE, added, "prefill_norm -> prefill_mlp", "decode_norm -> decode_mlp"), "H005")
    assert [f.message.split()[2] for f in findings] == roles


def test_h001_h005_one_phase_has_nothing_to_differ_from() -> None:
    for code in ("H001", "H005"):
        result = check_rules(digraph(PREFILL, "prefill_norm -> prefill_mlp"), code)
        assert (result.findings, result.holds) == ([], [])


def drawn(kind: str, shapes: list[str], title: str = "All-Reduce") -> str:
    return digraph(
        *(node(f"{kind}_{i}", title, "0", LONG, LONG, shape) for i, shape in enumerate(shapes)),
        f"{kind}_0 -> {kind}_1",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            drawn("ar", ["parallelogram"] * 3),
            "communication is drawn as parallelogram (all 3) instead of ellipse",
        ),
        (
            drawn("ar", ["parallelogram"] * 3 + ["ellipse"] * 2),
            "communication is drawn as parallelogram (3) and ellipse (2)",
        ),
        (drawn("ar", ["parallelogram"] * 2), None),
        (drawn("ar", ["parallelogram"] * 3 + ["ellipse"] * 3), None),
        (drawn("ar", ["ellipse"] * 5), None),
        (drawn("ar", ["comm"] * 5), None),
        (drawn("a2a", ["parallelogram"] * 3, "All-to-All Routing"), None),
        (drawn("split", ["ellipse"] * 4, "Split"), None),
        (drawn("mlp", ["box"] * 4, "MLP"), None),
        (
            drawn("gate", ["diamond"] * 4, "Expert Routing"),
            "routing is drawn as diamond (all 4) instead of parallelogram",
        ),
    ],
)
def test_v003_conventions_of_a_files_own(text: str, said: str | None) -> None:
    findings = find(text, "V003")
    assert len(findings) == (1 if said else 0)
    if said:
        assert said in findings[0].message
        assert findings[0].severity == "info"
