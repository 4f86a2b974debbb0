"""The page as text: what it is made of, that nothing of a file reaches it unescaped, and what its policy allows."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dotlint.config.configurations import Configurations
from dotlint.config.model import Overrides
from dotlint.page import collect as pages
from dotlint.page import comparison
from dotlint.page import document as shell
from dotlint.page.collect import Task, make_page, page_names
from dotlint.page.difference import difference
from dotlint.page.drawing import DrawingError, cleaned
from dotlint.page.listing import ListedPart, SourceMark, listing
from dotlint.page.markup import embedded, prose
from dotlint.picture import source, style

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.page.collect import Page

FIXTURES = Path(__file__).parent.parent / "fixtures"
STYLES = Path(shell.__file__).parent


class Reader(HTMLParser):
    """Every element with its attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._in = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in = tag if tag in self.raw else ""

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in:
            self.raw[self._in].append(data)


def page(text: str, strategy: str = "", name: str = "test.dot", extend_select: tuple[str, ...] = ()) -> Page:
    overrides = Overrides(strategy=(strategy,) if strategy else (), extend_select=extend_select)
    settings = Configurations(overrides, file=None, isolated=True).settings("-")
    return make_page(Task(name, settings, text.encode("utf-8", "surrogateescape")))


@pytest.fixture
def _no_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dotlint.picture.engines.engines", lambda _form: [])


def whole(text: str, nodes: dict[str, int] | None = None) -> list[ListedPart]:
    return [ListedPart(0, len(text), nodes or {})]


def lines_of(markup: str) -> Iterator[str]:
    """Give the text of each line of a listing, without markup."""
    for line in re.findall(r'<div class="line[^>]*>(.*?)</div>', markup):
        yield re.sub(r"<[^>]*>", "", line)


def test_listing_keeps_every_line_and_only_shows_what_is_hidden() -> None:
    text = 'digraph {\r\n\ta -> "b\u202e" // é <b>\n\n}\n'
    assert list(lines_of(listing(text, whole(text), []))) == [
        "digraph {", "\ta -&gt; &quot;b\\u202e&quot; // é &lt;b&gt;", "", "}", "",
    ]  # fmt: skip


def test_listing_marks_what_it_names() -> None:
    text = 'digraph g { "a" [label="a"]; a:p -> b; subgraph a { c } }'
    shown = listing(text, whole(text, {"a": 0, "b": 1, "c": 2, "g": 3, "p": 4}), [])
    assert re.findall(r'<b data-node="(\d)">([^<]*)</b>', shown) == [
        ("0", "&quot;a&quot;"), ("0", "a"), ("1", "b"), ("2", "c"),
    ]  # fmt: skip
    assert '<i class="a">label</i>=<i class="s">&quot;a&quot;</i>' in shown
    assert '<i class="k">digraph</i>' in shown


def test_listing_marks_findings_even_where_they_overlap() -> None:
    text = "a -> b [x=1]\n-> c"
    shown = listing(text, whole(text), [SourceMark(0, 12, "warning", 7), SourceMark(5, 17, "error", 8)])
    marked = re.findall(r'<u class="(\w+)" data-findings="([\d ]+)">(.*?)</u>', shown)
    # What both speak of has both; a statement is marked before its attributes, on its first line.
    assert [(kind, which, re.sub("<.*?>", "", text)) for kind, which, text in marked] == [
        ("warning", "7", "a"), ("warning", "7", " "), ("warning", "7", "-&gt;"), ("warning", "7", " "), ("error", "7 8", "b"),
    ]  # fmt: skip
    assert 'class="line has-error" role="option" data-line="1"' in shown
    assert 'class="line" role="option" data-line="2"' in shown


def test_a_line_of_any_length_is_cut_and_says_so() -> None:
    shown = listing("x" * 50_000, whole("x" * 50_000), [])
    assert "38000 more characters" in shown
    assert len(shown) < 13_000


@pytest.mark.parametrize("text", ["</script>", "<!--", "<script>", "<SCRIPT", "\u2028", "\ud800"])
def test_embedded_data_cannot_end_its_script(text: str) -> None:
    written = embedded({"key": [text]})
    assert written.isascii()
    assert not re.search(r"</|<!|<s", written, re.IGNORECASE)
    assert json.loads(written) == {"key": [text]}


def test_prose_escapes_code_and_leads_to_nodes() -> None:
    assert prose("`a` -> `<b>`", {"a": 3}) == '<code data-node="3">a</code> -&gt; <code>&lt;b&gt;</code>'
    assert prose("one ` alone") == "one ` alone"


