"""What `dotlint explain` shows of the numbers in names, labels and clusters: what they may mean, and what decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.text.display import one_line
from dotlint.text.english import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.model import Deployment
    from dotlint.deployment.numberings.decision import Choice, Hypothesis

_MOST = 8


def number_lines(deployment: Deployment, node: int | None = None) -> list[str]:
    """Return lines about the numbers of a file, or of the node with an index; empty if it has none."""
    if deployment.decision is None:
        return []
    choices = [c for c in deployment.decision.choices if node is None or node in c.numbering.values]
    return [line for choice in choices for line in _lines(choice, node)]


def _lines(choice: Choice, node: int | None) -> Iterator[str]:
    numbering = choice.numbering
    numbers = listed([str(n) for n in numbering.numbers], _MOST) if node is None else str(numbering.values[node])
    yield one_line(f"{numbering.title}, {numbers}: {choice.meaning or 'undecided'}")
    first, *others = _with_chosen_first(choice)
    if choice.reason:
        yield one_line(f"  {choice.reason}")
    yield one_line(f"  {'' if choice.meaning else 'possible: '}{_text(first)}")
    word = "rejected" if choice.meaning else "possible"
    yield from (one_line(f"  {word}: {_text(h)}") for h in others[:2] if h.score > 0)


def _with_chosen_first(choice: Choice) -> list[Hypothesis]:
    return sorted(choice.hypotheses, key=lambda h: (h.meaning != choice.meaning, -h.score))


def _text(hypothesis: Hypothesis) -> str:
    facts = _facts(hypothesis)
    return f"{hypothesis.meaning}, score {hypothesis.score:.1f}" + (f" ({facts})" if facts else "")


def _facts(hypothesis: Hypothesis) -> str:
    def joined(facts: Iterable[tuple[float, str]]) -> str:
        return ", ".join(text for _, text in facts)

    good = joined(f for f in hypothesis.facts if f[0] > 0)
    bad = joined(f for f in hypothesis.facts if f[0] < 0)
    return "; ".join(part for part in (good and f"for: {good}", bad and f"against: {bad}") if part)
