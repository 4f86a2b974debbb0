"""Decide whether a fixed file is acceptable: what a fix must never do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.back_edges import back_edges
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
    """Why a fixed file is refused; `named` holds, for each reason, the names of the nodes involved."""

    reason: str
    named: tuple[frozenset[str], ...] = ()


def objection(before: FileResult, after: FileResult, fixed: Iterable[Finding]) -> Objection | None:
    """Return why `after` must not be written, or None.

    Both are results of all rules. `fixed` holds the findings whose edits make the difference.
    """
    fixed = list(fixed)
    return objection_to_text(before, after.document, fixed) or objection_to_findings(before, after, fixed)


def objection_to_text(before: FileResult, new: Document, fixed: Sequence[Finding]) -> Objection | None:
    """Return an objection that needs no rules, from the syntax, comments and graphs of both texts.

    For fixes of syntax errors the graphs are not compared, because parts of the old one were not parsed.
    """
    syntax = _fixes_syntax(fixed)
    old, rules = before.document, before.rules
    return (
        _syntax(old, new, syntax=syntax)
        or _comments(old, new, _with_effect(fixed, rules, "edits-comments"), syntax=syntax)
        or (None if syntax else _structure(old, new, fixed, rules))
        or _cycle(old, new)
    )


def objection_to_findings(before: FileResult, after: FileResult, fixed: Sequence[Finding]) -> Objection | None:
    """Return an objection from the findings in both texts; for fixes of syntax errors only crashes count."""
    if after.crashed and not before.crashed:
        return Objection("a rule would crash on the result")
    return None if _fixes_syntax(fixed) else _findings(before, after, fixed)


def _fixes_syntax(fixed: Iterable[Finding]) -> bool:
    return any(finding.section == "syntax" for finding in fixed)


def _with_effect(fixed: Iterable[Finding], rules: Mapping[str, Card], *effects: FixEffect) -> list[Finding]:
    """Return the findings whose fix may have any of these effects."""
    return [finding for finding in fixed if not set(effects).isdisjoint(rules[finding.code].fix_effects)]


def _syntax(old: Document, new: Document, *, syntax: bool) -> Objection | None:
    before, after = old.problems, new.problems
    unread = next((p for p in before if p.ends_reading), None)
    if unread is not None:  # what follows was not read, so its mistakes are not new ones
        end = len(new.text) - (len(old.text) - unread.start)
        before, after = [p for p in before if p is not unread], [p for p in after if p.start < end]
    counts, then = Counter(p.code for p in after), Counter(p.code for p in before)
    if syntax and len(after) < len(before):
        return None
    worse = next((p for p in after if counts[p.code] > then[p.code]), None)
    if worse is not None:
        return Objection(f"it would leave a syntax error, {worse.code}: {worse.message}")
    return Objection("the syntax error would remain") if syntax and counts == then else None


def _comments(old: Document, new: Document, editing: Sequence[Finding], *, syntax: bool) -> Objection | None:
    """Object to the loss of a comment, except those that a fix is about: suppressions and strategy declarations."""
    meant = [edit for finding in editing if finding.fix for edit in finding.fix.edits]
    kept = [c for c in old.comments if not any(e.start < c.end and c.start < e.end for e in meant)]
    if syntax:  # the fix may change what is a comment, but not its text: `color=#ff0000` gets quotes
        text = new.text.replace('"', "")
        lost = next((c for c in kept if old.text[c.start : c.end].strip().replace('"', "") not in text), None)
    else:
        left = Counter(new.text[c.start : c.end] for c in new.comments)
        left.subtract(old.text[c.start : c.end] for c in kept)
        lost = next((c for c in kept if left[old.text[c.start : c.end]] < 0), None)
    return Objection(f"it would remove the comment `{old.text[lost.start : lost.end]}`") if lost else None


def _structure(old: Document, new: Document, fixed: Sequence[Finding], rules: Mapping[str, Card]) -> Objection | None:
    """Object to nodes added by safe fixes, and to losses that the cards of the rules do not declare."""
    if len(old.graphs) > len(new.graphs):
        return Objection("it would remove a graph")
    safe = all(finding.fix is not None and finding.fix.applicability == "safe" for finding in fixed)
    removing = _with_effect(fixed, rules, "removes")
    rerouting = len(_with_effect(fixed, rules, "reroutes", "moves-edges")) == len(fixed)
    moving = len(_with_effect(fixed, rules, "moves-edges")) == len(fixed)
    adding = len(_with_effect(fixed, rules, "adds-edges", "adds-nodes")) == len(fixed)
    for one, two in zip(old.graphs, new.graphs, strict=False):
        added = next((name for name in two.nodes if name not in one.nodes), None)
        if safe and added is not None:
            return Objection(f"it would add the node `{added}`", (frozenset({added}),))
        if removing:
            continue
        gone = next((name for name in one.nodes if name not in two.nodes), None)
        if gone is not None:
            return Objection(f"it would remove the node `{gone}`", (frozenset({gone}),))
        left = Counter((e.tail.name, e.head.name) for e in two.edges)
        left.subtract((e.tail.name, e.head.name) for e in one.edges)
        gone_edges = [pair for pair, number in left.items() if number < 0]
        if rerouting:
            gone_edges = [
                pair
                for pair in gone_edges
                if not (_is_replaced_by_path(pair, one, two) or (moving and _is_moved(pair, two)))
            ]
        lost = gone_edges[0] if gone_edges else None
        if lost is not None:
            return Objection(f"it would remove the edge `{lost[0]} -> {lost[1]}`", (frozenset(lost),))
        if adding:
            changed = next((n for n in one.nodes.values() if n.attributes != two.nodes[n.name].attributes), None)
            if changed is not None:
                return Objection(f"it would change attributes of `{changed.name}`", (frozenset({changed.name}),))
        moved = next((n for n in one.nodes.values() if _clusters(n) != _clusters(two.nodes[n.name])), None)
        if moved is not None:
            return Objection(f"it would move `{moved.name}` into another cluster", (frozenset({moved.name}),))
    return None


def _is_replaced_by_path(pair: tuple[str, str], one: Graph, two: Graph) -> bool:
    """Return whether a path through new nodes only replaces an edge."""
    todo, seen = [two.nodes[pair[0]]], set()
    while todo:
        for edge in todo.pop().out_edges:
            if edge.head.name == pair[1]:
                return True
            if edge.head.name not in one.nodes and edge.head.index not in seen:
                seen.add(edge.head.index)
                todo.append(edge.head)
    return False


def _is_moved(pair: tuple[str, str], graph: Graph) -> bool:
    """Return whether an edge leads through one other node now, or the other way."""
    tail, head = (graph.nodes[name] for name in pair)
    behind, before = ({e.head.name for e in tail.out_edges}, {e.tail.name for e in head.in_edges})
    return not behind.isdisjoint(before) or any(edge.head is tail for edge in head.out_edges)


def _clusters(node: Node) -> list[str | None]:
    """Return the names of a node's subgraphs, without anonymous ones that set no attributes."""
    return [subgraph.name for subgraph in node.subgraphs if subgraph.name is not None or subgraph.own_attributes]


