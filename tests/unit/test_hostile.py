"""Text that wants to do something: to a terminal, a browser, a build server, a reader's eyes, or this program."""

from __future__ import annotations

import json
import re
import time
import tracemalloc
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

import dotlint
from dotlint.cli.main import FORMATS
from tests.cli.command import run

if TYPE_CHECKING:
    from pathlib import Path

ESCAPE = "\x1b[31mred\x1b]8;;http://evil\x07"
NAMES = {
    "terminal": ESCAPE,
    "rich": "[bold red]x[/bold red] [link=http://evil]y[/link] [/]",
    "html": '<script>alert(1)</script><img src=x onerror=\\"alert(1)\\">&lt;',
    "github": "x%0A::error file=a.py,line=1::owned\\n::set-output name=a::b",
    "bidi": "safe\u202eelpmaxe\u2066\u2069\u200f",
    "xml": "]]>\x00\x0b\ufffe&<a b='c'/>",
    "markdown": "`code` **b** | cell | \\n# title\\n[a](javascript:alert(1)) ~~~",
    "json": '\\u0000\\",\\"code\\":\\"E001',
    "surrogates": "\udc80\udcff",
}
COMMAND = re.compile(r"::(?:error|warning|notice|group|endgroup|debug)\b")
FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200f\u202a-\u202e\u2066-\u2069]")


def hostile(name: str) -> str:
    """A cycle, an undeclared node, a misspelt shape and a duplicate, all under that name."""
    quoted = '"' + name.replace("\n", " ") + '"'
    return (
        f"digraph {quoted} {{\n  {quoted} [label={quoted}, shape={quoted}, {quoted}=x]\n  b [label=b]\n  c [label=c]\n"
        f"  d [label=d]\n  e [label=e]\n  {quoted} -> b -> {quoted}\n  b -> c\n  b -> c\n  d -> zz{quoted}\n}}\n"
    )


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "html"])
@pytest.mark.parametrize("kind", sorted(NAMES))
def test_no_report_hands_it_on(kind: str, form: str, tmp_path: Path) -> None:
    path = tmp_path / "a.dot"
    path.write_bytes(hostile(NAMES[kind]).encode("utf-8", "surrogateescape"))
    status, out, err = run("check", "--isolated", "--no-cache", "--preset", "strict", "-f", form, str(path))
    assert status == 1
    assert not FORBIDDEN.search(err)
    if form in {"json", "sarif", "gitlab", "rdjson"}:
        json.loads(out)
        assert out.isascii() or form != "json"
    elif form == "jsonl":
        assert all(json.loads(line)["code"] for line in out.splitlines())
    elif form in {"junit", "checkstyle"}:
        ET.fromstring(out)
    else:
        assert not FORBIDDEN.search(out)
    if form == "github":
        assert all(COMMAND.match(line) for line in out.splitlines() if line.startswith("::"))
        assert "::set-output" not in re.sub(r"^::(?:error|warning|notice)[^\n]*", "", out, flags=re.MULTILINE)
    if form == "markdown" and kind == "html":
        assert "<script>" not in re.sub(r"`[^`\n]*`|```.*?```", "", out, flags=re.DOTALL)


@pytest.mark.parametrize("kind", sorted(NAMES))
def test_a_file_of_that_name_is_told_safely(kind: str, tmp_path: Path) -> None:
    name = NAMES[kind].replace("/", "").replace("\x00", "").replace("\\", "")[:60]
    path = tmp_path / (name + ".dot")
    path.write_text("digraph { a -> a -> b -> a }\n")
    for form in ("report", "concise", "github", "full", "markdown"):
        _, out, err = run("check", "--isolated", "--no-cache", "-f", form, str(path))
        assert not FORBIDDEN.search(out + err)


