"""T001: operators without dimensions, and the fix that copies them from others of their kind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.checks.grouping import names
from dotlint.checks.visual import is_end
from dotlint.checks.whole_boxes import is_whole_box
from dotlint.deployment import axes
from dotlint.deployment.sizes import read_size
from dotlint.deployment.stated_dims import edge_tensors
from dotlint.deployment.words import plain_words
from dotlint.edits.dimensions import DimensionCopier
from dotlint.edits.fix_context import fixed_by
from dotlint.engine.finding import Fix, Holds
from dotlint.text.english import count, listed
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.model import Reading
    from dotlint.deployment.shapes import Dims
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome

# `Input: QKV tensors`, `OUTPUT: same`: a side may be stated in words.
_STATED = regex(
    r"(?P<side>in|out)(?:puts?)?(?:\s*(?:dim(?:ension)?s?|shapes?|tensors?|sizes?))?\s*\d*\s*[:=]\s*[^\s?]",
    re.IGNORECASE,
)
_FIRST = ("i", "I", "o", "O")
# `Size: 4096 elements per token`, `[4096→12288]`, `[batch=4 seq=8]`: sizes that are not a list of dimensions.
_SIZED = regex(
    r"(?:\w+\s+)?(?:sizes?|shapes?|dim(?:ension)?s?|volume|payload)\s*[:=].*\d"
    r"|[^\[]*\[[^\[\]]*(?:\d\s*(?:→|->|=>)\s*\d|=|\d[\s,]\s*\d)",
    re.IGNORECASE,
    needs=("[", "size", "shape", "dim", "volume", "payload"),
)
# `B=128, L=100000, D=4096`, but not degrees such as `TP=2, EP=64`.
_PAIRS = regex(
    r"(?!(?:[tpesdc]p|gpus?|stage|layers?)\b)[a-z]\w*\s*=\s*\d\w*(?:\s*[,;x]\s*[a-z]\w*\s*=\s*\d\w*)+",
    re.IGNORECASE,
    needs=("=",),
)
# `batch=128 → 2×64`, `Input: [B=128->8]`: one text states the size before and after.
_CHANGE = regex(r"\w\s*=\s*\d+\s*(?:→|->|=>)\s*\d", re.IGNORECASE, needs=("→", "->", "=>"))
_PLACED = regex(r"gpu|device|stage|rank|node|\b[tepdsc]p\d*\b", re.IGNORECASE)
_PAIR = regex(r"((?-i:[A-Za-z])\w*)\s*[=:]\s*[~\d]", re.IGNORECASE)


def _stated_sides(reading: Reading) -> tuple[bool, bool]:
    """Return whether Input and Output are stated, including in words or by sizes that belong to both."""
    tensors = reading.evidence.tensors
    if tensors.bare or (tensors.inputs and tensors.outputs):
        return True, True
    found = [(line, _STATED.match(line) if line[:1] in _FIRST else None) for line in reading.evidence.lines]
    stated = {match["side"].lower() for _, match in found if match}
    others = [line for line, match in found if not match]
    sides = bool(tensors.inputs) or "in" in stated, bool(tensors.outputs) or "out" in stated
    if (
        all(sides)
        or (any(sides) and (reading.kind == "io" or is_end(reading) or _passes_on(reading)))
        or any(line.count("=") > 1 and _PAIRS.fullmatch(line) for line in others)
        or any(_CHANGE.search(line) and not _PLACED.match(line) for line in reading.evidence.lines)
        or any(_SIZED.match(line) and not _PLACED.search(line) for line in others)
        or len({axis for line in others for axis in axes.named(_PAIR.findall(line))}) > 1
    ):
        return True, True
    return sides


def _passes_on(reading: Reading) -> bool:
    """Return whether the node is a transfer, whose output is its input."""
    return reading.role is not None and reading.role.communicates in {"point-to-point", "kv-transfer"}


def _lacking(reading: Reading) -> frozenset[str]:
    """Return the sides whose dimensions neither the label nor the labels of edges state."""
    before, after = _stated_sides(reading)
    if before and after:
        return frozenset()
    node = reading.node
    if reading.kind in {"io", None} and before != after and bool(node.in_edges) != bool(node.out_edges):
        return frozenset()  # nothing is before the start of a model, and nothing after its end
    before = before or any(edge_tensors(edge) for edge in node.in_edges)
    after = after or any(edge_tensors(edge) for edge in node.out_edges)
    return frozenset(side for side, stated in zip(_BOTH, (before, after), strict=True) if not stated)


def _sides_of(lacking: Iterable[frozenset[str]]) -> str:
    """Return `Input`, `Input and Output`, or `Input or Output` if some lack one and some the other."""
    found = list(lacking)
    word = "and" if all(sides == found[0] for sides in found) else "or"
    return f" {word} ".join(sorted(frozenset().union(*found)))


_BOTH = ("Input", "Output")
_PAPER = {"note", "folder", "tab"}  # shapes of text about operators, not of an operator
_FEW = 3  # fewer operators are an overview
_FAMILY = 4  # from so many units on, operators of one family without dimensions are intended
_REMEDY = "add the dimensions to the labels, for example `Input: [batch=4, seq=1024, hidden=512]`"


def copy_dims(fix: FixContext, finding: Finding) -> Fix | str:
    """Copy the dimensions of other operators of the kind, if those that state any agree."""
    edits = DimensionCopier(fix.deployment).edits(fix.readings(finding))
    if not edits:
        return "no operator of this kind states its dimensions, or those that do disagree"
    operators = f"{count(len(edits), 'operator')}{grouping.of_unit(finding.about)}"
    title = f"Copy the dimensions of {operators} from others of the same kind"
    return Fix("unsafe", tuple(edits), title)


def _coverage(context: GraphContext, operators: list[Reading]) -> str:
    """Return how many operators state dimensions, and how many of these leave a size open."""
    total = sum(1 for r in context.deployment.operators if not r.summary)
    number = f"all {total}" if len(operators) == total else f"{len(operators)} of {total}"
    unsized = sum(any(read_size(v) is None for dims in _dims(r) for v in dims.values) for r in operators)
    return f"{number} operators state their dimensions" + (f", {unsized} with sizes left open" if unsized else "")


def _dims(reading: Reading) -> tuple[Dims, ...]:
    tensors = reading.evidence.tensors
    return (*tensors.inputs, *tensors.outputs, *tensors.bare)


@fixed_by(copy_dims)
def operators_without_dims(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Operators whose labels lack Input or Output dimensions.

    There is one finding if the graph states none at all, and one for the kinds of operators that never state any.
    Operators without a role are checked only if others of their family state dimensions.
    """
    declared = [
        r
        for r in context.deployment.operators
        if not r.summary
        and r.node.declared
        and r.node.attributes.get("shape", "").lower() not in _PAPER
        and not is_whole_box(context, r)
    ]
    sides = {r.node.index: _lacking(r) for r in declared}
    stating = {r.evidence.name.family for r in declared if len(sides[r.node.index]) < len(_BOTH)}
    operators = [r for r in declared if r.role is not None or r.evidence.name.family in stating]
    lacking = [r for r in operators if sides[r.node.index]]
    if not lacking:
        if operators:
            yield Holds("attributes", "dimensions", _coverage(context, operators))
        return
    total = len(operators)
    if total < _FEW or sum(1 for r in context.deployment.operators if r.summary) > total:
        return  # an overview, not a graph of operators
    left = grouping.remaining_nodes(context, card, lacking)
    if len(lacking) == total:
        if not left:
            return
        start, end = grouping.of_nodes(left, context.graph)
        yield card.finding(
            f"none of the {total} operators states both its Input and its Output dimensions",
            start,
            end,
            nodes=names(left),
            locations=grouping.at_nodes(left),
            graph=context.graph.index,
            help=_REMEDY,
        )
        return
    note = f"{len(lacking)} of the {total} operators of the graph {'lacks' if len(lacking) == 1 else 'lack'} dimensions"
    kinds = _never_stated(operators, sides)
    silent = [r for r in left if r.node.index in kinds]
    if silent:
        start, end = grouping.of_nodes(silent, context.graph)
        every = listed(list(dict.fromkeys(kinds[r.node.index] for r in silent))).replace(" and ", " or ")
        yield card.finding(
            f"no {every} operator states its Input or Output dimensions ({len(silent)} in total)",
            start,
            end,
            outcome="kinds",
            nodes=names(silent),
            locations=grouping.at_nodes(silent),
            graph=context.graph.index,
            help=_REMEDY,
            note=note,
        )
    rest = [r for r in left if r.node.index not in kinds]
    for unit, some in grouping.units(context.deployment, rest).items():
        one = len(some) == 1
        what = f"`{some[0].name}` lacks" if one else f"{count(len(some), 'operator')}{grouping.of_unit(unit)} lack"
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            f"{what} {_sides_of(sides[r.node.index] for r in some)} dimensions",
            help=_REMEDY,
            note=note,
        )


def _never_stated(operators: list[Reading], sides: dict[int, frozenset[str]]) -> dict[int, str]:
    """Return the kind of each node of which several are drawn and none states a side.

    A kind is a role, or a family of names that occurs in several units.
    """
    roles: dict[str, list[Reading]] = {}
    alike: dict[str, list[Reading]] = {}
    for reading in operators:
        alike.setdefault(plain_words(reading.name), []).append(reading)
        if reading.role is not None:
            roles.setdefault(reading.role.name, []).append(reading)
    found: dict[int, str] = {}
    for kinds, least in ((roles, 2), (alike, _FAMILY)):
        for kind, members in kinds.items():
            units = {(r.phase, r.stage, r.layer) for r in members} if kinds is alike else members
            # A collective or transfer passes on what it gets, so even the only one may leave it out.
            enough = len(units) >= least or (kinds is roles and members[0].kind in {"communication", "memory"})
            if enough and all(len(sides[r.node.index]) == len(_BOTH) for r in members):
                title = kind if kinds is roles else f"`{members[0].evidence.name.family}`"
                for reading in members:
                    found.setdefault(reading.node.index, title)
    return found
