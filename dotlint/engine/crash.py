"""The finding for a check that raised an exception: the run is then incomplete, which changes the exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.engine.card import Card
    from dotlint.engine.finding import Finding

_CODE: Final = "X001"


def crash(card: Card, error: Exception, rules: Mapping[str, Card]) -> Finding:
    """Return the finding that the check of `card` raised `error`.

    Raises it again if there is no rule for that, or if memory is lacking, which is no bug in the check.
    """
    if _CODE not in rules or isinstance(error, MemoryError):
        raise error
    from traceback import extract_tb  # noqa: PLC0415 - a check that crashes is rare

    where = extract_tb(error.__traceback__)[-1]
    return rules[_CODE].finding(
        f"the check of {card.code} {card.name} crashed: {type(error).__name__}: {error}",
        0,
        0,
        note=f"at {where.name}, line {where.lineno}",
        help="this is a bug in the check, not in the file; please report it",
    )


def is_crash(finding: Finding) -> bool:
    """Return whether the finding reports that a check raised an exception."""
    return finding.code == _CODE
