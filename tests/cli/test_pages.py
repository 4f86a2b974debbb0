"""`dotlint check --format html` as a user meets it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.command import run
from tests.dsl import CYCLE

CLEAN = "digraph { a -> b }\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dotlint.picture.engines.engines", lambda _form: [])
    Path("graphs").mkdir()
    Path("graphs/bad.dot").write_text(CYCLE, encoding="utf-8")
    Path("graphs/good.dot").write_text(CLEAN, encoding="utf-8")


def title(document: str) -> str:
    found = re.search("<title>(.*?)</title>", document)
    assert found is not None
    return found[1]


def test_one_file_is_one_page() -> None:
    done = run("check", "graphs/bad.dot", "--format", "html")
    assert done.status == 1
    assert done.out.startswith("<!DOCTYPE html>")
    assert done.out.rstrip().endswith("</html>")
    assert title(done.out) == "bad.dot · dotlint"
    assert done.err == ""


def test_standard_input_goes_by_its_name() -> None:
    done = run("check", "-", "--stdin-filename", "piped.dot", "-f", "html", stdin=CLEAN.encode())
    assert (done.status, title(done.out)) == (0, "piped.dot · dotlint")


def test_several_files_are_one_document_with_an_index() -> None:
    done = run("check", "graphs", "-f", "html", "--jobs", "1")
    assert done.status == 1
    assert title(done.out) == "2 files · dotlint"
    assert re.findall(r'<a href="#file=([^"]*)">', done.out) == ["graphs%2Fbad.dot", "graphs%2Fgood.dot"]
    assert done.out.count('<script type="application/json" class="file">') == 2


def test_a_folder_gets_a_page_a_file_and_an_index() -> None:
    done = run("check", "graphs", "gone.dot", "-f", "html", "-o", "out/", "--jobs", "1")
    assert done.status == 2
    assert "gone.dot: no such file" in done.err
    assert done.out == ""
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "bad.dot.html", "gone.dot.html", "good.dot.html", "index.html",
    ]  # fmt: skip
    index = Path("out/index.html").read_text(encoding="utf-8")
    assert re.findall(r'<a href="([^"#]*)">', index) == ["bad.dot.html", "good.dot.html", "gone.dot.html"]
    assert '<a class="up" href="index.html">' in Path("out/bad.dot.html").read_text(encoding="utf-8")
    assert run("check", "graphs", "-f", "html", "-o", "out").status == 1  # a folder that is there needs no slash


def test_quiet_leaves_out_files_without_findings() -> None:
    done = run("check", "graphs", "-f", "html", "--quiet", "--jobs", "1")
    assert title(done.out) == "bad.dot · dotlint"


def test_no_other_format_writes_into_a_folder() -> None:
    done = run("check", "graphs", "-f", "json", "-o", "graphs")
    assert done.status == 2
    assert "only --format html can write to one" in done.err


def test_the_page_is_of_what_is_left_after_fixing() -> None:
    Path("list.dot").write_text(
        "digraph { a [style=rounded,filled]; " + CYCLE.removeprefix("digraph { "), encoding="utf-8"
    )
    done = run("check", "list.dot", "--fix", "-f", "html", "-o", "page.html")
    page = Path("page.html").read_text(encoding="utf-8")
    assert Path("list.dot").read_text(encoding="utf-8").startswith('digraph { a [style="rounded,filled"]')
    assert done.status == 1
    assert "Unquoted list" not in page
    assert "unquoted list" not in page
    assert '<span class="rule">G001</span>' in page


def test_fixed_standard_input_and_its_page_do_not_mix() -> None:
    text = "digraph { a [style=rounded,filled]; a -> b }\n"
    done = run("check", "-", "--fix", "-f", "html", stdin=text.encode())
    assert done.out == 'digraph { a [style="rounded,filled"]; a -> b }\n'
    assert "<!DOCTYPE html>" in done.err


def test_statistics_are_text_whatever_the_format() -> None:
    done = run("check", "graphs", "-f", "html", "--statistics", "--no-cache")
    assert "<html" not in done.out
    assert "G001" in done.out
