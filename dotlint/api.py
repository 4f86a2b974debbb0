"""The Python API: check, fix and parse text, files, and the graphs of pydot, pygraphviz and graphviz.

The arguments of a call are its whole configuration: no configuration file is read unless `config` requests it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, Protocol

from dotlint.config.configurations import Configurations
from dotlint.config.model import Overrides
from dotlint.engine.card import PRESETS
from dotlint.engine.select import split_names
from dotlint.errors import ArgumentError, DotlintError, expect
from dotlint.files.discovery import read_bytes, refuse_binary
from dotlint.graph.builder import read
from dotlint.pipeline.lint_file import lint_file
from dotlint.strategy import Strategy
from dotlint.syntax.source import Position, Source
from dotlint.text.display import short_repr

if TYPE_CHECKING:
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
StrategySource = str | os.PathLike[str] | Strategy | Sequence[str | os.PathLike[str]] | None
Rules = str | Sequence[str]
Preset = Literal["recommended", "strict", "graphviz"]
Folders = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


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

    def __repr__(self) -> str:
        return f"Finding({self.code!r}, {self.severity!r}, {self.line}:{self.column}, {short_repr(self.message, 100)})"

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

    def __repr__(self) -> str:
        return f"Result({short_repr(self.path)}, {self.verdict!r}, {_number(len(self.findings))})"

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

    def __repr__(self) -> str:
        return f"Refused({self.finding!r}, {short_repr(self.reason, 100)})"


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

    def __repr__(self) -> str:
        counts = f"applied={len(self.applied)}, refused={len(self.refused)}, remaining={len(self.remaining)}"
        return f"Fixed({short_repr(self.text)}, {counts}, changed={self.changed})"


def check(
    source: GraphSource,
    *,
    strategy: StrategySource = None,
    layout: str | None = None,
    model: str | os.PathLike[str] | None = None,
    select: Rules | None = None,
    extend_select: Rules = (),
    ignore: Rules = (),
    preset: Preset | None = None,
    rules: Folders = (),
    config: str | os.PathLike[str] | bool = False,
    filename: str | None = None,
) -> Result:
    """Check a file or a text and return the result.

    Args:
        source: A path, DOT text (a `str` with a brace or a line break, or one that starts like a graph), the bytes of
            DOT text, or a graph object of pydot, pygraphviz or graphviz.
        strategy: A specification such as `pp4ep4tp2sp2`, a strategy file, a list of these (one per phase) or a
            `Strategy`.
        layout: How degrees map to GPUs: `product`, `overlay`, or a preset such as `megatron`.
        model: The `config.json` of the model, or a strategy file with its facts, which those of the strategy override.
        select: Run only these rules: codes, prefixes or names, in a list or separated by commas.
        extend_select: Also run these rules.
        ignore: Skip these rules.
        preset: The rules to run if `select` is not given; the default is `recommended`.
        rules: Folders with more rule cards.
        config: A configuration file, or True for the nearest one of the path. By default, none is read.
        filename: The file name to use for a text.

    Raises:
        DotlintError: A file cannot be read, a rule is unknown, a strategy is impossible, or an argument has the wrong
            type.
    """
    options = _Options(strategy, layout, model, select, extend_select, ignore, preset, rules, config)
    text, settings = _text_and_settings(source, options, filename)
    result = lint_file(text, settings)
    _raise_for_phase_files(result)
    return _result(result, text)


def fix(
    source: GraphSource,
    *,
    unsafe: bool = False,
    strategy: StrategySource = None,
    layout: str | None = None,
    model: str | os.PathLike[str] | None = None,
    select: Rules | None = None,
    extend_select: Rules = (),
    ignore: Rules = (),
    preset: Preset | None = None,
    rules: Folders = (),
    config: str | os.PathLike[str] | bool = False,
    filename: str | None = None,
) -> Fixed:
    """Fix a text, or the text of a file, and return it; no file is written.

    Args:
        source: What to fix, as in `check`.
        unsafe: Also apply fixes that may change the meaning.

    The other arguments are those of `check`.

    Raises:
        DotlintError: As in `check`.
    """
    from dotlint.pipeline.fix_text import fix_text  # noqa: PLC0415 - not needed to check

    expect("unsafe", unsafe, bool, "True or False")
    options = _Options(strategy, layout, model, select, extend_select, ignore, preset, rules, config)
    text, settings = _text_and_settings(source, options, filename)
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

    Args:
        source: What to parse, as in `check`.
        filename: The file name to use for a text.

    Raises:
        DotlintError: A file cannot be read, or an argument has the wrong type. Every text returns a document; see its
            `errors`.
    """
    return read(_source(source, filename))


def assert_clean(
    source: GraphSource,
    *,
    fail_on: Severity = "warning",
    strategy: StrategySource = None,
    layout: str | None = None,
    model: str | os.PathLike[str] | None = None,
    select: Rules | None = None,
    extend_select: Rules = (),
    ignore: Rules = (),
    preset: Preset | None = None,
    rules: Folders = (),
    config: str | os.PathLike[str] | bool = False,
    filename: str | None = None,
) -> Result:
    """Return the result of `check` if no finding has at least the severity `fail_on`. Meant for test suites.

    Args:
        source: What to check, as in `check`.
        fail_on: The lowest severity that fails: `error`, `warning` or `info`.

    The other arguments are those of `check`.

    Raises:
        AssertionError: There are such findings; the message lists them.
        DotlintError: As in `check`.
    """
    _severities_from(fail_on)
    result = check(
        source,
        strategy=strategy,
        layout=layout,
        model=model,
        select=select,
        extend_select=extend_select,
        ignore=ignore,
        preset=preset,
        rules=rules,
        config=config,
        filename=filename,
    )
    found = result.at_least(fail_on)
    if found:
        listed = "\n".join(f"  {finding}" for finding in found)
        raise AssertionError(_printable(f"{result.path}: {_number(len(found))}\n{listed}"))
    return result


