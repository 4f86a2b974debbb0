"""P009: expert ranges that overlap or have gaps."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.checks.grouping import names
from dotlint.deployment.shards import groups, torn
from dotlint.engine.finding import Holds, Related
from dotlint.text.english import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.deployment.shards import Group
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome

_FEWEST = 4  # experts of a layer, before one of them may be numbered wrongly


def has_ranges(group: Group) -> bool:
    """Return whether a member of the group stands for several experts."""
    return any(r.experts and r.experts[0] != r.experts[1] for r in group.members)


def _other_range(reading: Reading, group: Group) -> bool:
    """Return whether the node is of another family and stands for a range of experts (`experts_remaining`, 8-63)."""
    ranged = reading.experts is not None and reading.experts[0] < reading.experts[1]
    return ranged and reading.evidence.name.family != group.members[0].evidence.name.family


def summarized(context: GraphContext, group: Group) -> bool:
    """Return whether a summary node stands for experts that are not drawn."""
    return any(
        (r.summary or _other_range(r, group))
        and r.phase == group.phase
        and (group.stage is None or r.stage in (group.stage, None))
        and (group.layer is None or r.layer in (group.layer, None))
        for r in context.deployment.readings
    )


def _drawn_twice(group: Group) -> tuple[list[Reading], int] | None:
    """Return the two nodes that are the same expert, and the one that no node is, if the others count without a gap."""
    experts = [r.experts[0] for r in group.members if r.experts]
    counted = Counter(experts)
    twice = [expert for expert, number in counted.items() if number > 1]
    if len(experts) != len(group.members) or len(experts) < _FEWEST or len(twice) != 1 or counted[twice[0]] != 2:
        return None
    low = min(experts)
    missing = set(range(low, low + len(experts))) - set(experts)
    if low > 1 or len(missing) != 1 or max(experts) >= low + len(experts):
        return None
    return [r for r in group.members if r.experts and r.experts[0] == twice[0]], missing.pop()


def _duplicate(context: GraphContext, card: Card, two: list[Reading], missing: int) -> Finding:
    start, end = grouping.of_node(two[-1].node)
    unit = grouping.unit_of(context.deployment, two)
    expert = two[0].experts[0] if two[0].experts else 0
    return card.finding(
        f"`{two[0].name}` and `{two[1].name}`{grouping.of_unit(unit)} are both expert {expert}, and no node is expert {missing}",
        start,
        end,
        nodes=names(two),
        related=(Related(f"expert {expert}", *grouping.of_node(two[0].node)),),
        about=unit,
        graph=context.graph.index,
        help=f"number one of them {missing}",
    )


def expert_covers(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report expert ranges of one unit that overlap or have gaps."""
    fine: Counter[str] = Counter()
    wrong = False
    short = torn(context.deployment, "expert")
    for group in groups(context.deployment, "expert"):
        if not has_ranges(group) and (twice := _drawn_twice(group)) is not None:
            wrong = True
            yield _duplicate(context, card, *twice)
            continue
        if not has_ranges(group) or summarized(context, group) or short.may_lack(group):
            continue
        ranges = sorted({r.experts for r in group.members if r.experts})
        for (low, high), (next_low, next_high) in itertools.pairwise(ranges):
            if next_low == high + 1:
                continue
            wrong = True
            two = [r for r in group.members if r.experts in ((low, high), (next_low, next_high))]
            start, end = grouping.of_node(two[-1].node)
            unit = grouping.unit_of(context.deployment, group.members)
            what = (
                "overlap"
                if next_low <= high
                else f"omit {high + 1}{f'-{next_low - 1}' if next_low - 1 > high + 1 else ''}"
            )
            yield card.finding(
                f"experts {low}-{high} and {next_low}-{next_high}{grouping.of_unit(unit)} {what}",
                start,
                end,
                nodes=names(two),
                related=(Related(f"experts {low}-{high}", *grouping.of_node(two[0].node)),),
                about=unit,
                graph=context.graph.index,
                help="correct the ranges so that they cover every expert of the unit once",
            )
            break
        else:
            fine[listed([f"{low}-{high}" for low, high in ranges], 16).replace(" and ", ", ")] += 1
    if len(fine) == 1 and not wrong:
        ((ranges_of_all, number),) = fine.items()
        where = f"each of {number} sets of expert groups" if number > 1 else "the only set of expert groups"
        yield Holds("arithmetic", "expert ranges", f"{ranges_of_all} in {where}, without gaps or overlaps")
