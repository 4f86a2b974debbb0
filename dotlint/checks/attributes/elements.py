"""A: attributes that Graphviz does not know, or not for that element or with that value.

It silently ignores most of them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.checks.attributes.uses import finding, replaced, uses
from dotlint.checks.grouping import at_edge, at_edges, remaining
from dotlint.data import graphviz
from dotlint.data.colors import is_color, meant, parts, weights_fit
from dotlint.data.values import expected, is_free, known_words, takes, too_small
from dotlint.edits.fix_context import fixed_by, in_order
from dotlint.edits.graph_attributes import set_graph_attribute
from dotlint.engine.finding import Edit, Fix
from dotlint.syntax.tree import Html
from dotlint.text.english import count, listed, the
from dotlint.text.nearest import Lexicon, Near
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dotlint.checks.attributes.uses import Use, Uses
    from dotlint.data.graphviz import AttributeFact
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome
    from dotlint.graph.model import Edge, Graph

# Clusters inherit the attributes of the graph.
_LETTERS = {"graph": "GCS", "cluster": "CS", "subgraph": "CS", "node": "N", "edge": "E"}
_NAMES = {"G": "graphs", "C": "clusters", "S": "subgraphs", "N": "nodes", "E": "edges"}
# How many values of one attribute are reported one by one.
_MOST = 4
# Attributes and styles of dot2tex, which hands the styles on to TikZ: `fill=green!20`.
_OF_DOT2TEX = {
    "d2tdocpreamble",
    "d2tfigpreamble",
    "d2tgraphstyle",
    "d2toptions",
    "d2ttikzedgelabels",
    "texlbl",
    "topath",
}
_STYLE_OF_TIKZ = regex(r"[=!]", needs=("=", "!"))
_STYLE = regex(r"[^\s,()]+(?:\([^()]*\))?")


@cache
def _names_for(letters: str) -> Lexicon:
    return Lexicon(name for name, fact in graphviz.attributes().items() if fact.allowed(letters) and not fact.written)


@cache
def _shape_names() -> Lexicon:
    return Lexicon(sorted(graphviz.shapes()))


def _on(element: str, number: int) -> str:
    return f"{'an' if element == 'edge' else 'a'} {element}" if number == 1 else f"{number} {element}s"


def _rename_fix(some: Iterable[Use], near: Near) -> Fix | None:
    edits = [replaced(use_text(a.name), a.name, near.word) for use in some for a in use.attributes()]
    return _fix(edits, f"Rename {the(len(edits), 'attribute')} to `{near.word}`", near)


def use_text(one: object) -> str:
    """Return the text that an id was parsed from."""
    text = one.text  # type: ignore[attr-defined]
    while hasattr(text, "parent"):
        text = text.parent
    return str(text)


def _fix(edits: list[Edit | None], title: str, near: Near | None = None, applicability: str = "safe") -> Fix | None:
    sure = [edit for edit in edits if edit is not None]
    if not sure or len(sure) < len(edits):
        return None
    if near is not None and not (near.edits <= 1 and near.single):
        applicability = "unsafe"
    return Fix("safe" if applicability == "safe" else "unsafe", in_order(sure), title)


def _value_fix(some: Iterable[Use], change: Callable[[str], str], near: Near) -> Fix | None:
    edits: list[Edit | None] = []
    for use in some:
        edits += [replaced(use_text(a.value), a.value, change(use.value)) for a in use.attributes()]
    return _fix(edits, f"Write `{near.word}`" + (f" at {len(edits)} locations" if len(edits) > 1 else ""), near)


def _to(word: str) -> Callable[[str], str]:
    return lambda _: word


def unknown_attributes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report attributes whose names look misspelled; DOT allows all others as attributes of the author."""
    known = graphviz.attributes()
    for (element, name), some in uses(context, card).items():
        if name in known or name in graphviz.silent_attributes():
            continue
        letters = _LETTERS[element]
        near = _names_for(letters).nearest(name)
        if near is None:
            continue
        fact = known[near.word]
        fits = all(is_free(fact) or any(takes(kind, use.value) for kind in fact.types) for use in some)
        if not fits or any(near.word in use.companions() for use in some):
            continue
        number = sum(use.count for use in some)
        yield finding(
            context,
            card,
            some,
            f"Graphviz has no attribute `{name}`, set on {_on(element, number)}",
            at_name=True,
            near=near,
            fix=_rename_fix(some, near),
        )


