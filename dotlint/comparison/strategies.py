"""How the degrees of two files differ: declared, stated in the file, or inferred from what is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dotlint.comparison.changes import Single
from dotlint.comparison.model import Item
from dotlint.deployment.infer import infer
from dotlint.engine.header_strategy import strategy_of_file
from dotlint.strategy.degrees import AXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotlint.engine.context import FileContext
    from dotlint.strategy import Strategy

_WORDS: Final = {"declared": "declared", "stated": "stated in the file", "inferred": "inferred"}


class Degreed(Struct, frozen=True):
    """The degrees of each phase, and where they come from: `declared`, `stated` or `inferred`."""

    source: str
    phases: Mapping[str, Mapping[str, int]]


def degrees_of(context: FileContext, *, declared: bool) -> Degreed | None:
    """Return the degrees that a file states; without such a statement those that are `declared` for it, or inferred."""
    own = strategy_of_file(context.declarations)
    if own is not None:
        return Degreed("stated", _table(own[0]))
    if declared and context.strategy is not None:
        return Degreed("declared", _table(context.strategy))
    graph = next((one for one in context.graphs if one.deployment.recognized), None)
    if graph is None:
        return None
    found = infer(graph.deployment, {})
    return Degreed("inferred", {p.name: {axis: one.value for axis, one in p.degrees.items()} for p in found.phases})


def strategy_changes(before: FileContext, after: FileContext, *, others: bool) -> list[Single]:
    """Return the degrees that differ, as far as both files have them; inferred ones only if there are `others`."""
    differ = _settings(before) != _settings(after)
    first, second = degrees_of(before, declared=differ), degrees_of(after, declared=differ)
    if first is None or second is None or (not others and "inferred" in {first.source, second.source}):
        return []
    return list(_changes(first, second))


def _settings(context: FileContext) -> Mapping[str, Mapping[str, int]] | None:
    strategy = context.whole or (context.strategy if context.strategy_source != "file" else None)
    return None if strategy is None else _table(strategy)


def _table(strategy: Strategy) -> dict[str, dict[str, int]]:
    return {phase.name: phase.degrees.to_dict() for phase in strategy.phases}


def _changes(first: Degreed, second: Degreed) -> Iterator[Single]:
    sources = [_WORDS[first.source], _WORDS[second.source]]
    source = sources[0] if sources[0] == sources[1] else f"{sources[0]}, then {sources[1]}"
    certain = "inferred" not in {first.source, second.source}
    for name in dict.fromkeys((*first.phases, *second.phases)):
        mine, theirs = (side.phases.get(name, side.phases.get("") if name else None) for side in (first, second))
        if mine is None or theirs is None:
            continue
        for axis in AXES:
            was, now = mine.get(axis), theirs.get(axis)
            if was != now and (certain or _plausible(was, now)):
                unit = {"phase": name} if name else {}
                item = Item((axis,), (axis,), unit)
                yield Single("strategy", "changed", source, item, axis, str(was or 1), str(now or 1))


def _plausible(was: int | None, now: int | None) -> bool:
    """Return whether inferred degrees differ by a factor; otherwise one of them is of a group that lacks a node."""
    return was is not None and now is not None and max(was, now) % min(was, now) == 0
