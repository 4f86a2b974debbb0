"""The output of `dotlint strategy`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dotlint.engine.own_cards import own_cards
from dotlint.strategy.describe import describe
from dotlint.strategy.wording import plain_text

if TYPE_CHECKING:
    from dotlint.strategy import Strategy

_BOLD, _OFF = "\x1b[1m", "\x1b[0m"


def _codes_by_check() -> dict[str, str]:
    return {card.check: card.code for card in own_cards()}


def as_text(strategy: Strategy, *, width: int, color: bool) -> str:
    """Return the tables as text; with `color`, the headings of phases are bold."""
    text = plain_text(describe(strategy, _codes_by_check()), width)
    if not color:
        return text
    lines = [f"{_BOLD}{line}{_OFF}" if line and not line.startswith(" ") else line for line in text.split("\n")]
    return "\n".join(lines)


def as_json(strategy: Strategy) -> str:
    """Return the description as JSON in ASCII."""
    return json.dumps(describe(strategy, _codes_by_check()).to_dict(), ensure_ascii=True, indent=2) + "\n"
