"""The report as sections, entries and lines, in words that every renderer shares."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks.grouping import count, listed
from dotlint.checks.strategy.header import product
from dotlint.engine.sections import ORDER, SECTIONS
from dotlint.report.links import page
from dotlint.report.merge import MOST_FINDINGS, alike, left_over, one_for_all, shorter, titles
from dotlint.report.ranges import ranged, shortened, template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.engine.facts import PhaseFile
    from dotlint.engine.finding import Finding, Listing, Severity
    from dotlint.engine.result import FileResult

_NAMES_SHOWN = 40


class Row(Struct, frozen=True):
    """One finding of an entry, or several that say the same: the sentence, where they stand, their nodes and note.

    `nodes` are folded; `unnamed` counts those that are left out. `findings` are their indices in the result; a row
    that only introduces others has none.
    """

    message: str
    lines: tuple[int, ...]
    nodes: tuple[str, ...]
    note: str | None
    unnamed: int = 0
    findings: tuple[int, ...] = ()

    @property
    def place(self) -> str:
        """`line 3`, `lines 3, 9, 12 and 57 more`."""
        return ("line " if len(self.lines) == 1 else "lines ") + listed([str(line) for line in self.lines], 4)


class Entry(Struct, frozen=True):
    """Findings of one rule in one section that have the same remedy and the same cause; `note` is said of all of them.

    `fixes` are the titles of their fixes. `edges` counts the lines to paste of all its listings and `units` are their
    titles, also of those that are too many to be shown; `planned` is whether they are yet to be written as a whole.
    """

    number: str
    code: str
    name: str
    severity: Severity
    fix: str | None
    fixes: tuple[str, ...]
    fixed_by: tuple[str, ...]
    rows: tuple[Row, ...]
    listings: tuple[Listing, ...]
    help: str | None
    note: str | None = None
    page: str | None = None
    edges: int = 0
    units: tuple[str, ...] = ()
    planned: bool = False


class Section(Struct, frozen=True):
    """A numbered part of the report; sections without findings are left out, their numbers are not given away."""

    number: int
    title: str
    entries: tuple[Entry, ...]

    @property
    def heading(self) -> str:
        """`5. Node connectivity`."""
        return f"{self.number}. {self.title}" if self.number else self.title


class Modification(Struct, frozen=True):
    """One thing to do: in words, and the command that does it where there is one."""

    text: str
    command: str | None


class Outline(Struct, frozen=True):
    """Everything that a report of one file says, in order."""

    path: str
    verdict: str
    facts: tuple[str, ...]
    tally: str
    sections: tuple[Section, ...]
    holds: tuple[tuple[str, str], ...]
    undecided: tuple[tuple[str, str], ...]
    modifications: tuple[Modification, ...]
    files: tuple[str, ...] = ()


def outline(result: FileResult, options: str = "", *, links: bool = False) -> Outline:
    """Arrange a result as a report; `options` are those of the command line that a suggested command repeats.

    Entries name the pages of their rules where `links` is true.
    """
    if result.unreadable is not None:
        return Outline(result.path, "unreadable", (result.unreadable,), "", (), (), (), ())
    sections = _sections(result, links=links)
    modifications = _modifications(sections, result, options)
    return Outline(
        path=result.path,
        verdict=result.verdict,
        facts=_facts(result),
        tally=_tally(result),
        sections=sections,
        holds=tuple(dict.fromkeys((h.subject, h.text) for h in sorted(result.holds, key=lambda h: ORDER[h.section]))),
        undecided=_undecided(result),
        modifications=modifications,
        files=(result.path,) if modifications else (),
    )


_Group = tuple[str, str, "Severity", str | None, str | None, tuple[int, ...]]


def _group_of(finding: Finding) -> _Group:
    fix = finding.fix.applicability if finding.fix else None
    shared_help = None if finding.missing_edges else finding.help
    return finding.section, finding.code, finding.severity, fix, shared_help, finding.caused_by


def _grouped(findings: list[Finding]) -> dict[_Group, list[int]]:
    groups: dict[_Group, list[int]] = {}
    rank = {"error": 0, "warning": 1, "info": 2}
    often = Counter(finding.code for finding in findings)
    for index, finding in sorted(
        enumerate(findings),
        key=lambda p: (ORDER[p[1].section], bool(p[1].caused_by), rank[p[1].severity], p[1].code),
    ):
        key = _group_of(finding)
        if often[finding.code] > MOST_FINDINGS and key[4] is not None:  # remedies that differ in numbers alone
            key = (*key[:4], template(key[4]), key[5])
        if finding.caused_by:  # consequences of one rule stand together, whichever of its siblings causes each
            key = (*key[:4], None, (-1,))
        groups.setdefault(key, []).append(index)
    return groups


def _numbers(grouped: Mapping[_Group, list[int]]) -> dict[int, str]:
    """Number the entries: the section's number, and a second one where the section has several."""
    per_section: dict[str, list[list[int]]] = {}
    for key, indices in grouped.items():
        per_section.setdefault(key[0], []).append(indices)
    numbers: dict[int, str] = {}
    for section, groups in per_section.items():
        for place, indices in enumerate(groups, 1):
            number = f"{ORDER[section]}" if len(groups) == 1 else f"{ORDER[section]}.{place}"
            numbers.update(dict.fromkeys(indices, number))
    return numbers


