"""Splitting names and labels."""

from __future__ import annotations

import pytest

from dotlint.deployment.words import Name, label_lines, name_parts, parse_name, plain_words


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        ("", []),
        ("LayerNorm", ["LayerNorm"]),
        (r"LayerNorm\nGPU: 0-15", ["LayerNorm", "GPU: 0-15"]),
        (r"left\lright\r centred ", ["left", "right", "centred"]),
        ("real\nnewline\r\nboth", ["real", "newline", "both"]),
        ("<b>QKV</b><br/>GPU: 0<BR/>TP=2", ["QKV", "GPU: 0", "TP=2"]),
        ("GPUs 0&#45;1<br/>a &lt; b&#x0a;c", ["GPUs 0-1", "a < b c"]),
        (r"\n\n", []),
    ],
)
def test_label_lines(label: str, lines: list[str]) -> None:
    assert label_lines(label) == lines


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("attn_qkv2_1", ["attn", "qkv", "2", "1"]),
        ("attnQKV2_1", ["attn", "QKV", "2", "1"]),
        ("LayerNorm", ["Layer", "Norm"]),
        ("expert_all2all1", ["expert", "all2all", "1"]),
        ("l0_a2a", ["l", "0", "a2a"]),
        ("GPUs 0-15", ["GPUs", "0", "15"]),
        ("gpu3_l5_attn", ["gpu", "3", "l", "5", "attn"]),
        ("Router, top-2", ["Router", "top", "2"]),
        ("", []),
    ],
)
def test_name_parts(text: str, parts: list[str]) -> None:
    assert name_parts(text) == parts


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("input", Name("input", (), (), (), ())),
        (
            "layer3_expert12_tp0",
            Name("layer#_expert#_tp#", (3, 12, 0), ("layer", "expert", "tp"), (True, True, True), ("", "", "")),
        ),
        ("pre2 qkv 0", Name("pre# qkv #", (2, 0), ("pre", "qkv"), (True, False), ("", ""))),
        ("expert_all2all3", Name("expert_all2all#", (3,), ("all2all",), (True,), ("expert",))),
        ("recv_from_stage2", Name("recv_from_stage#", (2,), ("stage",), (True,), ("from",))),
        ("7", Name("#", (7,), ("",), (False,), ("",))),
        ("x1234567890", Name("x1234567890", (), (), (), ())),
    ],
)
def test_parse_name(text: str, name: Name) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("All-to-All", " all to all "),
        ("QKV projection 2", " qkv projection "),
        ("mlpGate", " mlp gate "),
        ("12", "  "),
    ],
)
def test_plain_words(text: str, words: str) -> None:
    assert plain_words(text) == words
