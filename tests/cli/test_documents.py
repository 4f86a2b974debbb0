"""Every command and every piece of code that README and documents show works as they say."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import sys
import tomllib
from html import unescape
from pathlib import Path

import pytest

from docs import pictures
from dotlint.cli.main import main

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "tests/fixtures/moe_two_phases.dot"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^(?:    |\$ )(dotlint [^\n]*)$", re.MULTILINE)
# What waits for a user, or needs what a test machine may not have.
ELSEWHERE = ("dotlint server", "dotlint render", "--watch", "completion")


def blocks(kind: str) -> list[tuple[str, str]]:
    return [
        (page.name, text) for page in PAGES for name, text in BLOCK.findall(page.read_text("utf-8")) if name == kind
    ]


def commands() -> list[str]:
    found = [c.split("  #")[0].strip() for page in PAGES for c in INDENTED.findall(page.read_text("utf-8"))]
    return [c for c in dict.fromkeys(found) if not any(word in c for word in ELSEWHERE)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the documents speak of."""
    first = next(text for page, text in blocks("dot") if page == "index.md")
    for name in ("two_stages.dot", "graphs/two_stages.dot"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(first)
    for name in ("deployment.dot", "tests/fixtures/moe_two_phases.dot", "prefill_dag.dot", "decode_dag.dot"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(FIXTURE, tmp_path / name)
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
    out, err = io.StringIO(), io.StringIO()
    status = main(shlex.split(command)[1:], stdout=out, stderr=err)
    assert status in {0, 1}, err.getvalue()
    assert list(folder.iterdir())


@pytest.mark.parametrize("page", [page for page, _ in blocks("python") if page == "library.md"])
def test_code_of_the_library(page: str) -> None:
    for name, text in blocks("python"):
        if name == page:
            exec(compile(text, name, "exec"), {})


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


def _words(svg: str) -> str:
    return unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", svg, flags=re.DOTALL)).replace("\xa0", " ").strip()


def test_tables_of_settings_are_toml() -> None:
    assert [tomllib.loads(text) for _, text in blocks("toml")]


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
            where = page.parent / target
            assert where.is_file() or target.startswith("rules/"), f"{page.name}: {target}"


def test_the_site_builds() -> None:
    pytest.importorskip("mkdocs", reason="mkdocs is in the extra `docs`")
    pytest.importorskip("material", reason="mkdocs-material is in the extra `docs`")
    import subprocess  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as site:
        command = [
            sys.executable,
            "-m",
            "mkdocs",
            "build",
            "--strict",
            "-q",
            "-d",
            site,
            "-f",
            str(ROOT / "mkdocs.yml"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert (Path(site) / "rules/S001/index.html").is_file()