@pytest.mark.parametrize(
    "text",
    [
        "digraph { " + "a -> b; " * 60_000 + "}",
        'digraph { a [label="' + "x" * 1_000_000 + '"]; a -> b }',
        'digraph { a [label="' + "\\n" * 200_000 + '"]; a -> b }',
        'digraph { a [label="' + "GPU: 0-" * 50_000 + '"]; a -> b }',
        'digraph { a [label="' + "[batch=" * 50_000 + '"]; a -> b }',
        "digraph { a [label=" + "<" * 50_000 + "] }",
        "digraph {" + "{" * 3_000 + "a" + "}" * 3_000 + "}",
        "digraph { " + "subgraph cluster_a { " * 1_000 + "a" + "}" * 1_000 + "}",
        "digraph { {"
        + " ".join(f"a{i}" for i in range(3_000))
        + "} -> {"
        + " ".join(f"b{i}" for i in range(3_000))
        + "} }",
        'digraph { a [label="' + "expert" * 30_000 + '"] }',
        'digraph { "' + "1_" * 20_000 + '" -> b }',
    ],
    ids=[
        "one line",
        "long label",
        "many lines",
        "gpus",
        "brackets",
        "html",
        "braces",
        "clusters",
        "product",
        "words",
        "numbers",
    ],
)
def test_no_size_hangs(text: str) -> None:
    began = time.process_time()
    result = dotlint.check(text, preset="strict")
    assert result.verdict in {"correct", "incorrect"}
    assert time.process_time() - began < 60  # what is not linear would take hours


@pytest.mark.parametrize(
    "said",
    ["GPU: {}", "GPUs {}-{}", "Layer {}", "Layers {}-{}", "Stage {} -> {}", "experts {}-{}", "Input: [batch={}, {}]", "{} GPUs",
     "TP={}", "PP{}", "pp{}ep4tp2", "top-{}", "total GPUs: {}", "GPU: 1+{}"],
)  # fmt: skip
def test_no_number_is_too_long(said: str) -> None:
    number = "9" * 5_000  # Python reads no more than 4,300 digits unasked
    text = said.format(number, number)
    for graph in (
        f'digraph {{ "x{number}" [label="{text}", penwidth={number}]; "x{number}" -> b [label="{text}"] }}',
        f'digraph {{ label="{text}"; subgraph cluster_x {{ label="{text}"; a; b }} a -> b }} // {text}',
    ):
        result = dotlint.check(graph, preset="strict", strategy="pp2tp2")
        assert not [f for f in result.findings if f.code == "X001"]


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a|aa)+b", ".*.*.*.*b", "(([a-z])+.)+[A-Z]([a-z])+b"])
def test_no_pattern_of_a_card_is_slow(pattern: str, tmp_path: Path) -> None:
    (tmp_path / "ACME001-slow.toml").write_text(
        'code = "ACME001"\nname = "slow"\nsummary = "s"\ncheck = "id-matches"\nseverity = "error"\nsection = "names"\n'
        f'why = "w"\n[parameters]\nelement = "node"\npattern = \'{pattern}\'\n'
    )
    began = time.process_time()
    result = dotlint.check(f"digraph {{ {'a' * 5_000} }}", rules=str(tmp_path), select="ACME001")
    assert [f.code for f in result.findings] == ["ACME001"]
    assert time.process_time() - began < 60


def test_a_folder_runs_no_code_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks = tmp_path / "ran"
    program = f"from pathlib import Path; Path({str(marks)!r}).touch()\n"
    for name in ("dotlint", "click", "msgspec", "acme", "conftest", "sitecustomize", "json"):
        (tmp_path / f"{name}.py").write_text(program)
    (tmp_path / "dotlint.toml").write_text('plugins = ["acme"]\n')
    (tmp_path / "a.dot").write_text("digraph { a -> b }\n")
    monkeypatch.chdir(tmp_path)
    status, _, err = run("check", "--no-cache", "a.dot")
    assert status == 2
    assert "acme" in err
    assert not marks.exists()


