"""`--from`, `--model`, `-o`, and launch options as strategies of `check`, the configuration and comments."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

import dotlint
from docs import launch_examples
from docs.generate import engines
from dotlint.strategy import Strategy
from tests.cli.command import run

GRAPH = 'digraph { attention_tp0 [label="attention TP0\\nGPU 0"]; ffn_tp0 [label="ffn TP0\\nGPU 0"]; attention_tp0 -> ffn_tp0 }'
LLAMA = {"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "hidden_size": 4096}


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "graph.dot").write_text(GRAPH)
    (tmp_path / "launch.sh").write_text("vllm serve m --tensor-parallel-size 4 --port 80\n")
    (tmp_path / "decode.sh").write_text("vllm serve m -tp 2\n")
    (tmp_path / "config.json").write_text(json.dumps({"text_config": LLAMA}))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tensor-parallel-size 4 --port 80"],
        ["-tp 4 --port=80"],
        ["launch.sh"],
        ["--", "-tp", "4", "--port", "80"],
        ["--", "vllm", "serve", "m", "-tp", "4", "--port", "80"],
    ],
)
def test_options_in_quotes_after_dashes_or_in_a_file(arguments: list[str]) -> None:
    found = run("strategy", "--from", "vllm", "--format", "json", *arguments)
    assert found.status == 0, found.err
    data = json.loads(found.out)
    assert data["phases"][0]["degrees"] == {"tp": 4}
    assert data["layout"] == "vllm"
    assert data["notes"] == ["not read: --port"]


def test_what_was_not_read_is_listed_once() -> None:
    found = run("strategy", "--from", "vllm", "prefill=launch.sh", "decode=launch.sh")
    assert found.out.count("not read: --port") == 1


def test_model_and_engine_decide_together() -> None:
    found = run("strategy", "--from", "vllm", "-tp 3 -pp 1", "--model", "config.json", "--format", "json")
    data = json.loads(found.out)
    assert found.status == 1
    assert data["model"]["kv_heads"] == 8
    assert data["impossible"] is True
    assert run("strategy", "--from", "vllm", "launch.sh", "--model", ".").status == 0
    assert run("strategy", "tp3", "--model", "config.json").status == 1


def test_a_refusal_points_at_the_options_and_says_what_fits() -> None:
    Path("train.sh").write_text(
        "torchrun --nproc-per-node 8 pretrain_gpt.py --tensor-model-parallel-size 3 \\\n"
        "  --num-attention-heads 32 --micro-batch-size 4 --global-batch-size 30 --pipeline-model-parallel-size 1\n"
    )
    found = run("strategy", "--from", "megatron", "train.sh", "--world", "6")
    heads = "✗ 32 heads are not divisible by TP=3 (P002)\n    train.sh:1:45: --tensor-model-parallel-size"
    assert heads in found.out
    assert "TP that divide 32 heads: 1, 2, 4" in found.out
    data = json.loads(run("strategy", "--from", "megatron", "train.sh", "--world", "6", "-f", "json").out)
    batch = next(each for each in data["failed"] if each["code"] == "P012")
    assert batch["options"]["global_batch"] == "train.sh:2:49: --global-batch-size"


def test_written_file_says_the_same(tmp_path: Path) -> None:
    first = run(
        "strategy", "--from", "vllm", "launch.sh", "--model", "config.json", "-o", "deployment.toml", "-f", "json"
    )
    second = run("strategy", "deployment.toml", "-f", "json")
    one, two = json.loads(first.out), json.loads(second.out)
    assert one.pop("source") == "vllm:launch.sh"
    assert two.pop("source") == "deployment.toml"
    assert one.pop("notes")
    assert not two.pop("notes")
    assert one["phases"][0].pop("origins") == {"tp": "launch.sh:1:14: --tensor-parallel-size"}
    assert two["phases"][0].pop("origins") == {}
    assert one == two
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(("gpu", "fits"), [("H100-80GB", "✓"), ("80", "✓"), ("0.1", "✗")])
def test_the_gpu_that_an_option_names_decides_whether_it_fits(gpu: str, fits: str) -> None:
    sizes = LLAMA | {"model_type": "llama", "intermediate_size": 14336, "vocab_size": 128256}
    Path("sizes.json").write_text(json.dumps(sizes), encoding="utf-8")
    found = run("strategy", "--from", "vllm", "-tp 2 --max-model-len 128", "--model", "sizes.json", "--gpu", gpu)
    assert re.search(rf"^  {fits} .*weights", found.out, re.MULTILINE)
    assert found.status == (fits == "✗")


def test_an_unknown_gpu_is_answered_with_the_nearest() -> None:
    found = run("strategy", "tp2", "--gpu", "A100")
    assert (found.status, "did you mean A100-40GB or A100-80GB?" in found.err) == (2, True)


@pytest.mark.parametrize("name", ["launch.sh", "config.json", "./launch.sh"])
def test_no_file_that_was_read_is_overwritten(tmp_path: Path, name: str) -> None:
    before = (tmp_path / name).read_text()
    found = run("strategy", "--from", "vllm", "launch.sh", "--model", "config.json", "-o", name)
    assert found.status == 2
    assert (tmp_path / name).read_text() == before


def test_dash_is_standard_output() -> None:
    assert run("strategy", "pp2tp4", "-o", "-").out == '# pp2tp4\nstrategy = "pp2tp4"\n\n[layout]\nmodel = "product"\n'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "vlm", "launch.sh"], "did you mean 'vllm'?"),
        (["--from", "vllm"], "--from vllm needs launch options"),
        (["--from", "vllm", "lunch.sh"], "did you mean 'launch.sh'?"),
        (["--from", "vllm", "-tp x"], "-tp must be an integer, not 'x' at column 1"),
        (["--from", "vllm", "launch.sh", "--model", "launch.sh"], "is not JSON"),
        (["--wrold", "8", "tp8"], "did you mean `--world`"),
    ],
)
def test_a_mistake_exits_2_and_names_it(arguments: list[str], message: str) -> None:
    found = run("strategy", *arguments)
    assert found.status == 2
    assert message in found.err


def test_check_takes_launch_files() -> None:
    found = run(
        "check", "graph.dot", "-s", "prefill=vllm:launch.sh", "-s", "decode=vllm:decode.sh", "-f", "json", "--no-cache"
    )
    phases = json.loads(found.out)["files"][0]["strategy"]["phases"]
    assert [(phase["name"], phase["degrees"]) for phase in phases] == [("prefill", {"tp": 4}), ("decode", {"tp": 2})]
    assert found.err.count("not read: --port") == 1


@pytest.mark.parametrize(
    "setting",
    [
        'strategy = "vllm:launch.sh"',
        '[strategy]\nfrom = "vllm"\nfile = "launch.sh"',
        '[strategy]\n"*.dot" = "vllm:launch.sh"',
        '[strategy]\nfrom = "vllm"\nprefill = "launch.sh"\ndecode = "decode.sh"',
    ],
)
def test_configuration_names_launch_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    (tmp_path / "dotlint.toml").write_text(setting)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = run("check", "../graph.dot", "-f", "json", "--no-cache")
    strategy = json.loads(found.out)["files"][0]["strategy"]
    assert strategy["source"] == "configuration"
    assert strategy["phases"][0]["degrees"] == {"tp": 4}


@pytest.mark.parametrize(
    "setting",
    ['[strategy]\nfrom = "vlm"\nfile = "launch.sh"', '[strategy]\nfrom = "vllm"', 'strategy = "vllm:none.sh"'],
)
def test_a_mistake_in_the_configuration_exits_2(tmp_path: Path, setting: str) -> None:
    (tmp_path / "dotlint.toml").write_text(setting)
    assert run("check", "graph.dot", "--no-cache").status == 2


def test_a_comment_in_a_graph_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "graph.dot").write_text(f"// dotlint: strategy=vllm:launch.sh\n{GRAPH}")
    found = run("check", "graph.dot", "-f", "json", "--no-cache")
    assert "is a strategy file" in found.out


@pytest.mark.parametrize("path", launch_examples.PAGES, ids=lambda path: str(path.stem))
def test_the_page_of_an_engine_is_as_printed_and_its_plan_is_drawn_and_clean(tmp_path: Path, path: Path) -> None:
    page = path.read_text("utf-8")
    assert launch_examples.rewritten(page) == page, "write it again: python -m docs.launch_examples"
    for name, text in launch_examples.files(page):
        (tmp_path / name).write_text(text)
    commands = launch_examples.commands(page)
    assert [command.split()[0] for command in commands if not command.startswith("strategy")] == ["new", "check"]
    for command in commands:
        found = run(*shlex.split(command))
        assert found.status == 0, f"{command}\n{found.out}{found.err}"


def test_what_a_page_generates_is_of_the_tables() -> None:
    marks = [
        mark
        for path in launch_examples.PAGES
        for mark in re.findall("<!-- generated: (.*) -->", path.read_text("utf-8"))
    ]
    assert set(marks) == set(engines.GENERATED) - {"ranks of llama3", "sources of llama3"}
    assert all(engines.GENERATED[mark]() for mark in marks)


def test_launch_options_and_config_are_drawn_and_clean(tmp_path: Path) -> None:
    options = ["-s", "vllm:-tp 2 -pp 2"]
    facts = LLAMA | {"num_hidden_layers": 4, "intermediate_size": 14336}
    (tmp_path / "config.json").write_text(json.dumps(facts))
    assert run("new", *options, "--model", "config.json", "-o", "plan.dot").status == 0
    assert run("check", "plan.dot", *options, "--no-cache").status == 0


def test_check_takes_the_facts_of_the_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps({"num_hidden_layers": 4, "hidden_size": 960, "num_attention_heads": 15})
    )
    (tmp_path / "serve.toml").write_text('strategy = "tp3"\n[model]\nheads = 16\n')
    assert run("new", "-s", "tp2", "-o", "plan.dot").status == 0

    def heads(*arguments: str) -> list[str]:
        out = run("check", "plan.dot", *arguments, "--select", "P002", "-f", "json", "--no-cache").out
        return [one["message"] for one in json.loads(out)["files"][0]["findings"]]

    assert heads("-s", "tp2") == []
    for model in ("config.json", "."):
        assert ["15 heads are not divisible by TP=2" in one for one in heads("-s", "tp2", "--model", model)] == [True]
    assert ["16 heads" in one for one in heads("-s", "serve.toml", "--model", "config.json")] == [True]
    (tmp_path / "dotlint.toml").write_text('strategy = "tp2"\nmodel = "config.json"\n')
    assert len(heads()) == 1
    assert len(dotlint.check("plan.dot", strategy="tp2", model="config.json", select="P002").findings) == 1
    declared = Strategy.parse("tp2")
    assert len(dotlint.check("plan.dot", strategy=declared, model=Path("config.json"), select="P002").findings) == 1
    again = run("check", "plan.dot", "--isolated", "--model", "config.json")
    assert (again.status, "--model needs a strategy" in again.err) == (2, True)
    (tmp_path / "dotlint.toml").write_text('strategy = "tp2"\nmodel = "none.json"\n')
    assert "none.json" in run("check", "plan.dot").err


def test_what_the_drawing_and_the_options_disagree_on_has_both_locations() -> None:
    Path("launch.sh").write_text("vllm serve m -tp 4 \\\n  --pipeline-parallel-size 2\n")
    assert run("new", "-s", "pp2tp2", "-o", "a.dot").status == 0
    out = run("check", "a.dot", "-s", "vllm:launch.sh", "-f", "json", "--isolated").out
    found = {one["code"]: one for one in json.loads(out)["files"][0]["findings"]}
    for code in ("P001", "D003", "D006"):
        assert "PP=2 (launch.sh:2:3: --pipeline-parallel-size), TP=4 (launch.sh:1:14: -tp)" in found[code]["note"]
    assert run("check", "a.dot", "-s", "pp2tp2", "--isolated").status == 0
