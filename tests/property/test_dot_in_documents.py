"""DOT in a document is linted and fixed as DOT alone, whatever the document puts around it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dotlint.edits.apply import apply_edits
from dotlint.engine.own_cards import own_cards
from dotlint.pipeline.fix_text import fix_text
from dotlint.pipeline.lint_file import lint_file
from dotlint.syntax.source import Source
from tests.dsl import settings_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.engine.finding import Finding

slow = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _lines(before: str, prefix: str, after: str) -> Callable[[list[str]], str]:
    """A document that puts `prefix` before each line that is not blank."""
    return lambda lines: before + "".join((prefix + line if line else prefix.rstrip()) + "\n" for line in lines) + after


def _notebook(kind: str, before: list[str], after: list[str], indent: int | None) -> Callable[[list[str]], str]:
    def wrap(lines: list[str]) -> str:
        source = [*before, *lines, *after]
        parts = [line + "\n" for line in source[:-1]] + source[-1:]
        cells = [
            {"cell_type": "markdown", "metadata": {}, "source": ["a -> b {"]},
            {"cell_type": kind, "metadata": {}, "source": parts},
        ]
        return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=indent) + "\n"

    return wrap


def _python(quote: str, spell: Callable[[str], str], joint: str = "\n") -> Callable[[list[str]], str]:
    def wrap(lines: list[str]) -> str:
        return f"import graphviz\n\n\ng = graphviz.Source({quote}{joint.join(map(spell, lines))}{quote.lstrip('r')})\n"

    return wrap


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace('"', '\\"')


HOSTS: Final[dict[str, tuple[str, Callable[[list[str]], str]]]] = {
    "fence": ("a.md", _lines("# A -> b {\n\n```dot\n", "", "```\n\n```c\nint x[3]; // a -> b\n```\n")),
    "fence in a list in a quote": ("a.md", _lines("> - text -> {\n>\n>   ~~~ graphviz\n", ">   ", ">   ~~~\n")),
    "R Markdown": ("a.Rmd", _lines("---\ntitle: a\n---\n```{dot, echo=FALSE}\n", "", "```\n")),
    "Quarto": ("a.qmd", _lines("````{dot}\n", "", "````\n")),
    "MyST": ("a.md", _lines("```{graphviz}\n:caption: a -> b\n\n", "", "```\n")),
    "directive": ("a.rst", _lines("T\n=\n\n.. graphviz::\n   :alt: x\n\n", "   ", "\nEnd *a* -> b {.\n")),
    "nested directive": ("a.rst", _lines(".. only:: html\n\n   .. graphviz::\n\n", "      ", "\nEnd.\n")),
    "code block": ("a.rst", _lines("* item\n\n  .. code-block:: dot\n     :linenos:\n\n", "     ", "\nEnd.\n")),
    "AsciiDoc": ("a.adoc", _lines("= T\n\n.Title\n[graphviz, target=x, svg]\n....\n", "", "....\n")),
    "AsciiDoc source": ("a.adoc", _lines("====\n[source%linenos,dot]\n----\n", "", "----\n====\n")),
    "Org": ("a.org", _lines("* H\n  #+begin_src dot :file a.png\n", "  ", "  #+end_src\n")),
    "PlantUML": ("a.puml", _lines("@startdot\n", "", "@enddot\n")),
    "stars": ("a.h", _lines("/** T\n * \\dot\n", " * ", " * \\enddot\n */\nint a;\n")),
    "slashes": ("a.cpp", _lines('/// \\dot "a caption" width=3cm\n', "/// ", "/// \\enddot\nint a;\n")),
    "no stars": ("a.java", _lines("/**\n  @dot\n", "  ", "  @enddot\n*/\n")),
    "hashes": ("a.py", _lines("## T\n# @dot\n", "# ", "# @enddot\nx = 1\n")),
    "docstring": ("a.py", _lines('def f():\n    r"""T\n\n    \\dot\n', "    ", '    \\enddot\n    """\n')),
    "script": ("a.html", _lines("<p>a -&gt; b</p>\n<script type='text/vnd.graphviz'>\n", "", "</script>\n")),
    "cell": ("a.ipynb", _notebook("code", ["%%dot"], [], 1)),
    "compact notebook": ("a.ipynb", _notebook("code", ["%%graphviz -x", ""], [], None)),
    "Markdown cell": ("a.ipynb", _notebook("markdown", ["```dot"], ["```"], 2)),
    "raw string": ("a.py", _python("r'''", str)),
    "string": ("a.py", _python('"""', lambda line: line.replace("\\", "\\\\"))),
    "one line": ("a.py", _python('"', _escaped, "\\n")),
    "grViz": ("a.Rmd", lambda lines: "```{r}\ngrViz('" + "\n".join(map(_r, lines)) + "')\n```\n"),
}
_HEADER: Final = re.compile(r"(strict )?(di)?graph\b", re.IGNORECASE)
UNFIT: Final = ("```", "~~~", "'''", '"""', "*/", "----", "....", "</", "\0", "\r", "\t", "\ufeff", "@start", "\\dot")


