"""Mutations of the text: slips of the keyboard, of the program that wrote the file, of whoever copied it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bench.mutation.defects import Defect, mutation

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from bench.mutation.model import World
    from bench.mutation.schemes import Page, Scheme

    Edit = Callable[[Page, str, tuple[str, str]], str | None]


def _slip(codes: str, title: str, edit: Edit, brings: str = "") -> None:
    """Enter an edit of the text at a node and an edge that were chosen; None of it means that it cannot be done."""

    def change(world: World, rng: random.Random, _: Scheme) -> Defect | None:
        inner = [key for key, op in world.ops.items() if op.stage is not None]
        edges = [(t, h) for t, h, style in world.edges if style == "solid" and t in inner and h in inner]
        node, ends = rng.choice(inner), rng.choice(edges)
        return Defect(world, edit=lambda page: edit(page, node, ends) if page.lines[ends] else None)

    change.__name__ = title
    mutation(codes, brings)(change)


def _at(what: Callable[[str], str]) -> Edit:
    """Change the line of the node."""
    return lambda page, node, _: _swapped(page, page.lines[node], what(page.lines[node]))


def _on(what: Callable[[str], str]) -> Edit:
    """Change the line of the edge."""
    return lambda page, _, ends: _swapped(page, page.lines[ends], what(page.lines[ends]))


def _before(what: str) -> Edit:
    """Write a line before the last one."""
    return lambda page, *_: page.text.rstrip()[:-1] + f"  {what}\n}}\n"


def _after_edge(what: str) -> Edit:
    """Write a line behind that of the edge; `{tail}` and `{head}` are its ends."""

    def edit(page: Page, _: str, ends: tuple[str, str]) -> str | None:
        line = page.lines[ends]
        tail, _, head = line.strip().rstrip(";").partition(" -> ")
        return _swapped(page, line, f"{line}\n  {what.format(tail=tail, head=head)}")

    return edit


def _swapped(page: Page, old: str, new: str) -> str | None:
    return page.text.replace(old, new, 1) if new != old else None


def _attribute(line: str, text: str) -> str:
    """Add an attribute to the end of a node's line."""
    return re.sub(r"\](;?)$", rf", {text}]\1", line)


def _on_edge(line: str, text: str) -> str:
    return re.sub(r"(;?)$", rf" [{text}]\1", line, count=1)


def _misspelt(line: str) -> str:
    """Leave out the third letter of a word of an edge's head that has enough of them."""
    start, arrow, head = line.rpartition(" -> ")
    return start + arrow + re.sub(r"([a-z]{2})[a-z](?=[a-z]{2})", r"\1", head, count=1)


def _redeclared(line: str) -> str:
    """Declare a node twice, in two shapes."""
    return line + "\n" + re.sub(r"shape=\w+", "shape=diamond", line)


def _placeholder(page: Page, node: str, _: tuple[str, str]) -> str | None:
    """Write a template instead of a name that was to be filled in."""
    name = page.ids[node]
    if not re.search(r"\d", name):
        return None
    return re.sub(
        rf'(?<![\w"]){re.escape(name)}(?![\w"])|"{re.escape(name)}"',
        '"' + re.sub(r"\d+", "{i}", name, count=1) + '"',
        page.text,
    )


def _number_first(page: Page, node: str, _: tuple[str, str]) -> str | None:
    """Let a bare name begin with a number."""
    name = page.ids[node]
    return re.sub(rf"(?<!\w){name}(?!\w)", f"1{name}", page.text) if f'"{name}"' not in page.text else None


def _cut(page: Page, node: str, _: tuple[str, str]) -> str:
    return page.text[: page.text.index(page.lines[node]) + len(page.ids[node]) + 20]


def _head_lost(page: Page, *_: object) -> str:
    return page.text.partition("\n")[2]


def _unclosed_quote(line: str) -> str:
    return re.sub(r'", shape', ", shape", line, count=1)


def _end_at_cluster(page: Page, _: str, ends: tuple[str, str]) -> str | None:
    """End an edge at a cluster though the graph is not compound."""
    cluster = re.search(r"cluster_\w+", page.text)
    line = page.lines[ends]
    return page.text.replace(line, _on_edge(line, f"lhead={cluster[0]}"), 1) if cluster else None


