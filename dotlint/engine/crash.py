"""The finding that a check raised: the run then shows less than there is, and the exit status says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.engine.card import Card
    from dotlint.engine.finding import Finding

_CODE: Final = "X001"


def crash(card: Card, error: Exception, rules: Mapping[str, Card]) -> Finding:
    """Make the finding that the check of `card` raised; raises the error again where there is no rule for it."""
    if _CODE not in rules:
        raise error
    from traceback import extract_tb  # noqa: PLC0415 - a check that crashes is rare

    where = extract_tb(error.__traceback__)[-1]
    return rules[_CODE].finding(
        f"{card.code} {card.name} could not be checked: {type(error).__name__}: {error}",
        0,
        0,
        note=f"at {where.name}, line {where.lineno}",
        help="this is a mistake in the rule, not in the file; please report it",
    )


def is_crash(finding: Finding) -> bool:
    """Whether the finding is that a check raised."""
    return finding.code == _CODE
