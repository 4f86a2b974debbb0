"""Print what became of drawn graphs: in all, by mutation, by factor, and the commonest false findings."""

from __future__ import annotations

from collections import Counter, defaultdict
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
    _by_code("false findings on correct graphs", ((o.seed, w) for o in correct for w in o.wrong), len(correct), rows)
    _by_code(
        "findings besides on mutated graphs",
        ((f"{o.seed}/{o.mutation}", w) for o in outcomes if o.mutation for w in o.wrong),
        len(outcomes) - len(correct),
        rows,
    )


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
    large.sort(key=lambda item: clean_share(item[1]) + recall(item[1]) + precision(item[1]))
    print(f"\n{'factor':44} {'graphs':>6} {'clean':>7} {'recall':>7} {'precision':>9}")
    for (factor, value), some in large[:rows] if rows else large:
        print(f"{factor + ' = ' + value:44} {len(some):6} {clean_share(some):7.3f} {recall(some):7.3f} {precision(some):9.3f}")


def _by_code(heading: str, said: Iterable[tuple[str, str]], graphs: int, rows: int) -> None:
    seeds: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for seed, text in said:
        seeds[text[:4]].append((seed, text))
    counts = Counter({code: len({seed for seed, _ in some}) for code, some in seeds.items()})
    print(f"\n{heading} (share of {graphs} graphs)")
    for code, number in counts.most_common():
        print(f"{code} {number:5} {number / max(graphs, 1):6.3f}")
        for seed, text in seeds[code][: min(rows, 3)]:
            print(f"      {seed}: {text[:150]}")
