"""The Python API: check, fix and parse text, files, and the graphs of pydot, pygraphviz and graphviz.

The arguments of a call are its whole configuration: no configuration file is read unless `config` requests it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from dotlint.config.configurations import Configurations
from dotlint.config.model import Overrides
from dotlint.engine.select import split_names
from dotlint.errors import DotlintError
from dotlint.files.discovery import read_bytes, refuse_binary
from dotlint.graph.builder import read
from dotlint.pipeline.lint_file import lint_file
from dotlint.strategy import Strategy
from dotlint.syntax.source import Position, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine import finding as engine
    from dotlint.engine.finding import Fix, Location, Pair, Related, Severity
    from dotlint.engine.result import FileResult, Settings, Verdict
    from dotlint.graph.document import Document

__all__ = ["Finding", "Fixed", "Refused", "Result", "assert_clean", "check", "fix", "parse"]


class PydotLike(Protocol):
    """A graph that writes itself as DOT, such as `pydot.Dot` or `pygraphviz.AGraph`."""

    def to_string(self) -> str:
        """Return the DOT text."""
        ...


class GraphvizLike(Protocol):
    """A graph with its DOT text as `source`, such as `graphviz.Digraph`."""

    @property
    def source(self) -> str:
        """The DOT text."""
        ...


GraphSource = str | bytes | os.PathLike[str] | PydotLike | GraphvizLike
Rules = str | tuple[str, ...] | list[str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One reported defect.

    `start` and `end` (exclusive) have an offset in code points from 0, and a line and column from 1. `nodes` are the
    nodes that the finding is about. `missing_edges` connect existing nodes; `planned_edges` also involve
    `missing_nodes`. `caused_by` are indices into the findings of the result: fixing one of them also fixes this one.
    `fix` has the edits, or is None. `related` are other locations that explain the finding. `locations` has all
    statements that the finding is about, starting with the one at `start`.
    """

    code: str
    name: str
    severity: Severity
    message: str
    start: Position
    end: Position
    section: str
    help: str | None
    note: str | None
    nodes: tuple[str, ...]
    missing_edges: tuple[Pair, ...]
    missing_nodes: tuple[str, ...]
    planned_edges: tuple[Pair, ...]
    related: tuple[Related, ...]
    path: tuple[str, ...]
    graph: int
    unit: str | None
    caused_by: tuple[int, ...]
    fix: Fix | None
    locations: tuple[Location, ...]
    _origin: engine.Finding = field(repr=False, compare=False)
    _source: Source = field(repr=False, compare=False)

    @property
    def line(self) -> int:
        """The line where the finding starts, from 1."""
        return self.start.line

    @property
    def column(self) -> int:
        """The column where the finding starts, from 1."""
        return self.start.column

    def to_dict(self) -> dict[str, Any]:
        """Return the finding in the format of `--format json`."""
        from dotlint.report.as_json import finding_dict  # noqa: PLC0415 - not needed to check

        return finding_dict(self._origin, self._source)

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.severity}: {self.code} {self.message}"


