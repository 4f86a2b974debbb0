"""A card that contradicts itself, or names what does not exist, is refused with one clear line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dotlint.engine import card_file
from dotlint.engine.card import CardError
from dotlint.engine.own_cards import by_code, own_cards
from dotlint.registry.rules import all_cards
from dotlint.registry.validation import contradictions

CARD = """
code = "ACME001"
name = "own-rule"
summary = "a rule of one's own"
check = "attribute-required"
severity = "warning"
section = "attributes"
why = "To show it."
{said}
[parameters]
attributes = ["label"]
"""


def test_dotlints_own_cards_contradict_nothing() -> None:
    lines = {line for card in own_cards() for line in card.summary_lines}
    assert [(card.code, mistake) for card in own_cards() for mistake in contradictions(card, by_code(()), lines)] == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('claims-absence = "edge"', "`claims-absence` is 'edge', but must be one of statement, connection, path, label"),
        ('guards-fixes = "yes"', "`guards-fixes` is 'yes', but must be true or false"),
        ('causes = "S001"', "`causes` must be a list of strings"),
        ('causes = ["S001", "S001"]', "`causes` has a repeated entry"),
        ('fix-effects = ["moves"]', "`fix-effects` is 'moves', but must be one of adds-edges"),
        ('causes = ["ACME001"]', "`causes` names the rule itself"),
        ('causes = ["G03"]', "`causes` names `G03`, which does not exist; did you mean `G003`?"),
        ('fix-trial = "never"', "`fix-trial` requires a fix"),
        ('fix-effects = ["removes"]', "`fix-effects` requires a fix"),
        ('fix = "safe"\nfix-trial = "never"\nfix-effects = ["adds-nodes"]', '`fix-trial` must be "always"'),
        ('loses = "nothing"', "`loses` requires the check `syntax-problem`"),
        ("report-skip = true", "`report-skip` requires a rule that can be skipped: add `needs`"),
        ('model-facts = ["heads"]', '`model-facts` needs facts of the model: also write `needs = ["model"]`'),
        ('needs = ["model"]\nmodel-facts = ["head"]', "`model-facts` names `head`, which does not exist; did you mean `heads`?"),
        ('summary-lines = ["dashed edge"]', "`summary-lines` names `dashed edge`, which does not exist; did you mean `dashed edges`?"),
        ('[[example]]\nbad = "digraph {}"\nfixed = "digraph {}"', "example 1 has `fixed`, but the card has no fix"),
        ('fix = "safe"\n[[example]]\nfixed = "digraph {}"', "example 1 has `fixed`, but no `bad`"),
        ('[[example]]\nstrategy = "tp2"', "example 1 has neither `bad` nor `good`"),
    ],
)  # fmt: skip
def test_a_card_that_contradicts_itself_is_refused(tmp_path: Path, said: str, told: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(CARD.format(said=said))
    with pytest.raises(CardError) as caught:
        all_cards((tmp_path,))
    assert str(caught.value).startswith(str(path))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("check", "section", "said", "told"),
    [
        ("cycle", "syntax", "", "the section `syntax` is reserved"),
        ("syntax-problem", "names", "", "`section` of the check `syntax-problem` must be `syntax`"),
        ("syntax-problem", "syntax", "", "`loses` must state what is unknown after the error"),
        (
            "syntax-problem",
            "syntax",
            'needs = ["strategy"]\nloses = "nothing"',
            "`needs` requires a rule about graphs: `syntax-problem` does not check a graph",
        ),
        ("check-crashed", "meta", 'loses = "nothing"', "`loses` has no effect"),
    ],
)
def test_a_card_is_refused_for_what_its_check_cannot_have(
    tmp_path: Path, check: str, section: str, said: str, told: str
) -> None:
    text = CARD.format(said=said).partition("[parameters]")[0]
    text = text.replace('"attribute-required"', f'"{check}"').replace('"attributes"', f'"{section}"')
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(CardError) as caught:
        all_cards((tmp_path,))
    assert told in str(caught.value)


def test_causes_that_lead_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(CARD.format(said='causes = ["ACME002"]'))
    two = CARD.format(said='causes = ["ACME001"]').replace("ACME001", "ACME002", 1).replace("own-rule", "other-rule")
    (tmp_path / "two.toml").write_text(two)
    with pytest.raises(CardError, match="ACME001 causes ACME002 causes ACME001"):
        all_cards((tmp_path,))


def test_a_card_that_replaces_a_rule_keeps_what_it_does_not_say(tmp_path: Path) -> None:
    [own] = [card for card in own_cards() if card.code == "S001"]
    text = CARD.format(said='causes = ["G003"]').partition("[parameters]")[0]
    for before, after in (("ACME001", own.code), ("own-rule", own.name), ("attribute-required", own.check)):
        text = text.replace(before, after)
    (tmp_path / "own.toml").write_text(text)
    [card] = [card for card in all_cards((tmp_path,)) if card.code == "S001"]
    assert card.causes == ("G003",)
    assert (card.summary_lines, card.claims_absence) == (own.summary_lines, own.claims_absence)
    assert (own.fix_effects, card.fix_effects) == (("adds-edges", "copies-siblings"), ())


def test_every_key_and_value_of_a_card_is_documented() -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "own-rules.md").read_text(encoding="utf-8")
    known = set(re.findall(r"`\[*([A-Za-z-]+)[\].A-Z]*`", text))
    assert {*card_file.KEYS, *(value for some in card_file.VALUES.values() for value in some)} <= known
