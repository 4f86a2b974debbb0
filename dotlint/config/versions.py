"""`required-version`: compare the version of dotlint with the versions that a configuration allows."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_COMPARE: Final[dict[str, Callable[[list[int], list[int]], bool]]] = {
    "==": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip


def satisfies(version: str, required: str) -> bool:
    """Return whether `required` allows a version: `0.1.0` allows only this version, `>=0.1,<1` a range."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    assert match is not None
    return all(_allows(part.strip(), _numbers(match[0])) for part in required.split(","))


def _allows(part: str, version: list[int]) -> bool:
    bare = part.lstrip("=!<>~")
    compare, bound = part.removesuffix(bare) or "==", _numbers(bare)
    length = max(len(version), len(bound))
    mine, theirs = (numbers + [0] * (length - len(numbers)) for numbers in (version, bound))
    if compare == "~=":  # at least this version, and equal in all but its last part
        return mine >= theirs and version[: len(bound) - 1] == bound[:-1]
    return _COMPARE[compare](mine, theirs)


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(".")]
