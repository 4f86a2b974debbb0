"""Options that can be given once, and types: fixed words, of which a misspelled one is answered with the nearest, and texts with blanks."""

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


class Once(click.Option):
    """An option with one value, of which click would ignore all but the last."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as click's class
        super().__init__(*args, **{**kwargs, "multiple": True})

    def value_from_envvar(self, ctx: click.Context) -> tuple[str, ...] | None:
        """Return the value of the environment variable, which is not split at blanks."""
        value = self.resolve_envvar_value(ctx)
        return None if value is None else (value,)

    def process_value(self, ctx: click.Context, value: Any) -> Any:  # noqa: ANN401 - as click's method
        """Return the only value, None without one. Raises `click.UsageError` for two that differ."""
        values = tuple(dict.fromkeys(super().process_value(ctx, value)))
        if len(values) > 1:
            both = " and ".join(f"`{one}`" for one in values[:2])
            raise click.UsageError(f"{self.opts[-1]} is given more than once, with {both}", ctx)
        return values[0] if values else None


class Whole(click.types.StringParamType):
    """A text that may have blanks; an environment variable has one, even if the option can be repeated."""

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        """Return the value as it is."""
        return (rv,)
