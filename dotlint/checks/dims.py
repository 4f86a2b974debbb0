"""T: dimensions that cannot be parsed, and dimensions that differ between a producer and its consumer."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.checks.grouping import names
from dotlint.deployment import axes
from dotlint.deployment.gpus_and_dims import read_dims
from dotlint.edits.fix_context import in_order
from dotlint.engine.finding import Edit, Fix, Holds, Related
from dotlint.text.english import count, listed
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.gpus_and_dims import Dims
    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Edge

_SIDE = regex(r"(?:in|out)(?:put)?(?:\s*(?:dim(?:ension)?s?|shape))?\s*\d*\s*[:=]\s*(?P<rest>.*)", re.IGNORECASE)
_GROUP = regex(r"\[(?P<inside>[^\[\]]*)(?P<end>\]?)")
_APART = regex(r"\w\s*=\s*[\w?~.]+\s+\w+\s*=")  # `batch=4 seq=8`
_TWICE = regex(r"\w+\s*=\s*\w+\s*=\s*\w+")
_BLANKS = regex(r"\s*\d+(?:\s+\d+)+\s*")  # `4 1024 512`
_HALF = regex(r"\s*\w+\s*=\s*|\s*=\s*\w+\s*")  # `batch=`
_UNKNOWN = regex(r"(?:^|[\[,=\s])\?(?=$|[\],\s])", needs=("?",))


def _dims(reading: Reading) -> tuple[Dims, ...]:
    tensors = reading.evidence.tensors
    return (*tensors.inputs, *tensors.outputs, *tensors.bare)


def _flaw(reading: Reading) -> str | None:
    """Return what is wrong with the notation of the dimensions; None if nothing is."""
    for line in reading.evidence.lines:
        if ("=" in line or "[" in line) and (flaw := _flaw_of_line(line)):
            return flaw
    return None


@lru_cache(1024)  # operators of a kind have the same lines
def _flaw_of_line(line: str) -> str | None:
    side = _SIDE.match(line)
    for group in _GROUP.finditer(side["rest"] if side else line):
        inside = group["inside"]
        if side and not group["end"] and "," in inside:
            return f"the bracket of `{line}` is not closed"
        if not side and not (group["end"] and (read_dims(inside) or _APART.search(inside))):
            continue
        if _UNKNOWN.search(inside):
            return f"`[{inside}]`"
        if twice := _TWICE.search(inside):
            return f"`{twice[0]}` has two values"
        if side and _BLANKS.fullmatch(inside):
            return f"commas are missing in `[{inside}]`"
        for part in inside.split(","):
            if _APART.search(part):
                return f"a comma is missing in `[{inside}]`"
            if _HALF.fullmatch(part):
                return f"`{part.strip()}` lacks {'its size' if part.strip().endswith('=') else 'its name'}"
    return None


def malformed_dims(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report dimensions that cannot be parsed, have unknown sizes or no names, or name one axis in several ways."""
    deployment = context.deployment
    operators = [r for r in deployment.operators if not r.summary]
    flaws = {r.node.index: flaw for r in operators if (flaw := _flaw(r))}
    left = grouping.remaining_nodes(context, card, [r for r in operators if r.node.index in flaws])
    unknown = [r for r in left if flaws[r.node.index].startswith("`[")]
    groups = [*grouping.units(deployment, [r for r in left if not flaws[r.node.index].startswith("`[")]).items()]
    if unknown:  # an open size is one remark about the file
        groups.insert(0, (grouping.only_unit(deployment, unknown), unknown))
    for unit, some in groups:
        first = flaws[some[0].node.index]
        what = f"`{some[0].name}`" if len(some) == 1 else f"{count(len(some), 'operator')}{grouping.of_unit(unit)}"
        verb = "have unknown sizes" if first.startswith("`[") else "cannot be parsed"
        message = f"the dimensions of {what} {verb}: {first}"
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            message,
            slip=verb,
            help="write them as `[batch=4, seq=1024, hidden=512]`",
            fixable=None,
        )
    yield from _nameless(context, card, operators)
    mixed = axes.spellings(Counter(key for r in operators for d in _dims(r) for key in d.keys))
    if mixed:
        yield from _aliases(context, card, operators, mixed)
    if not flaws and not mixed and any(_dims(r) for r in operators):
        yield Holds(
            card.section, "dimensions as written", "every axis has one name, and every size is a number or a symbol"
        )


def _nameless(context: GraphContext, card: Card, operators: list[Reading]) -> Iterator[Outcome]:
    """Report dimensions without names, if most of the file names them."""
    bare = [r for r in operators if any(len(d.values) > 1 and not any(d.keys) and axes.numbers(d) for d in _dims(r))]
    named = sum(1 for r in operators if any(any(d.keys) for d in _dims(r)))
    if not bare or len(bare) > named:
        return
    for unit, some in grouping.units(context.deployment, grouping.remaining_nodes(context, card, bare)).items():
        what = (
            f"the dimensions of `{some[0].name}` have"
            if len(some) == 1
            else f"the dimensions of {count(len(some), 'operator')}{grouping.of_unit(unit)} have"
        )
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            f"{what} no names, but {count(named, 'operator names', 'operators name')} theirs",
            slip="names",
            help="write them as `[batch=4, seq=1024, hidden=512]`",
            fixable=None,
        )


