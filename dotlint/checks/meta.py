"""X: findings about the run itself. The engine creates them; no check looks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext
    from dotlint.engine.finding import Outcome


def nothing(file: FileContext, card: Card) -> Iterator[Outcome]:  # noqa: ARG001
    """Yield nothing: the card exists so that the rule can be selected, explained and ranked like any other."""
    return iter(())
