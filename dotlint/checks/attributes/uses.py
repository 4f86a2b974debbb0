"""Every attribute that a graph sets: each pair of name and value once, with the statements that set it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

from msgspec import Struct, field

from dotlint.data.graphviz import Element
from dotlint.edits.statement import id_text
from dotlint.engine.finding import Edit, Location, Related
from dotlint.syntax.encoding import is_undecodable
from dotlint.syntax.tree import (
    Assignment,
    AttributedStatement,
    Block,
    DefaultsStatement,
    EdgeStatement,
    NodeStatement,
    PlainEdge,
    PlainNode,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Applicability, Finding, Fix
    from dotlint.graph.model import Graph
    from dotlint.syntax.tree import Attribute, Id, Statement
    from dotlint.text.nearest import Near

# How many related locations a finding has at most.
MOST_RELATED = 3
# Clusters inherit the attributes of the graph.
LETTERS_OF = {"graph": "GCS", "cluster": "CS", "subgraph": "CS", "node": "N", "edge": "E"}


class Use(Struct, eq=False):
    """One attribute with one value on one kind of element; `groups` has its statements by the text of their lists."""

    element: Element
    name: str
    value: str
    groups: list[list[AttributedStatement]] = field(default_factory=list)

    @property
    def statements(self) -> Iterator[AttributedStatement]:
        """Every statement that sets it."""
        return (statement for group in self.groups for statement in group)

    @property
    def count(self) -> int:
        """The number of statements that set it."""
        return sum(len(group) for group in self.groups)

    def attributes(self) -> list[Attribute]:
        """Return the attributes in text order."""
        found = [attribute for statement in self.statements for attribute in self.within(statement)]
        return sorted(found, key=lambda attribute: attribute.start)

    def within(self, statement: AttributedStatement) -> list[Attribute]:
        """Return the attributes of a statement that set it."""
        return [a for a in statement.attributes if a.name.value == self.name and a.value.value == self.value]

    def starts(self, statement: AttributedStatement) -> set[int]:
        """Return the starts of names and values in a statement, one of which is the location of a finding."""
        return {start for a in self.within(statement) for start in (a.name.start, a.value.start)}

    def locations(self, *, at_name: bool) -> list[Location]:
        """Return the locations of its names or values, with the node if the statement is about one node."""
        found: list[Location] = []
        for statement in self.statements:
            refs = statement.nodes if isinstance(statement, NodeStatement) else ()
            node = str(refs[0].id.value) if len(refs) == 1 else None
            for attribute in self.within(statement):
                mark = attribute.name if at_name else attribute.value
                found.append(Location(mark.start, mark.end, node))
        return found

    def nodes(self) -> tuple[str, ...]:
        """Return the nodes whose own statements set it."""
        return tuple(
            ref.id.value
            for statement in self.statements
            if isinstance(statement, NodeStatement)
            for ref in statement.nodes
        )

    def companions(self) -> set[str]:
        """Return the names of all attributes that one of its statements sets."""
        return {name for group in self.groups for name in group[0].values()}


Uses = dict[tuple[Element, str], list[Use]]
_KNOWN: WeakKeyDictionary[GraphContext, Uses] = WeakKeyDictionary()


def uses(context: GraphContext, card: Card) -> Uses:
    """Return all uses of a graph by element and attribute name, without those that are hidden for the rule."""
    hidden = context.file.hidden.get(card.code)
    return _without(_uses(context), {start for start, _, _ in hidden}) if hidden else _uses(context)


def _without(found: Uses, hidden: set[int]) -> Uses:
    left: Uses = defaultdict(list)
    for key, some in found.items():
        for use in some:
            groups = [[s for s in group if hidden.isdisjoint(use.starts(s))] for group in use.groups]
            if groups := [group for group in groups if group]:
                left[key].append(Use(use.element, use.name, use.value, groups))
    return dict(left)


def _uses(context: GraphContext) -> Uses:
    found = _KNOWN.get(context)
    if found is None:
        document = context.file.document
        broken = sorted(one.start for one in document.problems if not is_undecodable(document.text, one.start))
        found = _KNOWN[context] = _gather(context.graph, broken)
    return found


def bodies(graph: Graph) -> Iterator[tuple[Element, list[Statement]]]:
    """Yield every body of a graph with the element that its graph attributes belong to."""
    yield "graph", graph.statement.body
    for subgraph in graph.subgraphs:
        element: Element = "cluster" if subgraph.is_cluster else "subgraph"
        for block in subgraph.statements:
            yield element, block.body


def _gather(graph: Graph, broken: list[int]) -> Uses:
    """Return the uses of a graph, without statements that `broken` (ascending offsets) is inside of."""
    alike: dict[tuple[Element, str], list[AttributedStatement]] = defaultdict(list)
    for around, body in bodies(graph):
        for statement in body:
            if broken and bisect_left(broken, statement.start) < bisect_right(broken, statement.end):
                continue
            kind = type(statement)
            if kind is PlainEdge or kind is PlainNode:
                # Nearly all statements: the text of their lists is already known.
                plain = cast("PlainNode", statement)
                if not plain.bare and plain.match[5]:
                    alike["node" if kind is PlainNode else "edge", plain.match[5]].append(plain)
            elif isinstance(statement, Assignment):
                attribute = statement.attributes[0]
                alike[around, f"{attribute.name.raw}={attribute.value.raw}"].append(statement)
            elif isinstance(statement, AttributedStatement) and not isinstance(statement, Block):
                lists = statement.lists
                if lists:
                    # Equal lists are parsed only once, and most edges have equal lists.
                    spelled = lists[0].text[lists[0].at : lists[-1].to]
                    alike[element_of(statement, around), spelled].append(statement)
    found: dict[tuple[Element, str], dict[tuple[str, bool], Use]] = defaultdict(dict)
    for (element, _), statements in alike.items():
        for name, value in statements[0].values().items():
            known = found[element, name]
            key = (value, type(value) is str)
            use = known.get(key)
            if use is None:
                use = known[key] = Use(element, name, value)
            use.groups.append(statements)
    return {key: list(by_value.values()) for key, by_value in found.items()}


def element_of(statement: AttributedStatement, around: Element) -> Element:
    """Return the element whose attributes a statement sets; `around` is the element of its body."""
    if isinstance(statement, NodeStatement):
        return "node"
    if isinstance(statement, EdgeStatement):
        return "edge"
    if isinstance(statement, DefaultsStatement):
        return "node" if statement.target == "node" else "edge" if statement.target == "edge" else around
    return around


def replaced(text: str, one: Id, value: str) -> Edit | None:
    """Return the edit that replaces an id, in quotes if it was; None if the text there is not the id as parsed."""
    if text[one.start : one.end] != one.raw:
        return None
    spelled = id_text(value)
    if one.quoted and not spelled.startswith('"'):
        spelled = f'"{spelled}"'
    return Edit(one.start, one.end, spelled)


def finding(
    context: GraphContext,
    card: Card,
    some: Sequence[Use],
    message: str,
    *,
    at_name: bool = False,
    help: str | None = None,  # noqa: A002 - the field's name
    near: Near | None = None,
    note: str | None = None,
    fix: Fix | None = None,
    fixable: Applicability | None = None,
    outcome: str | None = None,
) -> Finding:
    """Return one finding for uses with the same problem, at the first of them; `near` is the word that is suggested."""
    marks = [location for use in some for location in use.locations(at_name=at_name)]
    marks.sort(key=lambda location: location.start)
    more = len(marks) - 1
    if more > MOST_RELATED:
        note = "; ".join(filter(None, (note, f"{more} more statements have the same problem")))
    return card.finding(
        message,
        marks[0].start,
        marks[0].end,
        outcome=outcome,
        nodes=tuple(dict.fromkeys(name for use in some for name in use.nodes())),
        locations=tuple(marks),
        related=tuple(Related("the same here", mark.start, mark.end) for mark in marks[1 : MOST_RELATED + 1]),
        help=help,
        suggestion=f"`{near.word}`" if near else None,
        note=note,
        fix=fix,
        fixable=fix.applicability if fix else fixable,
        graph=context.graph.index,
    )
