"""Checks with parameters: the basis of user-defined rules."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from dotlint.checks import grouping
from dotlint.checks.grouping import of_unit
from dotlint.engine.card import CardError
from dotlint.engine.finding import Related
from dotlint.text.english import count, listed
from dotlint.text.linear_pattern import PatternError, read_pattern
from dotlint.text.nearest import nearest, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.deployment.unit import Unit
    from dotlint.deployment.vocabulary import Vocabulary
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome
    from dotlint.graph.model import Edge, Subgraph
    from dotlint.text.linear_pattern import Pattern

_MOST_RELATED: Final = 8
_KINDS: Final = ("communication", "computation", "routing", "io", "memory", "annotation")


class Parameter(NamedTuple):
    """A parameter of a card; `texts` is a list of strings, and `choices`, if any, are the only values allowed."""

    kind: Literal["text", "texts", "pattern", "number"]
    about: str
    required: bool = False
    choices: tuple[str, ...] = ()


_NODES: Final = {
    "names": Parameter("pattern", "only nodes whose whole name matches this pattern"),
    "roles": Parameter("texts", "only nodes of these roles of the vocabulary, such as all-reduce"),
    "kinds": Parameter("texts", "only nodes of roles of these kinds", choices=_KINDS),
}
PARAMETERS: Final[dict[str, dict[str, Parameter]]] = {
    "attribute-required": {
        "attributes": Parameter("texts", "the attributes that each must have", required=True),
        "pattern": Parameter("pattern", "the pattern that the whole value of each must match"),
        "element": Parameter("text", "the elements that must have them", choices=("node", "edge", "cluster", "graph")),
        **_NODES,
    },
    "id-matches": {
        "pattern": Parameter("pattern", "the pattern that the whole name must match", required=True),
        "element": Parameter("text", "the elements whose names must match", choices=("node", "cluster", "graph")),
        **_NODES,
    },
    "role-shape": {
        "shapes": Parameter("texts", "the allowed shapes", required=True),
        **_NODES,
    },
    "degree-between": {
        "direction": Parameter("text", "the direction of the edges that count", choices=("in", "out", "both")),
        "least": Parameter("number", "the fewest edges"),
        "most": Parameter("number", "the most edges"),
        **_NODES,
    },
}


def validate(card: Card, vocabulary: Vocabulary) -> None:
    """Validate the parameters of a card for one of these checks; raise `CardError` with a remedy."""
    known = PARAMETERS[card.check]
    where = f"{card.code} {card.name}"
    for key, value in card.parameters.items():
        if key not in known:
            near = nearest(key, known)
            remedy = f"did you mean `{near}`?" if near else f"use one of {', '.join(known)}"
            raise CardError(f"{where}: the check {card.check} has no parameter `{key}`; {remedy}")
        _validate_one(where, key, value, known[key])
    for key, parameter in known.items():
        if parameter.required and key not in card.parameters:
            raise CardError(f"{where}: the check {card.check} needs the parameter `{key}`: {parameter.about}")
    for role in card.parameters.get("roles", ()):
        if role not in vocabulary.roles:
            near = nearest(role, vocabulary.roles)
            remedy = f"did you mean `{near}`?" if near else f"use one of {', '.join(vocabulary.roles)}"
            raise CardError(f"{where}: the vocabulary has no role `{role}`; {remedy}")
    if card.check == "degree-between":
        least, most = card.parameters.get("least"), card.parameters.get("most")
        if least is None and most is None:
            raise CardError(f"{where}: the check degree-between needs `least`, `most` or both")
        if least is not None and most is not None and least > most:
            raise CardError(f"{where}: `least` is {least} and `most` {most}; swap them")


def _validate_one(where: str, key: str, value: Any, parameter: Parameter) -> None:  # noqa: ANN401 - from TOML
    if parameter.kind == "number":
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise CardError(f"{where}: `{key}` must be a non-negative integer, not {value!r}")
        return
    several = parameter.kind == "texts"
    texts = value if several and isinstance(value, list) else [value]
    if several is not isinstance(value, list) or not texts or not all(isinstance(one, str) for one in texts):
        what = f'a list of strings such as ["{parameter.choices[0] if parameter.choices else key[:-1]}"]'
        raise CardError(f"{where}: `{key}` must be {what if several else 'a string'}, not {value!r}")
    for text in texts:
        if parameter.choices and text not in parameter.choices:
            choices, near = ", ".join(parameter.choices), suggestion(text, parameter.choices)
            raise CardError(f"{where}: `{key}` must be one of {choices}, not `{text}`{near}")
        if parameter.kind == "pattern":
            try:
                read_pattern(text)
            except PatternError as error:
                raise CardError(f"{where}: `{key}`: {error}") from None


@lru_cache(maxsize=64)
def _pattern(text: str) -> Pattern:
    return read_pattern(text)


def _selected(context: GraphContext, card: Card) -> list[Reading]:
    """Return the nodes that the card selects; annotations only if it selects their kind or role."""
    parameters = card.parameters
    pattern = _pattern(parameters["names"]) if "names" in parameters else None
    roles, kinds = parameters.get("roles"), parameters.get("kinds")
    deployment = context.deployment
    return [
        reading
        for reading in deployment.readings
        if (pattern is None or pattern.matches(reading.name))
        and (roles is None or reading.is_role(*roles))
        and (kinds is None or reading.kind in kinds)
        and (roles or kinds or not (deployment.recognized and reading.annotation))
    ]


def _of_nodes(
    context: GraphContext,
    card: Card,
    odd: list[Reading],
    describe: Callable[[Sequence[Reading], str], tuple[str, str]],
) -> Iterator[Finding]:
    """Yield one finding per unit; `describe` returns message and help for its nodes and its ` of unit` phrase."""
    for unit, some in grouping.units(context.deployment, grouping.remaining_nodes(context, card, odd)).items():
        message, help_ = describe(some, of_unit(unit))
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            message,
            related=tuple(Related(f"`{r.name}`", *grouping.of_node(r.node)) for r in some[1 : 1 + _MOST_RELATED]),
            help=help_,
        )


def required_attributes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report nodes, edges, clusters or graphs that lack an attribute or have a value that does not match the pattern."""
    required = tuple(card.parameters["attributes"])
    pattern = _pattern(card.parameters["pattern"]) if "pattern" in card.parameters else None
    element = card.parameters.get("element", "node")
    which = listed([f"`{name}`" for name in required])
    help_ = f"set {which}" + (
        f" to {'a value that matches' if len(required) == 1 else 'values that match'} `{pattern.text}`"
        if pattern
        else ""
    )

    def lacks(attributes: Mapping[str, str]) -> list[str]:
        return [n for n in required if n not in attributes or (pattern and not pattern.matches(attributes[n]))]

    def problem(number: int, missing: Sequence[str]) -> str:
        one = number == 1
        attributes = (listed if one else _either)([f"`{name}`" for name in missing])
        if pattern is None:
            return f"{'lacks' if one else 'lack'} {attributes}"
        return f"{'has' if one else 'have'} no {attributes} that matches `{pattern.text}`"

    if element == "graph":
        missing = lacks(context.graph.attributes)
        if missing:
            yield card.finding(
                f"the graph {problem(1, missing)}", *context.graph.header, graph=context.graph.index, help=help_
            )
    elif element == "cluster":
        odd = [(s, lacks(s.attributes)) for s in context.graph.subgraphs if s.is_cluster]
        yield from _of_clusters(
            context, card, [s for s, missing in odd if missing], lambda n: problem(n, required), help_
        )
    elif element == "edge":
        by_unit: dict[Unit | None, list[Edge]] = defaultdict(list)
        tails = {r.node.index: unit for unit, some in _units_of_all(context, card) for r in some}
        for edge in context.graph.edges:
            if edge.tail.index in tails and lacks(edge.attributes):
                by_unit[tails[edge.tail.index]].append(edge)
        for unit, edges in by_unit.items():
            edges = grouping.remaining(context.file, card, edges, grouping.at_edge)  # noqa: PLW2901
            if not edges:
                continue
            one = f"the edge `{edges[0].tail.name}` -> `{edges[0].head.name}`"
            subject = one if len(edges) == 1 else count(len(edges), "edge") + of_unit(unit)
            yield card.finding(
                f"{subject} {problem(len(edges), lacks(edges[0].attributes) if len(edges) == 1 else required)}",
                edges[0].start,
                edges[0].end,
                nodes=tuple(dict.fromkeys(name for e in edges for name in (e.tail.name, e.head.name))),
                locations=grouping.at_edges(edges),
                related=tuple(
                    Related(f"{e.tail.name} -> {e.head.name}", e.start, e.end) for e in edges[1 : 1 + _MOST_RELATED]
                ),
                about=unit,
                graph=context.graph.index,
                help=help_,
            )
    else:

        def describe(some: Sequence[Reading], of: str) -> tuple[str, str]:
            if len(some) == 1:
                return f"`{some[0].name}` {problem(1, lacks(some[0].node.attributes))}", help_
            return f"{count(len(some), 'node')}{of} {problem(len(some), required)}", help_

        yield from _of_nodes(context, card, [r for r in _selected(context, card) if lacks(r.node.attributes)], describe)