def _number(findings: int) -> str:
    return f"{findings} finding{'' if findings == 1 else 's'}"


def _raise_for_phase_files(result: FileResult) -> None:
    """Raise `DotlintError` if a file that the strategy names as a phase cannot be read."""
    if result.troubles:
        raise DotlintError(result.troubles[0])


@dataclass(frozen=True, slots=True)
class _Options:
    strategy: StrategySource
    layout: str | None
    model: str | os.PathLike[str] | None
    select: Rules | None
    extend_select: Rules
    ignore: Rules
    preset: Preset | None
    rules: Folders
    config: str | os.PathLike[str] | bool


def _text_and_settings(source: GraphSource, options: _Options, filename: str | None) -> tuple[Source, Settings]:
    from msgspec.structs import replace  # noqa: PLC0415

    text = _source(source, filename)
    strategy, preset = options.strategy, options.preset
    expect("layout", options.layout, (str, NoneType), "the name of a layout, such as megatron")
    if preset is not None and preset not in PRESETS:
        raise DotlintError(f"unknown preset {preset!r}; use one of {', '.join(PRESETS)}")
    overrides = Overrides(
        strategy=() if strategy is None or isinstance(strategy, Strategy) else _texts("strategy", strategy, _STRATEGY),
        layout=None if isinstance(strategy, Strategy) else options.layout,
        model=None
        if options.model is None or isinstance(strategy, Strategy)
        else _path("model", options.model, "a path"),
        preset=preset,
        select=None if options.select is None else split_names(_texts("select", options.select, _RULES)),
        extend_select=split_names(_texts("extend_select", options.extend_select, _RULES)),
        ignore=split_names(_texts("ignore", options.ignore, _RULES)),
        rules=tuple(
            Path(folder).absolute() for folder in _texts("rules", options.rules, "a folder or a list of folders")
        ),
    )
    for folder in overrides.rules:
        if not folder.is_dir():
            raise DotlintError(f"the rules folder {folder} does not exist")
    expect("config", options.config, (bool, str, os.PathLike), "a path, True or False")
    file = None if isinstance(options.config, bool) else Path(options.config)
    configurations = Configurations(overrides, file=file, isolated=options.config is False)
    settings = configurations.settings("-" if text.name.startswith("<") else text.name)
    if isinstance(strategy, Strategy):
        if options.model is not None:
            from dotlint.strategy.launch.config_json import model_facts  # noqa: PLC0415 - few calls name one

            strategy = strategy.with_model(model_facts(os.fspath(options.model)).with_own(strategy.model))
        settings = replace(settings, strategy=strategy, strategy_source="option")
    return text, settings


_STRATEGY = "a specification, a path, a list of these, or a Strategy"
_RULES = "a string or a list of strings"


def _texts(name: str, value: object, words: str) -> tuple[str, ...]:
    """Return a text or path, or several, as a tuple of texts. Raises `ArgumentError`, which asks for `words`."""
    if isinstance(value, str | os.PathLike):
        return (_path(name, value, words),)
    if not isinstance(value, Iterable) or isinstance(value, bytes | Mapping):
        raise ArgumentError(f"`{name}` is of type {type(value).__name__}; pass {words}")
    return tuple(_path(name, one, words) for one in value)


def _path(name: str, value: object, words: str) -> str:
    """Return a text or a path as text."""
    expect(name, value, (str, os.PathLike), words)
    try:
        return os.fsdecode(value)  # type: ignore[arg-type]  # `expect` has verified it
    except TypeError as error:
        raise ArgumentError(f"`{name}`: {error}; pass {words}") from None


def _source(source: GraphSource, filename: str | None) -> Source:
    """Read a source of any kind. Raises `ArgumentError` for other objects, and `UnreadableError` for a file."""
    expect("filename", filename, (str, NoneType), "a file name")
    if isinstance(source, bytes):
        refuse_binary(source)
        return Source.from_bytes(source, filename or "<text>")
    if isinstance(source, str) and _is_text(source):
        return Source.from_text(source, filename or "<text>")
    if isinstance(source, str | os.PathLike):
        path = _path("source", source, "a path")
        return Source.from_bytes(_read(path), filename or path)
    name = f"<{type(source).__module__.partition('.')[0]}>"
    try:
        write = None if isinstance(source, type) else getattr(source, "to_string", None)
        text = write() if callable(write) else getattr(source, "source", None)
    except Exception as error:
        raise DotlintError(f"the {type(source).__name__} cannot be written as DOT: {error}") from error
    if not isinstance(text, str):
        accepted = "a path, DOT text, its bytes, a pydot.Dot or a graphviz.Digraph"
        raise ArgumentError(f"cannot read a graph from an object of type {type(source).__name__}; pass {accepted}")
    return Source.from_text(text, filename or name)


def _read(path: str) -> bytes:
    try:
        return read_bytes(path, piped=True)
    except DotlintError as error:
        raise type(error)(f"{path}: {error}") from None


def _is_text(source: str) -> bool:
    """Return whether a `str` is DOT text: a path has no brace or line break, and does not start like a graph."""
    if any(mark in source for mark in "{}\n\r"):
        return True
    words = source.split(maxsplit=1)
    if not words:
        return True
    starts = words[0].lower() in {"digraph", "graph", "strict"} or source.startswith(("//", "/*"))
    return starts and not os.path.exists(source)  # noqa: PTH110 - `Path.exists` raises for a long text


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
