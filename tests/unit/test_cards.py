"""The rule cards: complete, unambiguous, and right about their own examples."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dotlint.checks import CHECKS
from dotlint.engine.card import PRESETS, Card, CardError, Example
from dotlint.engine.card_file import read_card, read_folder
from dotlint.engine.compile import compiled
from dotlint.engine.own_cards import own_cards
from dotlint.engine.resources import rules_folder
from dotlint.engine.sections import SECTIONS
from dotlint.engine.select import Selection, chosen
from dotlint.pipeline.fix_text import fix_text
from dotlint.pipeline.lint import lint
from dotlint.registry.rules import all_cards
from dotlint.syntax.source import Source
from tests.dsl import settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator

CARDS = own_cards()
# The engine itself makes these findings, of a run and not of a file: no DOT text shows one.
WITHOUT_EXAMPLE = {"X"}


def _texts() -> Iterator[tuple[Card, Example, str, str]]:
    for card in CARDS:
        for example in card.examples:
            for kind in ("bad", "fixed", "good"):
                text = getattr(example, kind)
                if text is not None:
                    yield card, example, kind, text


def _codes(example: Example, text: str) -> set[str]:
    settings = settings_for(strategy=example.toml or example.strategy)
    result = lint(Source.from_bytes(text.encode("utf-8", "surrogateescape"), example.filename), settings)
    assert not result.crashed
    return {finding.code for finding in result.findings}


@pytest.mark.parametrize(
    ("card", "example", "kind", "text"),
    [pytest.param(*case, id=f"{case[0].code}-{case[2]}-{number}") for number, case in enumerate(_texts())],
)
def test_example(card: Card, example: Example, kind: str, text: str) -> None:
    if "recommended" not in card.presets:
        pytest.skip("runs only where it is asked for")
    assert (card.code in _codes(example, text)) == (kind == "bad")


@pytest.mark.parametrize(
    ("card", "example"),
    [pytest.param(c, e, id=f"{c.code}-{n}") for c in CARDS for n, e in enumerate(c.examples) if e.fixed is not None],
)
def test_fixed_is_what_the_fix_writes(card: Card, example: Example) -> None:
    assert example.bad is not None
    # A comment is unused only where all rules were asked.
    settings = settings_for(() if card.code == "X002" else (card.code,), example.toml or example.strategy)
    source = Source.from_bytes(example.bad.encode("utf-8", "surrogateescape"), example.filename)
    assert fix_text(source, settings, unsafe=True).text == example.fixed


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.code)
def test_card_is_complete(card: Card) -> None:
    assert card.check in CHECKS
    assert card.section in SECTIONS
    assert set(card.presets) <= set(PRESETS)
    assert "strict" in card.presets
    assert not card.summary.endswith(".")
    assert card.summary[0].islower() or not card.summary[0].isalpha() or card.summary.split()[0].isupper()
    assert card.why.endswith(".")
    assert card.since, "the first version with the rule"
    assert set(card.parameter_help) == set(card.parameters)
    assert all(text.endswith(".") for text in card.parameter_help.values())
    if card.code[0] not in WITHOUT_EXAMPLE:
        assert any(example.bad for example in card.examples)
        assert any(example.good or example.fixed for example in card.examples)


def test_codes_names_and_files_agree() -> None:
    assert len({card.code for card in CARDS}) == len(CARDS)
    names = [name for card in CARDS for name in card.names]
    assert len(set(names)) == len(names)
    files = {path.relative_to(rules_folder()).as_posix() for path in rules_folder().rglob("*.toml")} - {
        "vocabulary.toml",
        "operators.toml",
    }
    assert files == {f"{card.code[0]}/{card.code}-{card.name}.toml" for card in CARDS}


GOOD = """
code = "Q001"
name = "of-a-user"
summary = "an id that is too long"
check = "cycle"
severity = "error"
section = "names"
why = "Long ids are hard to read."
"""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('severity = "error"', 'severity = "fatal"'), "must be one of error, warning, info"),
        (('section = "names"', 'section = "nowhere"'), "must be one of syntax"),
        (('why = "Long ids are hard to read."', 'why = " "'), "`why` must be a non-empty string"),
        (('code = "Q001"', 'colour = "red"\ncode = "Q001"'), "unknown key `colour`"),
        (('code = "Q001"', 'needs = ["money"]\ncode = "Q001"'), "`needs` can contain only strategy and model"),
        (('code = "Q001"', "code = Q001"), "invalid TOML"),
        (('code = "Q001"', 'aliases = "an-old-name"\ncode = "Q001"'), "`aliases` must be a list of names"),
        (('code = "Q001"', 'aliases = ["An old name"]\ncode = "Q001"'), "`aliases` must be a list of names"),
        (('code = "Q001"', 'aliases = ["of-a-user"]\ncode = "Q001"'), "`aliases` must differ"),
        (('code = "Q001"', 'aliases = ["old", "old"]\ncode = "Q001"'), "`aliases` must differ"),
    ],
)
def test_card_that_lacks_something_is_refused(change: tuple[str, str], told: str) -> None:
    assert read_card(GOOD, "here").code == "Q001"
    with pytest.raises(CardError) as caught:
        read_card(GOOD.replace(*change), "here")
    assert told in str(caught.value)
    assert "here" in str(caught.value)


def test_file_name_that_disagrees_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Q002-of-a-user.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(CardError, match="Q002-of-a-user"):
        read_folder(tmp_path)


@pytest.mark.parametrize("name", ["unknown-color", "unknown-colour", "Unknown-Colour"])
def test_an_alias_selects_and_ignores_as_the_name_does(name: str) -> None:
    assert [card.code for card in chosen(CARDS, Selection(select=(name,)))] == ["A005"]
    assert "A005" not in {card.code for card in chosen(CARDS, Selection(extend_select=("A005",), ignore=(name,)))}


@pytest.mark.parametrize("name", ["unknown-color", "unknown-colour"])
def test_a_card_in_a_folder_replaces_a_rule_under_any_of_its_names(tmp_path: Path, name: str) -> None:
    [own] = [card for card in CARDS if card.code == "A005"]
    text = GOOD.replace("Q001", "A005").replace("of-a-user", name)
    (tmp_path / f"A005-{name}.toml").write_text(text, encoding="utf-8")
    [card] = [card for card in all_cards((tmp_path,)) if card.code == "A005"]
    assert (card.names, card.summary) == (own.names, "an id that is too long")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of its own, as git gives it: without what is made of the cards."""
    root = Path(__file__).parents[2]
    without = shutil.ignore_patterns("__pycache__", "rules.json")
    for name in ("dotlint", "rules"):
        shutil.copytree(root / name, tmp_path / name, ignore=without)
    return tmp_path


