"""T002: dimensions that cannot be parsed, lack names or have several."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.checks.grouping import names
from dotlint.deployment import axes
from dotlint.deployment.shapes import read_dims
from dotlint.edits.fix_context import in_order
from dotlint.engine.finding import Edit, Fix, Holds
from dotlint.text.english import count, listed
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.deployment.shapes import Dims
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome

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
    nameless = list(_nameless(context, card, operators))
    yield from nameless
    mixed = axes.spellings(Counter(key for r in operators for d in _dims(r) for key in d.keys))
    if mixed:
        yield from _aliases(context, card, operators, mixed)
    stating = sum(1 for r in operators if _dims(r))
    if stating and not flaws and not mixed and not nameless:
        text = "no axis has several names, and every size is a number or a symbol"
        yield Holds(card.section, "dimensions as written", f"{text}, in {stating} of {len(operators)} operators")


def _lists_numbers(dims: Dims) -> bool:
    """Return whether dimensions are several numbers without names; blanks between them are another mistake."""
    several = len(dims.values) > 1 and not any(dims.keys) and axes.numbers(dims) is not None
    return several and not _BLANKS.fullmatch(dims.text)


def _nameless(context: GraphContext, card: Card, operators: list[Reading]) -> Iterator[Outcome]:
    """Report dimensions without names, if most of the file names them."""
    bare = [r for r in operators if any(_lists_numbers(d) for d in _dims(r))]
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
