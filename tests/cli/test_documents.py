"""The commands, code and links of README and documents work."""

from __future__ import annotations

import io
import json
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from html import unescape
from pathlib import Path

import pytest
import yaml

import dotlint
from docs import examples, pictures, silent_failures
from docs.generate import outputs, repository
from dotlint.cli.main import COMMANDS, main
from dotlint.config.keys import NAMES, read_keys
from dotlint.engine.own_cards import own_cards

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "tests/fixtures/moe_two_phases.dot"
FOR_USERS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
PAGES = [*FOR_USERS, *sorted((ROOT / "docs/maintain").rglob("*.md"))]
MAINTAINING = {path.name for path in (ROOT / "docs/maintain").rglob("*.md")}
BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^(?:    |\$ )(dotlint [^\n]*)$", re.MULTILINE)
# These commands wait for a user, need what a test machine may lack, or show a mistake.
ELSEWHERE = ("dotlint server", "dotlint mcp", "dotlint batch", "dotlint render", "--watch", "completion", "serve.sh")


def blocks(kind: str) -> list[tuple[str, str]]:
    return [
        (page.name, text) for page in PAGES for name, text in BLOCK.findall(page.read_text("utf-8")) if name == kind
    ]


def commands() -> list[str]:
    lines = [c.split("  #")[0].strip() for page in FOR_USERS for c in INDENTED.findall(page.read_text("utf-8"))]
    return [c for c in dict.fromkeys(lines) if not any(word in c for word in ELSEWHERE)]


