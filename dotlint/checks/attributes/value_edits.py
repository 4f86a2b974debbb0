"""Edits that rename attributes and change their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks.attributes.uses import replaced
from dotlint.edits.fix_context import in_order
from dotlint.engine.finding import Edit, Fix
from dotlint.text.english import listed, the

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dotlint.checks.attributes.uses import Use
    from dotlint.text.nearest import Near


def rename_fix(some: Iterable[Use], near: Near) -> Fix | None:
    """Return the fix that renames an attribute."""
    edits = [replaced(use_text(a.name), a.name, near.word) for use in some for a in use.attributes()]
    return fix_of(edits, f"Rename {the(len(edits), 'attribute')} to `{near.word}`", near)


def use_text(one: object) -> str:
    """Return the text that an id was parsed from."""
    text = one.text  # type: ignore[attr-defined]
    while hasattr(text, "parent"):
        text = text.parent
    return str(text)


def fix_of(edits: list[Edit | None], title: str, near: Near | None = None, applicability: str = "safe") -> Fix | None:
    """Return the fix of these edits; None if one of them is impossible. A far or ambiguous word is unsafe."""
    sure = [edit for edit in edits if edit is not None]
    if not sure or len(sure) < len(edits):
        return None
    if near is not None and not (near.edits <= 1 and near.single):
        applicability = "unsafe"
    return Fix("safe" if applicability == "safe" else "unsafe", in_order(sure), title)


def value_fix(some: Iterable[Use], change: Callable[[str], str], near: Near) -> Fix | None:
    """Return the fix that changes each value."""
    edits: list[Edit | None] = []
    for use in some:
        edits += [replaced(use_text(a.value), a.value, change(use.value)) for a in use.attributes()]
    return fix_of(edits, f"Write `{near.word}`" + (f" at {len(edits)} locations" if len(edits) > 1 else ""), near)


def to_word(word: str) -> Callable[[str], str]:
    """Return a change of any value to a word."""
    return lambda _: word


# How many values of one attribute are reported one by one.
MOST = 4


def separately(some: list[Use]) -> Iterator[list[Use]]:
    """Yield each use alone, or all at once if they are many."""
    if len(some) > MOST:
        yield some
    else:
        yield from ([use] for use in some)


def values_of(some: list[Use]) -> str:
    """Return the values as messages name them."""
    return listed([f"`{use.value}`" for use in some], 3)
