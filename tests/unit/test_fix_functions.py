"""Fixes and their titles: every one has a title, and a plugin's check can name the function that computes its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dotlint.engine.card import Card, Example
from dotlint.engine.own_cards import own_cards
from dotlint.engine.result import Settings
from dotlint.pipeline.compute import attach_fixes
from dotlint.pipeline.lint import lint
from dotlint.pipeline.lint_file import lint_file
from dotlint.plugin import Context, Edit, Finding, Fix, Plugin, Unit, fixed_by
from dotlint.registry import plugins
from dotlint.report.as_json import finding_dict
from dotlint.syntax.source import Source
from tests.dsl import settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dotlint.engine.result import FileResult

FIXED = [(card, example) for card in own_cards() for example in card.examples if example.fixed is not None]
TWO_PHASES = Path(__file__).parent.parent / "fixtures" / "moe_two_phases.dot"


def offered(card: Card, example: Example) -> FileResult:
    settings = settings_for(() if card.code == "X002" else (card.code,), example.toml or example.strategy)
    data = (example.bad or "").encode("utf-8", "surrogateescape")
    return lint_file(Source.from_bytes(data, example.filename), settings)


@pytest.mark.parametrize(("card", "example"), FIXED, ids=lambda one: getattr(one, "code", ""))
def test_every_fix_has_a_title_in_the_imperative(card: Card, example: Example) -> None:
    result = offered(card, example)
    titles = [finding.fix.title for finding in result.findings if finding.fix is not None and finding.code == card.code]
    assert titles
    for title in titles:
        assert re.fullmatch(r"(?:[A-Z][a-z]+) .*[^.]", title), title
    shown = finding_dict(next(f for f in result.findings if f.fix is not None), result.source)
    assert shown["fix"]["title"] == next(f.fix.title for f in result.findings if f.fix is not None)


def test_a_title_states_the_change_and_the_unit() -> None:
    settings = settings_for(strategy="pp4ep4tp2sp2")
    result = lint_file(Source.from_bytes(TWO_PHASES.read_bytes(), "a.dot"), settings)
    titles = [f.fix.title for f in result.findings if f.fix is not None and f.code in {"S001", "S002"}]
    assert "Add the 20 missing edges of stage 2" in titles
    assert "Add stages 2, 3 and 4 of decode" in titles


def test_the_unit_of_a_finding_is_also_data() -> None:
    settings = settings_for(strategy="pp4ep4tp2sp2")
    result = lint(Source.from_bytes(TWO_PHASES.read_bytes(), "a.dot"), settings)
    shown = [finding_dict(finding, result.source) for finding in result.findings]
    about = {one["unit"]: one["about"] for one in shown}
    assert about["stage 2"] == {"phase": "prefill", "stage": 2}
    assert about["decode"] == {"phase": "decode"}
    assert about["decode stage 1"] == {"phase": "decode", "stage": 1}
    assert all((one["unit"] is None) == (one["about"] is None) for one in shown)


@pytest.mark.parametrize(
    ("unit", "title"),
    [
        (Unit(phase="decode", stage=1, qualified=True), "decode stage 1"),
        (Unit(phase="prefill", stage=1), "stage 1"),
        (Unit(phase="prefill", stage=1, layer=3), "layer 3 of stage 1"),
        (Unit(phase="decode", layer=3, qualified=True), "layer 3 of decode"),
        (Unit(family="expert_#"), "`expert_#`"),
        (Unit(phase="decode", qualified=True), "decode"),
        (Unit(phase="prefill"), "the graph"),
    ],
)
def test_titles_of_units(unit: Unit, title: str) -> None:
    assert str(unit) == title


def test_a_slim_result_references_no_graph() -> None:
    settings = settings_for(strategy="pp4ep4tp2sp2")
    result = attach_fixes(lint(Source.from_bytes(TWO_PHASES.read_bytes(), "a.dot"), settings))
    assert any(finding.data is not None for finding in result.findings)
    assert all(finding.data is None for finding in result.slim().findings)


CARD = Card("ACME101", "long-label", "a label is long", "acme:labels", "info", "attributes", "Why.", fix="unsafe")


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., object]], Finding]:
    """Return a function that lints `digraph { a [label=loud] }` with a plugin's check and its fix function."""

    def run(function: Callable[..., object]) -> Finding:
        @fixed_by(function)  # type: ignore[arg-type]
        def labels(context: Context, card: Card) -> Iterator[Finding]:
            for node in context.nodes:
                if node.label == "loud":
                    yield card.finding(f"`{node.name}` is loud", node.start, node.end, nodes=(node.name,))

        plugin = Plugin(Path(), {"labels": labels})
        monkeypatch.setattr(plugins, "find_plugin", lambda _: plugin)
        settings = Settings(cards=(CARD,))
        (found,) = lint_file(Source.from_text("digraph { a [label=loud] }", "a.dot"), settings).findings
        return found

    return run


def test_a_plugin_computes_the_fixes_of_its_findings(acme: Callable[..., Finding]) -> None:
    def quiet(context: Context, finding: Finding) -> Fix:
        start = context.text.index("loud", finding.start)
        return Fix("unsafe", (Edit(start, start + 4, "quiet"),))

    found = acme(quiet)
    assert found.fix is not None
    assert (found.fix.title, found.fixable) == ("Replace `loud` with `quiet`", "unsafe")


def test_a_plugin_can_state_why_there_is_no_fix(acme: Callable[..., Finding]) -> None:
    assert acme(lambda *_: "it is meant to be loud").help == "no automatic fix: it is meant to be loud"


def test_a_plugin_that_fails_to_fix_keeps_its_finding(acme: Callable[..., Finding]) -> None:
    found = acme(lambda *_: 3)
    assert found.fix is None
    assert "TypeError" in (found.help or "")
    assert "a bug in the plugin" in (found.help or "")
