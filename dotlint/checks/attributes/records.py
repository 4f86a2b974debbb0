"""A012: record labels that Graphviz cannot take apart. The parser follows `parse_reclbl` in lib/common/shapes.c."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks.grouping import at_node, of_node, remaining
from dotlint.edits.fix_context import fixed_by, in_order
from dotlint.engine.finding import Edit, Fix, Related
from dotlint.syntax.tree import Html
from dotlint.text.english import count, the

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome
    from dotlint.graph.model import Node

_MOST_RELATED = 3
RECORDS = frozenset({"record", "Mrecord"})
_SPECIAL = frozenset("{}<>|")
_SWALLOWED = "text before a `<port>` is not drawn"


class BadRecords(Struct, frozen=True, eq=False):
    """Nodes with a record label that Graphviz cannot read."""

    nodes: tuple[Node, ...]


def escape_records(_fix: FixContext, finding: Finding) -> Fix | str:
    """Escape the characters of record labels that are text."""
    data = finding.data
    assert isinstance(data, BadRecords)
    edits: dict[int, Edit] = {}
    for node in data.nodes:
        label = node.attribute("label")
        if label is None or label.value.raw != f'"{node.label}"':
            return f"the label of `{node.name}` is not in a statement of its own"
        offsets = escaped(node.label, _used_ports(node))
        if not offsets:
            return f"it is not certain what the label of `{node.name}` is meant to be"
        for offset in offsets:
            at = label.value.start + 1 + offset
            edits[at] = Edit(at, at, "\\")
    return Fix("unsafe", in_order(list(edits.values())), f"Escape {the(len(edits), 'character')} of record labels")


@fixed_by(escape_records)
def bad_record_labels(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report record labels that Graphviz rejects or cuts off, with one finding for each flaw."""
    broken: dict[str, list[Node]] = defaultdict(list)
    for node in context.graph.nodes.values():
        if node.attributes.get("shape") in RECORDS and not isinstance(node.label, Html):
            label = node.attributes.get("label", "")
            found = record_flaw(label, _used_ports(node)) if set(label) & _SPECIAL else None
            if found:
                broken[found.what].append(node)
    for what, every in broken.items():
        some = remaining(context.file, card, every, at_node)
        if not some:
            continue
        more = f", and of {count(len(some) - 1, 'more node')}" if len(some) > 1 else ""
        yield card.finding(
            f"the record label of `{some[0].name}`{more}: {what}",
            *of_node(some[0]),
            nodes=tuple(node.name for node in some),
            locations=tuple(map(at_node, some)),
            related=tuple(Related("the same here", *of_node(node)) for node in some[1 : _MOST_RELATED + 1]),
            graph=context.graph.index,
            help=r"write `\{`, `\}`, `\<`, `\>` and `\|` for characters that are part of the text"
            + (", and a port before its text" if what == _SWALLOWED else ""),
            data=BadRecords(tuple(some)),
        )


class RecordFlaw(Struct, frozen=True):
    """What Graphviz cannot read in a record label, and the offsets of the characters that must be escaped as text."""

    what: str
    escapes: tuple[int, ...] = ()


def record_flaw(label: str, used: Collection[str] = ()) -> RecordFlaw | None:
    """Return the first error in a record label, None if Graphviz draws all of it; edges lead to the ports `used`."""
    opened: list[int] = []  # the offsets of the braces around the field
    group: tuple[int, ...] = ()  # those of the group in braces that the field is
    text = False
    port: int | None = None
    inside = False
    swallowed: RecordFlaw | None = None
    at = -1
    while at + 1 < len(label):
        at += 1
        char = label[at]
        if char == "\\" and at + 1 < len(label):
            at += 1  # an escaped character is text
            char = "x"
        if inside and port is not None:
            if char in "<{}|":
                return RecordFlaw(f"`{char}` inside of `<...>`", (port,))
            if char == ">":
                inside = False
                name = label[port + 1 : at]
                if text and swallowed is None:
                    swallowed = RecordFlaw(_SWALLOWED, () if name.strip() in used else (port, at))
        elif char == "<":
            if group or port is not None:
                what = "a `<port>` beside a group in braces" if group else "a second `<port>` in one field"
                return RecordFlaw(what, (at, *_end(label, at, ">")))
            port, inside = at, True
        elif char == ">":
            return RecordFlaw("a `>` without its `<`", (at,))
        elif char == "{":
            if text or port is not None or group or at + 1 >= len(label):
                return RecordFlaw("a `{` behind other text of its field", (at, *_end(label, at, "}")))
            opened.append(at)
        elif char == "}":
            if not opened:
                return RecordFlaw("a `}` without its `{`, which ends the label", (at,))
            group = (opened.pop(), at)
            text, port = False, None
        elif char == "|":
            text, port, group = False, None, ()
        elif char != " ":
            if group:
                return RecordFlaw("text behind a group in braces", group)
            text = True
    if inside and port is not None:
        return RecordFlaw("a `<` without its `>`", (port,))
    return RecordFlaw("a `{` without its `}`") if opened else swallowed


def _end(label: str, start: int, closing: str) -> tuple[int, ...]:
    """Return the offset of the character that closes what is opened at `start`, if there is one."""
    depth, at = 0, start
    while at < len(label):
        if label[at] == "\\":
            at += 1
        elif label[at] == closing:
            depth -= 1
            if not depth:
                return (at,)
        elif label[at] == label[start]:
            depth += 1
        at += 1
    return ()


def escaped(label: str, used: Collection[str] = ()) -> list[int] | None:
    """Return the offsets before which a backslash makes a record label valid, None if that is not certain."""
    found: set[int] = set()
    while True:
        kept, shift = [], []
        for at, char in enumerate(label):
            if at in found:
                kept.append("\\")
                shift.append(at)
            kept.append(char)
            shift.append(at)
        flaw = record_flaw("".join(kept), used)
        if flaw is None:
            return sorted(found)
        new = {shift[at] for at in flaw.escapes} - found
        if not new:
            return None
        found |= new


def _used_ports(node: Node) -> set[str]:
    ends = [edge.tail_port for edge in node.out_edges] + [edge.head_port for edge in node.in_edges]
    return {port.partition(":")[0] for port in ends if port}