# E: what keeps Graphviz from reading the file
_slip("E001 E011", "bracket_doubled", _at(lambda line: re.sub(r"\](;?)$", r"]]\1", line)))
_slip("E002", "brace_lost", lambda page, *_: page.text.rstrip()[:-1])
_slip("E003", "quote_lost", _at(_unclosed_quote))
_slip("E004", "html_unclosed", _at(lambda line: line.replace(">, shape", ", shape")))
_slip("E005", "comment_unclosed", _before("/* to be continued"), "E002")
_slip("E006", "file_cut", _cut, "E002 E003 E004")
_slip("E007", "header_lost", _head_lost)
_slip("E008", "list_unquoted", _at(lambda line: _attribute(line, "style=rounded,filled")))
_slip("E009", "newline_escaped", _on(lambda line: line + "\\n"))
_slip("E010", "program_left", _before("for i in range(4):"))
_slip("E011 E001", "bracket_stray", _before(")"))
_slip("E012", "name_lost", _at(lambda line: line.replace("shape=", "=", 1)), "D009 P007 P009")
_slip("E013", "operator_wrong", _on(lambda line: line.replace("->", "--")))
_slip("E014", "set_abridged", _on(lambda line: re.sub(r"^(\s*)(.*?) -> ", r"\1{\2 ...} -> ", line)))

# N: names and statements
_slip("N001", "end_misspelt", _on(_misspelt))
_slip("N002", "name_not_filled_in", _placeholder, "P007 P008")
_slip("N003", "keyword_quoted", _before('"node" [shape=box, style=filled]'))
_slip("N004", "edge_repeated", _on(lambda line: f"{line}\n{line}"))
_slip("N005", "node_redeclared", _at(_redeclared))
_slip("N008", "cluster_empty", _before('subgraph cluster_spare { label="Spare" }'))
_slip("N009", "cluster_misnamed", _after_edge('subgraph spare {{ label="Spare"; {tail}; {head} }}'))
_slip("N010", "set_with_attributes", _after_edge("{{{tail} {head}}} [color=red]"))
_slip(
    "N011",
    "defaults_overwritten",
    lambda page, *_: page.text.replace("  node [", "  node [style=dashed];\n  node [", 1),
)
_slip("N012", "arrow_pretty", _on(lambda line: line.replace("->", "→")))
_slip("N013", "number_runs_into_name", _number_first)
_slip("N014", "second_graph", lambda page, *_: page.text.rstrip() + " digraph other { a -> b }\n")
_slip("N015", "dashes_for_comment", _before("<!-- the end -->"))
_slip("N018", "layout_left", lambda page, *_: page.text.replace("{\n", '{ bb="0,0,9,9";\n', 1))

# A: Graphviz's attributes
_RECORD = 'record [shape=record, label="<a> x|<b> y"]; record:a -> end; record:z -> end; end [shape=box]'
_slip("A001", "attribute_misspelt", _at(lambda line: line.replace("shape=", "shpae=")))
_slip("A002", "attribute_of_a_node", _on(lambda line: _on_edge(line, "shape=box")))
_slip("A003", "value_no_number", _at(lambda line: _attribute(line, "fontsize=large")))
_slip(
    "A004",
    "shape_misspelt",
    _at(lambda line: line.replace("shape=box", "shape=boxx").replace("shape=ellipse", "shape=elipse")),
)
_slip("A005", "colour_misspelt", _at(lambda line: _attribute(line, "style=filled fillcolor=lightbleu")))
_slip("A006", "style_misspelt", _on(lambda line: _on_edge(line, "style=dahsed")))
_slip("A007", "port_unknown", _before(_RECORD), "G003 G004 G005 T001")
_slip("A008", "lhead_alone", _end_at_cluster)
_slip("A009", "html_tag_unclosed", _at(lambda line: line.replace("</b>", "", 1)))

# X: comments about rules
_slip("X002", "suppression_idle", _after_edge("// dotlint: ignore[A004] drawn so on purpose"))
_slip("X003", "suppression_unknown", _after_edge("// dotlint: ignore[Q999] drawn so on purpose"))
