"""Options with fixed values; a misspelled one is answered with the nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    _Choice = click.Choice[str]
else:
    _Choice = click.Choice  # not generic before click 8.2


class OneOf(_Choice):
    """One of some words."""

    def __init__(self, *words: str) -> None:
        super().__init__(words)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """Return the word, or fail with the nearest one."""
        if value not in self.choices:
            self.fail(
                f"`{value}` is not one of {', '.join(self.choices)}{did_you_mean(value, self.choices)}", param, ctx
            )
        return str(value)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a message that suggests the known word nearest to an unknown one; "" if none is near."""
    from dotlint.text.nearest import nearest

    near = nearest(word, known)
    return f"; did you mean `{near}`?" if near else ""
