"""What fixing refuses: loops, and fixes that break what they touch. The fixes are made up, the rest is real."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from dotlint.engine.finding import Applicability, Edit, Finding, Fix
from dotlint.engine.result import Settings
from dotlint.pipeline import trials
from dotlint.pipeline.fix_text import fix_text
from dotlint.pipeline.fixpoint import Fixer
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.engine.result import FileResult


@pytest.fixture
def fixing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make every run find, and offer to fix, the first place of each of some words."""

    def install(*proposals: tuple[str, str, str], applicability: Applicability = "safe") -> None:
        def attach(result: FileResult) -> FileResult:
            found: list[Finding] = []
            for code, old, new in proposals:
                at = result.document.text.find(old)
                if at >= 0:
                    fix = Fix(applicability, (Edit(at, at + len(old), new),))
                    found.append(
                        Finding(
                            code,
                            "made-up",
                            "info",
                            f"{old} is there",
                            at,
                            at + len(old),
                            result.rules[code].section,
                            fix=fix,
                        )
                    )
            return replace_findings(result, found)

        monkeypatch.setattr(trials, "attach_fixes", attach)

    return install


def replace_findings(result: FileResult, found: list[Finding]) -> FileResult:
    return replace(result, findings=[*(replace(f, fix=None) for f in result.findings), *found])


def refused(text: str, *, unsafe: bool = False) -> str:
    result = fix_text(text, unsafe=unsafe)
    assert result.text == text
    assert not result.changed
    assert result.applied == ()
    assert len(result.refused) == 1
    return result.refused[0].reason


REFUSED = [
    (("D001", "; // why", ";"), "digraph { a -> b; // why\n }", "it loses the comment `// why`"),
    (("D001", "a -> b", "a -> b ]"), "digraph { a -> b }", "it leaves a syntax error"),
    (("D001", "b -> c", "b -> c; c -> a"), "digraph { a -> b; b -> c }", "it closes a cycle through `a`"),
    (("D001", "b;", "b; extra;"), "digraph { a; b; }", "it adds the node `extra`"),
    (("D001", "a -> b;", "a; b;"), "digraph { a -> b; }", "it loses the edge `a -> b`"),
    (("D001", "; b", ""), "digraph { a; b }", "it loses the node `b`"),
    (("D001", "a", "a"), "digraph { a }", "it changes nothing"),
    (("S001", "b;", "b; subgraph cluster_x { b }"), "digraph { a; b; }", "it moves `b` into another cluster"),
    (("S001", "a;", "a; node [color=red];"), "digraph { a; b; }", "it changes attributes of `b`"),
    (("D001", "}", "} digraph {"), "digraph { a }", "it leaves a syntax error"),
    (("E001", "]", "]]"), "digraph { a ] }", "the syntax error is still there"),
]


@pytest.mark.parametrize(("proposal", "text", "reason"), REFUSED)
def test_a_fix_that_harms_is_refused_and_not_written(
    fixing: Callable[..., None], proposal: tuple[str, str, str], text: str, reason: str
) -> None:
    fixing(proposal)
    assert refused(text).startswith(reason)


def test_an_unsafe_fix_may_add_nodes_but_only_where_it_is_asked_for(fixing: Callable[..., None]) -> None:
    fixing(("D001", "b; }", "b; extra }"), applicability="unsafe")
    text = "digraph { a; b; }"
    assert fix_text(text).text == text
    assert "extra" in fix_text(text, unsafe=True).text


def test_one_bad_fix_does_not_keep_the_good_ones_from_being_written(fixing: Callable[..., None]) -> None:
    fixing(("D001", "red", "blue"), ("D002", "a -> b", "a"), ("D003", "box", "oval"))
    result = fix_text("digraph { a -> b; b [color=red shape=box] }")
    assert result.text == "digraph { a -> b; b [color=blue shape=oval] }"
    assert [f.code for f in result.applied] == ["D001", "D003"]
    assert [(r.finding.code, r.reason) for r in result.refused] == [("D002", "it loses the edge `a -> b`")]


def test_fixes_that_undo_each_other_are_left_out_and_others_are_made(fixing: Callable[..., None]) -> None:
    fixing(("D001", "red", "blue"), ("D002", "blue", "red"), ("D003", "box", "oval"))
    result = fix_text("digraph { b [color=red shape=box] }")
    assert result.text == "digraph { b [color=red shape=oval] }"
    assert {r.reason for r in result.refused} == {"fixes of its kind undo each other here"}


def test_a_fix_without_an_end_is_not_even_begun(fixing: Callable[..., None]) -> None:
    fixing(("D001", "red", "redder"))
    source = Source.from_text("digraph { b [color=red] }")
    outcome = Fixer(Settings(), unsafe=False, passes=7).run(source)
    assert outcome.source.text == source.text
    assert [r.reason for r in outcome.refused] == ["after 7 passes there was still something to fix"]


def test_fixes_that_touch_wait_for_each_other(fixing: Callable[..., None]) -> None:
    fixing(("D001", "red", "blue"), ("D002", "red;", "green;"), ("D003", "blue;", "navy;"))
    result = fix_text("digraph { b [color=red;] }")
    assert result.text == "digraph { b [color=navy;] }"
    assert [f.code for f in result.applied] == ["D001", "D003"]


def routed(arms: range) -> str:
    nodes = ['  input [label="Input"]', '  output [label="Output"]', '  route [label="Expert Routing\\nGPU: 0-3"]']
    nodes += [f'  expert_{i} [label="Expert {i}\\nGPU: {i}"]' for i in range(4)]
    edges = ["  input -> route", *(f"  route -> expert_{i}" for i in arms)]
    edges += [*(f"  expert_{i} -> output" for i in range(4)), ""]
    return "digraph {\n" + "\n".join((*nodes, *edges)) + "}\n"


def test_one_arm_of_a_fan_where_all_were_missing_is_no_new_fault(fixing: Callable[..., None]) -> None:
    fixing(("S001", "  input -> route\n", "  input -> route -> expert_0\n"))
    result = fix_text(routed(range(0)))
    assert result.refused == ()
    assert "route -> expert_0" in result.text
    assert "S011" in {finding.code for finding in result.remaining}


def test_an_arm_that_goes_is_one(fixing: Callable[..., None]) -> None:
    fixing(("N004", "  route -> expert_3\n", ""))
    assert refused(routed(range(4))).startswith("it adds G0")


def test_a_suppression_holds_for_its_own_line_also_after_lines_were_put_in() -> None:
    text = "rankdir=LR\na [colr=red]  // dotlint: ignore[A001]\nb [shpe=box]\na -> b\n"
    fixed = fix_text(Source(text, "a.dot"), Settings(), unsafe=True).text
    assert fixed == "digraph G {\n" + text.replace("shpe", "shape") + "}\n"