def test_a_configuration_shows_nothing_of_a_file_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("password = hunter2 and more\n")
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs/dotlint.toml").write_text('extend = "../secret"\n')
    (tmp_path / "graphs/a.dot").write_text("digraph { a -> b }\n")
    monkeypatch.chdir(tmp_path / "graphs")
    status, out, err = run("check", "--no-cache", "a.dot")
    assert status == 2
    assert "hunter2" not in out + err


@pytest.mark.parametrize("form", ["report", "full", "jsonl", "sarif", "github", "html"])
def test_ten_megabytes_on_one_line(form: str, tmp_path: Path) -> None:
    path = tmp_path / "a.dot"
    edges = "a -> b; " * 2_000
    path.write_text(
        f'digraph {{ /* {"y" * 9_000_000} */ a [label="{"x" * 1_000_000}", shape=elipse]; {edges} b -> a }}'
    )
    status, out, err = run("check", "--isolated", "--no-cache", "-f", form, str(path))
    assert (status, err) == (1, "")
    assert "A004" in out
    # The page has the source in it; a report only says where, of each of the 2,000 locations.
    assert form == "html" or len(out) < 4_000_000


SLOW = "*a" * 25 + "b"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (".gitignore", f"{SLOW}\n"),
        (".gitignore", f"{'**/a/' * 25}b\n"),
        (".gitignore", f"{'*' * 5_000}b\n{'[a-' * 5_000}\n{'[!a]*' * 25}b\n"),
        ("dotlint.toml", f'exclude = ["{SLOW}", "{"**/a/" * 25}b"]\n'),
        ("dotlint.toml", f'[per-file-ignores]\n"{SLOW}" = ["S"]\n'),
        ("dotlint.toml", f'[strategy]\n"{SLOW}" = "pp2"\n"{"**/a/" * 25}b" = "pp2"\n'),
    ],
)
def test_no_file_pattern_is_slow(file: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path.joinpath(*["a"] * 60)
    deep.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / file).write_text(text)
    for name in (tmp_path / f"{'a' * 240}.dot", deep / f"{'a' * 240}.dot"):
        name.write_text("digraph { a -> b }\n")
    monkeypatch.chdir(tmp_path)
    began = time.process_time()
    status, out, err = run("check", "--no-cache", "-f", "json", ".")
    assert (status, err) == (0, "")
    assert len(json.loads(out)["files"]) == 2
    assert time.process_time() - began < 60


DEEP = ["[" * 100_000, "{a=" * 100_000, ".".join(["a"] * 100_000) + " = 1"]


@pytest.mark.parametrize("text", [f"x = {DEEP[0]}", f"x = {DEEP[1]}", DEEP[2]], ids=["lists", "tables", "key"])
@pytest.mark.parametrize(
    ("file", "options"),
    [
        ("dotlint.toml", ()),
        ("pyproject.toml", ("--config", "pyproject.toml")),
        ("s.toml", ("-s", "s.toml")),
        ("rules/ACME001-x.toml", ("--rules", "rules")),
        ("rules/vocabulary.toml", ("--rules", "rules")),
        ("base.json", ("--baseline", "base.json")),
    ],
)
def test_no_file_that_is_read_is_too_deep(
    file: str, options: tuple[str, ...], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / file).write_text(text)
    (tmp_path / "a.dot").write_text("digraph { a -> b }\n")
    status, out, err = run("check", "--no-cache", "a.dot", *options)
    assert (status, out) == (2, "")
    assert err.startswith("dotlint: error: ")
    assert err.count("\n") == 1
    assert len(err) < 1_000


SECRET = "password = hunter2 and more\nroot:x:0:0:hunter2\n"