def wrong_elements(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report attributes on elements for which Graphviz ignores them."""
    for (element, name), some in uses(context, card).items():
        fact = graphviz.attributes().get(name)
        if fact is None or fact.written or fact.allowed(_LETTERS[element]):
            continue
        some = [use for use in some if use.value]  # noqa: PLW2901 - an empty value means that it is not set
        if not some:
            continue
        owners = [_NAMES[letter] for letter in fact.elements]
        number = sum(use.count for use in some)
        yield finding(
            context,
            card,
            some,
            f"`{name}` has no effect on {_on(element, number)}: it is an attribute of {listed(owners)}",
            at_name=True,
            help=_where_instead(element, name, fact),
        )


def _where_instead(element: str, name: str, fact: AttributeFact) -> str:
    if element in {"graph", "cluster", "subgraph"} and fact.allowed("NE"):
        keyword = "node" if fact.allowed("N") else "edge"
        return f"for all {keyword}s below, write `{keyword} [{name}=...]`"
    if element in {"cluster", "subgraph"}:
        return "set it for the whole graph"
    return f"set it on {listed([_NAMES[letter] for letter in fact.elements])}, or remove it"


def bad_values(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report values that do not have the type of the attribute, are below its minimum, or name no cluster."""
    for (element, name), some in uses(context, card).items():
        fact = graphviz.attributes().get(name)
        if fact is None or not fact.allowed(_LETTERS[element]):
            continue
        if fact.types == ("cluster",):
            yield from _missing_clusters(context, card, some)
            yield from _clusters_elsewhere(context, card, name)
            continue
        if is_free(fact):
            continue
        wrong = [use for use in some if not any(takes(kind, use.value) for kind in fact.types)]
        small = [use for use in some if use not in wrong and too_small(fact, use.value)]
        for bad in _separately(wrong):
            near = _near_word(fact, bad[0].value) if len(bad) == 1 else None
            yield finding(
                context,
                card,
                bad,
                f"`{name}` is {_values(bad)}, but must be {expected(fact)}",
                near=near,
                note="Graphviz silently uses the default, or the part of the value that it can read",
                fix=_value_fix(bad, _to(near.word), near) if near else None,
            )
        for bad in _separately(small):
            least = f"{'more than' if fact.above else 'at least'} {fact.minimum:g}"
            yield finding(
                context,
                card,
                bad,
                f"`{name}` is {_values(bad)}, but must be {least}",
            )


def _separately(some: list[Use]) -> Iterator[list[Use]]:
    if len(some) > _MOST:
        yield some
    else:
        yield from ([use] for use in some)


def _values(some: list[Use]) -> str:
    return listed([f"`{use.value}`" for use in some], 3)


def _near_word(fact: AttributeFact, value: str) -> Near | None:
    words = known_words(fact)
    same = [word for word in words if word.lower() == value.strip().lower()]
    if same:
        return Near(same[0], 0, single=True)
    if "double" in fact.types and (number := re.fullmatch(r"([\d.]+)\s*(?:pt|px|in|inch)?", value)):
        return Near(number[1], 2, single=True) if takes("double", number[1]) else None
    return Lexicon(words).nearest(value)


def _missing_clusters(context: GraphContext, card: Card, some: list[Use]) -> Iterator[Outcome]:
    clusters = [subgraph.name for subgraph in context.graph.subgraphs if subgraph.is_cluster and subgraph.name]
    known = set(clusters)
    for bad in _separately([use for use in some if use.value and use.value not in known]):
        near = Lexicon(clusters).nearest(bad[0].value) if len(bad) == 1 else None
        yield finding(
            context,
            card,
            bad,
            f"`{bad[0].name}` is {_values(bad)}, but must be the name of a cluster",
            near=near,
            help="use the name of a subgraph that starts with `cluster`",
            fix=_value_fix(bad, _to(near.word), near) if near else None,
        )


def _clusters_elsewhere(context: GraphContext, card: Card, name: str) -> Iterator[Outcome]:
    """Report edges that `dot` does not clip, because their end is not in the cluster or both ends are."""
    graph = context.graph
    if not _is_compound(graph) or graph.attributes.get("layout", "dot") not in {"", "dot"}:
        return
    members: dict[str, set[str]] = defaultdict(set)
    for subgraph in graph.subgraphs:
        if subgraph.is_cluster and subgraph.name:
            members[subgraph.name].update(subgraph.nodes)
    wrong: list[tuple[Edge, str]] = []
    for edge in graph.edges:
        inside = members.get(edge.attributes.get(name, ""))
        end, other = (edge.head, edge.tail) if name == "lhead" else (edge.tail, edge.head)
        if inside is not None and end.name not in inside:
            wrong.append((edge, f"`{end.name}` is not in that cluster"))
        elif inside is not None and other.name in inside:
            wrong.append((edge, f"`{other.name}` is in that cluster too"))
    wrong = remaining(context.file, card, wrong, lambda one: at_edge(one[0]))
    if wrong:
        first, why = wrong[0]
        more = f", and {count(len(wrong) - 1, 'more edge')} likewise" if len(wrong) > 1 else ""
        yield card.finding(
            f"`{name}` of `{first.tail.name}` to `{first.head.name}` is `{first.attributes[name]}`, but {why}{more}",
            first.start,
            first.end,
            nodes=tuple(dict.fromkeys(end.name for edge, _ in wrong for end in (edge.tail, edge.head))),
            locations=at_edges(edge for edge, _ in wrong),
            help=f"lead the edge {'to' if name == 'lhead' else 'from'} a node in the cluster"
            f" {'from' if name == 'lhead' else 'to'} one outside",
            graph=graph.index,
        )


def _is_compound(graph: Graph) -> bool:
    return graph.attributes.get("compound", "").lower() in {"true", "yes", "1"}


def unknown_shapes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report shapes that Graphviz does not know and draws as a box."""
    some = uses(context, card).get(("node", "shape"), [])
    wrong = [
        use for use in some if use.value and use.value not in graphviz.shapes() and "shapefile" not in use.companions()
    ]
    for bad in _separately(wrong):
        number = sum(use.count for use in bad)
        style = bad[0].value.lower() if len(bad) == 1 else ""
        if style in graphviz.styles("node"):
            yield finding(
                context,
                card,
                bad,
                f"`{bad[0].value}` is a style, not a shape; Graphviz draws {'a box' if number == 1 else f'{number} boxes'}",
                help=f"write `shape=box, style={style}`",
                fix=_styled_box(bad[0], style),
            )
            continue
        near = _shape_names().nearest(bad[0].value) if len(bad) == 1 else None
        yield finding(
            context,
            card,
            bad,
            f"Graphviz has no shape {_values(bad)} and draws {'a box' if number == 1 else f'{number} boxes'} instead",
            near=near,
            fix=_value_fix(bad, _to(near.word), near) if near else None,
        )


def _styled_box(use: Use, style: str) -> Fix | None:
    """Return the fix that writes a style instead of a shape, in statements without another style."""
    if "style" in use.companions():
        return None
    edits: list[Edit | None] = []
    for attribute in use.attributes():
        edit = replaced(use_text(attribute.value), attribute.value, "box")
        edits.append(edit and replace(edit, text=f"{edit.text}, style={style}"))
    return _fix(edits, f"Write `shape=box, style={style}`", applicability="unsafe")


def unknown_colors(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report colors that Graphviz does not know and draws black, and color lists with wrong weights."""
    schemes = frozenset(
        use.value.lower()
        for (_, name), some in uses(context, card).items()
        if name == "colorscheme"
        for use in some
        if use.value
    )
    wrong: dict[tuple[str, str], list[Use]] = defaultdict(list)
    for (element, name), some in uses(context, card).items():
        fact = graphviz.attributes().get(name)
        if fact is None or "color" not in fact.types or not fact.allowed(_LETTERS[element]):
            continue
        for use in some:
            if isinstance(use.value, Html):
                continue
            listing = "colors" in fact.types
            for color, _ in parts(use.value) if listing else [(use.value, "")]:
                if not is_color(color, schemes):
                    wrong[color, ""].append(use)
            if listing and not weights_fit(use.value):
                yield finding(
                    context,
                    card,
                    [use],
                    f"the weights in `{use.value}` must be at least 0, with a sum of at most 1",
                )
    if len(wrong) > _MOST:
        whole = list(dict.fromkeys(use for some in wrong.values() for use in some))
        names = listed([f"`{color}`" for color, _ in wrong], 3)
        yield finding(context, card, whole, f"Graphviz has no colors {names} and draws them black")
        return
    for (color, _), some in wrong.items():
        near = meant(color)
        yield finding(
            context,
            card,
            some,
            f"Graphviz has no color `{color}` and draws it black",
            near=near,
            help="use an X11 color name or `#rrggbb`",
            fix=_value_fix(some, _in_list(color, near.word), near) if near else None,
        )


def _in_list(color: str, word: str) -> Callable[[str], str]:
    def change(value: str) -> str:
        return ":".join(
            word + part[len(color) :] if part.partition(";")[0] == color else part for part in value.split(":")
        )

    return change


def unknown_styles(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report styles that Graphviz does not know, or not for that element, in graphs that are not written for TikZ."""
    if _for_tikz(uses(context, card)):
        return
    for element in graphviz.LETTERS:
        known = graphviz.styles(element)
        wrong: dict[str, list[Use]] = defaultdict(list)
        for use in uses(context, card).get((element, "style"), []):
            for word in _STYLE.findall(use.value):
                if word.partition("(")[0] not in {*known, "setlinewidth"}:
                    wrong[word].append(use)
        for word, some in wrong.items():
            yield _style_finding(context, card, element, word, some)


def _for_tikz(every: Uses) -> bool:
    return any(
        name in _OF_DOT2TEX or (name == "style" and any(_STYLE_OF_TIKZ.search(use.value) for use in some))
        for (_, name), some in every.items()
    )


# Words of other languages and tools for a style.
_STYLES_OF_OTHERS = {
    "invisible": "invis", "hidden": "invis", "dash": "dashed", "dot": "dotted", "fill": "filled", "round": "rounded",
    "thick": "bold", "stripe": "striped", "stripes": "striped", "wedge": "wedged",
}  # fmt: skip


def _style_finding(context: GraphContext, card: Card, element: str, word: str, some: list[Use]) -> Outcome:
    elsewhere = [other for other in ("node", "edge", "cluster") if word in graphviz.styles(other)]
    if elsewhere:
        return finding(
            context,
            card,
            some,
            f"the style `{word}` has no effect on {element}s: it is a style of {listed([f'{other}s' for other in elsewhere])}",
            outcome="elsewhere",
        )  # fmt: skip
    meant = _STYLES_OF_OTHERS.get(word.lower(), "")
    near = Near(meant, 2, single=True) if meant in graphviz.styles(element) else None
    near = near or Lexicon(sorted(graphviz.styles(element))).nearest(word)
    if word.lower() in graphviz.shapes():
        help_text = f"to set a shape, write `shape={word}`"
    else:
        styles = [f"`{style}`" for style in sorted(graphviz.styles(element))]
        help_text = f"the styles of {element}s are {listed(styles, 12)}"
    return finding(
        context,
        card,
        some,
        f"Graphviz has no style `{word}`",
        near=near,
        help=help_text,
        fix=_value_fix(some, lambda value: re.sub(rf"(?<![^\s,]){re.escape(word)}(?![^\s,(])", near.word, value), near)
        if near
        else None,
    )


def make_compound(fix: FixContext, _: Finding) -> Fix | str:
    """Set `compound=true` on the graph."""
    edit = set_graph_attribute(fix, "compound", "true")
    return edit if isinstance(edit, str) else Fix("unsafe", (edit,), "Set `compound=true` on the graph")


@fixed_by(make_compound)
def ends_without_compound(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report `lhead` and `ltail` in a graph that is not compound, in which `dot` ignores them."""
    some = [use for end in ("lhead", "ltail") for use in uses(context, card).get(("edge", end), []) if use.value]
    graph = context.graph
    if not some or _is_compound(graph) or graph.attributes.get("layout", "dot") not in {"", "dot"}:
        return
    own = uses(context, card).get(("graph", "compound"), [])
    fix = _fix(
        [replaced(use_text(p.value), p.value, "true") for use in own for p in use.attributes()],
        "Set `compound=true` on the graph",
        applicability="unsafe",
    )
    number = sum(use.count for use in some)
    yield finding(
        context,
        card,
        some,
        f"`dot` does not clip {count(number, 'edge')} at the border of a cluster: the graph is not `compound`",
        at_name=True,
        help="add `compound=true;` to the graph",
        fix=fix,
        fixable=None if own else "unsafe",
    )


_INSTEAD = {
    "style": "write `penwidth=...` instead",
    "shapefile": "use `image` with `shape=none`",
    "z": "give `pos` three coordinates and set `dim=3`",
}


def deprecated_attributes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report attributes and styles that Graphviz supports only for old files."""
    old: dict[str, list[Use]] = defaultdict(list)
    for (element, name), some in uses(context, card).items():
        fact = graphviz.attributes().get(name)
        if fact is not None and fact.deprecated and fact.allowed(_LETTERS[element]):
            old[f"the attribute `{name}`"] += some
        if name == "style" and (wide := [use for use in some if "setlinewidth" in use.value]):
            old["the style `setlinewidth(...)`"] += wide
    for what, some in old.items():
        instead = _INSTEAD.get(some[0].name, "remove it")
        yield finding(context, card, some, f"{what} is deprecated", at_name=True, help=instead)