def _either(words: Sequence[str]) -> str:
    return " or ".join(words)


def _units_of_all(context: GraphContext, card: Card) -> Iterator[tuple[Unit | None, list[Reading]]]:
    yield from grouping.units(context.deployment, _selected(context, card)).items()


def _of_clusters(
    context: GraphContext, card: Card, odd: Sequence[Subgraph], problem: Callable[[int], str], help_: str
) -> Iterator[Finding]:
    """Yield one finding per family of clusters, whose names differ only in their numbers."""
    families: dict[str, list[Subgraph]] = defaultdict(list)
    for cluster in grouping.remaining(context.file, card, odd, grouping.at_subgraph):
        families[re.sub(r"\d+", "#", cluster.name or "")].append(cluster)
    for some in families.values():
        subject = f"cluster `{some[0].name or ''}`" if len(some) == 1 else count(len(some), "cluster")
        first = some[0].statements[0]
        yield card.finding(
            f"{subject} {problem(len(some))}",
            first.start,
            first.open.end,
            locations=tuple(map(grouping.at_subgraph, some)),
            related=tuple(
                Related(f"cluster `{c.name or ''}`", c.start, c.statements[0].open.end)
                for c in some[1 : 1 + _MOST_RELATED]
            ),
            graph=context.graph.index,
            help=help_,
        )


