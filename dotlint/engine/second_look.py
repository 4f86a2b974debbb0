"""A second look at what a rule found in one graph: the same mistake is reported once, and a habit is a convention.

Authors make mistakes in places. What almost all nodes of a file, all of a role or one in every unit do is its habit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from dotlint.engine.finding import Finding, Undecided, combined_fix
from dotlint.text.english import count, listed, ranges

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.unit import Unit
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome

FEW: Final = 3
"""Fewer nodes than this show no habit."""
_NOTE: Final = "the whole file does so, so it is taken for a convention of the file"


def second_look(card: Card, found: Sequence[Outcome], deployment: Deployment | None) -> list[Outcome]:
    """Return the outcomes of a rule for one graph, with findings merged, and conventions omitted or reported as information.

    `deployment` is the graph read as a deployment, None if the rule is not about deployments.
    """
    outcomes = _merged(found) if card.report_once else found
    if card.convention is None or deployment is None:
        return list(outcomes)
    kept: list[Outcome] = []
    for one in outcomes:
        if not isinstance(one, Finding) or one.severity == "info" or not is_habit(deployment, one.nodes):
            kept.append(one)
        elif card.convention == "inform":
            note = "; ".join(filter(None, (one.note, _NOTE)))
            kept.append(replace(one, severity="info", fix=None, fixable=None, parts=(), note=note))
    return kept


def undecided_axis(card: Card, context: GraphContext) -> Undecided | None:
    """Return the skipped item of a rule that relies on numbers whose meaning the graph leaves open; None if it can run."""
    unknown = next((axis for axis in card.axes if axis in context.undecided), None)
    if unknown is None:
        return None
    needs = f"state the {unknown} in the labels, as in `{unknown} 2` (the numbers in names may mean something else)"
    return Undecided(card.section, card.name.replace("-", " "), needs)


def is_habit(deployment: Deployment, nodes: Collection[str]) -> bool:
    """Return whether nodes are most operators, all of their roles, or the same ones of every unit."""
    names = set(nodes)
    if len(names) < 2:
        return False
    roles = deployment.derived(_roles)
    inside = [role for name in names if (role := roles.get(name)) is not None]
    if len(inside) < FEW:
        return len(inside) == len(names) and _in_every_unit(deployment, names)
    if 5 * len(inside) >= 4 * len(roles):
        return True
    drawn, met = deployment.derived(_role_counts), Counter(inside)
    return all(met[role] == drawn[role] for role in met) or _in_every_unit(deployment, names)


def _role(reading: Reading) -> str:
    return reading.role.name if reading.role is not None else reading.evidence.name.family


def _roles(deployment: Deployment) -> dict[str, str]:
    return {r.name: _role(r) for r in deployment.operators if not r.summary}


def _role_counts(deployment: Deployment) -> Counter[str]:
    return Counter(deployment.derived(_roles).values())


def _in_every_unit(deployment: Deployment, names: AbstractSet[str]) -> bool:
    """Return whether each node is one of a series, alike but for one number, that are all among them."""
    series = deployment.derived(_series)
    return all(any(names_of <= names for names_of in series.get(name, ())) for name in names)


def _series(deployment: Deployment) -> dict[str, list[set[str]]]:
    """Return the series of each operator: those of several nodes that are alike but for one number in their names."""
    found: dict[tuple[str, int, tuple[int, ...]], set[str]] = defaultdict(set)
    for reading in deployment.operators:
        name = reading.evidence.name
        for at in range(0 if reading.summary else len(name.numbers)):
            found[name.family, at, (*name.numbers[:at], *name.numbers[at + 1 :])].add(reading.name)
    series: dict[str, list[set[str]]] = defaultdict(list)
    for some in found.values():
        for one in some if len(some) > 1 else ():
            series[one].append(some)
    return series


def _merged(found: Iterable[Outcome]) -> list[Outcome]:
    """Merge the findings about the same mistake in several units; everything else stays as it is."""
    groups: dict[object, list[Finding]] = {}
    kept: list[Outcome | list[Finding]] = []
    for one in found:
        if not isinstance(one, Finding) or one.other_file or one.missing_edges or one.planned_edges:
            kept.append(one)
            continue
        key = (one.code, one.graph, one.severity, one.section, one.fixable, one.slip)
        same = groups.setdefault(key, [])
        if not same:
            kept.append(same)
        same.append(one)
    return [_one(entry) if isinstance(entry, list) else entry for entry in kept]


def _one(parts: list[Finding]) -> Finding:
    """Return one finding with the locations and nodes of all; its message is that of the first, with the other units."""
    first, *others = parts
    if not others:
        return first
    locations = {location.key: location for part in parts for location in part.locations}
    fixes = [part.fix for part in parts if part.fix is not None]
    fix = combined_fix(fixes) if len(fixes) == len(parts) else None
    abouts = {part.about for part in parts}
    about = abouts.pop() if len(abouts) == 1 else None
    return replace(
        first,
        message=f"{first.message}; {'the same' if len({part.pattern for part in parts}) == 1 else 'likewise'} {_where(first, others)}",
        nodes=tuple(dict.fromkeys(name for part in parts for name in part.nodes)),
        locations=tuple(locations.values()),
        related=tuple(dict.fromkeys(one for part in parts for one in part.related))[:8],
        about=about,
        unit=str(about) if about is not None else None,
        fix=fix,
        fixable=fix.applicability if fix else first.fixable if not fixes else None,
        parts=() if fixes else tuple(parts),
    )


def _where(first: Finding, others: Sequence[Finding]) -> str:
    """Return where the other findings are: `in layers 1-15`, else `at 12 more locations`."""
    units = in_units([part.about for part in others])
    if units is not None:
        return units
    keys = {location.key for part in others for location in part.locations}
    keys -= {location.key for location in first.locations}
    return f"at {count(len(keys) or len(others), 'more location')}"


def in_units(units: Sequence[Unit | None]) -> str | None:
    """Return the titles of several units in words, `in layers 1-15`; None if one is no unit or a family of nodes."""
    if any(unit is None or unit.family is not None for unit in units):
        return None
    stages = [unit.stage for unit in units if unit is not None and not unit.qualified]
    layers = [unit.layer for unit in units if unit is not None and unit.stage is None]
    for word, numbers in (("stage", stages), ("layer", layers)):
        if len(numbers) == len(units) and None not in numbers:
            plural = "s" * (len(set(numbers)) > 1)
            return f"in {word}{plural} {ranges([number for number in numbers if number is not None])}"
    return f"in {listed(list(dict.fromkeys(map(str, units))), 4)}"