LAUNCHED = {
    "launch.sh": "vllm serve m --tensor-parallel-size 2\n",
    "prefill.sh": "vllm serve m -tp 2\n",
    "decode.sh": "vllm serve m -tp 4\n",
    "train.sh": "torchrun --nproc-per-node 8 train.py --tensor-model-parallel-size 8 --pipeline-model-parallel-size 2\n",
    "config.json": '{"num_attention_heads": 16, "num_hidden_layers": 8, "hidden_size": 512}',
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the documents mention."""
    first = outputs.EXAMPLE.read_text("utf-8")
    for name in ("two_stages.dot", "graphs/two_stages.dot", "docs/two_stages.dot"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(first)
    for name in (
        "deployment.dot",
        "deployment_old.dot",
        "tests/fixtures/moe_two_phases.dot",
        "prefill_dag.dot",
        "decode_dag.dot",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(FIXTURE, tmp_path / name)
    for name in ("notes.md", "docs/notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"```dot\n{first}```\n")
    for name, text in re.findall(
        r'^```toml title="([\w.]+)"\n(.*?)^```', examples.PLANS.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        (tmp_path / name).write_text(text)
    (tmp_path / "plan.ipynb").write_text('{"cells": []}')
    for name, text in LAUNCHED.items():
        (tmp_path / name).write_text(text)
    shutil.copyfile(FIXTURE, tmp_path / "graph.dot")
    shutil.copytree(ROOT / "tests/fixtures/two_files", tmp_path / "tests/fixtures/two_files")
    (tmp_path / "dotlint-baseline.json").write_text('{"dotlint-baseline": 1, "findings": []}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOTLINT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize("command", commands())
def test_command(command: str, folder: Path) -> None:
    if "--baseline" in command:
        main(
            ["check", "graphs/", "--write-baseline", "dotlint-baseline.json"],
            stdout=io.StringIO(),
            stderr=io.StringIO(),
        )
    if "--rules lint/rules" in command:
        arguments = ["ACME001", "label-required", "--check", "attribute-required", "--in", "lint/rules"]
        main(["new-rule", *arguments], stdout=io.StringIO(), stderr=io.StringIO())
    for part in command.split(" && "):
        out, err = io.StringIO(), io.StringIO()
        status = main(shlex.split(part)[1:], stdout=out, stderr=err)
        assert status in {0, 1}, err.getvalue()
    assert list(folder.iterdir())


def plans() -> list[tuple[str, str]]:
    """Return every `dotlint strategy` of a page, with the block it stands in."""
    texts = [text for kind in ("console", "") for page, text in blocks(kind) if not page.startswith("CHANGELOG")]
    return [
        (command, text)
        for text in texts
        for command in INDENTED.findall(text)
        if "dotlint strategy" in command and not any(word in command for word in ELSEWHERE)
    ]


@pytest.mark.parametrize(("command", "text"), plans(), ids=[command for command, _ in plans()])
def test_plans_of_the_documents_are_possible(command: str, text: str, folder: Path) -> None:
    out = io.StringIO()
    status = main([*shlex.split(command)[1:], "--format", "json"], stdout=out, stderr=io.StringIO())
    shown = "✗" in text
    assert (json.loads(out.getvalue())["impossible"], status) == (shown, int(shown)), folder


@pytest.mark.parametrize("table", [text for page, text in blocks("toml") if page == "strategy.md"])
def test_strategy_files_of_the_documents_are_possible(table: str, folder: Path) -> None:
    (folder / "plan.toml").write_text(table)
    out = io.StringIO()
    assert main(["strategy", "plan.toml", "--format", "json"], stdout=out, stderr=io.StringIO()) == 0
    assert not json.loads(out.getvalue())["impossible"]


def test_the_example_of_the_quick_start_is_the_file() -> None:
    assert [text for page, text in blocks("dot") if page == "quick-start.md"] == [outputs.EXAMPLE.read_text("utf-8")]


@pytest.mark.parametrize(("page", "text"), blocks("python"), ids=[page for page, _ in blocks("python")])
def test_code_of_the_documents(page: str, text: str) -> None:
    if page in MAINTAINING or "import " not in text:
        return  # a part of something larger
    try:
        exec(compile(text, page, "exec"), {"__file__": page, "__name__": "example"})
    except ModuleNotFoundError as error:
        pytest.skip(f"{error.name} is not installed")


@pytest.mark.parametrize(("page", "text"), blocks("dot"), ids=[page for page, _ in blocks("dot")])
def test_graphs_of_the_documents_can_be_read(page: str, text: str) -> None:
    if "..." not in text:
        assert dotlint.parse(text).errors == [], page


@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_settings_of_other_programs_can_be_read(kind: str) -> None:
    read = json.loads if kind == "json" else yaml.safe_load
    assert [read(text) for _, text in blocks(kind)]


@pytest.mark.parametrize("page", ["configuration.md", "quick-start.md"])
def test_configurations_of_the_documents_are_valid(page: str) -> None:
    for number, text in enumerate(text for name, text in blocks("toml") if name == page):
        section = tomllib.loads(text)
        assert read_keys(section, f"{page} {number}")
        known = {word for card in own_cards() for word in (card.code, *card.names)}
        assert {*section.get("severity", ()), *section.get("rule", ())} <= known


def test_pictures_show_what_there_is() -> None:
    """The report's words are compared; how a picture looks depends on Graphviz, fonts and a browser."""
    shown = (pictures.IMAGES / "report.svg").read_text("utf-8")
    assert _words(shown) == _words(pictures.report()), "write it anew: python -m docs.pictures"
    assert "S001" in _words((pictures.IMAGES / "graph.svg").read_text("utf-8"))
    assert (pictures.IMAGES / "page.png").read_bytes().startswith(b"\x89PNG")
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", shown), "nothing is fetched from elsewhere"
    linked = {
        Path(target).name for page in PAGES for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text("utf-8"))
    }
    assert linked == {path.name for path in pictures.IMAGES.iterdir()}


@pytest.mark.parametrize("failure", list(silent_failures.failures()), ids=lambda failure: failure.code)
def test_pictures_of_silent_failures(failure: silent_failures.Failure) -> None:
    """Texts are compared; where things are depends on the version of Graphviz."""
    # A014 knows the folder of a file only.
    assert failure.code in {f.code for f in dotlint.check(failure.drawn).findings} or failure.code == "A014"
    assert not [f for f in dotlint.check(failure.meant).findings if f.code[0] in "AEN"]
    drawn, meant = ((pictures.IMAGES / f"{failure.code}-{kind}.svg").read_text("utf-8") for kind in ("drawn", "meant"))
    assert drawn != meant
    if shutil.which("dot"):
        assert _words(meant) == _words(silent_failures.picture(failure.meant)), "write it anew: python -m docs.pictures"


