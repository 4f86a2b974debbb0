"""Whether a changed file may stand in for the one before: what a fix must never do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.wiring import Wiring
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dotlint.engine.card import Card, FixEffect
    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult
    from dotlint.graph.document import Document
    from dotlint.graph.model import Graph, Node

_DIGITS = regex(r"\d+")


class Objection(Struct, frozen=True):
    """Why a changed file must not be written; `named` has, for each thing that speaks against it, the nodes that it names."""

    reason: str
    named: tuple[frozenset[str], ...] = ()


def objection(before: FileResult, after: FileResult, fixed: Iterable[Finding]) -> Objection | None:
    """Say why `after` must not be written, None where nothing speaks against it.

    Both are results of all rules. `fixed` are the findings whose edits make the difference.
    """
    fixed = list(fixed)
    return objection_to_text(before, after.document, fixed) or objection_to_findings(before, after, fixed)


def objection_to_text(before: FileResult, new: Document, fixed: Sequence[Finding]) -> Objection | None:
    """Say what speaks against a text without asking any rule.

    Where syntax is fixed graphs are not compared: what could not be read before is seen for the first time.
    """
    syntax = _of_syntax(fixed)
    old, rules = before.document, before.rules
    return (
        _syntax(old, new, syntax=syntax)
        or _comments(old, new, _with_effect(fixed, rules, "edits-comments"), syntax=syntax)
        or (None if syntax else _structure(old, new, fixed, rules))
        or _cycle(old, new)
    )


def objection_to_findings(before: FileResult, after: FileResult, fixed: Sequence[Finding]) -> Objection | None:
    """Say what speaks against a text in what the rules find in it; nothing where syntax is fixed, as above."""
    if after.crashed and not before.crashed:
        return Objection("a rule crashes on what it leaves")
    return None if _of_syntax(fixed) else _findings(before, after, fixed)


def _of_syntax(fixed: Iterable[Finding]) -> bool:
    return any(finding.section == "syntax" for finding in fixed)


def _with_effect(fixed: Iterable[Finding], rules: Mapping[str, Card], *effects: FixEffect) -> list[Finding]:
    """Give the findings whose fix may do any of these things."""
    return [finding for finding in fixed if not set(effects).isdisjoint(rules[finding.code].fix_effects)]


def _syntax(old: Document, new: Document, *, syntax: bool) -> Objection | None:
    counts, then = Counter(p.code for p in new.problems), Counter(p.code for p in old.problems)
    if syntax and len(new.problems) < len(old.problems):
        return None
    worse = next((p for p in new.problems if counts[p.code] > then[p.code]), None)
    if worse is not None:
        return Objection(f"it leaves a syntax error, {worse.code}: {worse.message}")
    return Objection("the syntax error is still there") if syntax and counts == then else None


def _comments(old: Document, new: Document, editing: Sequence[Finding], *, syntax: bool) -> Objection | None:
    """No comment goes but those that a fix is about: one that suppresses nothing, one that states the strategy."""
    meant = [edit for finding in editing if finding.fix for edit in finding.fix.edits]
    kept = [c for c in old.comments if not any(e.start < c.end and c.start < e.end for e in meant)]
    if syntax:  # what counts as a comment may change with the repair; its words must stay
        lost = next((c for c in kept if old.text[c.start : c.end].strip() not in new.text), None)
    else:
        left = Counter(new.text[c.start : c.end] for c in new.comments)
        left.subtract(old.text[c.start : c.end] for c in kept)
        lost = next((c for c in kept if left[old.text[c.start : c.end]] < 0), None)
    return Objection(f"it loses the comment `{old.text[lost.start : lost.end]}`") if lost else None


def _structure(old: Document, new: Document, fixed: Sequence[Finding], rules: Mapping[str, Card]) -> Objection | None:
    """Safe fixes add no nodes; none takes an edge away but those whose cards say so."""
    if len(old.graphs) > len(new.graphs):
        return Objection("it loses a graph")
    safe = all(finding.fix is not None and finding.fix.applicability == "safe" for finding in fixed)
    removing = _with_effect(fixed, rules, "removes")
    rerouting = len(_with_effect(fixed, rules, "reroutes")) == len(fixed)
    adding = len(_with_effect(fixed, rules, "adds-edges", "adds-nodes")) == len(fixed)
    for one, two in zip(old.graphs, new.graphs, strict=False):
        added = next((name for name in two.nodes if name not in one.nodes), None)
        if safe and added is not None:
            return Objection(f"it adds the node `{added}`", (frozenset({added}),))
        if removing:
            continue
        gone = next((name for name in one.nodes if name not in two.nodes), None)
        if gone is not None:
            return Objection(f"it loses the node `{gone}`", (frozenset({gone}),))
        left = Counter((e.tail.name, e.head.name) for e in two.edges)
        left.subtract((e.tail.name, e.head.name) for e in one.edges)
        gone_edges = [pair for pair, number in left.items() if number < 0]
        if rerouting:
            gone_edges = [pair for pair in gone_edges if not _led_through(pair, one, two)]
        lost = gone_edges[0] if gone_edges else None
        if lost is not None:
            return Objection(f"it loses the edge `{lost[0]} -> {lost[1]}`", (frozenset(lost),))
        if adding:
            changed = next((n for n in one.nodes.values() if n.attributes != two.nodes[n.name].attributes), None)
            if changed is not None:
                return Objection(f"it changes attributes of `{changed.name}`", (frozenset({changed.name}),))
        moved = next((n for n in one.nodes.values() if _clusters(n) != _clusters(two.nodes[n.name])), None)
        if moved is not None:
            return Objection(f"it moves `{moved.name}` into another cluster", (frozenset({moved.name}),))
    return None


def _led_through(pair: tuple[str, str], one: Graph, two: Graph) -> bool:
    """Whether new nodes stand where an edge was: a path through them, and no other, leads from its one end to the other."""
    todo, seen = [two.nodes[pair[0]]], set()
    while todo:
        for edge in todo.pop().out_edges:
            if edge.head.name == pair[1]:
                return True
            if edge.head.name not in one.nodes and edge.head.index not in seen:
                seen.add(edge.head.index)
                todo.append(edge.head)
    return False


def _clusters(node: Node) -> list[str | None]:
    """Name the subgraphs that a node is in; a set of an edge statement without attributes is none."""
    return [subgraph.name for subgraph in node.subgraphs if subgraph.name is not None or subgraph.own_attributes]


def _cycle(old: Document, new: Document) -> Objection | None:
    for index, graph in enumerate(new.graphs):
        if not graph.directed:
            continue
        cycles = Wiring(graph).cycles()
        if not cycles:
            continue
        before = old.graphs[index] if index < len(old.graphs) else None
        known = {name for cycle in Wiring(before).cycles() for name in cycle.members} if before else set()
        fresh = [name for cycle in cycles for name in cycle.members if name not in known]
        if fresh:
            return Objection(f"it closes a cycle through `{fresh[0]}`", tuple(frozenset(c.members) for c in cycles))
    return None


def _findings(before: FileResult, after: FileResult, fixed: Sequence[Finding]) -> Objection | None:
    """No error and no finding of structure or pattern comes in.

    Where edges are written as siblings have them, what the rules say of the siblings they say of the unit
    too: that was found before and is no other finding for standing at one more unit.
    """
    rules = before.rules
    known = {key for finding in before.findings for key, _ in _keys(finding, rules)}
    # What is wrong between two files may be the other one's fault: it is told, and holds up no fix of this one.
    own = [finding for finding in after.findings if finding.other_file is None]
    copying = len(_with_effect(fixed, rules, "copies-siblings")) == len(fixed)
    siblings = {_blind(f) for f in before.findings} if copying else set()
    # Where edges are written others of the pattern may come in sight: fewer are missing than before.
    if copying and _missing(after.findings, rules) < _missing(before.findings, rules):
        own = [finding for finding in own if not _of_pattern(finding, rules)]
    then, now = (Counter(_told(f) for f in result.findings if f.missing_nodes) for result in (before, after))
    still = [frozenset(f.missing_nodes) for f in fixed if now[_told(f)] >= then[_told(f)] > 0]
    if still:
        return Objection("what was missing is missing still", tuple(still))
    added: list[tuple[Finding, frozenset[str]]] = []
    for finding in own:
        card = rules[finding.code]
        if finding.section == "syntax" or (finding.severity != "error" and not card.guards_fixes):
            continue
        if card.repeats_in_copies and _blind(finding) in siblings:
            continue
        fresh = [names for key, names in _keys(finding, rules) if key not in known]
        if fresh:
            added.append((finding, frozenset().union(*fresh)))
    if not added:
        return None
    first = added[0][0]
    return Objection(f"it adds {first.code}: {first.message}", tuple(names for _, names in added))


def _told(finding: Finding) -> tuple[object, ...]:
    return finding.code, finding.graph, finding.unit, finding.message


def _of_pattern(finding: Finding, rules: Mapping[str, Card]) -> bool:
    """Whether edges are missing that siblings have."""
    return bool(finding.missing_edges) and "copies-siblings" in rules[finding.code].fix_effects


def _missing(findings: Iterable[Finding], rules: Mapping[str, Card]) -> int:
    return sum(len(finding.missing_edges) for finding in findings if _of_pattern(finding, rules))


def _blind(finding: Finding) -> tuple[str, str]:
    """Give a finding without its numbers."""
    return finding.code, _DIGITS.sub("#", finding.message)


def _keys(finding: Finding, rules: Mapping[str, Card]) -> list[tuple[tuple[object, ...], Sequence[str]]]:
    """Give what tells a finding from others of its rule, each with the nodes that it names.

    That is its missing edges, else the nodes of a missing stage, else its nodes, else its unit. What says that a node
    lacks an edge is one rule here, for a node that is half connected is better off than before: a fan-out of which
    one edge is written leaves the others as they were, and so does the first input of a residual add.
    """
    card = rules[finding.code]
    code = "connection" if card.claims_absence == "connection" else finding.code
    if finding.missing_edges and code == finding.code:
        return [((code, finding.graph, pair), pair) for pair in finding.missing_edges]
    if finding.planned_edges:
        return [((code, finding.graph, name), (name,)) for name in finding.missing_nodes]
    if finding.nodes and card.concerns == "nodes":
        return [((code, finding.graph, name), (name,)) for name in finding.nodes]
    return [((code, finding.graph, finding.unit), finding.nodes)]
