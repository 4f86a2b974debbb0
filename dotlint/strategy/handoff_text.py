"""The handoff of the KV cache as tables for a terminal: a row for a pattern, not for a rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.text.english import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.strategy.handoff import Handoff, HeadPair, Span

_MOST_ROWS: Final = 10


def handoff_tables(found: Handoff) -> Iterator[list[tuple[str, ...]]]:
    """Yield the tables, each with its header: which layers by stage, and which heads by tensor-parallel rank."""
    if len(found.stages) > 1:
        yield _shortened([("layers", f"{found.prefill} stage", f"{found.decode} stage"), *_stage_rows(found)])
    if found.heads:
        yield _shortened([("KV heads", f"{found.prefill} TP rank", f"{found.decode} TP rank"), *_head_rows(found)])


def handoff_notes(found: Handoff) -> Iterator[str]:
    """Yield what holds for all rows, and what is not known."""
    if found.latent:
        yield (
            f"every rank holds the whole latent of a token: any TP rank of the stage of {found.prefill} sends it to "
            f"{f'each of the {found.ranks[1]} TP ranks of ' if found.ranks[1] > 1 else ''}{found.decode}"
        )
    if any(pair.senders[0] != pair.senders[1] for pair in found.heads):
        yield f"ranks joined by `or` hold copies of the same heads: one of them sends to each rank of {found.decode}"
    parts, kept = found.tokens
    if parts > 1:
        yield f"each of the {parts} parts of a sequence in {found.prefill} is sent"
    if kept > 1:
        yield f"each of the {kept} parts of a sequence in {found.decode} receives its own tokens"
    if found.kept > 1:
        yield f"rank r of {found.decode} keeps the tokens of part r mod DCP={found.kept}"
    if max(found.replicas) > 1:
        one, two = found.replicas
        yield f"a request goes from one replica of {found.prefill} ({one}) to one of {found.decode} ({two})"
    if found.lacking:
        yield f"not known without {listed(list(found.lacking), 12)}"


def _stage_rows(found: Handoff) -> list[tuple[str, ...]]:
    if all(pair.sender == pair.receiver for pair in found.stages):
        last = len(found.stages)
        return [("all", _span((1, last)), f"the same, {_span((1, last))}")]
    return [
        (", ".join(map(_span, pair.layers)), str(pair.sender), str(pair.receiver))
        for pair in sorted(found.stages, key=lambda pair: (pair.receiver, pair.sender))
    ]


def _head_rows(found: Handoff) -> list[tuple[str, ...]]:
    """Return a row for each group of senders; receivers of a row share its heads in order."""
    if len(found.heads) > 1 and all(pair.senders == pair.receivers for pair in found.heads):
        last = found.ranks[0] - 1
        return [(f"{_span((0, found.heads[-1].heads[1]))}", _span((0, last)), f"the same, {_span((0, last))}")]
    rows: list[tuple[str, ...]] = []
    for some in _stars(found.heads):
        copies = any(pair.senders[0] != pair.senders[1] for pair in some)
        senders = [_span(pair.senders, " or " if copies else "-") for pair in some]
        whole = _joined(pair.senders for pair in some)
        text = ", ".join(dict.fromkeys(senders)) if copies else _span(whole)
        rows.append(
            (_span(_joined(pair.heads for pair in some)), text, _span(_joined(pair.receivers for pair in some)))
        )
    return rows


def _stars(pairs: Sequence[HeadPair]) -> list[list[HeadPair]]:
    """Group the pairs with one sender, or those with one receiver: their heads follow one another."""
    found: list[list[HeadPair]] = []
    for pair in pairs:
        if found and (
            all(other.senders == pair.senders for other in found[-1])
            or all(other.receivers == pair.receivers for other in found[-1])
        ):
            found[-1].append(pair)
        else:
            found.append([pair])
    touched = [each for some in found for each in {(p.senders, "") for p in some} | {(p.receivers, "to") for p in some}]
    if len(touched) == len(set(touched)):
        return found
    return [[pair] for pair in pairs]  # ranks of several groups: only single rows are clear


def _joined(spans: Iterable[Span]) -> Span:
    every = [number for span in spans for number in span]
    return min(every), max(every)


def _span(span: Span, to: str = "-") -> str:
    first, last = span
    if first == last:
        return str(first)
    return f"{first}{to}{last}" if to == "-" or last == first + 1 else f"any of {first}-{last}"


def _shortened(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    if len(rows) <= _MOST_ROWS + 1:
        return rows
    return [*rows[: _MOST_ROWS - 2], ("...",) * len(rows[0]), rows[-1]]