SVG = """<svg width="8pt" viewBox="0 0 8 8" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">
<script>alert(1)</script><style>*{}</style>
<g id="graph" class="graph" transform="scale(1 1) translate(4 40)" onload="alert(2)"><title>t</title>
<polygon fill="white" points="0,0 8,8"/>
<g id="n1" class="node error x&quot; onload=&quot;y" onclick="alert(3)" style="fill:red"><title>&lt;b&gt;</title>
<g id="a_n1"><a xlink:href="javascript:alert(4)" href="javascript:alert(5)" target="_blank">
<polygon fill="#C5221F" stroke="url(#x)" points="0,0 8,8" style="fill:url(http://example.com)"/>
<image xlink:href="http://example.com/x.png"/><foreignObject><b>x</b></foreignObject><use href="#graph"/>
<text x="1" y="2" font-family="url(x)" font-size="9.00">&lt;script&gt;</text><animate attributeName="href" to="javascript:1"/>
</a></g></g></g></svg>"""


def test_of_a_drawing_only_shapes_and_texts_are_kept() -> None:
    assert cleaned(SVG, {"n1": 5}) == (
        '<svg xmlns="http://www.w3.org/2000/svg"><g class="ground" transform="scale(1 1) translate(4 40)">'
        '<g class="node error" data-element="5"><title>&lt;b&gt;</title><g class=""><g class="">'
        '<polygon points="0,0 8,8" fill="#c5221f"/><text x="1" y="2" font-size="9.00">&lt;script&gt;</text>'
        "</g></g></g></g></svg>"
    )


@pytest.mark.parametrize("svg", ["<svg", "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>", "<svg></svg>"])
def test_what_is_no_drawing_is_refused(svg: str) -> None:
    with pytest.raises(DrawingError):
        cleaned(svg, {})


def test_difference_has_the_line_numbers_of_both_sides() -> None:
    shown = difference("--- a/x\n+++ b/x\n@@ -3,2 +3,2 @@\n same\n-<old>\n+new\n\\ No newline at end of file\n")
    assert re.findall(r"<i>(\d*)</i><i>(\d*)</i><b>(.?)</b><span>(.*?)</span>", shown) == [
        ("3", "3", "", "same"), ("4", "", "-", "&lt;old&gt;"), ("", "4", "+", "new"), ("", "", "\\", " No newline at end of file"),
    ]  # fmt: skip


HOSTILE = """digraph "</title><script>alert(1)</script>" {
  "<img src=x onerror=alert(2)>" [label="</script><script>alert(3)</script>", URL="javascript:alert(4)", image="http://e.com/x"]
  "' onmouseover='alert(5)" -> "\\" onfocus=\\"alert(6)" -> "' onmouseover='alert(5)" [label="<!-- --> ]]>"]
  "\u202eevil \x1b[31m" -> "</style><style>*{display:none}" // </script><!--<script>
}
"""


@pytest.mark.usefixtures("_no_graphviz")
@pytest.mark.parametrize("several", [False, True])
def test_nothing_of_a_file_becomes_markup(*, several: bool) -> None:
    one = page(HOSTILE, name="<script>.dot")
    text = shell.many([one.part, one.part]) if several else shell.one(one.part)
    read = Reader(text)
    markup = Reader(one.part.markup)
    assert not {tag for tag, _ in markup.elements} & {
        "script",
        "style",
        "img",
        "iframe",
        "object",
        "base",
        "form",
        "link",
    }
    for tag, attributes in [*read.elements, *markup.elements]:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        assert "javascript:" not in (attributes.get("href") or "")
    assert "\u202e" not in text
    assert "\x1b" not in text
    blocks = [a for tag, a in read.elements if tag == "script"]
    assert [a.get("type") for a in blocks] == ["application/json"] * (2 if several else 1) + [None]
    assert len(read.raw["style"]) == 1


@pytest.mark.usefixtures("_no_graphviz")
def test_the_policy_allows_one_style_one_script_and_no_request() -> None:
    read = Reader(shell.one(page("digraph { a -> b }").part))
    policy = next(a["content"] for tag, a in read.elements if tag == "meta" and "http-equiv" in a)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))

    def fingerprint(text: str) -> str:
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == fingerprint(read.raw["style"][0])
    assert rules["script-src"] == fingerprint(read.raw["script"][-1])
    assert rules["img-src"] == "data:"
    sources = [a.get("src") or a.get("href") for tag, a in read.elements if tag in ("script", "link", "img")]
    assert all(source is None or source.startswith("data:") for source in sources)


@pytest.mark.usefixtures("_no_graphviz")
def test_without_graphviz_the_page_says_what_to_install() -> None:
    part = page((FIXTURES / "moe_two_phases.dot").read_text(encoding="utf-8"), "pp4ep4tp2sp2").part
    assert "No picture" in part.markup
    assert "install it so that <code>dot</code> is on the PATH" in part.markup
    assert "Missing pipeline stage connections" in part.markup
    assert part.data["views"] == []


