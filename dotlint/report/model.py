"""The report as sections, entries and rows, which all renderers share."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks.strategy.header import product
from dotlint.engine.sections import ORDER, SECTIONS
from dotlint.report.links import page
from dotlint.report.merge import MOST_FINDINGS, alike, left_over, names_its_nodes, one_for_all, shorter, titles
from dotlint.report.ranges import ranged, shortened, without_numbers
from dotlint.report.verdict import flow_words, verdict_caveat, verdict_kind, verdict_words
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotlint.engine.facts import PhaseFile
    from dotlint.engine.finding import Finding, Listing, Severity
    from dotlint.engine.result import FileResult
    from dotlint.report.verdict import VerdictKind

_MOST_NAMES = 40


def _location(lines: Sequence[int], most: int) -> str:
    return ("line " if len(lines) == 1 else "lines ") + listed([str(line) for line in lines], most)


class Row(Struct, frozen=True):
    """One finding of an entry, or several with a common message, with their lines, nodes and note.

    `nodes` are folded; `unnamed` counts those that are left out. `findings` are indices into the findings of the result;
    a row that introduces other rows has none.
    """

    message: str
    lines: tuple[int, ...]
    nodes: tuple[str, ...]
    note: str | None
    unnamed: int = 0
    findings: tuple[int, ...] = ()

    @property
    def location(self) -> str:
        """`line 3`, or `lines 3, 9, 12 and 57 more`."""
        return _location(self.lines, 4)


class ReportEntry(Struct, frozen=True):
    """Findings of one rule in one section that have the same help and the same causes.

    `fixed_by` are the numbers of the entries with their causes, `fixes` the titles of their fixes. `note` applies to all
    of them. `edges` counts the lines to paste in all listings and `units` are their titles, including listings that are
    left out. `planned` is whether the units are missing as a whole.
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
    """A numbered part of the report. Each number is fixed, so those of sections without findings are skipped."""

    number: int
    title: str
    entries: tuple[ReportEntry, ...]

    @property
    def heading(self) -> str:
        """`5. Node connectivity`."""
        return f"{self.number}. {self.title}" if self.number else self.title


class Modification(Struct, frozen=True):
    """One change to make: a description, and the command that makes it, if there is one."""

    text: str
    command: str | None


class Outline(Struct, frozen=True):
    """The contents of the report of one file, in order; `verdict` is in words, and `caveat` limits it."""

    path: str
    kind: VerdictKind
    verdict: str
    facts: tuple[str, ...]
    tally: str
    sections: tuple[Section, ...]
    holds: tuple[tuple[str, str], ...]
    undecided: tuple[tuple[str, str], ...]
    modifications: tuple[Modification, ...]
    files: tuple[str, ...] = ()
    caveat: str = ""


def outline(result: FileResult, options: str = "", *, links: bool = False) -> Outline:
    """Return the report of a result; suggested commands repeat the command-line `options`.

    With `links`, entries have the addresses of their rules' pages.
    """
    if result.unreadable is not None:
        return Outline(result.path, "unreadable", "unreadable", (result.unreadable,), "", (), (), (), ())
    sections = _sections(result, links=links)
    modifications = _modifications(sections, result, options)
    return Outline(
        path=result.path,
        kind=verdict_kind(result),
        verdict=verdict_words(result),
        facts=_facts(result),
        tally=_tally(result),
        sections=sections,
        holds=tuple(dict.fromkeys((h.subject, h.text) for h in sorted(result.holds, key=lambda h: ORDER[h.section]))),
        undecided=_skipped(result),
        modifications=modifications,
        files=(result.path,) if modifications else (),
        caveat=verdict_caveat(result),
    )


_EntryKey = tuple[str, str, "Severity", str | None, str | None, tuple[int, ...]]


def _entry_key(finding: Finding) -> _EntryKey:
    fix = finding.fix.applicability if finding.fix else None
    shared_help = None if finding.missing_edges else finding.help
    return finding.section, finding.code, finding.severity, fix, shared_help, finding.caused_by