def _words(svg: str) -> str:
    return unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", svg, flags=re.DOTALL)).replace("\xa0", " ").strip()


def test_examples_of_tensors_have_the_findings_that_the_page_prints() -> None:
    page = examples.PAGE.read_text("utf-8")
    found = list(examples.examples(page))
    assert len(found) == page.count("```dot") == 8
    for name, right, wrong, printed in found:
        assert examples.findings(name, right) == ""
        assert examples.findings(name, wrong) == printed != "", "write it again: python -m docs.examples"


def test_outputs_of_the_readme_are_those_that_it_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    page = examples.README.read_text("utf-8")
    assert examples.with_outputs(page) == page, "write it again: python -m docs.examples"


def test_outputs_of_plans_are_those_that_the_page_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    page = examples.PLANS.read_text("utf-8")
    assert page.count("\n$ dotlint strategy") >= 3
    assert examples.with_outputs(page) == page, "write it again: python -m docs.examples"


def test_tables_of_settings_are_toml() -> None:
    assert [tomllib.loads(text) for _, text in blocks("toml")]


def test_links_between_pages_lead_somewhere() -> None:
    generated = {*repository.PAGES, "rules/index.md", *(f"rules/{card.code}.md" for card in own_cards())}
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
            where = page.parent / target
            known = where.exists() or target in generated
            assert known, f"{page.name}: {target}"


def test_maintainers_read_about_code_that_exists() -> None:
    packages = {path.name.removesuffix(".py") for path in (ROOT / "dotlint").glob("[!_]*")}
    unknown = []
    for page in sorted((ROOT / "docs/maintain").rglob("*.md")):
        for text in re.findall(r"`([\w./]+)`", page.read_text("utf-8")):
            if re.search(r"/.*\.(py|toml|json|lark)$", text):
                known = any((folder / text).is_file() for folder in (ROOT, ROOT / "dotlint"))
            else:
                known = "." not in text or text.split(".")[0] not in packages or _exists(f"dotlint.{text}")
            unknown += [] if known else [f"{page.name}: {text}"]
    assert unknown == []


def _exists(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_the_site_builds(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="mkdocs-material is in the extra `docs`")
    command = (sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path), "-f", str(ROOT / "mkdocs.yml"))
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    pages = {path.parent.relative_to(tmp_path).as_posix(): path.read_text("utf-8") for path in tmp_path.rglob("*.html")}
    assert not [page for page, text in pages.items() if re.search("<!-- (generated|output)", text)]
    assert 'href="rules/"' in pages["."], "the rules are not in the navigation"
    assert {f"rules/{card.code}" for card in own_cards()} <= set(pages)
    assert 'href="../S002/"' in pages["rules/S001"], "the page of a rule is not in the navigation"
    assert 'href="../architecture/"' in pages["maintain/glossary"]
    assert all(f'id="{key}"' in pages["configuration"] for key in NAMES)
    assert all(f'id="dotlint-{command}"' in pages["commands"] for command in COMMANDS)
    assert 'id="check-prune-baseline"' in pages["commands"]
    assert all(f'id="dotlint.{name}"' in pages["library"] for name in dotlint.__all__ if name[0] != "_")
    assert all(text in pages["rules/N025"] for text in ("0.1.0", "stable", "Default: <code>80</code>", "What the fix"))


def test_github_files() -> None:
    read = {path.name: yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / ".github").rglob("*.yml")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    supported = [text.rsplit(" ", 1)[1] for text in project["classifiers"] if "Python :: 3." in text]
    assert read["ci.yml"]["jobs"]["check"]["strategy"]["matrix"]["python"] == supported
    for name in ("false-finding.yml", "missed-defect.yml", "bug.yml"):
        assert {"file", "strategy", "version"} <= {field["id"] for field in read[name]["body"]}
