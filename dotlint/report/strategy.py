"""What `dotlint strategy` shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dotlint.engine.own_cards import own_cards
from dotlint.strategy.describe import describe
from dotlint.strategy.wording import plain_text

if TYPE_CHECKING:
    from dotlint.strategy import Strategy

_BOLD, _OFF = "\x1b[1m", "\x1b[0m"


def _codes() -> dict[str, str]:
    return {card.check: card.code for card in own_cards()}


def as_text(strategy: Strategy, *, width: int, color: bool) -> str:
    """Give the tables; with color the lines that head a phase are bold."""
    text = plain_text(describe(strategy, _codes()), width)
    if not color:
        return text
    lines = [f"{_BOLD}{line}{_OFF}" if line and not line.startswith(" ") else line for line in text.split("\n")]
    return "\n".join(lines)


def as_json(strategy: Strategy) -> str:
    """Give the same as JSON in ASCII."""
    return json.dumps(describe(strategy, _codes()).to_dict(), ensure_ascii=True, indent=2) + "\n"
