"""The base class of all exceptions that dotlint raises on purpose."""

from __future__ import annotations


class DotlintError(Exception):
    """A mistake that the user can fix; `str(error)` is one line: what is wrong, where, and what would be right."""


class ArgumentError(DotlintError, TypeError):
    """An argument of a call has a type that the function does not take."""


def expect(name: str, value: object, kinds: type | tuple[type, ...], words: str) -> None:
    """Raise `ArgumentError` unless an argument is of one of these types; `words` name what to pass instead."""
    if not isinstance(value, kinds):
        raise ArgumentError(f"`{name}` is of type {type(value).__name__}; pass {words}")