def _entry_groups(findings: list[Finding]) -> dict[_EntryKey, list[int]]:
    groups: dict[_EntryKey, list[int]] = {}
    rank = {"error": 0, "warning": 1, "info": 2}
    often = Counter(finding.code for finding in findings)
    for index, finding in sorted(
        enumerate(findings),
        key=lambda p: (ORDER[p[1].section], bool(p[1].caused_by), rank[p[1].severity], p[1].code),
    ):
        key = _entry_key(finding)
        if often[finding.code] > MOST_FINDINGS and key[4] is not None:  # helps that differ only in numbers
            key = (*key[:4], without_numbers(key[4]), key[5])
        if finding.caused_by:  # one entry for all follow-on findings of a rule, whatever their causes
            key = (*key[:4], None, (-1,))
        groups.setdefault(key, []).append(index)
    return groups


def _entry_numbers(grouped: Mapping[_EntryKey, list[int]]) -> dict[int, str]:
    """Return the number of the entry of each finding: its section's, and a second one if the section has several."""
    per_section: dict[str, list[list[int]]] = {}
    for key, indices in grouped.items():
        per_section.setdefault(key[0], []).append(indices)
    numbers: dict[int, str] = {}
    for section, groups in per_section.items():
        for index, indices in enumerate(groups, 1):
            number = f"{ORDER[section]}" if len(groups) == 1 else f"{ORDER[section]}.{index}"
            numbers.update(dict.fromkeys(indices, number))
    return numbers


