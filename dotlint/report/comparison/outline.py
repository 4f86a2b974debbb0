"""A comparison in English, as lines that every format shows."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field
from msgspec.structs import replace

from dotlint.comparison.model import SECTIONS
from dotlint.report.comparison.units import of_units, title_of
from dotlint.strategy.gpus import GpuSet
from dotlint.text.display import one_line
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.comparison.model import Comparison, Difference, Item, Layout
    from dotlint.engine.finding import Finding

SIGNS: Final = {"added": "+", "removed": "-", "changed": "~", "fixed": "-", "new": "+", "still there": " "}
"""The kinds of lines, with the sign that a text begins them with."""
_MOST_NAMES: Final = 4
_MOST_VALUES: Final = 3  # of a stage or a rank that are listed
_NOUNS: Final = {
    "graphs": "graph", "nodes": "node", "clusters": "cluster", "labels": "node", "attributes": "node", "edges": "edge",
}  # fmt: skip


class Line(Struct, frozen=True):
    """One difference or finding: its kind, see `SIGNS`, a text, and names of examples."""

    kind: str
    text: str
    names: tuple[str, ...] = ()
    more: int = 0


class Part(Struct):
    """A section of the report."""

    title: str
    lines: list[Line] = field(default_factory=list)


class Sketch(Struct):
    """The whole report: its title with the paths, verdict, facts, sections, and the line about the layout ("" if nothing differs)."""

    title: str
    verdict: str
    differ: bool
    facts: list[str]
    parts: list[Part]
    layout: str


def sketch(found: Comparison) -> Sketch:
    """Return the lines of a report."""
    parts = [
        Part(section.capitalize(), [_line(one) for one in _merged(list(group))])
        for section, group in groupby(
            sorted(found.differences, key=lambda one: SECTIONS.index(one.section)), key=lambda one: one.section
        )
    ]
    findings = list(_findings(found))
    if findings:
        parts.append(Part(_finding_title(found), findings))
    what = "deployments" if found.deployments else "graphs"
    number = sum(len(part.lines) for part in parts) - len(findings)
    if not found.differ:
        verdict = f"the {what} are the same"
    else:
        verdict = f"the {what} differ: {count(number, 'difference')}"
    return Sketch(_title(found), verdict, found.differ, list(_facts(found)), parts, _layout(found.layout))


def _title(found: Comparison) -> str:
    """Return the paths of both files, or the only one."""
    before, after = found.before.path, found.after.path
    return before if before == after else f"{before} → {after}"


def _merged(differences: Sequence[Difference]) -> list[Difference]:
    """Merge what people need only once, such as devices moved by the same distance, or dimensions stated at last."""
    merged: dict[tuple[object, ...], Difference] = {}
    values = Counter(one.field for one in differences if one.section == "operators")
    for one in differences:
        many = one.section == "operators" and one.field not in {"", "role"} and values[one.field] > _MOST_VALUES
        key = (one.field, one.undecided) if many else _merge_key(one)
        known = merged.get(key)
        merged[key] = one if known is None else _joined(known, one)
    return list(merged.values())


def _merge_key(one: Difference) -> tuple[object, ...]:
    if one.section == "stages":
        return one.change, one.what, one.items[0].unit.get("phase")
    if one.section in {"devices", "shapes", "labels"} and not (one.was and one.now):
        return one.section, one.field, bool(one.was), one.undecided
    if one.section == "shapes":
        return one.field, one.was, one.now, one.undecided
    if one.section == "devices" and (distance := _distance(one)):
        units = [(item.unit.get("phase"), item.unit.get("stage")) for item in one.items]
        return one.field, distance, one.undecided, units[0] if len(set(units)) == 1 else id(one)
    return (id(one),)


def _distance(one: Difference) -> int:
    """Return by how much the ids of GPUs grew, 0 if not all by the same."""
    was, now = GpuSet.parse(one.was), GpuSet.parse(one.now)
    distance = now.first - was.first
    return distance if was.shifted(distance) == now else 0


def _joined(one: Difference, two: Difference) -> Difference:
    what = one.what if one.what == two.what else ""
    values = [(one.was, two.was), (one.now, two.now)]
    if one.section == "devices" and all(map(all, values)):
        was, now = (str(GpuSet.parse(mine) | GpuSet.parse(other)) for mine, other in values)
    else:
        was, now = (mine if mine == other else "…" for mine, other in values)
    return replace(one, items=(*one.items, *two.items), what=what, was=was, now=now)


def _line(one: Difference) -> Line:
    names = [_name(item) for item in one.items]
    if one.undecided or one.section in {"strategy", "stages"}:
        names = []
    text = _text(one)
    if len(names) == 1 and text.endswith(f" {names[0]}"):  # the roles of an edge can be the names of its ends
        names = []
    return Line(one.change, text, tuple(names[:_MOST_NAMES]), max(0, len(names) - _MOST_NAMES))


def _text(one: Difference) -> str:
    if one.section == "strategy":
        phase = one.items[0].unit.get("phase")
        return f"{f'{phase}: ' if phase else ''}{one.field} {one.was} → {one.now} ({one.what})"
    if one.section == "stages":
        return _unit_text(one)
    subject = f"{_subject(one)}{of_units([item.unit for item in one.items])}"
    if one.change == "changed":
        return f"{subject}: {_change(one)}"
    edges = sum(item.edges for item in one.items)
    rest = f", with {count(edges, 'edge')}" if edges and one.section != "graphs" else ""
    if one.section == "graphs":
        rest = f": {one.now}"
    return f"{subject}{rest}{'; which ones is undecided' if one.undecided else ''}"


def _subject(one: Difference) -> str:
    noun = "node" if one.field == "cluster" else _NOUNS.get(one.section, "operator")
    number = one.count
    if one.section == "edges":
        return _edges(one)
    what = one_line(one.what.strip(), 60)
    if one.what.startswith(" "):  # the words of a title, not a role
        return f"{count(number, 'operator')} `{what}`"
    if what:
        return count(number, f"{what} operator")
    return count(number, "operator" if noun == "node" and any(item.unit for item in one.items) else noun)


def _edges(one: Difference) -> str:
    kind = f" {one_line(one.what, 80)}" if one.what and not one.what[0].isdigit() else ""
    return f"{count(one.count, 'edge')}{kind}"


def _change(one: Difference) -> str:
    if one.field == "edges":
        return "the same edges lead to other nodes of the group; which ones is undecided"
    names = {"text": "label", "bare": "dimensions"}
    name = names.get(one.field, one.field)
    was, now = (one_line(value, 90) or ("none" if name == "cluster" else "not stated") for value in (one.was, one.now))
    if name == "label" and "…" in (was, now):
        return f"label states {'more' if not one.was else 'less' if not one.now else 'other things'}"
    if was == "…" or now == "…":
        return f"{name} {'now stated' if not one.was else 'no longer stated' if not one.now else 'changed'}"
    if one.field == "text" and not one.was:
        return f"label also states `{now}`"
    if one.field == "text" and not one.now:
        return f"label no longer states `{was}`"
    return f"{name} {was} → {now}"


def _unit_text(one: Difference) -> str:
    units = [item.unit for item in one.items]
    nodes = sum(len(item.after or item.before or ()) for item in one.items)
    edges = sum(item.edges for item in one.items)
    gpus = list(dict.fromkeys(str(unit["gpus"]) for unit in units if unit.get("gpus")))
    on = f" on GPUs {one_line(listed(gpus, 8), 80)}" if gpus else ""
    return f"{title_of(units)}{on}, with {count(nodes, 'node')} and {count(edges, 'edge')}"


def _name(item: Item) -> str:
    joiner = " -> "
    before, after = (None if side is None else joiner.join(side) for side in (item.before, item.after))
    if before is None or after is None or before == after:
        return after if before is None else before  # type: ignore[return-value]
    return f"{before} (now {after})"


def _facts(found: Comparison) -> Iterator[str]:
    one, two = found.before, found.after
    words = []
    for name in ("nodes", "edges", "stages", "GPUs"):
        was, now = getattr(one, name.lower()), getattr(two, name.lower())
        if was or now:
            words.append(f"{name} {was}" if was == now else f"{name} {was} → {now}")
    if one.missing or two.missing:
        side, word = (two, "is new") if one.missing else (one, "is deleted")
        numbers = [count(side.nodes, "node"), count(side.edges, "edge")]
        numbers += [count(side.stages, "stage")] if side.stages else []
        numbers += [count(side.gpus, "GPU")] if side.gpus else []
        yield f"the file {word}: {', '.join(numbers)}"
        return
    yield ", ".join(words)
    pairs = sum(len(one.pairs) for one in found.matched)
    renamed = sum(len(one.renamed) for one in found.matched)
    alike = sum(min(len(one.before), len(one.after)) for matched in found.matched for one in matched.alike)
    text = f"{count(pairs, 'node')} matched" + (f", {renamed} of them renamed" if renamed else "")
    yield text + (f"; {alike} more are alike, and which is which is undecided" if alike else "")
    yield from found.notes


def _finding_title(found: Comparison) -> str:
    one = found.findings
    numbers = ((len(one.fixed), "fixed"), (len(one.new), "new"), (len(one.still), "still there"))
    return f"Findings: {', '.join(f'{number} {word}' for number, word in numbers if number)}"


def _findings(found: Comparison) -> Iterator[Line]:
    for kind, findings in (("fixed", found.findings.fixed), ("new", found.findings.new)):
        for code, group in groupby(sorted(findings, key=lambda one: one.code), key=lambda one: one.code):
            yield _of_code(kind, code, list(group))
    if found.findings.still:
        codes = Counter(one.after.code for one in found.findings.still)
        names = [code if number == 1 else f"{code} ({number})" for code, number in sorted(codes.items())]
        yield Line("still there", listed(names, 20))


def _of_code(kind: str, code: str, findings: Sequence[Finding]) -> Line:
    first = findings[0]
    more = f" (and {len(findings) - 1} more of this rule)" if len(findings) > 1 else ""
    return Line(kind, f"{code} {first.severity}: {one_line(first.message, 300)}{more}")


def _layout(layout: Layout) -> str:
    """Return one line about what does not count, "" if there is nothing."""
    parts = [
        count(number, *nouns)
        for number, nouns in (
            (layout.renamed, ("renamed node",)),
            (layout.reworded, ("reworded label",)),
            (layout.attributes, ("element drawn differently", "elements drawn differently")),
            (layout.clusters, ("cluster label",)),
            (layout.headers, ("header",)),
            (layout.comments, ("comment",)),
        )
        if number
    ]
    parts += ["the order of statements"] if layout.reordered else []
    parts += ["the formatting"] if layout.formatting else []
    return f"Not counted: {listed(parts, 10)}" if parts else ""