def ids_that_differ(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report nodes, clusters or graphs whose whole name does not match the pattern; unnamed ones are skipped."""
    pattern = _pattern(card.parameters["pattern"])
    help_ = f"choose a name that matches `{pattern.text}`"

    def problem(number: int) -> str:
        verb, differ = ("has a name", "does") if number == 1 else ("have names", "do")
        return f"{verb} that {differ} not match `{pattern.text}`"

    element = card.parameters.get("element", "node")
    if element == "graph":
        name = context.graph.name
        if name is not None and not pattern.matches(name):
            header = context.graph.header
            yield card.finding(f"the graph `{name}` {problem(1)}", *header, graph=context.graph.index, help=help_)
    elif element == "cluster":
        clusters = [s for s in context.graph.subgraphs if s.is_cluster and s.name is not None]
        yield from _of_clusters(
            context, card, [s for s in clusters if not pattern.matches(s.name or "")], problem, help_
        )
    else:

        def describe(some: Sequence[Reading], of: str) -> tuple[str, str]:
            subject = f"`{some[0].name}`" if len(some) == 1 else count(len(some), "node") + of
            return f"{subject} {problem(len(some))}", help_

        yield from _of_nodes(
            context, card, [r for r in _selected(context, card) if not pattern.matches(r.name)], describe
        )


def shapes_that_differ(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report nodes whose shape is none of the card's."""
    shapes = tuple(shape.lower() for shape in card.parameters["shapes"])
    odd = [r for r in _selected(context, card) if r.node.attributes.get("shape", "ellipse").lower() not in shapes]

    def describe(some: Sequence[Reading], of: str) -> tuple[str, str]:
        drawn = listed(sorted({r.node.attributes.get("shape", "ellipse").lower() for r in some}))
        subject = f"`{some[0].name}` is" if len(some) == 1 else f"{count(len(some), 'node')}{of} are"
        allowed = " or ".join(shapes)
        return f"{subject} drawn as {drawn}, not as {allowed}", f"set shape={shapes[0]}"

    yield from _of_nodes(context, card, odd, describe)


def degrees_outside(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report nodes with fewer or more edges than the card allows; a self-loop counts once in each direction."""
    graph = context.graph
    direction = card.parameters.get("direction", "both")
    least, most = card.parameters.get("least", 0), card.parameters.get("most")

    def degree(reading: Reading) -> int:
        node = reading.node
        into = graph.in_degree(node) if direction != "out" else 0
        return into + (graph.out_degree(node) if direction != "in" else 0)

    found = [(reading, degree(reading)) for reading in _selected(context, card)]
    odd = {r.node.index: d for r, d in found if d < least or (most is not None and d > most)}
    edges = {"in": "incoming ", "out": "outgoing ", "both": ""}[direction]
    bounds = f"at least {least}" if most is None else f"{least} to {most}" if least else f"at most {most}"

    def describe(some: Sequence[Reading], of: str) -> tuple[str, str]:
        if len(some) == 1:
            has = f"`{some[0].name}` has {count(odd[some[0].node.index], edges + 'edge')}"
        else:
            low, high = min(odd[r.node.index] for r in some), max(odd[r.node.index] for r in some)
            number = count(low, edges + "edge") if low == high else f"{low} to {high} {edges}edges"
            has = f"{count(len(some), 'node')}{of} have {number}{' each' if low == high else ''}"
        return f"{has}, not {bounds}", f"connect it with {bounds} {edges}edges"

    yield from _of_nodes(context, card, [r for r, _ in found if r.node.index in odd], describe)


def role_shapes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Check the shapes of the card if it has any, else those of the vocabulary (V001)."""
    if "shapes" in card.parameters:
        return shapes_that_differ(context, card)
    from dotlint.checks import visual  # noqa: PLC0415 - only V001 needs it

    return visual.role_shapes(context, card) if context.deployment.recognized else iter(())


def examples() -> dict[str, dict[str, Any]]:
    """Return parameters, a bad and a good DOT text for each check, from which a new card starts."""
    return {
        "attribute-required": {
            "parameters": {"attributes": ["label"], "element": "node"},
            "bad": "digraph {\n  a [shape=box]\n}\n",
            "good": 'digraph {\n  a [shape=box label="Attention"]\n}\n',
        },
        "id-matches": {
            "parameters": {"pattern": "[a-z][a-z0-9_]*", "element": "node"},
            "bad": "digraph {\n  LayerNorm1\n}\n",
            "good": "digraph {\n  layer_norm_1\n}\n",
        },
        "role-shape": {
            "parameters": {"shapes": ["ellipse", "oval"], "kinds": ["communication"]},
            "bad": 'digraph {\n  ar [label="All-Reduce" shape=box]\n}\n',
            "good": 'digraph {\n  ar [label="All-Reduce" shape=ellipse]\n}\n',
        },
        "degree-between": {
            "parameters": {"direction": "in", "most": 2, "names": "join_.*"},
            "bad": "digraph {\n  {a b c} -> join_1\n}\n",
            "good": "digraph {\n  {a b} -> join_1\n}\n",
        },
    }