def _aliases(
    context: GraphContext, card: Card, operators: list[Reading], mixed: list[tuple[str, tuple[str, ...]]]
) -> Iterator[Outcome]:
    """Report, once a graph, axes with several names; the fix renames the less frequent ones."""
    usual = {other: most for most, others in mixed for other in others}
    some = [r for r in operators if any(key in usual for d in _dims(r) for key in d.keys)]
    some = grouping.remaining_nodes(context, card, some)
    if not some:
        return
    text = context.file.document.text
    pattern = re.compile(rf"(?<![\w])(?P<key>{'|'.join(map(re.escape, usual))})(?=\s*=)", re.IGNORECASE)
    edits: list[Edit] = []
    whole = True
    for reading in some:
        span = reading.node.attribute_span("label")
        whole = whole and span is not None
        if span is not None:
            edits += (Edit(*m.span("key"), usual[m["key"].lower()]) for m in pattern.finditer(text, *span))
    start, end = grouping.of_node(some[0].node)
    aliases = "; ".join(f"`{most}` is also written {listed([f'`{o}`' for o in others])}" for most, others in mixed)
    title = f"Rename {listed([f'`{other}` to `{most}`' for other, most in usual.items()])}"
    fix = Fix("unsafe", in_order(edits), title) if whole and edits else None
    yield card.finding(
        f"{'one axis has' if len(mixed) == 1 else f'{len(mixed)} axes have'} several names: {aliases}",
        start,
        end,
        outcome="aliases",
        nodes=names(some),
        locations=grouping.at_nodes(some),
        graph=context.graph.index,
        help="use one name for each axis",
        fix=fix,
        fixable=fix.applicability if fix else None,
    )


_OPEN = {"io", "routing", "communication", "memory"}
# Inputs or outputs of these differ from those of their neighbors by design, or are stated in many ways.
_RESHAPING = ("gate", "embedding", "head", "sampling", "scores", "softmax", "attention", "residual")


def _plain(reading: Reading) -> bool:
    return (
        reading.role is not None
        and reading.kind not in _OPEN
        and not reading.role.communicates
        and not reading.is_role(*_RESHAPING)
    )


def edges_with_other_dims(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edges whose consumer states another input than the producer's output, unless sharding explains it.

    Without a strategy only larger inputs are reported: a smaller input may be a shard.
    """
    deployment = context.deployment
    wrong: list[tuple[Reading, Edge, str]] = []
    right = 0
    for reading in deployment.operators:
        if not _plain(reading) or reading.summary:
            continue
        made = axes.one_in_one_out(reading)
        heads = [deployment.readings[e.head.index] for e in reading.node.out_edges]
        if made is None:
            continue
        for edge, head in zip(reading.node.out_edges, heads, strict=True):
            taken = axes.one_in_one_out(head)
            if taken is None or not _plain(head) or head.summary or len(head.node.in_edges) > 1 or edge.label:
                continue
            found = axes.change(made[1], taken[0])
            if found is None:
                continue
            if not found.parts:
                right += 1
            elif not _shards_explain(context, reading, head, found, len(heads)):
                wrong.append((reading, edge, f"[{made[1].text}] to [{taken[0].text}]"))
    left = grouping.remaining(context.file, card, wrong, lambda one: grouping.at_edge(one[1]))
    by_unit = grouping.units(deployment, {r.node.index: r for r, _, _ in left}.values())
    for unit, some in by_unit.items():
        inside = {r.node.index for r in some}
        edges = [(e, how) for r, e, how in left if r.node.index in inside]
        first, how = edges[0]
        other = "" if len(edges) == 1 else f", and {count(len(edges) - 1, 'more edge')}{grouping.of_unit(unit)}"
        yield card.finding(
            f"the output of `{first.tail.name}` and the input of `{first.head.name}` have different dimensions: {how}{other}",
            first.start,
            first.end,
            nodes=tuple(dict.fromkeys(n for e, _ in edges for n in (e.tail.name, e.head.name))),
            locations=grouping.at_edges(e for e, _ in edges),
            related=tuple(
                Related(f"{e.tail.name} -> {e.head.name}: {change}", e.start, e.end) for e, change in edges[1:9]
            ),
            about=unit,
            graph=context.graph.index,
            help="state the same dimensions at both ends, or add a split or gather between them",
        )
    if right and not wrong:
        yield Holds(
            card.section,
            "dimensions along edges",
            f"{count(right, 'edge connects', 'edges connect')} equal dimensions",
        )


def _shards_explain(context: GraphContext, tail: Reading, head: Reading, found: axes.Change, fan: int) -> bool:
    """Return whether a consumer with a single producer may take only a part of the producer's output.

    It may be one of several shards, or take the slice of its rank. It can never take more than the output, except
    for tokens that a router sends to an expert.
    """
    if len(found.parts) != 1:
        return False
    axis, before, after = found.parts[0]
    features = axis in {"hidden", "ffn", "axis 2"}
    if not features and ("expert" in {r.role.name for r in (tail, head) if r.role} or after > before):
        return True
    if after > before or before % after:
        return not features and _uneven(context, axis, before, after)
    ratio = before // after
    if features and ratio in {2, 3} and tail.is_role("qkv", "mlp-up"):
        return True  # fused query, key and value, or fused gate and up projection
    phase = context.phase(tail.phase)
    if phase is None:
        return True
    degrees = phase.degrees
    ways = {
        degrees.tp,
        degrees.sp,
        degrees.cp,
        degrees.ep,
        degrees.dp,
        degrees.tp * degrees.sp,
        degrees.tp * degrees.dp,
    }
    return ratio in ways | {fan, len(tail.gpus or ()), len(head.gpus or ())}


def _uneven(context: GraphContext, axis: str, large: int, small: int) -> bool:
    """Return whether a batch is divided as evenly as possible: 128 over 3 replicas is 43 and 42."""
    ways = {p.degrees.dp for p in context.strategy.phases} if context.strategy else set()
    return axis in {"batch", "axis 0"} and (not ways or any(small in (large // way, large // way + 1) for way in ways))
