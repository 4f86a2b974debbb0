"""Types of options: fixed words, of which a misspelled one is answered with the nearest, and texts with blanks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

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
            from dotlint.text.nearest import suggestion

            self.fail(f"`{value}` is not one of {', '.join(self.choices)}{suggestion(value, self.choices)}", param, ctx)
        return str(value)


class Whole(click.types.StringParamType):
    """A text that may have blanks; an environment variable has one, even if the option can be repeated."""

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        """Return the value as it is."""
        return (rv,)
