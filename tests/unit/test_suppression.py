"""Comments that suppress: what each applies to, and what is reported of those that do not work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from dotlint.checks import structure
from dotlint.edits.apply import apply_edits
from dotlint.engine.finding import Edit, Fix, Location
from dotlint.engine.narrow import narrowed
from dotlint.engine.own_cards import own_cards
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.pipeline.lint import lint
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from dotlint.engine.result import FileResult


def checked(text: str, *select: str) -> FileResult:
    selection = Selection(select=select or ("N004", "N006", "E", "X"))
    return lint(Source.from_text(text, "t.dot"), Settings(selection=selection))


def codes(text: str, *select: str) -> list[tuple[str, int]]:
    result = checked(text, *select)
    return [(f.code, result.source.position(f.start).line) for f in result.findings]


@pytest.mark.parametrize(
    "text",
    [
        "digraph {\n  a -> a // dotlint: ignore[N006]\n}\n",
        "digraph {\n  a -> a // dotlint: ignore[self-loop] it retries\n}\n",
        "digraph {\n  a -> a // dotlint: ignore[N] it retries\n}\n",
        "digraph {\n  a -> a // dotlint: ignore[n006 , G001] both\n}\n".replace(" , G001", ""),
        "digraph {\n  a -> a /* dotlint: ignore[N006] */;\n}\n",
        "digraph {\n  a -> a // DOTLINT:ignore[N006]\n}\n",
        "digraph {\n  a -> a // dotlint: ignore[ALL]\n}\n",
        "digraph {\n  a -> a // dotlint: ignore[all]\n}\n",
        "digraph {\n  a -> a /*dotlint:ignore[N006]*/\n}\n",
        "digraph {\n  a -> a /*dotlint:ignore*/\n}\n",
        "digraph {\n  a -> a // of a/*b*/ // dotlint: ignore[N006] why */\n}\n",
        "digraph {\n  a -> a // see the plan // dotlint: ignore[N006]\n}\n",
        "digraph {\n  // dotlint: ignore[N006]\n  a -> a\n}\n",
        "digraph {\n  // dotlint: ignore[N006]\n\n  // and why\n  a -> a\n}\n",
        "digraph {\n# dotlint: ignore[N006]\n  a -> a\n}\n",
        "digraph {\n  a -> a [penwidth=2, // dotlint: ignore[N006]\n    style=dashed]\n}\n",
        "digraph {\n  a -> a [penwidth=2,\n    style=dashed] // dotlint: ignore[N006]\n}\n",
        "digraph {\n  a -> a [penwidth=2,\n    // dotlint: ignore[N006]\n    style=dashed]\n}\n",
        "digraph {\n  /* dotlint: ignore[N006]\n     as the vendor draws it */\n  a -> a\n}\n",
        "digraph {\n  /* as the vendor draws it:\n   * dotlint: ignore[N006] */\n  a -> a\n}\n",
        "digraph {\n  // dotlint: ignore[N006]\n  subgraph cluster_a {\n    a -> a\n  }\n}\n",
        "digraph {\n  // dotlint: ignore-start[N006]\n  b\n  a -> a\n  // dotlint: ignore-end\n}\n",
        "digraph {\n  // dotlint: ignore-start[N006]\n  a -> a\n  // dotlint: ignore-end[N006]\n}\n",
        "// dotlint: ignore-file[N006]\ndigraph {\n  a -> a\n}\n",
        "digraph {\n  // dotlint: ignore-file[N006] drawn by hand\n  a -> a\n}\n",
        "digraph { a -> a } // dotlint: ignore[N006]\n",
        "digraph {\r\n  a -> a // dotlint: ignore[N006]\r\n}\r\n",
    ],
)
def test_a_comment_suppresses_what_it_names(text: str) -> None:
    result = checked(text)
    assert result.findings == []
    assert [finding.code for finding in result.suppressed] == ["N006"]


@pytest.mark.parametrize("name", ["unknown-color", "unknown-colour"])
def test_a_comment_may_use_an_earlier_name(name: str) -> None:
    text = f"digraph {{\n  a [color=ligthblue] // dotlint: ignore[{name}]\n}}\n"
    assert codes(text, "A005", "X") == []
    assert codes(text.replace("ligthblue", "blue"), "A005", "X") == [("X002", 2)]


def test_without_brackets_every_rule_is_suppressed() -> None:
    assert codes("digraph {\n  a -> a -> a // dotlint: ignore\n}\n") == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("digraph {\n  a -> a // dotlint: ignore[N006]\n  b -> b\n}\n", [("N006", 3)]),
        ("digraph {\n  // dotlint: ignore[N006]\n  a -> a; b -> b\n}\n", [("N006", 3)]),
        (
            "digraph {\n  // dotlint: ignore-start[N006]\n  a -> a\n  // dotlint: ignore-end\n  b -> b\n}\n",
            [("N006", 5)],
        ),
        (
            "digraph {\n  subgraph c {\n    b -> b\n    a -> a\n    // dotlint: ignore[N006]\n  }\n}\n",
            [("N006", 3), ("N006", 4), ("X002", 5)],
        ),
        ('digraph {\n  a -> a [id="// dotlint: ignore[N006]"]\n}\n', [("N006", 2)]),
    ],
)
def test_a_comment_applies_to_no_more_than_its_statement(text: str, left: list[tuple[str, int]]) -> None:
    assert codes(text) == left


def test_what_cannot_be_read_is_suppressed_by_its_line() -> None:
    text = "digraph {\n  a -- b // dotlint: ignore[E013]\n  c [style=rounded,filled]\n}\n"
    assert codes(text) == [("E008", 3)]


def test_other_rules_at_the_statement_stay() -> None:
    text = "digraph {\n  a -> a // dotlint: ignore[N006]\n}\n"
    assert codes(text, "G001", "N006") == [("G001", 2)]


@pytest.mark.parametrize(
    ("comment", "message", "help_"),
    [
        ("ignore[N06]", "unknown rule `N06`", "did you mean `N0"),
        ("ignore[self-lop]", "unknown rule `self-lop`", "did you mean `self-loop`?"),
        ("ignroe[N006]", "`dotlint: ignroe` is not a suppression", "did you mean `ignore`?"),
        ("ignore[]", "`ignore[]` names no rule", "omit the brackets"),
        ("ignore[N006", "`ignore[` has no closing `]`", "add `]`"),
        ("ignore N006", "`ignore N006` applies to every rule, not only to N006", "write `ignore[N006]`"),
        ("ignore-file[N006]", "`ignore-file` has no effect after the first statement", "top of the file"),
        ("ignore-end", "`ignore-end` has no matching `ignore-start`", "ignore-start"),
        (
            "ignore-start[N006]",
            "`ignore-start` without `ignore-end` suppresses findings up to the end of the file",
            "ignore-end",
        ),
    ],
)
def test_what_is_not_understood_is_told(comment: str, message: str, help_: str) -> None:
    result = checked(f"digraph {{\n  b\n  a -> a // dotlint: {comment}\n}}\n")
    [found] = [finding for finding in result.findings if finding.code == "X003"]
    assert found.message == message
    assert help_ in (found.help or "")
    assert "dotlint" in result.document.text[found.start : found.end] or found.message.startswith("unknown rule")


@pytest.mark.parametrize("mistake", ["ignore-end", "ignore-file[N006]", "ignore[]", "ignroe", "ignore[N006"])
def test_after_a_mistake_the_others_hold(mistake: str) -> None:
    text = (
        f"digraph {{\n  x\n  // dotlint: {mistake}\n  a -> a // dotlint: ignore[N006]\n  b -> b\n"
        "  // dotlint: ignore-start[N006]\n  c -> c\n  // dotlint: ignore-end\n  d -> d\n}\n"
    )
    assert codes(text) == [("X003", 3), ("N006", 5), ("N006", 9)]


@pytest.mark.parametrize("word", ["AAA", "A999", "allx", "al", "1", "-"])
def test_a_word_that_begins_no_code_is_no_rule(word: str) -> None:
    assert codes(f"digraph {{\n  a -> a // dotlint: ignore[{word}]\n}}\n") == [("N006", 2), ("X003", 2)]


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        ("ignore-end[N006]", "ignore-end", [7, 9]),  # a named end ends the block of its rules
        ("ignore-end", "ignore-end[N006]", [9]),  # one without a name ends the latest
        ("ignore-end[n006]", "ignore-end[g001]", [7, 9]),
    ],
)
def test_blocks_end_where_their_own_end_stands(first: str, second: str, left: list[int]) -> None:
    text = (
        "digraph {\n  // dotlint: ignore-start[N006]\n  a -> a\n  // dotlint: ignore-start[G001]\n  b -> b\n"
        f"  // dotlint: {first}\n  c -> c\n  // dotlint: {second}\n  d -> d\n}}\n"
    )
    assert codes(text, "N006") == [("N006", line) for line in left]
    assert ("G001", 5) not in codes(text, "G001")


@pytest.mark.parametrize("start", ["ignore-file[E]", "ignore-start[E]"])
def test_what_is_missing_at_the_end_of_the_text_is_reached(start: str) -> None:
    text = f"// dotlint: {start}\ndigraph {{\n  a ->"
    left = [code for code, _ in codes(text) if code.startswith("E")]
    assert left == []
    assert [code for code, _ in codes(text.partition("\n")[2]) if code.startswith("E")]


def test_a_reason_is_no_rule() -> None:
    assert codes("digraph {\n  a -> a // dotlint: ignore a well-known all-in-one\n}\n") == []


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("digraph {\n  a -> b // dotlint: ignore[N006] why\n}\n", "digraph {\n  a -> b\n}\n"),
        ("digraph {\n  // dotlint: ignore[N006]\n  a -> b\n}\n", "digraph {\n  a -> b\n}\n"),
        ("digraph {\n  // dotlint: ignore\n  a -> b\n}\n", None),
        (
            "digraph {\n  a -> a // dotlint: ignore[N004, N006] why\n}\n",
            "digraph {\n  a -> a // dotlint: ignore[N006] why\n}\n",
        ),
        ("digraph {\n  a -> b/* dotlint: ignore[N006] */-> c\n}\n", "digraph {\n  a -> b -> c\n}\n"),
        ("digraph {\n  a -> b /* dotlint: ignore[N006] */ -> c\n}\n", "digraph {\n  a -> b  -> c\n}\n"),
        (
            "digraph {\n  a -> b // as planned // dotlint: ignore[N006]\n}\n",
            "digraph {\n  a -> b // as planned\n}\n",
        ),
        (
            "digraph {\n  // dotlint: ignore-start[N006]\n  a -> b\n  // dotlint: ignore-end\n}\n",
            "digraph {\n  a -> b\n}\n",
        ),
        ("digraph {\r\n  a -> b // dotlint: ignore[N006]\r\n}\r\n", "digraph {\r\n  a -> b\r\n}\r\n"),
        ("digraph { a -> b } // dotlint: ignore[N006]", "digraph { a -> b }"),
        (
            "digraph {\n  /* first\n   * dotlint: ignore[N006]\n   * last */\n  a -> b\n}\n",
            "digraph {\n  /* first\n   * last */\n  a -> b\n}\n",
        ),
    ],
)
def test_an_unused_comment_is_told_and_its_fix_takes_it_away(text: str, fixed: str | None) -> None:
    result = checked(text)
    found = [finding for finding in result.findings if finding.code == "X002"]
    if fixed is None:
        assert found == [], "who selects rules does not ask for all of them, so it may be used in another run"
        return
    [finding] = found
    assert finding.fix is not None
    assert finding.fix.applicability == "safe"
    assert apply_edits(text, finding.fix.edits) == fixed


def test_a_comment_for_all_rules_is_unused_where_all_were_asked() -> None:
    result = lint(Source.from_text("digraph {\n  a -> b // dotlint: ignore\n}\n", "t.dot"))
    assert [finding.code for finding in result.findings] == ["X002"]


def test_a_rule_that_was_not_asked_is_not_called_unused() -> None:
    assert codes("digraph {\n  a -> b // dotlint: ignore[N006]\n}\n", "G001", "X002") == []
    assert codes("digraph {\n  a -> b // dotlint: ignore[P007]\n}\n", "P007", "X002") == [], "it lacks a strategy"


def test_a_crash_is_never_suppressed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(structure, "cycles", broken)
    result = checked("// dotlint: ignore-file[X001, ALL]\ndigraph {\n  a -> b\n}\n", "G001", "X001")
    assert [finding.code for finding in result.findings] == ["X001"]


def test_comments_about_comments_can_be_suppressed_by_name() -> None:
    text = "// dotlint: ignore-file[X002]\ndigraph {\n  a -> b // dotlint: ignore[N006]\n}\n"
    assert codes(text) == []


def test_a_finding_that_stands_elsewhere_is_pointed_to() -> None:
    result = checked("digraph {\n  a -> b\n  b -> a // dotlint: ignore[G001]\n}\n", "G001", "X")
    cycle, unused = result.findings
    assert (cycle.code, cycle.nodes) == ("G001", ("a", "b"))
    assert unused.code == "X002"
    assert [related.start for related in unused.related] == [cycle.start]
    assert unused.help == "move it to the location of the finding, or remove it"


@pytest.mark.parametrize(
    ("code", "body", "message", "nodes", "fix"),
    [
        (
            "A001",
            "a [colour=red] //\n b [colour=red]\n c [colour=red]",
            "Graphviz has no attribute `colour`, set on 2 nodes",
            ("b", "c"),
            2,
        ),
        (
            "A001",
            "a [colour=red]\n b [colour=red] //\n c [colour=red]",
            "Graphviz has no attribute `colour`, set on 2 nodes",
            ("a", "c"),
            2,
        ),
        ("N004", "a -> b\n a -> b //\n a -> b", "`a -> b` is a repeated edge", ("a", "b"), 1),
        ("N006", "a1 -> a1 //\n a2 -> a2", "`a2` has an edge to itself", ("a2",), 0),
        ("N006", "a2 -> a2\n a1 -> a1 //", "`a2` has an edge to itself", ("a2",), 0),
        (
            "A004",
            "a [shape=elipse]\n b [shape=boxx] //\n c [shape=bo]\n d [shape=bx]\n e [shape=cirle]",
            "Graphviz has no shape `elipse` and draws a box instead",
            ("a",),
            1,
        ),
        ("N002", '"a{i}" -> b\n "c{i}" -> d //', "the name of `a{i}` contains the placeholder `{i}`", ("a{i}",), 0),
    ],
)
def test_a_comment_hides_its_own_location_alone(
    code: str, body: str, message: str, nodes: tuple[str, ...], fix: int
) -> None:
    """What is left of the finding is true: message, nodes and fix; and the comment is used."""
    plain = checked(f"digraph {{\n {body}\n}}\n", code, "X")
    text = plain.document.text.replace("//", f"// dotlint: ignore[{code}]")
    result = checked(text, code, "X")
    assert {finding.code for finding in result.findings} == {code}
    first = result.findings[0]
    assert (first.message, first.nodes) == (message, nodes)
    assert len(first.fix.edits if first.fix else ()) == fix
    line = next(i for i, each in enumerate(text.split("\n"), 1) if "//" in each)
    located = [(f, loc) for f in result.findings for loc in f.locations]
    assert all(result.document.source.position(loc.start).line != line for _, loc in located)
    assert len(located) == sum(len(f.locations) for f in plain.findings) - 1
    assert all((f.start, f.end) == (f.locations[0].start, f.locations[0].end) for f in result.findings)


def test_many_duplicates_and_one_comment() -> None:
    body = "".join(f'  a{i} [label="LayerNorm\\nGPU: {i}"]\n  a{i} -> b{i}\n  a{i} -> b{i}\n' for i in range(150))
    result = checked(f"digraph {{\n{body}  a0 -> b0 // dotlint: ignore[N004] on purpose\n}}\n")
    (finding,) = [one for one in result.findings if one.code == "N004"]
    assert len(finding.locations) == 150
    assert "149 more edges" in finding.message
    assert len(result.suppressed) == 1


def test_a_plugin_that_knows_no_hidden_locations_is_narrowed() -> None:
    card = own_cards()[0]
    places = [Location(0, 1, "a"), Location(2, 3, "b"), Location(4, 5, "b")]
    fix = Fix("safe", (Edit(0, 1, ""),))
    finding = card.finding("3 things", 0, 1, nodes=("a", "b"), locations=tuple(places), fix=fix, fixable="safe")
    left = narrowed(finding, {places[0].key})
    assert left is not None
    assert (left.start, left.nodes, left.fix, left.fixable) == (2, ("b",), None, None)
    assert left.locations == tuple(places[1:])
    assert left.note == "1 of its 3 locations is not reported"
    assert narrowed(finding, {place.key for place in places}) is None
    assert narrowed(finding, set()) is finding


def test_many_comments_in_a_long_file_stay_quick() -> None:
    body = "".join(f"  n{i} -> n{i + 1} // dotlint: ignore[N006]\n" for i in range(5_000))
    start = time.perf_counter()
    result = checked(f"digraph {{\n{body}}}\n", "N006")
    assert result.findings == []
    assert time.perf_counter() - start < 20


def test_hostile_comments_stay_quick() -> None:
    text = (
        "digraph {\n//"
        + "/" * 200_000
        + " " * 200_000
        + "dotlint\n/*"
        + "*" * 200_000
        + "\n"
        + "// " * 60_000
        + "*/}\n"
    )
    start = time.perf_counter()
    checked(text)
    assert time.perf_counter() - start < 10
