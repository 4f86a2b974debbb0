"""Choose what each numbering means: the meaning that explains the most without contradiction, by a clear margin.

A word suggests meanings, devices and edges decide between them. What must be true of a meaning (reading of the file as
a whole) adds to its score where it holds and takes away where it does not. Where two meanings are left whose scores
are close, the meaning is undecided.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.deployment.numberings.axes import find_numberings
from dotlint.deployment.numberings.decision import Choice, Decision, Hypothesis
from dotlint.deployment.numberings.evidence import collect

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from dotlint.deployment.facts import Facts
    from dotlint.deployment.model import Reading
    from dotlint.deployment.numberings.decision import Evidence, Fact, Meaning, Numbering
    from dotlint.deployment.vocabulary import Vocabulary
    from dotlint.graph.model import Graph

_CLEAR, _SHORT, _AMBIGUOUS, _OTHER = 4.0, 2.2, 1.2, -1.7
_MARGIN = 0.9
_LEAST = 1.5
_ORIGINS = {"label": 1.0, "cluster label": 0.6, "cluster": 0.3, "name": 0.0}


def decide(
    graph: Graph,
    readings: Sequence[Reading],
    clusters: Mapping[int, Facts],
    vocabulary: Vocabulary,
    stages: int | None = None,
) -> Decision:
    """Decide what the numbers of a file mean; `stages` is the declared number of pipeline stages."""
    numberings = find_numberings(graph, readings, clusters, vocabulary)
    choices = [
        _choice(one, evidence, vocabulary, stages)
        for one, evidence in zip(numberings, collect(graph, readings, numberings), strict=True)
    ]
    _exclude(choices)
    _settle(choices)
    _follow(choices)
    decision = Decision(choices)
    for choice in sorted(choices, key=lambda c: (-_ORIGINS[c.numbering.where], -_score(c))):
        if choice.meaning is None:
            continue
        of_meaning = decision.by_meaning.setdefault(choice.meaning, {})
        for node, number in choice.numbering.values.items():
            of_meaning.setdefault(node, (number, choice))
        of_clusters = decision.of_clusters.setdefault(choice.meaning, {})
        for cluster, number in choice.numbering.clusters.items():
            of_clusters.setdefault(cluster, number)
    decision.undecided = _undecided(choices)
    return decision


def _score(choice: Choice) -> float:
    return choice.hypotheses[0].score


def _choice(one: Numbering, evidence: Evidence, vocabulary: Vocabulary, stages: int | None) -> Choice:
    suggested = vocabulary.axes.get(one.word, {})
    other: list[Fact] = []
    if suggested:
        other.append((-3.0 if any(suggested.values()) else _OTHER, f"`{one.word}` means something else"))
    elif one.word:
        other.append((-0.5, f"`{one.word}` does not suggest it"))
    hypotheses = []
    for meaning, rule in _RULES.items():
        facts = list(other)
        if meaning in suggested:
            origin = _ORIGINS[one.where], f"it stands in {one.title.partition(' in ')[2] or 'names'}"
            facts = [_word(one.word, meaning, suggested), origin]
        facts += rule(evidence, one)
        if meaning == "stage" and stages is not None and len(evidence.values) == stages > 1:
            facts.append((0.7, "as many values as declared stages"))
        if meaning == "stage" and stages == 1 and len(evidence.values) > 1 and not evidence.following:
            facts.append((-2.0, "no pipeline is declared, and no edge leads from a value to the next"))
        hypotheses.append(Hypothesis(meaning, sum([weight for weight, _ in facts]), tuple(facts)))
    hypotheses.sort(key=lambda h: -h.score)
    choice = Choice(one, evidence, tuple(hypotheses), None)
    choice.meaning = _best(choice, ())
    return choice


def _best(choice: Choice, taken: Collection[str]) -> Meaning | None:
    """Return the best meaning that is not `taken`, if it is good enough and better than the next by a margin."""
    left = [h for h in choice.hypotheses if h.meaning not in taken]
    best, second = left[0], left[1].score
    stated = best.facts and best.facts[0][0] >= _CLEAR and best.score > second
    return best.meaning if best.score >= _LEAST and (stated or best.score - second >= _MARGIN) else None


def _exclude(choices: list[Choice]) -> None:
    """Let no name have two numbers of one meaning: the clearest number keeps it, the others get their next best."""
    taken: dict[str, set[str]] = defaultdict(set)
    reserved: dict[str, set[str]] = defaultdict(set)
    for choice in choices:
        # A word that may mean it holds the meaning open: `s0` beside the bare number of `ar1`.
        if choice.numbering.word and choice.hypotheses[0].score > 0:
            for family, _ in choice.numbering.slots:
                reserved[family].add(choice.hypotheses[0].meaning)
    for choice in sorted(choices, key=lambda c: -_confidence(c)):
        families = {family for family, _ in choice.numbering.slots}
        if not families:
            continue
        held = (taken,) if choice.numbering.word else (taken, reserved)
        unavailable = {meaning for family in families for kind in held for meaning in kind[family]}
        if choice.meaning is None or choice.meaning in unavailable:
            choice.meaning = _best(choice, unavailable - {"ordinal"})
        if choice.meaning is not None:
            for family in families:
                taken[family].add(choice.meaning)


def _confidence(choice: Choice) -> float:
    """Return how far the best meaning is ahead; those that a word states come first."""
    first, second = choice.hypotheses[:2]
    return first.score - second.score + (100.0 if first.facts and first.facts[0][0] >= _CLEAR else 0.0)


def _word(word: str, meaning: Meaning, suggested: Mapping[str, bool]) -> Fact:
    if suggested[meaning]:
        return _CLEAR + (1.5 if " " in word else 0.0), f"the word `{word}`"
    return (_SHORT if len(suggested) == 1 else _AMBIGUOUS), f"`{word}` may mean it"


def _counted(e: Evidence) -> Iterator[Fact]:
    """Yield what contradicts a count of few parts: a number such as 100 or 3090 that stands alone."""
    if e.values and e.values[0] > 1 and (len(e.values) == 1 or e.values[0] > 64):
        yield -2.0, "it does not count from 0 or 1"


def _stage(e: Evidence, one: Numbering) -> Iterator[Fact]:
    if e.devices == "apart":
        yield 2.0, "each value has devices of its own"
    elif e.devices == "alike":
        yield -3.5, "all values are on the same devices"
    elif e.devices is not None:
        yield -1.0, "values share devices"
    yield from _in_sequence(e)
    yield from _counted(e)
    if len(e.values) == 1 and one.word and len(one.word) < 3:
        yield -1.0, "one value only"
    if len(e.values) > 1 and e.meets > e.following:
        yield -1.0, "values meet in collectives"
    if e.devices == "apart" and e.singles and not e.following:
        yield -1.0, "one device a value"
    if e.around and not e.rounds:
        yield -3.5, "edges lead around a ring"
    if e.rounds:
        yield 1.0, "edges lead through all values several times"
    if not one.word:
        yield -0.5, "no word for it"


def _layer(e: Evidence, one: Numbering) -> Iterator[Fact]:
    if e.devices == "runs":
        yield 2.0, "neighboring values share devices"
    elif e.devices == "alike":
        yield 0.5, "all values are on the same devices"
    elif e.devices == "apart" and not e.following and (not one.word or (len(e.roles) == 1 and e.per_value < 2)):
        yield -1.0, "each value has devices of its own"
    yield from _in_sequence(e)
    if e.is_round:
        yield 3.0, "edges lead through all stages for each value"
    if e.alike and len(e.roles) > 1:
        yield 1.0, "the same roles in each"
    elif len(e.roles) == 1 and e.per_value < 2 and not one.word:
        yield -1.0, "one operator a value"
    if len(e.values) > 1 and e.meets > e.following:
        yield -1.0, "values meet in collectives"


def _in_sequence(e: Evidence) -> Iterator[Fact]:
    if len(e.values) < 2:
        return
    if e.following:
        yield 1.5, "edges lead from each value to the next"
    elif e.same or e.far or e.back:
        yield -0.7, "no edge leads from a value to the next"
    if e.back * 20 > e.following + e.same:
        yield -1.5, "edges lead back"


def _beside(e: Evidence) -> Iterator[Fact]:
    """Yield what is true of values that run beside one another: no edges from one to the next."""
    if len(e.values) < 2:
        return
    if e.following + e.back + e.far == 0:
        yield 0.7, "no edges between values"
    elif e.following >= len(e.values) - 1 and not e.back:
        yield -1.5, "edges lead from value to value"
    elif e.following + e.back + e.far > e.same:
        yield -1.0, "edges between values"


def _shard(e: Evidence, _: Numbering) -> Iterator[Fact]:
    if e.devices == "apart":
        yield 1.5, "each value has devices of its own"
    elif e.devices == "alike":
        yield -2.0, "all values are on the same devices"
    elif e.devices == "runs":
        yield -1.0, "values share devices"
    yield from _beside(e)
    if e.meets:
        yield 1.5, "values meet in collectives"
    if e.roles and set(e.roles) == {"expert"}:
        yield -1.5, "it numbers experts"


def _replica(e: Evidence, one: Numbering) -> Iterator[Fact]:
    if e.devices == "apart":
        yield 1.5, "each value has devices of its own"
    elif e.devices == "alike":
        yield -3.0, "all values are on the same devices"
    yield from _beside(e)
    yield from _counted(e)
    if e.alike and e.share > 0.6 and e.per_value > 3:
        yield 1.0, "every value is a whole"
    elif not one.word:
        yield -1.5, "no word for it, and its values are no wholes"
    if e.meets > 1:
        yield -1.0, "values meet in collectives"


def _micro_batch(e: Evidence, one: Numbering) -> Iterator[Fact]:
    if e.devices == "alike":
        yield 1.5, "all values are on the same devices"
    elif e.devices == "apart":
        yield -3.0, "each value has devices of its own"
    yield from _beside(e)
    if e.directed:
        yield 5.0, "it stands behind the letters of a schedule"
    if e.meets > 1:
        yield -1.0, "values meet in collectives"
    yield from _counted(e)
    if e.alike and e.share > 0.6:
        yield 0.5, "every value is a whole"
    elif not one.word:
        yield -1.5, "no word for it, and its values are no wholes"
    if not one.word:
        yield -0.7, "no word for it"


def _step(e: Evidence, one: Numbering) -> Iterator[Fact]:
    if e.devices == "alike":
        yield 1.5, "every value is on every device"
    elif e.devices == "apart":
        yield -3.0, "each value has devices of its own"
    elif e.devices == "crossed" and one.word:
        yield 0.5, "values share devices"
    if e.following:
        yield 1.0, "edges lead from each value to the next"
    if not _BESIDE_ATTENTION.isdisjoint(e.roles):
        yield -2.5, "it numbers more than attention"
    if not one.word:
        yield -2.5, "no word for it"


def _expert(e: Evidence, one: Numbering) -> Iterator[Fact]:
    if not one.word:
        yield -0.5, "no word for it"
    of_experts = sum(n for role, n in e.roles.items() if role in _EXPERT)
    if of_experts * 2 > e.operators:
        yield 1.5, "it numbers experts"
    elif e.operators:
        yield -2.5, "it numbers other operators"
    yield from _beside(e)


_BESIDE_ATTENTION = {"norm", "mlp", "mlp-up", "mlp-down", "expert", "embedding"}
"""Roles that no step of a ring repeats."""
_EXPERT = {"expert", "mlp", "mlp-up", "mlp-down", "activation"}


def _sequence(e: Evidence, _: Numbering) -> Iterator[Fact]:
    if e.devices == "apart":
        yield 0.5, "each value has devices of its own"
    elif e.devices == "alike":
        yield -2.0, "all values are on the same devices"
    yield from _beside(e)
    yield -0.5, "rare"


def _device(e: Evidence, one: Numbering) -> Iterator[Fact]:
    if e.devices == "apart" and e.singles:
        yield 1.0, "one device a value"
    elif e.devices is not None:
        yield -1.5, "its values are no devices"
    if not one.word:
        yield -1.0, "no word for it"


def _ordinal(e: Evidence, one: Numbering) -> Iterator[Fact]:
    yield -2.0 if one.word else -0.5, "a word for something else" if one.word else "bare"
    if one.glued and len(e.values) <= 4 and len(one.slots) < 3:
        yield 1.5, "it touches the word of the operator"
    if e.following and e.devices in {"alike", None} and len(e.values) < 4:
        yield 0.5, "edges lead from each value to the next"
    if len(e.values) == 1:
        yield 1.0, "one value only"
    elif len({role for role in e.roles if role}) == len(e.values) > 1:
        yield 1.0, "each value has another role"


_RULES: dict[Meaning, Callable[[Evidence, Numbering], Iterator[Fact]]] = {
    "stage": _stage, "layer": _layer, "shard": _shard, "replica": _replica, "micro-batch": _micro_batch,
    "step": _step, "expert": _expert, "sequence": _sequence, "device": _device, "ordinal": _ordinal,
}  # fmt: skip
_LEADING: tuple[Meaning, ...] = ("stage", "layer", "replica", "micro-batch")


def _settle(choices: list[Choice]) -> None:
    """Let one numbering of several that contradict one another keep a meaning; the others get their next best one."""
    for meaning in _LEADING:
        rivals = sorted(
            (c for c in choices if c.meaning == meaning), key=lambda c: (len(c.evidence.values) < 2, -_score(c))
        )
        kept: list[Choice] = []
        for choice in rivals:
            other = next((k for k in kept if not _agree(k.numbering, choice.numbering)), None)
            if other is None:
                kept.append(choice)
            else:
                choice.reason = f"{meaning}: {other.numbering.title} contradicts it"
                rest = [h for h in choice.hypotheses if h.meaning != meaning and h.meaning not in {"stage", "layer"}]
                good = rest[0].score >= _LEAST and rest[0].score - rest[1].score >= _MARGIN
                choice.meaning = rest[0].meaning if good else None


def _follow(choices: list[Choice]) -> None:
    """Give an undecided numbering the meaning of a decided one that has the same numbers on the same nodes."""
    decided = [c for c in choices if c.meaning in _LEADING]
    for choice in choices:
        if choice.meaning is not None or choice.reason:
            continue
        own = choice.numbering.values
        partner = next((c for c in decided if _continues(c, choice)), None)
        if partner is not None:
            choice.meaning = partner.meaning
            choice.reason = f"as {partner.numbering.title}, on the same devices"
            continue
        allowed = {h.meaning for h in choice.hypotheses if h.score > -1.5}
        for other in decided:
            shared = [node for node in own if node in other.numbering.values]
            if (
                2 * len(shared) >= min(len(own), len(other.numbering.values))
                and len(shared) > 1
                and other.meaning in allowed
                and all(own[node] == other.numbering.values[node] for node in shared)
                and (len({own[node] for node in shared}) > 1 or choice.numbering.word)
            ):
                choice.meaning = other.meaning
                choice.reason = f"as {other.numbering.title}, whose numbers it repeats"
                break


def _continues(decided: Choice, choice: Choice) -> bool:
    """Return whether bare numbers of other operators run over the same values on the same devices as decided ones."""
    one, two = decided.numbering, choice.numbering
    if (
        one.where != two.where
        or one.word
        or two.word
        or not decided.evidence.sets
        or one.values.keys() & two.values.keys()
    ):
        return False
    close = choice.hypotheses[0].score - _MARGIN
    if not any(h.meaning == decided.meaning and h.score > close for h in choice.hypotheses):
        return False
    sets = decided.evidence.sets
    return len(choice.evidence.values) > 1 and all(
        value in sets and choice.evidence.sets.get(value, sets[value]) <= sets[value]
        for value in choice.evidence.values
    )


def _agree(one: Numbering, two: Numbering) -> bool:
    """Return whether two numberings differ by a constant where a node has both."""
    if len(one.values) > len(two.values):
        one, two = two, one
    steps = Counter(two.values[node] - number for node, number in one.values.items() if node in two.values)
    total = sum(steps.values())
    return not total or steps.most_common(1)[0][1] * 20 >= total * 19


def _undecided(choices: list[Choice]) -> tuple[str, ...]:
    """Return the meanings that a numbering may well have without being decided, if no other numbering has them."""
    decided = {c.meaning for c in choices}
    found = []
    for choice in choices:
        if choice.meaning is None and choice.evidence.share >= 0.1 and len(choice.evidence.values) > 1:
            best = choice.hypotheses[0]
            found += [
                h.meaning
                for h in choice.hypotheses
                if h.meaning in _LEADING
                and h.meaning not in decided
                and h.score >= _LEAST
                and best.score - h.score < _MARGIN
            ]
    return tuple(dict.fromkeys(found))