def _sections(result: FileResult, *, links: bool) -> tuple[Section, ...]:
    grouped = _grouped(result.findings)
    numbers = _numbers(grouped)
    entries: dict[str, list[Entry]] = {}
    for key, indices in grouped.items():
        findings = [result.findings[i] for i in indices]
        first = findings[0]
        causes = dict.fromkeys(numbers[c] for f in findings for c in f.caused_by)
        notes = {f.note for f in findings}
        shared = first.note if len(findings) > 1 and len(notes) == 1 else None
        listings = [listing for f in findings for listing in f.listings]
        entries.setdefault(key[0], []).append(
            Entry(
                number=numbers[indices[0]],
                code=first.code,
                name=first.name,
                severity=first.severity,
                fix=first.fix.applicability if first.fix else None,
                fixes=tuple(dict.fromkeys(f.fix.title for f in findings if f.fix)),
                fixed_by=tuple(causes),
                rows=_rows(result, indices, without=shared),
                listings=shorter(listings),
                help=None if causes else _remedy(findings),
                note=shared,
                page=page(first.code, first.name) if links else None,
                edges=sum(len(listing.lines) for listing in listings if listing.paste),
                units=tuple(titles(listings)),
                planned=any(f.planned_edges for f in findings),
            )
        )
    return tuple(
        Section(ORDER[key], SECTIONS[key], tuple(found))
        for key, found in sorted(entries.items(), key=lambda p: ORDER[p[0]])
    )


def _remedy(findings: list[Finding]) -> str | None:
    """Give the help that findings share; where each has a like one, all of them at once."""
    told = [finding.help for finding in findings if finding.help]
    same = told and len({template(one) for one in told}) == 1
    return ranged(told) if same and not findings[0].missing_edges else findings[0].help


def _rows(result: FileResult, indices: list[int], without: str | None) -> tuple[Row, ...]:
    findings = [result.findings[index] for index in indices]
    at = {id(finding): index for index, finding in zip(indices, findings, strict=True)}
    groups = alike(findings)
    over = left_over(groups)
    rows = [
        _row(result, some, tuple(sorted(at[id(f)] for f in some)), without, over=over and some is groups[-1])
        for some in groups
    ]
    if over:
        number = len({name for finding in findings for name in finding.nodes})
        about = f" about {count(number, 'node')}" if number else ""
        rows.insert(0, Row(f"{count(len(findings), 'finding')}{about}; the first of them:", (), (), None))
    return tuple(rows)


def _row(
    result: FileResult, findings: list[Finding], indices: tuple[int, ...], without: str | None, *, over: bool
) -> Row:
    names: list[str] = []
    for finding in findings:
        said = all(f"`{name}`" in finding.message for name in finding.nodes) and not over
        if not finding.missing_edges and not finding.path and (len(finding.nodes) > 1 or over) and not said:
            names += finding.nodes
    folded, left = shortened(list(dict.fromkeys(names)), _NAMES_SHOWN)
    notes = list(dict.fromkeys(f.note for f in findings if f.note and f.note != without))
    note = ranged(notes) if notes and len({template(one) for one in notes}) == 1 else None
    lines = sorted({result.source.position(finding.start).line for finding in findings})
    return Row(one_for_all(findings, over=over), tuple(lines), tuple(folded), note, left, indices)