def _r(line: str) -> str:
    return line.replace("\\", "\\\\").replace("'", "\\'")


def _texts() -> list[str]:
    """The DOT of the rules' examples: as one text without blank lines, which end a block in some documents."""
    texts = {text for card in own_cards() for example in card.examples for text in (example.bad, example.good) if text}
    kept = []
    for text in sorted(texts):
        lines = [line for line in text.rstrip().split("\n") if line.strip()]
        whole = "\n".join(lines)
        if _HEADER.match(whole) and not any(mark in whole for mark in UNFIT):
            kept.append(whole)
    return kept


TEXTS: Final = _texts()


def _key(finding: Finding) -> tuple[str, str, tuple[str, ...]]:
    return finding.code, finding.message, finding.nodes


@pytest.mark.parametrize("host", HOSTS)
@slow
@given(text=st.sampled_from(TEXTS))
def test_as_alone(host: str, text: str) -> None:
    name, wrap = HOSTS[host]
    settings = settings_for()
    alone = lint_file(Source.from_text(text + "\n", "a.dot"), settings)
    document = wrap(text.split("\n"))
    inside = lint_file(Source.from_text(document, name), settings)
    assert [_key(f) for f in inside.findings] == [_key(f) for f in alone.findings]
    for one, other in zip(alone.findings, inside.findings, strict=True):
        word = text[one.start : one.end].partition("\n")[0][:20]
        if word.isascii() and word.replace("_", "").isalnum():  # escapes and marks aside, it stands there
            assert document.startswith(word, other.start)


@pytest.mark.parametrize("host", HOSTS)
@slow
@given(text=st.sampled_from(TEXTS), unsafe=st.booleans())
def test_fixed_as_alone(host: str, text: str, unsafe: bool) -> None:
    name, wrap = HOSTS[host]
    settings = settings_for()
    alone = fix_text(Source.from_text(text + "\n", "a.dot"), settings, unsafe=unsafe)
    assume(not any(mark in alone.text for mark in UNFIT))
    inside = fix_text(Source.from_text(wrap(text.split("\n")), name), settings, unsafe=unsafe)
    if inside.changed or not alone.changed:
        assert _lines_of(inside.text) == _lines_of(wrap(alone.text.rstrip("\n").split("\n")))
    else:  # a document may have no place for it, and then says so
        assert inside.refused


@pytest.mark.parametrize("host", HOSTS)
@slow
@given(text=st.sampled_from(TEXTS))
def test_edits_of_one_finding(host: str, text: str) -> None:
    name, wrap = HOSTS[host]
    settings = settings_for()
    document = wrap(text.split("\n"))
    for finding in lint_file(Source.from_text(document, name), settings).findings:
        if finding.fix is not None:
            fixed = apply_edits(document, finding.fix.edits)
            before, after = (lint_file(Source.from_text(one, name), settings) for one in (document, fixed))
            assert len(before.blocks) == len(after.blocks)
            assert finding.fingerprint not in {f.fingerprint for f in after.findings} or finding.parts


def _lines_of(text: str) -> list[str]:
    """Lines without the white space at their end, which a document may add to a blank line."""
    return [line.rstrip() for line in text.rstrip("\n").split("\n")]


SOUP: Final = (
    "```dot", "```", "~~~ gv strategy=pp2", "> ```dot", "- ```{dot}", ":::{graphviz}", ":::", "    ", "\t", ".. graphviz::", "   ",
    ".. digraph:: x", "   :alt: y", ".. only:: html", "[graphviz]", "----", "--", "[source,dot]", "#+begin_src dot", "#+end_src",
    "@startdot", "@enddot", "@startuml", "@enduml", " * \\dot", " * @enddot", '/// \\dot "c"', "/** \\dot digraph { a } \\enddot */",
    "<script type='text/vnd.graphviz'>", "</script>", "graphviz.Source('''", "''')", 'grViz("', '")', "```{r}", "```{eval-rst}",
    "digraph {", "graph g { a -- b [colr=red] }", "  a -> b [labl=x]", "}", "// dotlint: ignore-file", "[1]: 'x'", "\r", "\0", "\u2028", "é",
    "+---+---+", "| a | b |", "\\", '"', "'",
)  # fmt: skip


@pytest.mark.parametrize("name", sorted({name for name, _ in HOSTS.values()} | {"a.d"}))
@slow
@given(lines=st.lists(st.sampled_from(SOUP), max_size=14), cell=st.booleans())
def test_any_document_is_read_and_fixed_once(name: str, lines: list[str], cell: bool) -> None:
    text = "\n".join(lines)
    if name.endswith(".ipynb"):
        kind, parts = ("code" if cell else "markdown"), [line + "\n" for line in lines]
        text = json.dumps({"cells": [{"cell_type": kind, "source": parts}]})
    settings = settings_for()
    once = fix_text(Source.from_text(text, name), settings)
    assert not once.result.crashed
    again = fix_text(once.source, settings)
    assert again.text == once.text
    for finding in once.result.findings:
        assert 0 <= finding.start <= finding.end <= len(once.text)