@pytest.mark.parametrize(
    "text",
    [
        'extend = "{}"',
        'strategy = "{}.toml"',
        'rules = ["{}.d"]',
        'baseline = "{}"',
        '[strategy]\n"*" = "{}.toml"',
        '[phases.prefill]\nstrategy = "pp2"\nfile = "{}"',
    ],
)
def test_what_lies_outside_is_not_shown(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("secret", "secret.toml"):
        (tmp_path / name).write_text(SECRET)
    (tmp_path / "secret.d").mkdir()
    (tmp_path / "secret.d" / "vocabulary.toml").write_text(SECRET)
    inside = tmp_path / "graphs"
    inside.mkdir()
    options: tuple[str, ...] = ()
    (inside / "dotlint.toml").write_text("" if "phases" in text else text.format("../secret"))
    if "phases" in text:
        (inside / "s.toml").write_text(text.format("../secret"))
        options = ("-s", "s.toml")
    (inside / "a.dot").write_text("digraph { a -> b }\n")
    monkeypatch.chdir(inside)
    before = sorted(tmp_path.rglob("*"))
    for form in ("report", "json", "full"):
        _, out, err = run("check", "--no-cache", "-f", form, "a.dot", *options)
        assert "hunter2" not in out + err
        assert "Traceback" not in err
    assert sorted(tmp_path.rglob("*")) == before  # and nothing was written


@pytest.mark.parametrize(
    "check", ["os:system", "acme_dot:long-labels", "__import__('os').system('touch ran')", "../check", "custom"]
)
def test_a_card_names_no_code(check: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    card = "code = 'ACME001'\nname = 'x'\nsummary = 's'\nseverity = 'error'\nsection = 'names'\nwhy = 'w'\n"
    (tmp_path / "rules/ACME001-x.toml").write_text(f'{card}check = "{check}"\n')
    (tmp_path / "dotlint.toml").write_text('rules = ["rules"]\n')
    (tmp_path / "a.dot").write_text("digraph { a -> b }\n")
    status, _, err = run("check", "--no-cache", "a.dot")
    assert status == 2
    assert "unknown check" in err
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "text",
    [
        "digraph { " + " -> ".join("{" + " ".join(f"n{k}_{i}" for i in range(300)) + "}" for k in range(30)) + " }",
        "digraph { subgraph s { "
        + " ".join(f"a{i}" for i in range(1_000))
        + " } subgraph s -> subgraph s -> subgraph s }",
        'digraph { a [label="GPU: 0-4294967295"]; b [label="GPUs 0-99999999999999"]; c [label="GPU: 1-999999999, 0-7"]; a -> b -> c }',
        'digraph { a [label="Layers 1-2000000000"]; b [label="experts 0-4000000000"]; a -> b }',
    ],
    ids=["chain", "again", "gpus", "layers"],
)
def test_what_stands_for_very_much_is_not_written_out(text: str) -> None:
    began = time.process_time()
    result = dotlint.check(text, preset="strict", strategy="pp2tp4")
    assert result.verdict in {"correct", "incorrect"}
    assert len(json.dumps(result.to_dict())) < 20_000_000
    assert time.process_time() - began < 60


def test_a_process_that_reads_many_files_keeps_none_of_their_long_lists() -> None:
    tracemalloc.start()
    try:
        for last in range(300_000, 300_010):
            dotlint.check(f'digraph {{ a [label="attention\\nGPUs 0-{last}"]; a -> b }}', select=["D"])
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 30_000_000


@pytest.mark.parametrize(
    "spec", ["pp100000tp100000", "pp999999999999", "tp4@0-99999999999", "pp2" * 5_000, "((" * 5_000, "9" * 5_000]
)
def test_no_strategy_is_too_much(spec: str) -> None:
    status, out, err = run("strategy", spec)
    assert (status, out) == (2, "")
    assert err.startswith("dotlint: error: ")


@pytest.mark.parametrize("kind", sorted(NAMES))
def test_no_command_hands_it_on(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.dot"
    path.write_bytes(hostile(NAMES[kind]).encode("utf-8", "surrogateescape"))
    for argv in (["summary"], ["summary", "--format", "json"], ["explain"], ["config"], ["infer"]):
        _, out, err = run(argv[0], str(path), *argv[1:], *(["b"] if argv == ["explain"] else []))
        assert not FORBIDDEN.search(out + err), argv
        assert "Traceback" not in err