def _facts(result: FileResult) -> tuple[str, ...]:
    known = result.facts
    edges = "edges not counted" if known.edges is None else count(known.edges, "edge")
    facts = [f"{count(known.nodes, 'node')}, {edges}"]
    if known.graphs != 1:
        facts[0] += f" in {count(known.graphs, 'graph')}"
    strategy = known.strategy
    if not known.graphs:
        return (*facts, "there is no graph in the file")
    if strategy is not None:
        source = {"file": "as the file declares it", "configuration": "from the configuration"}.get(
            known.strategy_source or "", "declared"
        )
        parts = [
            f"{p.name} on the same GPUs (assumed, SP={p.degrees.sp})" if p.assumed else product(p)
            for p in strategy.phases
        ]
        facts.append(f"strategy {strategy.source} ({source}): {'; '.join(parts)}")
    if known.deployment and (known.is_deployment or not any(one.here and not one.file for one in known.deployment)):
        facts.append(_files(known.deployment))
    if known.is_deployment is False:
        facts.append("no deployment recognised: only the rules of DOT itself apply")
    return tuple(facts)


def _files(deployment: tuple[PhaseFile, ...]) -> str:
    """Say which files make the deployment, or that this one is none of them."""
    others = [one for one in deployment if not one.here]
    if len(others) == len(deployment):
        files = listed([f"{one.file} ({one.phase})" for one in deployment], 12)
        return f"this file is no phase of {deployment[0].origin}, which names {files}: checked without it"
    here = listed([one.phase for one in deployment if one.here], 12)
    parts = [f"{here} in this file"]
    for one in others:
        place = f"{one.phase} in {one.file}" if one.file else f"{one.phase} in a file that the strategy does not name"
        parts.append(f"{place} (cannot be read: {one.problem})" if one.problem else place)
    return f"one deployment: {', '.join(parts)}"


def _tally(result: FileResult) -> str:
    causes = [f for f in result.findings if not f.caused_by and f.severity == "error"]
    parts: list[str] = []
    edges = sum(len(f.missing_edges) for f in causes)
    if edges:
        parts.append(count(edges, "missing edge"))
    parts += [f"{len(f.listings)} missing {f'{f.about} ' if f.about else ''}stages" for f in causes if f.planned_edges]
    others = sum(1 for f in causes if not f.missing_edges and not f.planned_edges)
    if others:
        parts.append(count(others, "other error" if parts else "error"))
    consequences = sum(1 for f in result.findings if f.caused_by)
    if consequences:
        parts.append(count(consequences, "consequence"))
    for severity, word in (("warning", "warning"), ("info", "note")):
        number = sum(1 for f in result.findings if f.severity == severity and not f.caused_by)
        if number:
            parts.append(count(number, word))
    if result.verdict == "correct" and any(f.severity == "warning" for f in result.findings):
        parts.append("no error; warnings remain")
    return " · ".join(parts)


def _undecided(result: FileResult) -> tuple[tuple[str, str], ...]:
    grouped: dict[str, list[str]] = {}
    for one in result.undecided:
        grouped.setdefault(one.needs, []).append(one.subject)
    return tuple((listed(subjects, 12), needs) for needs, subjects in grouped.items())


def _modifications(sections: tuple[Section, ...], result: FileResult, options: str) -> tuple[Modification, ...]:
    found: list[Modification] = []
    command = f"dotlint check{f' {options}' if options else ''}"
    for section in sections:
        for entry in section.entries:
            if entry.fixed_by or entry.severity == "info":
                continue
            flag = {"safe": "--fix", "unsafe": "--fix --unsafe-fixes"}.get(entry.fix or "")
            found.append(Modification(_deed(entry), f"{command} {flag} {result.path}" if flag else None))
    return tuple(found)


def _deed(entry: Entry) -> str:
    if entry.edges:
        return f"add the {count(entry.edges, 'missing edge')} of {listed(entry.units, 12)}"
    if entry.planned:
        return f"write {listed(entry.units, 12)}"
    if len(entry.rows) == 1:
        return f"{entry.help or 'mend it'} ({entry.rows[0].message}; {entry.rows[0].place})"
    places = sorted({line for row in entry.rows for line in row.lines})
    lines = ("line " if len(places) == 1 else "lines ") + listed([str(line) for line in places], 8)
    return f"{entry.help or 'mend them'} ({entry.code} {entry.name.replace('-', ' ')}; {lines})"
