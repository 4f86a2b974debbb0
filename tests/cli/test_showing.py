"""The commands that show something: strategy, rules, rule, infer, explain."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from dotlint.cli.main import COMMANDS
from dotlint.engine.own_cards import own_cards
from tests.cli.command import run
from tests.dsl import digraph, node

FIXTURES = Path(__file__).parent.parent / "fixtures"
MOE = str(FIXTURES / "moe_two_phases.dot")


def test_strategy_tells_gpus_of_every_stage() -> None:
    status, out, _ = run("strategy", "pp4ep4tp2sp2")
    assert status == 0
    assert "64 GPUs" in out
    for stage in ("0-15", "16-31", "32-47", "48-63"):
        assert stage in out


@pytest.mark.parametrize(
    ("spec", "words"),
    [("pp4pp2", "pp"), ("zz3", "zz"), ("pp0", "0"), ("pp4@64", "@"), ("nowhere.toml", "nowhere.toml")],
)
def test_a_wrong_strategy_is_one_clear_line(spec: str, words: str) -> None:
    status, out, err = run("strategy", spec)
    assert (status, out) == (2, "")
    first = err.splitlines()[0]
    assert first.startswith("dotlint: error: ")
    assert words in err


def test_rules_lists_every_card() -> None:
    status, out, _ = run("rules")
    assert status == 0
    assert all(card.code in out and card.name in out for card in own_cards())


@pytest.mark.parametrize("name", ["S001", "missing-stage-edge", "s001"])
def test_rule_explains(name: str) -> None:
    status, out, _ = run("rule", name)
    assert status == 0
    assert out.startswith("S001 missing-stage-edge\n")


def test_rule_answers_to_an_earlier_name() -> None:
    assert run("rule", "unknown-colour") == run("rule", "unknown-color")
    assert run("rule", "unknown-colour")[1].startswith("A005 unknown-color\n")


def test_rule_names_the_nearest() -> None:
    status, _, err = run("rule", "missing-stage-egde")
    assert status == 2
    assert "did you mean `missing-stage-edge`" in err


def test_infer_writes_a_strategy_file_that_is_read_back(tmp_path: Path) -> None:
    target = tmp_path / "strategy.toml"
    status, _, _ = run("infer", MOE, "-o", str(target))
    table = tomllib.loads(target.read_text())
    assert table["phases"]["prefill"]["strategy"] == "pp4ep4tp2sp2"
    assert table["model"]["top_k"] == 2
    assert status in (0, 1)
    status, out, _ = run("strategy", str(target))
    assert status == 0
    assert "prefill" in out


def test_infer_says_what_contradicts(tmp_path: Path) -> None:
    path = tmp_path / "x.dot"
    path.write_text(
        'digraph { head [label="PP=4, TP=2"];'
        + "".join(
            f'qkv_tp{t}_stage0 [label="QKV\\nTP rank\\nGPU: {t}"]; qkv_tp{t}_stage0 -> attn_tp{t}_stage0;'
            for t in range(2)
        )
        + "".join(
            f'qkv_tp{t}_stage1 [label="QKV\\nGPU: {t + 2}"]; qkv_tp{t}_stage1 -> attn_tp{t}_stage1;' for t in range(2)
        )
        + "}"
    )
    status, out, _ = run("infer", str(path))
    assert status == 1
    assert "a header declares PP=4, but 2 stages are drawn" in out


def test_explain_says_what_and_why() -> None:
    status, out, _ = run("explain", MOE, "pre2 norm", "-s", "pp4ep4tp2sp2")
    assert status == 0
    assert "role     norm" in out
    assert "GPUs     16-31" in out
    assert "because" in out
    assert "S001 error" in out


def test_explain_of_a_file_says_what_its_numbers_mean() -> None:
    status, out, _ = run("explain", str(FIXTURES / "dense_pp2tp4_clean.dot"))
    assert status == 0
    assert "the graph is a deployment" in out
    meanings = dict(re.findall(r"^  `(\w+)` in names, .*: (\w+)$", out, re.MULTILINE))
    assert meanings == {"l": "layer", "tp": "shard"}
    status, out, _ = run("explain", str(FIXTURES / "build_dependencies.dot"))
    assert status == 0
    assert "the graph is not a deployment" in out


def test_explain_says_which_meanings_of_a_number_remain(tmp_path: Path) -> None:
    path = tmp_path / "x.dot"
    path.write_text(digraph(*(node(f"norm{s}_{i}", "LayerNorm", str(2 * s + i)) for s in range(2) for i in range(2))))
    _, out, _ = run("explain", str(path))
    assert ": undecided\n    possible: " in out


def test_explain_names_the_nearest_node() -> None:
    status, _, err = run("explain", MOE, "pre2 nrom")
    assert status == 2
    assert "did you mean `pre2 norm`" in err


def test_infer_of_no_deployment() -> None:
    status, _, err = run("infer", str(FIXTURES / "build_dependencies.dot"))
    assert status == 2
    assert "no deployment is recognized" in err


def test_new_rule_makes_the_folder_that_the_configuration_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dotlint.toml").write_text('rules = ["lint/rules"]\n')
    status, out, err = run(
        "new-rule", "ACME001", "label-required", "--check", "attribute-required", "--in", "lint/rules"
    )
    assert (status, err) == (0, "")
    assert (tmp_path / out.strip()).is_file()


def test_every_command_explains_itself() -> None:
    summaries = run("--help").out.partition("Commands:\n")[2]
    assert [line.split()[0] for line in summaries.splitlines()] == list(COMMANDS)
    assert "..." not in summaries
    for name in COMMANDS:
        status, out, err = run(name, "--help")
        assert (status, err) == (0, "")
        assert "\\b" not in out