def _cycle(old: Document, new: Document) -> Objection | None:
    for index, graph in enumerate(new.graphs):
        if not graph.directed:
            continue
        cycles = Wiring(graph, without=back_edges(graph)).cycles()
        if not cycles:
            continue
        before = old.graphs[index] if index < len(old.graphs) else None
        known = (
            {name for cycle in Wiring(before, without=back_edges(before)).cycles() for name in cycle.members}
            if before
            else set()
        )
        fresh = [name for cycle in cycles for name in cycle.members if name not in known]
        if fresh:
            return Objection(
                f"it would close a cycle through `{fresh[0]}`", tuple(frozenset(c.members) for c in cycles)
            )
    return None


def _findings(before: FileResult, after: FileResult, fixed: Sequence[Finding]) -> Objection | None:
    """Object to new errors and to new findings of structure or patterns.

    A fix that copies siblings may repeat a finding of the siblings for one more unit; that one is not new.
    """
    rules = before.rules
    known = {key for finding in before.findings for key, _ in _keys_and_nodes(finding, rules)}
    # The other file may cause a finding between two files, so it does not prevent fixes in this one.
    own = [finding for finding in after.findings if finding.other_file is None]
    copying = len(_with_effect(fixed, rules, "copies-siblings")) == len(fixed)
    siblings = {_masked(f) for f in before.findings} if copying else set()
    # Planned edges may reveal others of the pattern; that is acceptable if fewer are missing than before.
    if copying and _missing(after.findings, rules) < _missing(before.findings, rules):
        own = [finding for finding in own if not _of_pattern(finding, rules)]
    then, now = (Counter(_identity(f) for f in result.findings if f.missing_nodes) for result in (before, after))
    still = [frozenset(f.missing_nodes) for f in fixed if now[_identity(f)] >= then[_identity(f)] > 0]
    if still:
        return Objection("the missing nodes would still be missing", tuple(still))
    added: list[tuple[Finding, frozenset[str]]] = []
    for finding in own:
        card = rules[finding.code]
        if finding.section == "syntax" or (finding.severity != "error" and not card.guards_fixes):
            continue
        if card.repeats_in_copies and _masked(finding) in siblings:
            continue
        fresh = [names for key, names in _keys_and_nodes(finding, rules) if key not in known]
        if fresh:
            added.append((finding, frozenset().union(*fresh)))
    if not added:
        return None
    first = added[0][0]
    return Objection(f"it would cause {first.code}: {first.message}", tuple(names for _, names in added))


def _identity(finding: Finding) -> tuple[object, ...]:
    return finding.code, finding.graph, finding.unit, finding.message


def _of_pattern(finding: Finding, rules: Mapping[str, Card]) -> bool:
    """Return whether the finding reports missing edges that siblings have."""
    return bool(finding.missing_edges) and "copies-siblings" in rules[finding.code].fix_effects


def _missing(findings: Iterable[Finding], rules: Mapping[str, Card]) -> int:
    return sum(len(finding.missing_edges) for finding in findings if _of_pattern(finding, rules))


def _masked(finding: Finding) -> tuple[str, str]:
    """Return the code and message of a finding with numbers masked."""
    return finding.code, _DIGITS.sub("#", finding.message)


def _keys_and_nodes(finding: Finding, rules: Mapping[str, Card]) -> list[tuple[tuple[object, ...], Sequence[str]]]:
    """Return keys that identify a finding among those of its rule, each with the nodes that it names.

    There is one for each missing edge, else for each node of a missing stage, else for each node, else for the unit.
    Rules that report that a node lacks an edge count as one, because a half-connected node is an improvement, and so
    is one edge of a fan-out that lacked all, or the first input of a residual add.
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