def summary_of_g001(checkout: Path) -> str:
    code = (
        "from dotlint.engine.own_cards import own_cards; print(*(c.summary for c in own_cards() if c.code == 'G001'))"
    )
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=checkout, check=True, capture_output=True, text=True).stdout


def test_a_checkout_compiles_its_cards_at_the_first_run_and_after_a_change(checkout: Path) -> None:
    compiled = checkout / "dotlint/engine/rules.json"
    first = summary_of_g001(checkout)
    made = compiled.stat().st_mtime_ns
    assert summary_of_g001(checkout) == first
    assert compiled.stat().st_mtime_ns == made
    card = next(checkout.glob("rules/*/G001-*.toml"))
    card.write_text(card.read_text().replace(first.strip(), "another sentence"))
    assert summary_of_g001(checkout) == "another sentence\n"
    assert compiled.stat().st_mtime_ns > made
    assert summary_of_g001(checkout) == "another sentence\n"


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"checksum": 1, "cards": []}', b'{"version": 1, "cards": 5}'])
def test_a_compiled_file_that_is_none_is_made_anew(checkout: Path, damage: bytes) -> None:
    compiled = checkout / "dotlint/engine/rules.json"
    compiled.write_bytes(damage)
    assert summary_of_g001(checkout)
    assert len(compiled.read_bytes()) > 10_000


def test_a_checkout_that_is_read_only_reads_its_cards(checkout: Path) -> None:
    (checkout / "dotlint/engine/rules.json").mkdir()  # root writes to any folder, but not over one
    assert summary_of_g001(checkout)


def test_the_compiled_cards_and_vocabulary_are_those_of_the_files() -> None:
    cards = read_folder(rules_folder())
    assert own_cards() == tuple(cards)
    texts = [(rules_folder() / name).read_text("utf-8") for name in ("vocabulary.toml", "operators.toml")]
    assert json.loads(compiled(cards))["vocabulary"] == tomllib.loads(texts[0]) | tomllib.loads(texts[1])
