"""The page in a real browser: clicks and keys, three panes that show the same place, and a file that means harm."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import Opened

    Visit = Callable[..., Opened]

drawn = pytest.mark.skipif(shutil.which("dot") is None, reason="without Graphviz there is no picture")
MOE = ("moe_two_phases.dot", "-s", "pp4ep4tp2sp2")


@drawn
def test_a_finding_is_shown_in_the_picture_and_in_the_source(visit: Visit) -> None:
    page = visit(*MOE)
    row = page.tab.locator("button.row", has_text="stage 2 lacks").first
    row.click()
    assert row.get_attribute("aria-pressed") == "true"
    lines = page.lines()
    assert len(lines) == 3  # stages 3 and 4 lack the same
    assert all(page.texts(f'.line[data-line="{line}"] u.error') for line in lines)
    assert page.in_sight(".line.hit")
    assert page.in_sight(".canvas .chosen")
    assert any("->" in name for name in page.chosen())  # the edges that it asks for
    assert page.texts(".inspector strong") == ["S001 missing stage edge"]
    assert re.search(r"#finding=\d+$", page.tab.url)


@drawn
def test_a_node_of_the_picture_is_shown_in_the_source_and_its_findings_in_the_list(visit: Visit) -> None:
    page = visit(*MOE)
    page.tab.locator(".canvas .node.error").first.click()
    (name,) = page.chosen()
    assert page.texts(".inspector strong") == [name]
    assert page.texts(".line.hit b.named")[0].strip('"') == name
    assert page.in_sight(".line.hit")
    about = page.tab.locator("button.row.about")
    assert about.count() > 0
    assert page.in_sight("button.row.about")
    page.tab.locator(".inspector .tag").first.click()
    assert page.texts("button.row[aria-pressed=true] .message") == page.texts(".inspector .message")


@drawn
def test_names_and_lines_of_the_source_lead_to_the_picture(visit: Visit) -> None:
    page = visit("build_dependencies.dot")
    page.tab.locator(".line b[data-node]", has_text="libstd").first.click()
    assert page.chosen() == ["libstd"]
    page.tab.locator('.line[data-line="10"]').click(position={"x": 20, "y": 5})
    assert page.lines() == [10]
    assert set(page.chosen()) == {"cli", "quality gate", "package", "cli -> quality gate", "quality gate -> package"}


@drawn
def test_an_edge_can_be_clicked_though_it_is_thin(visit: Visit) -> None:
    page = visit("build_dependencies.dot")
    path = page.tab.locator(".canvas .edge > path").first
    place = path.evaluate(
        """(path) => {
          const point = path.getPointAtLength(path.getTotalLength() / 2).matrixTransform(path.getScreenCTM());
          return { x: point.x + 3, y: point.y };
        }"""
    )
    page.tab.mouse.click(place["x"], place["y"])
    assert " → " in page.texts(".inspector strong")[0]
    assert len(page.lines()) == 1


def test_arrow_keys_go_through_the_findings(visit: Visit) -> None:
    page = visit(*MOE)
    page.press("1")
    assert page.tab.evaluate("document.activeElement.classList.contains('row')")
    page.press("Enter")
    first = page.texts("button.row[aria-pressed=true] .message")
    page.press("ArrowDown")
    second = page.texts("button.row[aria-pressed=true] .message")
    assert first != second
    page.press("ArrowUp")
    assert page.texts("button.row[aria-pressed=true] .message") == first
    page.press("End")
    assert page.tab.evaluate("document.activeElement") is not None
    assert page.texts("button.row[aria-pressed=true] .message") == page.texts("button.row .message")[-1:]
    page.press("Escape")
    assert page.texts("button.row[aria-pressed=true]") == []
    assert page.lines() == []
    # one row takes part in the order of Tab, the one that was left
    assert page.values("button.row[tabindex='0']", "tabindex") == ["0"]


def test_j_and_k_go_through_the_findings_from_anywhere(visit: Visit) -> None:
    page = visit(*MOE)
    says = page.texts("button.row .message")
    page.press("j")
    assert page.texts("button.row[aria-pressed=true] .message") == says[:1]
    page.press("j", "j", "k")
    assert page.texts("button.row[aria-pressed=true] .message") == [says[1]]


def test_search_finds_nodes_and_findings_by_keyboard_alone(visit: Visit) -> None:
    page = visit(*MOE)
    page.press("/")
    assert page.tab.evaluate("document.activeElement.id") == "search"
    page.tab.keyboard.type("S001")
    assert page.tab.get_attribute("#search", "aria-expanded") == "true"
    assert page.texts("#matches [aria-selected=true] b") == ["S001 missing stage edge"]
    page.press("ArrowDown", "Enter")
    assert len(page.lines()) == 1
    assert page.texts("button.row[aria-pressed=true]")
    assert page.tab.get_attribute("#search", "aria-expanded") == "false"
    page.press("/")
    page.tab.fill("#search", "no such thing at all")
    assert page.texts("#matches") == ["no name, label or message contains this text"]
    page.press("Escape")
    assert not page.tab.is_visible("#matches")


def test_help_opens_with_a_question_mark_and_closes_with_escape(visit: Visit) -> None:
    page = visit("build_dependencies.dot")
    page.press("?")
    assert page.tab.is_visible("#help")
    assert "search for a node or a finding" in page.texts("#help")[0]
    page.press("Escape")
    assert not page.tab.is_visible("#help")
    page.press("?")
    page.tab.uncheck("#single-keys")
    page.press("Escape", "/")
    assert page.tab.evaluate("document.activeElement.id") != "search"


def test_every_stop_of_tab_can_be_seen(visit: Visit) -> None:
    page = visit(*MOE)
    stops = []
    for _ in range(60):
        page.press("Tab")
        stop = page.tab.evaluate(
            """() => {
              const element = document.activeElement, box = element.getBoundingClientRect(), style = getComputedStyle(element);
              const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
              return [element.id || element.className || element.tagName, ring && box.width > 0 && box.height > 0];
            }"""
        )
        stops.append(stop)
    assert stops[0][0] == "A"  # the first skip link
    assert [name for name, seen in stops if not seen and name != "BODY"] == []
    names = {name.split(" ")[0] for name, _ in stops}
    assert {"search", "theme", "ask", "chip", "row", "splitter", "tab-source", "code"} <= names


def test_skip_links_lead_past_the_findings(visit: Visit) -> None:
    page = visit(*MOE)
    page.press("Tab", "Tab", "Tab", "Enter")
    assert page.tab.evaluate("document.activeElement.classList.contains('code')")


def test_the_source_can_be_read_line_by_line(visit: Visit) -> None:
    page = visit(*MOE)
    page.press("3", "Home", "ArrowDown", "ArrowDown")
    assert page.values(".line.active", "data-line") == ["3"]
    assert page.tab.get_attribute(".code", "aria-activedescendant") == "active-line"
    page.press("PageDown", "Enter")
    assert page.lines() == [23]
    page.press("End")
    assert page.in_sight(".line.active")


@drawn
def test_the_picture_can_be_moved_zoomed_and_walked_by_keys(visit: Visit) -> None:
    page = visit(*MOE)

    def box() -> list[float]:
        return [float(part) for part in page.values(".canvas > svg", "viewBox")[0].split()]

    page.press("2")
    before = box()
    page.press("ArrowRight")
    assert box()[0] > before[0]
    page.press("+")
    assert box()[2] < before[2]
    page.press("f")
    assert box()[3] >= page.tab.evaluate("document.querySelector('.ground').getBBox().height")
    page.press("Shift+ArrowDown")
    first = page.chosen()
    page.press("Shift+ArrowDown")
    assert first != page.chosen()
    assert page.in_sight(".canvas .node.chosen")
    assert page.lines()


@drawn
def test_the_picture_can_be_moved_and_zoomed_by_pointer(visit: Visit) -> None:
    page = visit("build_dependencies.dot")
    canvas = page.tab.locator(".canvas").bounding_box()
    assert canvas is not None
    x, y = canvas["x"] + 20, canvas["y"] + canvas["height"] - 20
    before = page.values(".canvas > svg", "viewBox")
    page.tab.mouse.move(x, y)
    page.tab.mouse.down()
    page.tab.mouse.move(x + 50, y - 40, steps=4)
    page.tab.mouse.up()
    moved = page.values(".canvas > svg", "viewBox")
    assert before != moved
    page.tab.mouse.wheel(0, -300)
    page.tab.wait_for_function(
        "(box) => document.querySelector('.canvas > svg').getAttribute('viewBox') !== box", arg=moved[0]
    )
    assert page.texts(".inspector strong") == []  # a drag selects nothing


@drawn
@pytest.mark.parametrize("name", ["dense_pp2tp4_clean.dot", "overview.dot", "build_dependencies.dot"])
def test_the_picture_begins_where_its_graph_does(visit: Visit, name: str) -> None:
    page = visit(name)
    graph, canvas = (page.tab.locator(one).first.bounding_box() for one in (".canvas .ground", ".canvas"))
    assert graph is not None
    assert canvas is not None
    assert canvas["x"] <= graph["x"]
    assert graph["x"] + graph["width"] <= canvas["x"] + canvas["width"]
    assert canvas["y"] <= graph["y"] < canvas["y"] + 200 or graph["height"] < canvas["height"]


@drawn
def test_what_is_proposed_can_be_hidden_and_the_fixed_graph_seen(visit: Visit) -> None:
    page = visit(*MOE)
    proposed = page.tab.locator(".canvas .edge.proposed").first
    assert proposed.is_visible()
    page.press("p")
    assert not proposed.is_visible()
    page.press("p")
    assert page.texts(".views option")[0] == "Graph"
    page.tab.select_option(".views", label="After safe fixes")
    assert page.tab.locator(".canvas .edge.new").count() == 60
    assert "written by the fixes" in page.texts(".legend div")


def test_diffs_lead_to_the_source(visit: Visit) -> None:
    page = visit(*MOE)
    page.tab.locator("#tab-source").focus()
    page.press("ArrowRight")
    assert page.tab.get_attribute("#tab-fix-safe", "aria-selected") == "true"
    assert page.tab.locator("#fix-safe .change.added").count() == 48
    page.tab.locator("#fix-safe .change[data-line]").first.click()
    line = page.values("#fix-safe .change[data-line]", "data-line")[0]
    assert page.lines() == [int(line)]
    assert page.tab.is_visible("#fix-safe")


def test_filters_hide_findings_of_a_kind(visit: Visit) -> None:
    page = visit(*MOE)
    shown = page.tab.locator("button.row:visible")
    before = shown.count()
    page.tab.click(".chip.warning")
    assert 0 < shown.count() < before
    assert not page.tab.locator(".entry.warning:not(.consequence)").first.is_visible()
    page.tab.click(".chip.warning")
    assert shown.count() == before


def test_edges_can_be_copied(visit: Visit) -> None:
    page = visit(*MOE, permissions=["clipboard-read", "clipboard-write"])
    page.tab.locator("details.list summary", has_text="stage 2").first.click()
    lines = page.texts("details.list[open] pre")[0]
    page.tab.locator("details.list[open] .copy").first.click()
    page.tab.locator(".copy", has_text="Copied").wait_for()
    assert page.tab.evaluate("navigator.clipboard.readText()") == lines + "\n"


def test_the_address_names_what_is_selected(visit: Visit) -> None:
    page = visit(*MOE, at="#line=12")
    assert page.lines() == [12]
    page.tab.locator("button.row").nth(2).click()
    address = page.tab.url.partition("#")[2]
    again = visit(*MOE, at=f"#{address}")
    assert again.texts("button.row[aria-pressed=true]") == page.texts("button.row[aria-pressed=true]")
    assert visit(*MOE, at="#node=%E0%A4%A&line=x&finding=99999").lines() == []  # no address of ours does harm


def test_colours_follow_the_system_and_the_button(visit: Visit) -> None:
    def ground(page: Opened) -> str:
        return str(page.tab.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    light, dark = (
        visit("build_dependencies.dot", color_scheme="light"),
        visit("build_dependencies.dot", color_scheme="dark"),
    )
    assert ground(light) == "rgb(255, 255, 255)"
    assert ground(dark) != ground(light)
    light.press("d", "d")
    assert light.tab.get_attribute("#theme", "aria-label") == "Colors: dark"
    assert ground(light) == ground(dark)


@drawn
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_told_from_their_ground(visit: Visit, scheme: str) -> None:
    page = visit(*MOE, color_scheme=scheme)
    page.tab.locator("button.row").first.click()
    poor = page.tab.evaluate(
        """() => {
          const shade = (text) => {
            const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const ground = (element) => {
            for (let one = element; one; one = one.parentElement) {
              const colour = getComputedStyle(one).backgroundColor;
              if (!/rgba\\(.*, 0(\\.\\d+)?\\)|color\\(|transparent/.test(colour)) return colour;
            }
            return 'rgb(255, 255, 255)';
          };
          const poor = new Set();
          for (const element of document.querySelectorAll('.top *, .summary *, .entry *, .bar *, .line *, .legend *, .inspector *')) {
            const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
            if (!own || element.closest('svg, [hidden], option') || !element.checkVisibility()) continue;
            const [one, two] = [shade(getComputedStyle(element).color), shade(ground(element))].sort((a, b) => b - a);
            if ((one + 0.05) / (two + 0.05) < 4.5) poor.add(`${element.tagName}.${element.className}: ${(one + 0.05) / (two + 0.05)}`);
          }
          return [...poor];
        }"""
    )
    assert poor == []


@drawn
def test_a_large_graph_is_folded_and_opened_on_demand(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "large.dot"
    path.write_text(large(), encoding="utf-8")
    page = visit(str(path), "-s", "pp4tp8")
    assert page.texts(".views option")[0] == "Stages"
    assert "represent" in page.texts(".notes")[0]
    folded = page.tab.locator(".canvas .node").count()
    assert folded < 40
    page.tab.locator(".canvas .opens").first.click()
    page.press("o")
    assert page.tab.locator(".canvas .node").count() > folded
    assert page.tab.is_visible(".back")
    assert page.in_sight(".canvas .node:has-text('norm 0')")
    page.press("b")
    assert page.tab.locator(".canvas .node").count() == folded
    # what is folded is found all the same
    page.press("/")
    page.tab.keyboard.type("l7_norm_3")
    page.press("Enter")
    assert page.in_sight(".line.hit")
    assert page.texts(".line.hit b.named") == ["l7_norm_3"]
    assert page.in_sight(".canvas .chosen")


def large() -> str:
    """Four stages of four layers of four operators on eight ranks each: 512 nodes."""
    lines = ["digraph large {"]
    parts = ("norm", "qkv_proj", "attention", "mlp")
    for layer in range(16):
        for part in parts:
            for rank in range(8):
                gpu = layer // 4 * 8 + rank
                lines.append(
                    f'  l{layer}_{part}_{rank} [label="{part} {rank}\\nStage {layer // 4}, Layer {layer}\\nGPU: {gpu}"];'
                )
    names = [f"l{layer}_{part}" for layer in range(16) for part in parts]
    lines += [f"  {a}_{r} -> {b}_{r};" for a, b in zip(names, names[1:], strict=False) for r in range(8)]
    return "\n".join([*lines, "}\n"])


def test_several_files_are_opened_one_at_a_time(visit: Visit) -> None:
    page = visit("build_dependencies.dot", "overview.dot")
    assert page.texts("tbody th a") == ["build_dependencies.dot", "overview.dot"]
    page.tab.fill(".narrow input", "overv")
    assert page.texts("tbody tr:visible th a") == ["overview.dot"]
    page.tab.fill(".narrow input", "")
    page.tab.click("thead button >> nth=0")
    page.tab.click("thead button >> nth=0")
    assert page.texts("tbody th a") == ["overview.dot", "build_dependencies.dot"]
    page.tab.click("tbody a >> nth=1")
    assert page.texts(".top h1") == ["build_dependencies.dot"]
    assert page.tab.is_visible("#findings")
    page.press("3", "Home", "ArrowDown", "Enter")
    assert "file=build_dependencies.dot&line=2" in page.tab.url
    page.tab.click(".up")
    assert page.tab.is_visible("tbody")
    assert not page.tab.locator("#findings").count()
    page.tab.go_back()
    assert page.texts(".top h1") == ["build_dependencies.dot"]


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_nothing_is_wider_than_the_screen(visit: Visit, width: int) -> None:
    page = visit(*MOE, width=width)
    page.tab.locator("button.row").first.click()
    for pane in ("findings", "picture", "text"):
        if width < 800:
            page.tab.click(f".switch [data-pane={pane}]")
            assert page.tab.is_visible(f"#{pane}")
        assert page.tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


@drawn
def test_on_a_narrow_screen_the_selection_waits_in_the_other_panes(visit: Visit) -> None:
    page = visit(*MOE, width=390, has_touch=True, is_mobile=True)
    page.tab.locator("button.row").first.tap()
    page.tab.tap(".switch [data-pane=picture]")
    assert page.in_sight(".canvas .chosen")
    page.tab.tap(".switch [data-pane=text]")
    assert page.in_sight(".line.hit")


@drawn
def test_paper_has_findings_and_picture_and_no_controls(visit: Visit) -> None:
    page = visit(*MOE, color_scheme="dark")
    page.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.tab.emulate_media(media="print")
    for control in (".bar", ".search", "#theme", "#text", ".copy", ".splitter", ".chips"):
        assert not page.tab.locator(control).first.is_visible()
    assert page.tab.locator(".sheet svg").first.is_visible()
    assert page.tab.locator("details.list pre").first.is_visible()
    assert page.tab.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    page.tab.emulate_media(media="screen")
    page.tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.tab.locator(".sheet").count() == 0
    assert not page.tab.locator("details.list pre").first.is_visible()


HOSTILE = """digraph "</title><script>alert(1)</script>" {
  node [URL="javascript:alert(2)", tooltip="</title><script>alert(3)</script>"]
  a [label="</script><script>alert(4)</script>", image="http://example.com/x.png", shape=box, id="findings", class="x onload=alert(5)"]
  "<img src=x onerror=alert(6)>" [label="<svg/onload=alert(7)>"]
  "\u202eevil\u202c" [label="\u200bzero \u2066isolate\u2069"]
  "\x1b[31mred" [label="\x1b]0;title\x07"]
  "--><!-- " -> a [label="]]> <!-- -->", edgeURL="javascript:alert(9)"]
  a -> "' onmouseover='alert(10)" -> "\\" onfocus=\\"alert(11)" -> a
  b [label=<<table href="javascript:alert(12)"><tr><td>cell &lt;script&gt;alert(13)&lt;/script&gt;</td></tr></table>>]
  "${alert(14)}" -> b; "{{constructor.constructor('alert(15)')()}}" -> b
  "__proto__" -> "constructor" -> "toString" -> "__proto__"
  "`code`" -> "a,b&c=d#e"
  // dotlint </script><!-- <script>
  "</style><style>*{display:none}" -> a
}
"""


@drawn
def test_a_file_that_means_harm_is_shown_and_does_none(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "<script>alert(0)<script>.dot"
    path.write_bytes(HOSTILE.encode())
    for files in ([str(path)], [str(path), "overview.dot"]):
        page = visit(*files, "--preset", "strict")
        if len(files) > 1:
            page.tab.click("tbody a >> nth=0")
        names = page.texts("#matches")
        for _ in range(page.tab.locator("button.row").count()):
            page.press("j")
            page.tab.locator(".canvas .chosen").first.hover(force=True)
        for text in ("img src", "__proto__", "evil", "red", "alert(10)", "style", "code", "a,b"):
            page.tab.fill("#search", text)
            page.press("Enter")
            assert page.lines(), text
            names += page.texts(".inspector strong")
        address = page.tab.url
        page.tab.goto("about:blank")
        page.tab.goto(address)
        assert page.texts(".inspector strong") == ["a,b&c=d#e"]
        assert {"<img src=x onerror=alert(6)>", "__proto__", "\\u202eevil\\u202c", "\\x1b[31mred", "a,b&c=d#e"} <= set(
            names
        )
        shown = page.texts(".code")[0]
        assert '"<img src=x onerror=alert(6)>" [label="<svg/onload=alert(7)>"]' in shown
        assert 'label="\\x1b]0;title\\x07"' in shown
        assert not page.tab.locator(
            ".workspace :is(script, style, img, a[href^=javascript], foreignObject, image)"
        ).count()
        pictured = page.tab.locator(".canvas .node text").all_text_contents()  # it shows them too, as text
        assert any("onload=alert(7)" in text for text in pictured)


@drawn
def test_placements_are_written_on_edges_on_demand(visit: Visit) -> None:
    page = visit("dense_pp2tp4_clean.dot")
    assert page.texts(".canvas .placement") == []
    page.press("t")
    shown = page.tab.locator(".canvas .placement").all_text_contents()
    assert {"tp: Shard(heads)", "tp: Shard(ffn)", "tp: Partial", "tp: Replicate"} == set(shown)
    titles = page.tab.locator(".canvas .edge:has(.placement) > title").all_text_contents()
    assert all("tensor: batch 2, seq 512" in title for title in titles)
    page.press("t")
    assert page.texts(".canvas .placement") == []


@drawn
@pytest.mark.parametrize("width", [1400, 700])
def test_labels_can_be_read_when_a_page_opens(visit: Visit, tmp_path: Path, width: int) -> None:
    """A graph that is too wide is folded instead of shrunk, and its first node is in sight."""
    names = [f"expert_{i}" for i in range(60)]
    nodes = "".join(f'  {name} [label="Expert {i}\\nGPU: {i}"]\n' for i, name in enumerate(names))
    wide = tmp_path / "wide.dot"
    wide.write_text(
        'digraph { a [label="Input"]; z [label="Output"]; g [label="Gate"]; c [label="All-to-All combine"];\n'
        f"{nodes} a -> g -> {{{' '.join(names)}}} -> c -> z }}"
    )
    page = visit(str(wide), width=width)
    if width < 800:
        page.tab.click(".switch [data-pane=picture]")
    assert page.texts(".views option")[:2] == ["Graph", "Siblings folded"]
    assert page.tab.input_value(".views") == "0-siblings"
    heights = page.tab.eval_on_selector_all(
        ".canvas .node text", "(all) => all.map((one) => one.getBoundingClientRect().height)"
    )
    assert min(heights) >= 8
    assert page.in_sight(".canvas .node")


@drawn
def test_the_graphs_of_a_document_are_views_of_its_page(visit: Visit, tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text(
        "# Plans\n```dot\ndigraph { a -> b }\n```\nand\n```dot\ndigraph { b -> c -> b [colour=red] }\n```\n"
    )
    page = visit(str(notes))
    assert page.texts(".views option") == ["Graph 1: Graph", "Graph 2: Graph"]
    page.tab.click("#text .line[data-line='7'] b >> nth=1")
    assert page.chosen() == ["c"]
    assert page.tab.input_value(".views") == "b1-0-none"
    page.tab.locator("button.row").first.click()
    assert page.lines() == [7]


@drawn
def test_a_double_click_opens_what_the_description_of_the_selection_covers(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "large.dot"
    path.write_text(large(), encoding="utf-8")
    page = visit(str(path), "-s", "pp4tp8")
    frame = page.tab.locator(".canvas").bounding_box()
    lowest = max(
        (
            box
            for box in (one.bounding_box() for one in page.tab.locator(".canvas .opens").all())
            if box and box["y"] + box["height"] < frame["y"] + frame["height"]
        ),
        key=lambda box: box["y"],
    )
    page.tab.mouse.dblclick(lowest["x"] + lowest["width"] / 2, lowest["y"] + lowest["height"] - 4)
    assert page.texts(".notes p")[0].startswith("opened: ")
