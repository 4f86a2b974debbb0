"""The cards say what the sets of codes say; this goes away with the sets."""

from __future__ import annotations

from dotlint.engine.card import own_cards
from dotlint.overview import reconcile
from dotlint.picture import marks
from dotlint.pipeline import acceptance, preview
from dotlint.server import diagnostics
from dotlint.summary import ledger
from dotlint.suppressions import directives

CARDS = own_cards()


def _codes(key: str, *values: object) -> set[str]:
    return {card.code for card in CARDS if getattr(card, key) in values}


def test_fixes() -> None:
    # Two that are harmless have no fix at all.
    assert _codes("fix_trial", "never") == preview._HARMLESS - {"A002", "A010"}
    assert {card.code for card in CARDS if "copies-siblings" in card.fix_effects} == acceptance._COPYING
    assert _codes("claims_absence", "connection") == set(acceptance._CONNECTIVITY)
    assert _codes("guards_fixes", True) == {card.code for card in CARDS if card.code[0] in "GS"}  # noqa: FBT003
    assert _codes("repeats_in_copies", True) == {card.code for card in CARDS if card.code[0] in "CS"}  # noqa: FBT003


def test_what_is_shown() -> None:
    assert _codes("overview_remedy", "order") == set(reconcile._ORDER)
    assert _codes("overview_remedy", "ends", "stage-link") == set(reconcile._ENDS)
    assert _codes("overview_remedy", "layers") == set(reconcile._LAYERS)
    assert {c.code: c.node_state for c in CARDS if c.node_state not in {None, "cycle"}} == {
        code: state.replace(" ", "-") for code, state in marks.STATES.items()
    }
    assert _codes("node_state", "cycle") == set(marks._CYCLES)
    assert {c.code: c.editor_tag for c in CARDS if c.editor_tag} == {
        code: tag.name.lower() for code, tag in diagnostics._TAGS.items()
    }
    assert {c.code: c.model_facts for c in CARDS if c.model_facts} == ledger.MODEL_NEEDS


def test_what_can_be_suppressed_and_skipped() -> None:
    assert _codes("suppressible", "never") == directives.NEVER
    assert _codes("suppressible", "by-name") == directives.OF_COMMENTS
