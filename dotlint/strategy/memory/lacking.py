"""Facts that a quantity needs: values that are there, or the names of those that are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.strategy.model import ModelFacts

Value = TypeVar("Value")


class LackingFactsError(DotlintError):
    """A quantity that is not known without more facts; `facts` are those, such as "`hidden`"."""

    def __init__(self, *facts: str) -> None:
        super().__init__(", ".join(facts))
        self.facts = facts


def needed(facts: ModelFacts, *names: str) -> tuple[int, ...]:
    """Return the values of these facts. Raises `LackingFactsError` with the names of those that are not stated."""
    lacking = [f"`{name}`" for name in names if getattr(facts, name) is None]
    if lacking:
        raise LackingFactsError(*lacking)
    return tuple(getattr(facts, name) for name in names)


def known(quantity: Callable[[], Value], lacking: dict[str, None]) -> Value | None:
    """Return a quantity; None, with the facts added to `lacking`, if facts are not stated."""
    try:
        return quantity()
    except LackingFactsError as error:
        lacking.update(dict.fromkeys(error.facts))
        return None