def _sections(result: FileResult, *, links: bool) -> tuple[Section, ...]:
    grouped = _entry_groups(result.findings)
    numbers = _entry_numbers(grouped)
    entries: dict[str, list[ReportEntry]] = {}
    for key, indices in grouped.items():
        findings = [result.findings[i] for i in indices]
        first = findings[0]
        causes = dict.fromkeys(numbers[c] for f in findings for c in f.caused_by)
        notes = {f.note for f in findings}
        shared = first.note if len(findings) > 1 and len(notes) == 1 else None
        listings = [listing for f in findings for listing in f.listings]
        entries.setdefault(key[0], []).append(
            ReportEntry(
                number=numbers[indices[0]],
                code=first.code,
                name=first.name,
                severity=first.severity,
                fix=first.fix.applicability if first.fix else None,
                fixes=tuple(dict.fromkeys(f.fix.title for f in findings if f.fix)),
                fixed_by=tuple(causes),
                rows=_entry_rows(result, indices, without=shared),
                listings=shorter(listings),
                help=None if causes else _common_help(findings),
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


def _common_help(findings: list[Finding]) -> str | None:
    """Return the help of the findings; helps that differ only in numbers are merged."""
    helps = [finding.help for finding in findings if finding.help]
    same = helps and len({without_numbers(one) for one in helps}) == 1
    return ranged(helps) if same and not findings[0].missing_edges else findings[0].help


def _entry_rows(result: FileResult, indices: list[int], without: str | None) -> tuple[Row, ...]:
    findings = [result.findings[index] for index in indices]
    at = {id(finding): index for index, finding in zip(indices, findings, strict=True)}
    groups = alike(findings)
    over = left_over(groups)
    rows = [
        _merged_row(result, some, tuple(sorted(at[id(f)] for f in some)), without, over=over and some is groups[-1])
        for some in groups
    ]
    if over:
        number = len({name for finding in findings for name in finding.nodes})
        about = f" about {count(number, 'node')}" if number else ""
        rows.insert(0, Row(f"{count(len(findings), 'finding')}{about}; the first of them:", (), (), None))
    return tuple(rows)


def _merged_row(
    result: FileResult, findings: list[Finding], indices: tuple[int, ...], without: str | None, *, over: bool
) -> Row:
    names: list[str] = []
    for finding in findings:
        listed_nodes = over or (len(finding.nodes) > 1 and not names_its_nodes(finding))
        if listed_nodes and not finding.missing_edges and not finding.path:
            names += finding.nodes
    folded, left = shortened(list(dict.fromkeys(names)), _MOST_NAMES)
    notes = list(dict.fromkeys(f.note for f in findings if f.note and f.note != without))
    note = ranged(notes) if notes and len({without_numbers(one) for one in notes}) == 1 else None
    lines = sorted({result.source.position(finding.start).line for finding in findings})
    return Row(one_for_all(findings, over=over), tuple(lines), tuple(folded), note, left, indices)


def _facts(result: FileResult) -> tuple[str, ...]:
    known = result.facts
    edges = "too many edges to count" if known.edges is None else count(known.edges, "edge")
    facts = [f"{count(known.nodes, 'node')}, {edges}"]
    if known.graphs != 1:
        facts[0] += f" in {count(known.graphs, 'graph')}"
    strategy = known.strategy
    if not known.graphs:
        return (*facts, "the file has no graph")
    if strategy is not None:
        source = {"file": "declared in the file", "configuration": "from the configuration"}.get(
            known.strategy_source or "", "declared"
        )
        parts = [
            f"{p.name} on the same GPUs (assumed, SP={p.degrees.sp})" if p.assumed else product(p)
            for p in strategy.phases
        ]
        facts.append(f"strategy {strategy.source} ({source}): {'; '.join(parts)}")
    if known.deployment and (known.is_deployment or not any(one.here and not one.file for one in known.deployment)):
        facts.append(_deployment_files(known.deployment))
    if known.flow is not None and known.flow.edges:
        facts.append(f"tensor flow: {flow_words(known.flow)}")
    if known.is_deployment is False:
        facts.append("no deployment recognized: only the generic DOT rules run")
    return tuple(facts)


def _deployment_files(deployment: tuple[PhaseFile, ...]) -> str:
    """Return which files form the deployment, or that this file is not one of them."""
    others = [one for one in deployment if not one.here]
    if len(others) == len(deployment):
        files = listed([f"{one.file} ({one.phase})" for one in deployment], 12)
        return (
            f"{deployment[0].origin} does not list this file as a phase (it lists {files}); checked without a strategy"
        )
    here = listed([one.phase for one in deployment if one.here], 12)
    parts = [f"{here} in this file"]
    for one in others:
        part = f"{one.phase} in {one.file or 'a file that the strategy does not name'}"
        parts.append(f"{part} (cannot be read: {one.problem})" if one.problem else part)
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
    follow_on = sum(1 for f in result.findings if f.caused_by)
    if follow_on:
        parts.append(count(follow_on, "follow-on finding"))
    warned = verdict_kind(result) == "warned"  # the verdict already has the number of warnings
    for severity, word in (("info", "note"),) if warned else (("warning", "warning"), ("info", "note")):
        number = sum(1 for f in result.findings if f.severity == severity and not f.caused_by)
        if number:
            parts.append(count(number, word))
    return " · ".join(parts)


def _skipped(result: FileResult) -> tuple[tuple[str, str], ...]:
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
            found.append(Modification(_description(entry), f"{command} {flag} {result.path}" if flag else None))
    return tuple(found)


def _description(entry: ReportEntry) -> str:
    if entry.edges:
        return f"add the {count(entry.edges, 'missing edge')} of {listed(entry.units, 12)}"
    if entry.planned:
        return f"write {listed(entry.units, 12)}"
    if len(entry.rows) == 1:
        return f"{entry.help or 'fix the finding'} ({entry.rows[0].message}; {entry.rows[0].location})"
    lines = sorted({line for row in entry.rows for line in row.lines})
    location = _location(lines, 8)
    return f"{entry.help or 'fix the findings'} ({entry.code} {entry.name.replace('-', ' ')}; {location})"
