"""The output of `dotlint strategy`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dotlint.engine.own_cards import own_cards
from dotlint.strategy.describe import describe
from dotlint.strategy.wording import plain_text

if TYPE_CHECKING:
    from dotlint.strategy import Strategy
    from dotlint.strategy.describe import Description

_BOLD, _OFF = "\x1b[1m", "\x1b[0m"


def _codes_by_check() -> dict[str, str]:
    return {card.check: card.code for card in own_cards()}


def described(strategy: Strategy) -> Description:
    """Return the description of a strategy, with the codes of the rules that its calculations belong to."""
    return describe(strategy, _codes_by_check())


def as_text(description: Description, *, width: int, color: bool) -> str:
    """Return the tables as text; with `color`, the headings of phases are bold."""
    text = plain_text(description, width)
    if not color:
        return text
    lines = [f"{_BOLD}{line}{_OFF}" if line and not line.startswith(" ") else line for line in text.split("\n")]
    return "\n".join(lines)


def as_json(description: Description) -> str:
    """Return the description as JSON in ASCII."""
    return json.dumps(description.to_dict(), ensure_ascii=True, indent=2) + "\n"
