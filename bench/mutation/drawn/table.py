"""Print what became of drawn graphs: in all, by mutation, by factor, and the commonest false findings."""

from __future__ import annotations

from collections import Counter, defaultdict
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.mutation.drawn.trial import Outcome

FEW = 20
"""Values of a factor with fewer graphs are not shown."""


def clean_share(outcomes: Iterable[Outcome]) -> float:
    """The share of correct graphs without a warning or an error."""
    return _share([outcome.hit for outcome in outcomes if not outcome.mutation])


def recall(outcomes: Iterable[Outcome]) -> float:
    """The share of defects that a right finding names."""
    return _share([outcome.hit for outcome in outcomes if outcome.mutation])


def precision(outcomes: Sequence[Outcome]) -> float:
    """The share of findings on mutated graphs, beyond those on the correct graph, that are right."""
    mutated = [outcome for outcome in outcomes if outcome.mutation]
    right, wrong = sum(o.right for o in mutated), sum(len(o.wrong) for o in mutated)
    return right / (right + wrong) if right + wrong else 1.0


def _share(values: list[bool]) -> float:
    return sum(values) / len(values) if values else 1.0


def show(outcomes: Sequence[Outcome], rows: int) -> None:
    """Print all tables; `rows` is how many values of factors and how many seeds of a finding are shown."""
    correct = [outcome for outcome in outcomes if not outcome.mutation]
    print(
        f"graphs: {len(outcomes)}, correct: {len(correct)}, of them clean: {clean_share(outcomes):.3f}, "
        f"recall: {recall(outcomes):.3f}, precision: {precision(outcomes):.3f}"
    )
    _by_mutation(outcomes)
    _by_factor(outcomes, rows)
    _by_code("false findings on correct graphs", correct, rows)
    _by_code("findings besides on mutated graphs", [outcome for outcome in outcomes if outcome.mutation], rows)


def _by_mutation(outcomes: Sequence[Outcome]) -> None:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.mutation:
            groups[outcome.mutation].append(outcome)
    print(f"\n{'mutation':28} {'runs':>5} {'recall':>7} {'besides':>8} {'precision':>9}")
    for title, some in sorted(groups.items(), key=lambda item: recall(item[1])):
        wrong = sum(len(outcome.wrong) for outcome in some)
        print(f"{title:28} {len(some):5} {recall(some):7.3f} {wrong:8} {precision(some):9.3f}")


def _by_factor(outcomes: Sequence[Outcome], rows: int) -> None:
    """Print the values of factors, those on which most correct graphs draw a false finding first."""
    groups: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        for pair in outcome.factors.items():
            groups[pair].append(outcome)
    large = [(pair, some) for pair, some in groups.items() if len(some) >= FEW]
    clean, found = clean_share(outcomes), recall(outcomes)
    large.sort(key=lambda item: _deviation(item[1], clean, correct=True) + _deviation(item[1], found, correct=False))
    print(f"\n{'factor':44} {'graphs':>6} {'clean':>7} {'recall':>7} {'precision':>9}")
    for (factor, value), some in large[:rows] if rows else large:
        print(
            f"{factor + ' = ' + value:44} {len(some):6} {clean_share(some):7.3f} {recall(some):7.3f} {precision(some):9.3f}"
        )


def _deviation(some: Sequence[Outcome], share: float, *, correct: bool) -> float:
    """How far the share of graphs as they should be is from that of all, in standard deviations."""
    hits = [outcome.hit for outcome in some if bool(outcome.mutation) != correct]
    return (sum(hits) - len(hits) * share) / sqrt(len(hits) * share * (1 - share) + 1)


def _by_code(heading: str, outcomes: Sequence[Outcome], rows: int) -> None:
    """Print codes by frequency, with the values of factors under which they are told most often, and with examples."""
    told: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        for code in {said[:4] for said in outcome.wrong}:
            told[code].append(outcome)
    print(f"\n{heading} (share of {len(outcomes)} graphs)")
    among = Counter(pair for outcome in outcomes for pair in outcome.factors.items())
    for code, some in sorted(told.items(), key=lambda item: -len(item[1])):
        print(f"{code} {len(some):5} {len(some) / len(outcomes):6.3f}  mostly: {_mostly(some, among, len(outcomes))}")
        for outcome in some[: min(rows, 3)]:
            text = next(said for said in outcome.wrong if said.startswith(code))
            print(f"      {f'{outcome.seed}/{outcome.mutation}'.rstrip('/')}: {text[:150]}")


def _mostly(some: Sequence[Outcome], among: Counter[tuple[str, str]], number: int) -> str:
    """Name the values whose graphs draw a finding more often than chance would have it, by standard deviations."""
    here = Counter(pair for outcome in some for pair in outcome.factors.items())
    share = len(some) / number
    deviation = {
        pair: (count - among[pair] * share) / sqrt(among[pair] * share * (1 - share) + 1)
        for pair, count in here.items()
    }
    best = sorted(deviation, key=lambda pair: -deviation[pair])[:4]
    return ", ".join(f"{factor}={value} ({here[factor, value]} of {among[factor, value]})" for factor, value in best)
