"""Fixing refuses loops and harmful fixes. The fixes are artificial, everything else is real."""

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
from tests.dsl import settings_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.engine.result import FileResult


@pytest.fixture
def fixing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make every run report the first occurrence of each word, with a fix."""

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
    (("D001", "; // why", ";"), "digraph { a -> b; // why\n }", "it would remove the comment `// why`"),
    (("D001", "a -> b", "a -> b ]"), "digraph { a -> b }", "it would leave a syntax error"),
    (("D001", "b -> c", "b -> c; c -> a"), "digraph { a -> b; b -> c }", "it would close a cycle through `a`"),
    (("D001", "b;", "b; extra;"), "digraph { a; b; }", "it would add the node `extra`"),
    (("D001", "a -> b;", "a; b;"), "digraph { a -> b; }", "it would remove the edge `a -> b`"),
    (("D001", "; b", ""), "digraph { a; b }", "it would remove the node `b`"),
    (("D001", "a", "a"), "digraph { a }", "it would change nothing"),
    (("S001", "b;", "b; subgraph cluster_x { b }"), "digraph { a; b; }", "it would move `b` into another cluster"),
    (("S001", "a;", "a; node [color=red];"), "digraph { a; b; }", "it would change attributes of `b`"),
    (("D001", "}", "} digraph {"), "digraph { a }", "it would leave a syntax error"),
    (("E001", "]", "]]"), "digraph { a ] }", "the syntax error would remain"),
]


@pytest.mark.parametrize(("proposal", "text", "reason"), REFUSED)
def test_a_harmful_fix_is_refused(
    fixing: Callable[..., None], proposal: tuple[str, str, str], text: str, reason: str
) -> None:
    fixing(proposal)
    assert refused(text).startswith(reason)


def test_only_an_unsafe_fix_may_add_nodes(fixing: Callable[..., None]) -> None:
    fixing(("D001", "b; }", "b; extra }"), applicability="unsafe")
    text = "digraph { a; b; }"
    assert fix_text(text).text == text
    assert "extra" in fix_text(text, unsafe=True).text


def test_a_refused_fix_does_not_prevent_others(fixing: Callable[..., None]) -> None:
    fixing(("D001", "red", "blue"), ("D002", "a -> b", "a"), ("D003", "box", "oval"))
    result = fix_text("digraph { a -> b; b [color=red shape=box] }")
    assert result.text == "digraph { a -> b; b [color=blue shape=oval] }"
    assert [f.code for f in result.applied] == ["D001", "D003"]
    assert [(r.finding.code, r.reason) for r in result.refused] == [("D002", "it would remove the edge `a -> b`")]


def test_fixes_that_undo_each_other_are_refused(fixing: Callable[..., None]) -> None:
    fixing(("D001", "red", "blue"), ("D002", "blue", "red"), ("D003", "box", "oval"))
    result = fix_text("digraph { b [color=red shape=box] }")
    assert result.text == "digraph { b [color=red shape=oval] }"
    assert {r.reason for r in result.refused} == {"fixes of this rule undo each other in this file"}


def test_a_fix_that_never_ends_is_not_applied(fixing: Callable[..., None]) -> None:
    fixing(("D001", "red", "redder"))
    source = Source.from_text("digraph { b [color=red] }")
    outcome = Fixer(Settings(), unsafe=False, passes=7).run(source)
    assert outcome.source.text == source.text
    assert [r.reason for r in outcome.refused] == ["there were still fixes to apply after 7 passes"]


def test_adjoining_fixes_go_into_separate_passes(fixing: Callable[..., None]) -> None:
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


def test_one_edge_of_a_fan_out_that_lacked_all_is_no_new_defect(fixing: Callable[..., None]) -> None:
    fixing(("S001", "  input -> route\n", "  input -> route -> expert_0\n"))
    result = fix_text(routed(range(0)))
    assert result.refused == ()
    assert "route -> expert_0" in result.text
    assert "S011" in {finding.code for finding in result.remaining}


def test_a_lost_edge_of_a_fan_out_is_a_new_defect(fixing: Callable[..., None]) -> None:
    fixing(("N004", "  route -> expert_3\n", ""))
    assert refused(routed(range(4))).startswith("it would cause S001")


def test_a_suppression_follows_its_line_after_insertions() -> None:
    text = "rankdir=LR\na [colr=red]  // dotlint: ignore[A001]\nb [shpe=box]\na -> b\n"
    fixed = fix_text(Source(text, "a.dot"), Settings(), unsafe=True).text
    assert fixed == "digraph G {\n" + text.replace("shpe", "shape") + "}\n"


def test_a_rule_that_is_silent_here_objects_to_no_fix() -> None:
    text = "digraph {\n  a -> b -> a // dotlint: ignore[G001]\n}\n"  # no deployment, so cycles are not reported
    for settings in (Settings(), settings_for(("X", "G"))):
        assert fix_text(Source(text, "a.dot"), settings).text == "digraph {\n  a -> b -> a\n}\n"
