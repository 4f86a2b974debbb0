"""What a linting process does: read a text, lint it, and say what an editor may ask for."""

from __future__ import annotations

import logging
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.config.configurations import Configurations
from dotlint.engine.context import FileContext
from dotlint.engine.own_cards import own_cards
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.errors import DotlintError
from dotlint.graph.builder import read
from dotlint.pipeline.lint_file import lint_file
from dotlint.report import cards as page_of
from dotlint.report.inferred import node_page
from dotlint.report.links import page
from dotlint.server.cards import rule_markdown
from dotlint.server.messages import Failure, Fixed, Names, Pages, Reading, Report, Rule, Spot, Told
from dotlint.server.outline import outline
from dotlint.server.references import read_mentions
from dotlint.server.suppress_actions import suppressions
from dotlint.syntax.source import Source
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.finding import Edit, Finding
    from dotlint.engine.result import FileResult
    from dotlint.graph.document import Document
    from dotlint.server.messages import Job, Message, Options

    Send = Callable[[Message], None]

_PAGES_AT_ONCE = 500
_MOST_FILES = 400  # of a folder that are searched for symbols,
_MOST_BYTES = 16_000_000  # and so much of their text


def do(job: Job, send: Send) -> None:
    """Do a job and send what comes of it, the quickest first; whatever goes wrong is sent as a `Failure`."""
    try:
        if job.kind == "fix":
            _fix(job, send)
        elif job.kind == "names":
            _names(job, send)
        else:
            _read(job, send)
    except DotlintError as error:
        send(Failure(one_line(str(error))))
    except Exception as error:
        logging.getLogger(__name__).exception("a %s job failed", job.kind)
        send(Failure(one_line(f"dotlint itself failed on it, please report this: {type(error).__name__}: {error}")))


def _settings(path: str, options: Options) -> Settings | None:
    """Give how to lint a file as the command line would; None where the configuration leaves it out."""
    configurations = Configurations(options.overrides, file=options.config)
    return None if configurations.excluded(path) else configurations.settings(path)


def _read(job: Job, send: Send) -> None:
    source = Source.from_text(job.text, job.path)
    problems: tuple[str, ...] = ()
    try:
        settings = _settings(job.path, job.options)
    except DotlintError as error:
        # What holds for the file is not known; that it is DOT must hold in any case.
        settings, problems = Settings(selection=Selection(select=("E",))), (one_line(str(error)),)
    if settings is None:
        send(_reading(read(source)))
        send(Report())
        return
    readings: list[Reading] = []

    def on_read(document: Document) -> None:
        readings.append(_reading(document))
        send(readings[0])

    result = lint_file(source, settings, on_read=on_read)
    assert result.context is not None
    cards = settings.cards or own_cards()
    comments = suppressions(result.document, result.findings, cards, readings[0].mentions)
    told = [_told(finding, *pair) for finding, pair in zip(result.findings, comments, strict=True)]
    send(
        Report(
            findings=tuple(told),
            rules=_rules(cards, {finding.code for finding in result.findings}),
            symbols=outline(result.context),
            problems=(*problems, *(one_line(line) for line in result.troubles)),
            several=result.context.part is not None and bool(result.context.part.phases),
        )
    )
    for pages in _pages(result):
        send(pages)


def _reading(document: Document) -> Reading:
    clusters = [
        (one.name, one.start, one.end) for graph in document.graphs for one in graph.subgraphs if one.name is not None
    ]
    return Reading(read_mentions(document), tuple(clusters), whole=not document.problems)


def _told(finding: Finding, here: Sequence[Edit | None], everywhere: Edit | None) -> Told:
    return Told(
        code=finding.code,
        name=finding.name,
        severity=finding.severity,
        message=one_line(finding.message, 2000),
        start=finding.start,
        end=finding.end,
        help=one_line(finding.help, 2000) if finding.help else None,
        note=one_line(finding.note, 2000) if finding.note else None,
        related=tuple((one_line(one.message), one.start, one.end) for one in finding.related),
        caused_by=finding.caused_by,
        fix=finding.fix,
        spots=tuple(Spot(at.start, at.end, edit) for at, edit in zip(finding.locations, here, strict=True)),
        everywhere=everywhere,
    )


def _rules(cards: Sequence[Card], codes: Iterable[str]) -> dict[str, Rule]:
    wanted = set(codes)
    return {
        card.code: Rule(rule_markdown(card), page_of.page(card, width=80), page(card.code, card.name), card.editor_tag)
        for card in cards
        if card.code in wanted
    }


def _pages(result: FileResult) -> Iterator[Pages]:
    """Say what was understood of every node, many at a time, each with the findings that speak of it."""
    assert result.context is not None
    spoken: dict[tuple[int, str], list[Finding]] = {}
    for finding in result.findings:
        names = dict.fromkeys((*finding.nodes, *(name for pair in finding.missing_edges for name in pair)))
        for name in names:
            spoken.setdefault((finding.graph, name), []).append(finding)
    short = replace(result, path=Path(result.path).name)
    first, texts = 0, []
    for context in result.context.graphs:
        for name in context.graph.nodes:
            short.findings = spoken.get((context.graph.index, name), [])
            texts.append(node_page(short, context.deployment, context.deployment.by_name[name]))
            if len(texts) == _PAGES_AT_ONCE:
                yield Pages(first, tuple(texts))
                first, texts = first + len(texts), []
    if texts:
        yield Pages(first, tuple(texts))


def _names(job: Job, send: Send) -> None:
    """Search the files of a folder for symbols; what cannot be read has none."""
    from dotlint.files.discovery import UnreadableError, discover, read_bytes, refuse_binary  # noqa: PLC0415
    from dotlint.server.symbols import rows  # noqa: PLC0415 - only where an editor asks for them
    from dotlint.server.text import Text  # noqa: PLC0415

    configurations = Configurations(job.options.overrides, file=job.options.config)
    size = 0
    for path in islice(discover([job.path]), _MOST_FILES):
        try:
            if configurations.excluded(path):
                continue
            there = Path(path).stat()
            stamp = (there.st_mtime_ns, there.st_size)
            size += there.st_size
            if size > _MOST_BYTES:
                return
            if job.known.get(path) == stamp:
                send(Names(path, stamp, None))
                continue
            data = read_bytes(path)
            refuse_binary(data)
        except (UnreadableError, DotlintError, OSError):
            continue
        source = Source.from_bytes(data, path)
        send(Names(path, stamp, tuple(rows(Text(source.text, job.encoding), outline(FileContext(read(source), path))))))


def _fix(job: Job, send: Send) -> None:
    from dotlint.pipeline.fix_text import fix_text  # noqa: PLC0415 - only where something is fixed

    settings = _settings(job.path, job.options)
    if settings is None:
        send(Fixed(job.text, 0, ()))
        return
    fixed = fix_text(Source.from_text(job.text, job.path), settings)
    refused = [f"{one.finding.code} in line {one.line}: {one.reason}" for one in fixed.refused]
    send(Fixed(fixed.text, len(fixed.applied), tuple(one_line(line) for line in refused)))
