"""The options of the command line as users of other linters expect them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dotlint.cli.main import COMMANDS
from tests.cli.command import run
from tests.dsl import CYCLE, chain, digraph

CLEAN = "digraph { a -> b }\n"
MISSPELLED = "digraph {\n  a [shape=elipse]\n  a -> b\n}\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("DOTLINT_CACHE_DIR", str(tmp_path / "cache"))


# --- paths -------------------------------------------------------------------------------------------


def test_without_a_path_the_current_folder_is_linted() -> None:
    Path("sub").mkdir()
    Path("sub/a.dot").write_text(CYCLE)
    assert run("check", "-f", "concise") == run("check", ".", "-f", "concise")
    assert "sub/a.dot:1:" in run("check", "-f", "concise").out


@pytest.mark.parametrize("form", ["report", "full", "concise", "llm", "markdown"])
def test_a_missing_path_is_one_line_and_no_report(form: str) -> None:
    found = run("check", "gone.dot", "-f", form)
    assert found == (2, "", "dotlint: error: gone.dot: no such file\n")
    Path("a.dot").write_text(CYCLE)
    both = run("check", "gone.dot", "a.dot", "-f", form)
    assert (both.status, both.err) == (2, found.err)
    assert "G001" in both.out
    assert "gone.dot" not in both.out


@pytest.mark.parametrize(
    "argv",
    [
        "check a.dot -o a.dot",
        "check -o ./a.dot",
        "check --show-files -o a.dot",
        "check a.dot --write-baseline a.dot",
        "check a.dot -s plan.toml -o plan.toml",
        "check a.dot --config dotlint.toml -f json -o dotlint.toml",
        "summary a.dot -o ../project/a.dot",
        "overview a.dot -o a.dot",
        "render a.dot -f svg -o a.dot",
        "infer a.dot -o a.dot",
        "diff a.dot b.dot -o b.dot",
        "new -s plan.toml -o plan.toml --force",
    ],
)
def test_no_command_overwrites_what_it_reads(argv: str) -> None:
    for name, text in {"a.dot": CYCLE, "b.dot": CLEAN, "dotlint.toml": "", "plan.toml": ""}.items():
        Path(name).write_text(text)
    Path("plan.toml").write_text('[phases.prefill]\nstrategy = "pp2"\n')
    before = {path: path.read_bytes() for path in Path().iterdir()}
    status, out, err = run(*argv.split())
    assert (status, out) == (2, "")
    assert "would overwrite a file that is read" in err
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


def test_a_folder_of_pages_overwrites_no_document() -> None:
    text = '<pre class="dot">digraph { a -&gt; a }</pre>\n'
    Path("index.html").write_text(text)
    status, out, err = run("check", "index.html", "-f", "html", "-o", ".")
    assert (status, out) == (2, "")
    assert "would overwrite a file that is read" in err
    assert Path("index.html").read_text() == text


@pytest.mark.parametrize("command", ["check", "summary", "overview"])
def test_a_dash_as_output_is_standard_output(command: str) -> None:
    Path("a.dot").write_text(CLEAN)
    assert run(command, "a.dot", "-o", "-") == run(command, "a.dot")
    assert not Path("-").exists()


# --- fixing ------------------------------------------------------------------------------------------

UNSAFE = digraph(*chain(3, "norm attn mlp", without=["l1_attn"]))


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_fixing_says_that_only_unsafe_fixes_are_left(option: str) -> None:
    Path("a.dot").write_text(UNSAFE)
    assert "no safe fixes; 1 unsafe fix is available with --unsafe-fixes" in run("check", "a.dot", option).err
    assert "no safe fixes" not in run("check", "a.dot", option, "--unsafe-fixes").err
    Path("b.dot").write_text(MISSPELLED)
    assert "no safe fixes" not in run("check", "a.dot", "b.dot", option).err


def test_fix_only_reports_no_findings_and_show_fixes_lists_what_was_fixed() -> None:
    Path("a.dot").write_text(CYCLE.replace("{", "{ a [shape=elipse]; b [shape=elipse];", 1))
    status, out, err = run("check", "a.dot", "--fix-only", "--show-fixes")
    assert (status, out) == (0, "")
    assert "1 × A004 unknown-shape: Write `ellipse` at 2 locations" in err
    assert run("check", "a.dot").status == 1
    assert run("check", "gone.dot", "--fix-only").status == 2
    piped = run("check", "-", "--fix-only", stdin=MISSPELLED.encode())
    assert (piped.status, piped.out) == (0, MISSPELLED.replace("elipse", "ellipse"))


def test_show_files_lists_what_would_be_linted() -> None:
    Path("sub").mkdir()
    for name in ("a.dot", "sub/b.gv", "sub/c.txt", "d.dot"):
        Path(name).write_text(CYCLE)
    assert run("check", "--show-files", "--exclude", "d.dot") == (0, "a.dot\nsub/b.gv\n", "")


@pytest.mark.parametrize("argv", ["check a.dot", "diff a.dot b.dot", "strategy pp2tp2"])
def test_color_is_wanted_or_not(argv: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.dot").write_text(CYCLE)
    Path("b.dot").write_text(CLEAN)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" in run(*argv.split(), "--color", "always").out
    assert "\x1b[" not in run(*argv.split()).out
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" not in run(*argv.split(), "--color", "never").out


# --- configuration -----------------------------------------------------------------------------------


def test_config_sets_keys() -> None:
    Path("a.dot").write_text(CYCLE)
    Path("dotlint.toml").write_text('severity = { G001 = "info", T = "off" }\n')
    assert run("check", "a.dot").status == 0
    for more in ((), ("--isolated",), ("--config", "dotlint.toml")):
        assert (
            run("check", "a.dot", "--config", 'severity.G001 = "error"', "--config", "exclude=['b']", *more).status == 1
        )
    shown = run("config", "a.dot", "--config", 'severity.G001 = "error"').out
    assert '"G001" = "error"  (--config)' in shown
    assert '"T" = "off"' in shown


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("fail-on = error", "is not TOML: "),
        ("fail-onn = 'error'", "did you mean `fail-on`?"),
        ("select = ['Z9']", "unknown rule `Z9`"),
        ("extend = 'a.toml'", "cannot set `extend`"),
    ],
)
def test_a_wrong_key_of_config_is_one_line(value: str, message: str) -> None:
    Path("a.dot").write_text(CLEAN)
    status, out, err = run("check", "a.dot", "--config", value)
    assert (status, out) == (2, "")
    assert err.startswith("dotlint: error: --config")
    assert message in err


def test_one_configuration_file_at_most() -> None:
    assert "--config names 2 files" in run("check", "--config", "a.toml", "--config", "b.toml").err


def test_ignore_suppressions_reports_what_comments_suppress() -> None:
    Path("a.dot").write_text("// dotlint: ignore-file[G001] a ring\n" + CYCLE)
    assert run("check", "a.dot").status == 0
    found = run("check", "a.dot", "--ignore-suppressions", "-f", "concise")
    assert found.status == 1
    assert "G001" in found.out
    assert "X002" not in found.out


# --- baseline ----------------------------------------------------------------------------------------


def test_prune_baseline_removes_what_no_longer_matches() -> None:
    for name in ("a.dot", "b.dot", "c.dot"):
        Path(name).write_text("digraph {\n  a -> a\n  b [shape=elipse]\n}\n")
    select = ["--select", "G001,A004,N006"]
    run("check", *select, "--write-baseline", "known.json")
    before = json.loads(Path("known.json").read_text())["findings"]
    Path("a.dot").write_text("digraph {\n  a -> a\n  b [shape=ellipse]\n  c -> c\n}\n")
    Path("b.dot").write_text("digraph {\n  a\n}\n")
    Path("c.dot").unlink()
    # A rule that does not run proves nothing.
    assert run("check", "--select", "V001", "--baseline", "known.json", "--prune-baseline").status == 0
    assert {e["path"] for e in json.loads(Path("known.json").read_text())["findings"]} == {"a.dot", "b.dot"}
    done = run("check", *select, "--baseline", "known.json", "--prune-baseline", "-f", "concise")
    assert done.status == 1
    assert all(line.startswith("a.dot:4:") for line in done.out.splitlines()[:-1])
    left = json.loads(Path("known.json").read_text())["findings"]
    assert left == [e for e in before if e["path"] == "a.dot" and e["rule"] != "A004"]
    assert f"{len(before) * 2 // 3 - len(left)} entries removed from known.json" in done.err


def test_prune_baseline_needs_a_baseline() -> None:
    Path("a.dot").write_text(CYCLE)
    assert "--prune-baseline needs a baseline" in run("check", "--prune-baseline").err


# --- suppressions ------------------------------------------------------------------------------------

SEVERAL = 'digraph {\n  a [shape=elipse, colr=red]\n  a -> a; b [shape=bxo]\n  c [label="d\n    e", shape=bxo]\n}\n'
STRICT = ("check", "--preset", "strict", "--isolated")


def test_add_suppressions_writes_a_comment_with_the_reason_for_each_finding() -> None:
    Path("a.dot").write_text(SEVERAL)
    Path("notes.md").write_text("# Plan\n\n```dot\ndigraph {\n  a -> a\n}\n```\n")
    paths = ("a.dot", "notes.md")
    found = run(*STRICT, *paths, "-f", "concise").out.splitlines()
    assert len({line.split(":")[1] for line in found if line.startswith("a.dot")}) == 3
    diff = run(*STRICT, *paths, "--add-suppressions", "known, see ADR 3", "--diff")
    assert diff.status == 1
    assert Path("a.dot").read_text() == SEVERAL
    done = run(*STRICT, *paths, "--add-suppressions", "known, see ADR 3")
    assert (done.status, done.out) == (0, "")
    assert "notes.md: 1 finding suppressed" in done.err
    assert run(*STRICT, *paths, "-f", "concise") == (0, "", "")
    text = Path("a.dot").read_text()
    assert text.count("] known, see ADR 3\n") == text.count("dotlint: ignore[") == 3
    assert text.replace("\n", "").startswith("digraph {  a [shape=elipse, colr=red]  // dotlint: ignore[A0")
    again = run(*STRICT, *paths, "--add-suppressions", "another reason")
    assert (again.status, again.err, Path("a.dot").read_text()) == (0, "", text)


def test_add_suppressions_needs_a_reason_and_leaves_what_was_not_asked_for() -> None:
    Path("a.dot").write_text(SEVERAL)
    assert "needs a reason" in run("check", "a.dot", "--add-suppressions", " ").err
    assert "cannot be combined" in run("check", "a.dot", "--add-suppressions", "why", "--fix").err
    assert Path("a.dot").read_text() == SEVERAL
    piped = run(*STRICT, "-", "--select", "N006", "--add-suppressions", "a ring", stdin=SEVERAL.encode())
    assert piped.status == 0
    assert piped.out == SEVERAL.replace("bxo]\n  c", "bxo]  // dotlint: ignore[N006] a ring\n  c")
    assert run("check", "gone.dot", "--add-suppressions", "why").status == 2


# --- what happened -----------------------------------------------------------------------------------


def test_verbose_reports_files_configurations_cache_and_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTLINT_CACHE_DIR", str(Path("cache").absolute()))  # other tests fill the common one
    Path("sub").mkdir()
    Path("sub/dotlint.toml").write_text('exclude = ["c.dot"]\n')
    for name in ("a.dot", "sub/b.dot", "sub/c.dot"):
        Path(name).write_text(CYCLE)
    usual = run("check", "a.dot", "sub", "--no-cache")
    first = run("check", "a.dot", "sub", "--verbose")
    assert first.status == usual.status
    assert "(see --verbose)" in usual.out
    assert "✓ inputs" in first.out
    assert "2 files to lint, 1 excluded\n" in first.err
    assert f"configuration {Path('sub/dotlint.toml').absolute()}: 1 file\n" in first.err
    assert "no configuration file: 1 file\n" in first.err
    assert "cache: 0 of 2 results from " in first.err
    assert "dotlint: rules: " in first.err
    again = run("check", "a.dot", "sub", "-v")
    assert "cache: 2 of 2 results from " in again.err
    assert "rules: " not in again.err
    assert "cache: not used\n" in run("check", "-", "-v", "--no-cache", stdin=CYCLE.encode()).err


# --- environment -------------------------------------------------------------------------------------


def test_the_environment_sets_options(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.dot").write_text(CYCLE)
    usual = run("check", "a.dot", "-f", "concise", "--exit-zero")
    monkeypatch.setenv("DOTLINT_CHECK_FORMAT", "concise")
    monkeypatch.setenv("DOTLINT_CHECK_EXIT_ZERO", "1")
    assert run("check", "a.dot") == usual
    assert run("check", "a.dot", "-f", "json").out.startswith("{")  # the command line overrides it
    assert run("strategy", "pp2").status == 0
    monkeypatch.setenv("DOTLINT_STRATEGY", "prefill=pp2tp2; decode=tp4")
    phases = json.loads(run("check", "a.dot", "-f", "json").out)["files"][0]["strategy"]["phases"]
    assert [phase["name"] for phase in phases] == ["prefill", "decode"]


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.dot").write_text(CLEAN)
    monkeypatch.setenv("DOTLINT_CHECK_FORMAT", "jsonn")
    found = run("check", "a.dot")
    assert (found.status, found.out) == (2, "")
    assert "did you mean `json`? (from DOTLINT_CHECK_FORMAT)" in found.err


# --- spelling ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "near"),
    [
        ("chek a.dot", "check"),
        ("summry a.dot", "summary"),
        ("check a.dot --statistic", "--statistics"),
        ("check a.dot -f jsonll", "jsonl"),
        ("check a.dot --preset recomended", "recommended"),
        ("check a.dot --fail-on warnings", "warning"),
        ("check a.dot --select missing-stage-egde", "missing-stage-edge"),
        ("check a.dot -s prefil=pp2", "prefill"),
        ("check a.dot -s pp2 --layout megatrn", "megatron"),
        ("completion bsh", "bash"),
        ("render a.dot --fold layer", "layers"),
        ("rule self-lop", "self-loop"),
    ],
)
def test_a_misspelled_word_is_answered_with_the_nearest(argv: str, near: str) -> None:
    Path("a.dot").write_text(CLEAN)
    status, out, err = run(*argv.split())
    assert (status, out) == (2, "")
    assert any(f"did you mean {quote}{near}{quote}?" in err for quote in "`'")


def test_a_file_in_place_of_a_command_is_answered_with_check() -> None:
    Path("a.dot").write_text(CLEAN)
    assert "run `dotlint check a.dot`" in run("a.dot").err


# --- other commands ----------------------------------------------------------------------------------


def test_explain_and_infer_take_the_options_of_check() -> None:
    options = ["-s", "pp2tp2", "--layout", "megatron", "--isolated", "--stdin-filename", "plan.dot"]
    label = 'digraph { a [label="Attention\\nGPU: 0"]; b [label="MLP\\nGPU: 1"]; a -> b }'
    status, out, err = run("explain", "-", *options, stdin=label.encode())
    assert (status, err) == (0, "")
    assert "plan.dot" in out
    for command in ("explain", "infer"):
        words = run(command, "--help").out
        assert all(f"--{name}" in words for name in ("strategy", "layout", "config", "isolated", "rules"))


def test_summaries_of_commands_are_whole_sentences() -> None:
    lines = run("--help").out.partition("Commands:\n")[2].splitlines()
    assert len(lines) == len(COMMANDS)
    assert all(line.endswith(".") and not line.endswith("...") for line in lines)
    for command in ((), *((name,) for name in COMMANDS)):
        options = run(*command, "--help").out.partition("Options:")[2]
        assert max(map(len, options.splitlines())) <= 80


def test_an_option_is_answered_with_one_that_is_spelled_alike_without_its_dashes() -> None:
    assert "no such option `--fromat`; did you mean `--format`?" in run("check", "--fromat", "json").err
    assert "no such option `--phase` (see" in run("explain", "--phase").err
    assert "no such option `--nod` (see" in run("explain", "--nod").err  # NODE is no option


def test_explain_selects_rules_as_check_does() -> None:
    Path("a.dot").write_text("digraph { a [shpae=box]; a -> b }\n")
    assert "A001" in run("explain", "a.dot", "a").out
    assert "A001" not in run("explain", "a.dot", "a", "--ignore", "A001").out


# --- options of the strategy -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (
            "check a.dot -s tp2 --model a.json --model b.json",
            "--model is given more than once, with `a.json` and `b.json`",
        ),
        ("strategy tp2 --world 4 --world 8", "--world is given more than once, with `4` and `8`"),
        ("new -s tp2 --layout vllm --layout megatron", "--layout is given more than once"),
        ("strategy tp2 --gpu 80 --gpu 40", "--gpu is given more than once"),
    ],
)
def test_no_value_of_an_option_is_lost(argv: str, said: str) -> None:
    status, out, err = run(*argv.split())
    assert (status, out) == (2, "")
    assert said in err
    assert f"(see `dotlint {argv.split(maxsplit=1)[0]} --help`)" in err


def test_the_same_value_twice_is_one() -> None:
    assert run("strategy", "tp2", "--world", "4", "--world", "4") == run("strategy", "tp2", "--world", "4")


@pytest.mark.parametrize("argv", ["check -o", "strategy tp2 --model", "explain a.dot --graph"])
def test_a_wrong_use_of_a_command_refers_to_its_own_help(argv: str) -> None:
    found = run(*argv.split())
    assert found.status == 2
    assert found.err.endswith(f"(see `dotlint {argv.split(maxsplit=1)[0]} --help`)\n")


def test_the_memory_of_a_gpu_is_an_option_of_check(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("my model.json").write_text(json.dumps({
        "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14336,
        "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256,
    }))  # fmt: skip
    run("new", "-s", "tp2", "-o", "plan.dot")
    argv = ("check", "plan.dot", "-s", "tp2", "--model", "my model.json", "-f", "concise")
    assert run(*argv, "--gpu", "H100-80GB").status == 0
    small = run(*argv, "--gpu", "4")
    assert small.status == 1
    assert "M001 the weights take" in small.out
    monkeypatch.setenv("DOTLINT_GPU", "4")
    monkeypatch.setenv("DOTLINT_MODEL", "my model.json")
    assert run("check", "plan.dot", "-s", "tp2", "-f", "concise") == small
    monkeypatch.delenv("DOTLINT_MODEL")
    assert run("check", "plan.dot").err == "dotlint: error: --gpu needs a strategy: give one with --strategy\n"


def test_what_two_failures_share_is_said_once() -> None:
    Path("plan.toml").write_text('strategy = "tp6"\n[model]\nheads = 32\nkv_heads = 8\n')
    out = run("strategy", "plan.toml").out
    assert out.count("are not divisible by TP=6") + out.count("nor a divisor of TP=6") == 2
    assert out.count("TP that divide 32 heads") == 1


# --- messages about the run --------------------------------------------------------------------------


def test_launch_options_that_are_not_read_are_listed_once() -> None:
    for name in ("a", "b"):
        Path(f"{name}.dot").write_text(CLEAN)
        Path(f"{name}.sh").write_text("vllm serve m -tp 2 --port 8000\n")
    Path("dotlint.toml").write_text('[strategy]\n"a.dot" = "vllm:a.sh"\n"b.dot" = "vllm:b.sh"\n')
    (line,) = run("check", ".", "-f", "concise").err.splitlines()
    assert line.endswith(": not read: --port")
    assert "a.sh" in line
    assert "b.sh" in line


@pytest.mark.parametrize("columns", [30, 60, 79, 80])
def test_the_list_of_rules_fits_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = run("rules").out.splitlines()
    assert all(len(line) <= columns for line in lines if line.startswith("  "))
    assert sum(line.startswith("  S0") for line in lines) == sum(
        card["code"].startswith("S0") for card in json.loads(run("rules", "-f", "json").out)
    )
