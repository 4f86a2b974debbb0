"""H001, H004, H005 and V003: what prefill and decode have in common, and conventions of a file's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dotlint.engine.select import Selection
from dotlint.pipeline.lint import Settings, lint
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from dotlint.engine.result import FileResult

LONG = "[batch=4, seq=1024, hidden=512]"
ONE = "[batch=4, seq=1, hidden=512]"


def run(code: str, text: str) -> FileResult:
    result = lint(Source.from_bytes(text.encode(), "t.dot"), Settings(selection=Selection(select=(code, "X001"))))
    assert not result.crashed, result.findings
    return result


def node(name: str, title: str, dims: str = LONG, after: str = "") -> str:
    return f'{name} [label="{title}\\nInput: {dims}\\nOutput: {after or dims}\\nGPU: 0-1"]\n'


PREFILL = (
    node("prefill_norm", "Prefill LayerNorm")
    + node("prefill_mlp", "Prefill MLP")
    + node("prefill_cache", "Prefill KV Cache")
)
DECODE = (
    node("decode_norm", "Decode LayerNorm", ONE)
    + node("decode_mlp", "Decode MLP", ONE)
    + node("decode_input", "Decode Input", ONE)
)


def graph(*parts: str) -> str:
    return "digraph g {\n" + "\n".join(parts) + "\n}\n"


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
def test_edges_between_phases(edge: str, fires: bool) -> None:
    text = graph(PREFILL, DECODE, node("shared_norm", "LayerNorm"), edge)
    assert bool(run("H001", text).findings) == fires


def test_leaks_of_one_direction_are_one_finding() -> None:
    findings = run(
        "H001",
        graph(PREFILL, DECODE, "prefill_norm -> {decode_norm decode_mlp}", "decode_mlp -> prefill_mlp"),
    ).findings
    assert [len(f.nodes) for f in findings] == [3, 2]


@pytest.mark.parametrize(
    ("added", "fires"),
    [
        (node("decode_gate", "Decode MoE Gate"), True),
        (node("decode_gate", "Decode MoE Gate", ONE), False),
        (node("decode_attn", "Decode Attention", ONE, LONG), False),
        (node("decode_cache", "Decode KV Cache"), False),
        (node("decode_gate", "Decode Gate over context"), False),
        (node("decode_gate", "Decode MoE Gate", "[4, 1024, 512]"), False),
        (node("decode_gate", "Decode MoE Gate", "[batch=4, seq=s, hidden=512]"), False),
        (node("gate", "MoE Gate"), False),
    ],
)
def test_the_sequence_of_decode(added: str, fires: bool) -> None:
    assert (
        bool(
            run(
                "H004",
                graph(PREFILL, DECODE, added, "prefill_norm -> prefill_mlp", "decode_norm -> decode_mlp"),
            ).findings
        )
        == fires
    )


GATE = node("prefill_gate", "Prefill MoE Gate")


@pytest.mark.parametrize(
    ("added", "roles"),
    [
        (GATE, ["gate"]),
        (GATE + node("decode_route", "Decode Expert Routing", ONE), []),
        (GATE + 'decode_more [label="Decode layers 2-4 same as layer 1"]', []),
        (node("prefill_sp_split", "Prefill SP Split"), []),
        (
            node("prefill_q_proj", "Prefill Q Projection") + node("decode_qkv", "Decode QKV Projection", ONE),
            [],
        ),
        (
            GATE + node("prefill_qkv", "Prefill QKV Projection") + node("prefill_expert", "Prefill Expert 0"),
            [],
        ),
        (GATE + node("decode_prefill_gate", "Gate of prefill and decode"), []),
    ],
)
def test_what_decode_lacks(added: str, roles: list[str]) -> None:
    findings = run(
        "H005", graph(PREFILL, DECODE, added, "prefill_norm -> prefill_mlp", "decode_norm -> decode_mlp")
    ).findings
    assert [f.message.split()[2] for f in findings] == roles


def test_one_phase_has_nothing_to_differ_from() -> None:
    for code in ("H001", "H005"):
        result = run(code, graph(PREFILL, "prefill_norm -> prefill_mlp"))
        assert (result.findings, result.holds) == ([], [])


def drawn(kind: str, shapes: list[str], title: str = "All-Reduce") -> str:
    return graph(
        *(
            f'{kind}_{i} [label="{title}\\nInput: {LONG}\\nOutput: {LONG}\\nGPU: 0" shape={shape}]'
            for i, shape in enumerate(shapes)
        ),
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
def test_conventions_of_a_files_own(text: str, said: str | None) -> None:
    findings = run("V003", text).findings
    assert len(findings) == (1 if said else 0)
    if said:
        assert said in findings[0].message
        assert findings[0].severity == "info"
