"""Hold the verdict of a rule against the whole graph.

An author makes mistakes in places, a misreading makes them everywhere. A rule that relies on an axis is skipped if the
axis is undecided, and its findings about most stages become one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.deployment.unit import phase_unit
from dotlint.engine.finding import Finding, Undecided
from dotlint.text.english import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome

_MANY = 3  # findings that may become one
_RELATED = 8  # a finding refers to at most this many other locations


class Parts(Struct, frozen=True, eq=False):
    """The findings of single stages that were joined into one; its fix is theirs."""

    findings: tuple[Finding, ...]


def held_against_whole(context: GraphContext, card: Card, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Yield the outcomes of a rule that relies on axes; the rule does not run if one of them is undecided."""
    unknown = next((axis for axis in card.axes if axis in context.deployment.undecided), None)
    if unknown is not None:
        needs = f"state the {unknown} in the labels, as in `{unknown} 2` (the numbers in names may mean something else)"
        yield Undecided(card.section, card.name.replace("-", " "), needs)
    elif card.reported_once:
        yield from _reported_once(context, card, outcomes)
    else:
        yield from outcomes


def _reported_once(context: GraphContext, card: Card, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Yield the outcomes of a rule, with the findings about at least half of a phase's stages joined into one."""
    by_phase: dict[str | None, list[Finding]] = defaultdict(list)
    hidden = context.file.hidden.get(card.code, frozenset())
    for outcome in outcomes:
        if not isinstance(outcome, Finding) or outcome.about is None or outcome.about.stage is None:
            yield outcome
        elif any(location.key not in hidden for location in outcome.locations):
            by_phase[outcome.about.phase].append(outcome)
    for phase, found in by_phase.items():
        stages = [unit for unit in context.deployment.units.get(phase or "", {}).values() if unit.operators]
        condemned = {finding.about.stage for finding in found if finding.about}
        if len(found) >= _MANY and len(condemned) > 1 and 2 * len(condemned) >= len(stages):
            yield _joined(found)
        else:
            yield from found


def _joined(found: Sequence[Finding]) -> Finding:
    first = found[0]
    others = list(dict.fromkeys(str(f.about.stage) for f in found if f.about and f.about != first.about))
    fixable = [finding.fixable for finding in found if finding.fixable]
    assert first.about is not None
    return replace(
        first,
        message=f"{first.message}; similarly for stage{'s' * (len(others) > 1)} {listed(others, 8)}",
        nodes=tuple(dict.fromkeys(name for finding in found for name in finding.nodes)),
        locations=tuple({location.key: location for finding in found for location in finding.locations}.values()),
        related=tuple({r.start: r for finding in found for r in finding.related}.values())[:_RELATED]
        if first.related
        else (),
        missing_edges=tuple(pair for finding in found for pair in finding.missing_edges),
        listings=tuple(listing for finding in found for listing in finding.listings),
        about=phase_unit(first.about.phase),
        unit=first.about.phase or None,
        data=Parts(tuple(found)),
        fixable=None if not fixable else "unsafe" if "unsafe" in fixable else "safe",
    )