@dataclass(frozen=True, slots=True)
class Result:
    """The result of checking one source. `verdict` is `correct` if no finding is an error, otherwise `incorrect`.

    `strategy` is the strategy that was used, including assumed phases, or None. `strategy_source` names what declared
    it: the call (`option`), the `configuration` or the `file`. `suppressed` and `baselined` count the findings that
    comments in the file and the baseline removed.
    """

    path: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    strategy: Strategy | None
    strategy_source: str | None
    suppressed: int
    baselined: int
    document: Document = field(repr=False)
    _result: FileResult = field(repr=False, compare=False)

    @property
    def missing_edges(self) -> tuple[Pair, ...]:
        """The missing edges of all findings, without duplicates."""
        return tuple(dict.fromkeys(pair for finding in self.findings for pair in finding.missing_edges))

    def at_least(self, severity: Severity) -> tuple[Finding, ...]:
        """Return the findings of at least this severity, without follow-on findings."""
        counted = _severities_from(severity)
        return tuple(f for f in self.findings if f.severity in counted and not f.caused_by)

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of this file in `--format json`, as plain lists and dicts."""
        from dotlint.report.as_json import file_dict  # noqa: PLC0415

        return file_dict(self._result)

    def __str__(self) -> str:
        from dotlint.report.verdict import verdict_caveat, verdict_words  # noqa: PLC0415

        verdict = ", ".join(filter(None, (verdict_words(self._result), verdict_caveat(self._result))))
        lines = [f"{self.path}: {verdict}", *(f"  {finding}" for finding in self.findings)]
        return _printable("\n".join(lines))

    def _repr_html_(self) -> str:
        """Return the result as HTML for notebooks."""
        from dotlint.report.notebook import html  # noqa: PLC0415

        return html(self._result)


@dataclass(frozen=True, slots=True)
class Refused:
    """A finding whose fix was not applied, and the reason."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """A fixed text: the findings whose fixes were `applied` or `refused`, and the `remaining` findings.

    Locations in `applied` and `refused` refer to the text that the fix was computed for. After several passes this
    is not necessarily the original text. Locations in `remaining` refer to `text`.
    """

    text: str
    applied: tuple[Finding, ...]
    refused: tuple[Refused, ...]
    remaining: tuple[Finding, ...]
    changed: bool


def check(
    source: GraphSource,
    *,
    strategy: str | Sequence[str] | os.PathLike[str] | Strategy | None = None,
    layout: str | None = None,
    model: str | os.PathLike[str] | None = None,
    select: Rules | None = None,
    extend_select: Rules = (),
    ignore: Rules = (),
    preset: Literal["recommended", "strict", "graphviz"] | None = None,
    rules: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = (),
    config: str | os.PathLike[str] | bool = False,
    filename: str | None = None,
) -> Result:
    """Check a file or a text and return the result.

    `source` is a path, DOT text (a `str` with a brace or a line break, or one that starts like a graph), the bytes
    of DOT text, or a graph object of pydot, pygraphviz or graphviz. `strategy` is a specification, a strategy file, a
    list of these (one per phase) or a `Strategy`. `model` is the `config.json` of the model, or a strategy file with its
    facts, which those of the strategy override. `rules` are folders with rule cards. `config` is a configuration
    file, or True for the nearest one of the path. `filename` is the file name to use for a text.

    Raises `DotlintError` if a file cannot be read, a rule is unknown, or a strategy is impossible.
    """
    options = _Options(strategy, layout, model, select, extend_select, ignore, preset, rules, config)
    text, settings = _text_and_settings(source, options, filename)
    result = lint_file(text, settings)
    _raise_for_phase_files(result)
    return _result(result, text)


def fix(source: GraphSource, *, unsafe: bool = False, filename: str | None = None, **options: Any) -> Fixed:  # noqa: ANN401
    """Fix a text, or the text of a file, and return it; no file is written. Other options are those of `check`.

    `unsafe` also applies fixes that may change the meaning.
    """
    from dotlint.pipeline.fix_text import fix_text  # noqa: PLC0415 - not needed to check

    text, settings = _text_and_settings(source, _Options(**options), filename)
    fixed = fix_text(text, settings, unsafe=unsafe)
    _raise_for_phase_files(fixed.result)
    return Fixed(
        text=fixed.text,
        applied=tuple(_finding(one, text) for one in fixed.applied),
        refused=tuple(Refused(_finding(one.finding, text), one.reason) for one in fixed.refused),
        remaining=tuple(_finding(one, fixed.source) for one in fixed.remaining),
        changed=fixed.changed,
    )


def parse(source: GraphSource, *, filename: str | None = None) -> Document:
    """Parse a file or a text without checking it, and return its graphs, comments and syntax errors.

    Raises `DotlintError` only if a file cannot be read. Every text returns a document; see its `errors`.
    """
    return read(_source(source, filename))


def assert_clean(source: GraphSource, *, fail_on: Severity = "warning", **options: Any) -> Result:  # noqa: ANN401
    """Raise `AssertionError` with the findings as its message if any has at least the severity `fail_on`.

    Otherwise return the result. Meant for test suites; other options are those of `check`.
    """
    result = check(source, **options)
    found = result.at_least(fail_on)
    if found:
        listed = "\n".join(f"  {finding}" for finding in found)
        number = f"{len(found)} finding{'' if len(found) == 1 else 's'}"
        raise AssertionError(_printable(f"{result.path}: {number}\n{listed}"))
    return result


def _raise_for_phase_files(result: FileResult) -> None:
    """Raise `DotlintError` if a file that the strategy names as a phase cannot be read."""
    if result.troubles:
        raise DotlintError(result.troubles[0])


@dataclass(frozen=True, slots=True)
class _Options:
    strategy: str | Sequence[str] | os.PathLike[str] | Strategy | None = None
    layout: str | None = None
    model: str | os.PathLike[str] | None = None
    select: Rules | None = None
    extend_select: Rules = ()
    ignore: Rules = ()
    preset: Literal["recommended", "strict", "graphviz"] | None = None
    rules: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = ()
    config: str | os.PathLike[str] | bool = False


def _text_and_settings(source: GraphSource, options: _Options, filename: str | None) -> tuple[Source, Settings]:
    from msgspec.structs import replace  # noqa: PLC0415

    text = _source(source, filename)
    strategy = options.strategy
    folders = [options.rules] if isinstance(options.rules, str | os.PathLike) else options.rules
    overrides = Overrides(
        strategy=() if isinstance(strategy, Strategy) else _strategies(strategy),
        layout=None if isinstance(strategy, Strategy) else options.layout,
        model=None if options.model is None or isinstance(strategy, Strategy) else os.fspath(options.model),
        preset=options.preset,
        select=None if options.select is None else _rule_names(options.select),
        extend_select=_rule_names(options.extend_select),
        ignore=_rule_names(options.ignore),
        rules=tuple(Path(folder).absolute() for folder in folders),
    )
    for folder in overrides.rules:
        if not folder.is_dir():
            raise DotlintError(f"the rules folder {folder} does not exist")
    file = None if isinstance(options.config, bool) else Path(options.config)
    configurations = Configurations(overrides, file=file, isolated=options.config is False)
    settings = configurations.settings("-" if text.name.startswith("<") else text.name)
    if isinstance(strategy, Strategy):
        if options.model is not None:
            from dotlint.strategy.launch.config_json import model_facts  # noqa: PLC0415 - few calls name one

            strategy = strategy.with_model(model_facts(os.fspath(options.model)).with_own(strategy.model))
        settings = replace(settings, strategy=strategy, strategy_source="option")
    return text, settings


def _strategies(strategy: str | Sequence[str] | os.PathLike[str] | None) -> tuple[str, ...]:
    if strategy is None:
        return ()
    if isinstance(strategy, str | os.PathLike):
        return (os.fspath(strategy),)
    return tuple(os.fspath(one) for one in strategy)


def _rule_names(rules: Rules) -> tuple[str, ...]:
    return split_names([rules] if isinstance(rules, str) else rules)


def _source(source: GraphSource, filename: str | None) -> Source:
    """Read a source of any kind. Raises `TypeError` for other objects, and `UnreadableError` for a file."""
    if isinstance(source, bytes):
        refuse_binary(source)
        return Source.from_bytes(source, filename or "<text>")
    if isinstance(source, str):
        if _is_text(source):
            return Source.from_text(source, filename or "<text>")
        return Source.from_bytes(_read(source), filename or source)
    if isinstance(source, os.PathLike):
        path = os.fspath(source)
        return Source.from_bytes(_read(path), filename or path)
    name = f"<{type(source).__module__.partition('.')[0]}>"
    write = getattr(source, "to_string", None)
    text = write() if callable(write) else getattr(source, "source", None)
    if not isinstance(text, str):
        accepted = "a path, DOT text, its bytes, a pydot.Dot or a graphviz.Digraph"
        raise TypeError(f"cannot read a graph from an object of type {type(source).__name__}; pass {accepted}")
    return Source.from_text(text, filename or name)


def _read(path: str) -> bytes:
    try:
        return read_bytes(path)
    except DotlintError as error:
        raise type(error)(f"{path}: {error}") from None


def _is_text(source: str) -> bool:
    """Return whether a `str` is DOT text: a path has no brace or line break, and does not start like a graph."""
    if any(mark in source for mark in "{}\n\r"):
        return True
    words = source.split(maxsplit=1)
    starts = words[0].lower() if words else ""
    return (
        not words
        or (starts in {"digraph", "graph", "strict"} and not Path(source).exists())
        or source[:2] in {"//", "/*"}
    )


def _result(result: FileResult, source: Source) -> Result:
    facts = result.facts
    return Result(
        path=result.path,
        verdict=result.verdict,
        findings=tuple(_finding(one, source) for one in result.findings),
        strategy=facts.strategy,
        strategy_source=facts.strategy_source,
        suppressed=len(result.suppressed),
        baselined=len(result.baselined),
        document=result.document,
        _result=result,
    )


def _finding(one: engine.Finding, source: Source) -> Finding:
    return Finding(
        code=one.code,
        name=one.name,
        severity=one.severity,
        message=one.message,
        start=source.position(one.start),
        end=source.position(one.end),
        section=one.section,
        help=one.help,
        note=one.note,
        nodes=one.nodes,
        missing_edges=one.missing_edges,
        missing_nodes=one.missing_nodes,
        planned_edges=one.planned_edges,
        related=one.related,
        path=one.path,
        graph=one.graph,
        unit=one.unit,
        caused_by=one.caused_by,
        fix=one.fix,
        locations=one.locations,
        _origin=one,
        _source=source,
    )


def _severities_from(severity: Severity) -> tuple[Severity, ...]:
    severities: tuple[Severity, ...] = ("error", "warning", "info")
    if severity not in severities:
        raise DotlintError(f"unknown severity `{severity}`; use one of {', '.join(severities)}")
    return severities[: severities.index(severity) + 1]


def _printable(text: str) -> str:
    from dotlint.text.display import visible  # noqa: PLC0415

    return "\n".join(visible(line) for line in text.split("\n"))