@pytest.mark.usefixtures("_no_graphviz")
def test_rows_lead_to_findings_and_findings_to_lines() -> None:
    part = page("digraph {\n  a -> b\n  b -> a\n}\n", extend_select=("cycle",)).part
    (finding,) = part.data["findings"]
    assert (finding["code"], finding["lines"][0]) == ("G001", 2)
    assert [part.data["nodes"][number][0] for number in finding["nodes"]] == ["a", "b"]
    assert [part.data["edges"][number] for number in finding["edges"]] == [[0, 1, 2], [1, 0, 3]]
    assert 'data-findings="0"><span class="message">' in part.markup


@pytest.mark.usefixtures("_no_graphviz")
def test_the_fixes_are_shown_before_they_are_made() -> None:
    text = (FIXTURES / "moe_two_phases.dot").read_text(encoding="utf-8")
    part = page(text, "pp4ep4tp2sp2").part
    assert re.findall(r'role="tab" id="tab-([a-z-]+)"', part.markup) == ["source", "fix-safe", "fix-all"]
    safe = part.markup.split('id="fix-safe"')[1].split('id="fix-all"')[0]
    assert safe.count('class="change added"') == 48  # lines; as the file's own, some have several edges
    assert "change removed" not in safe


@pytest.mark.usefixtures("_no_graphviz")
def test_a_file_that_cannot_be_read_has_a_part_that_says_so() -> None:
    settings = Configurations(Overrides(), file=None, isolated=True).settings("-")
    made = make_page(Task("gone.dot", settings))
    assert made.part.verdict == "unreadable"
    assert "no such file" in made.part.markup
    assert made.result.unreadable


def test_pages_are_called_as_their_files_and_told_apart() -> None:
    assert page_names(["a/x.dot", "b/x.dot", "y.dot", "index", "/c/d e.gv"]) == [
        "a-x.dot.html", "b-x.dot.html", "y.dot.html", "index-2.html", "d e.gv.html",
    ]  # fmt: skip
    assert page_names(["../x.dot", "x.dot"]) == ["x.dot.html", "x.dot-2.html"]


def test_every_colour_of_a_picture_has_one_for_the_dark() -> None:
    text = "".join(Path(module.__file__ or "").read_text(encoding="utf-8") for module in (style, source))
    sheet = (STYLES / "picture.css").read_text(encoding="utf-8")
    told = set(re.findall(r'\[(?:fill|stroke)="(#[0-9a-f]{6})"\]', sheet))
    assert set(re.findall(r'"(#[0-9a-fA-F]{6})"', text)) - told == set()


def test_every_file_beside_the_module_is_in_the_page() -> None:
    there = {path.stem for path in STYLES.iterdir() if path.suffix in (".css", ".js")}
    assert there == {*shell._STYLES, *shell._SCRIPTS, *comparison._STYLES}
    assert {path.suffix for path in STYLES.iterdir() if path.is_file()} == {".py", ".css", ".js"}


def test_pages_are_made_in_processes_in_the_order_of_the_files(tmp_path: Path) -> None:
    settings = Configurations(Overrides(), file=None, isolated=True).settings("-")
    paths = [tmp_path / f"{name}.dot" for name in "cab"]
    for path in paths:
        path.write_text("digraph {}", encoding="utf-8")
    seen: list[int] = []
    made = pages.make_pages([Task(str(path), settings) for path in paths], jobs=2, progress=seen.append)
    assert [one.part.name for one in made] == ["c.dot", "a.dot", "b.dot"]
    assert seen == [1, 2, 3]


DOCUMENT = """# Plans: "one" and 'two'

```dot
digraph one { a -> b }
```

Then {b} -> other, with more marks "...

```dot
digraph two {
  b -> c
  c -> b [colour=red]
}
```
"""


def test_a_document_has_a_drawing_for_each_graph() -> None:
    part = page(DOCUMENT, name="plans.md").part
    assert list(lines_of(part.markup)) == [escape(line) for line in DOCUMENT.split("\n")]
    titles = [view["title"] for view in part.data["views"] if not view["within"]]
    assert titles == ["Graph 1: Graph", "Graph 2: Graph"]
    assert [[row[0], row[3]] for row in part.data["nodes"]] == [["a", 4], ["b", 4], ["b", 11], ["c", 11]]
    # A name in a block is the node of that graph, and prose is no DOT.
    assert re.findall(r'<b data-node="(\d)">', part.markup) == ["0", "1", "2", "3", "3", "2"]
    assert '<i class="s">&quot;one' not in part.markup
    (finding,) = part.data["findings"]
    assert (finding["code"], finding["lines"]) == ("A001", [12, 12])
    assert part.data["views"][1]["graph"] == 1


def test_a_document_with_one_graph_is_drawn_and_fixed() -> None:
    part = page("```dot\ndigraph { a [colour=red] }\n```\n", name="plan.md").part
    assert [view["title"] for view in part.data["views"]] == ["Graph"]
    assert "Safe fixes" in part.markup
