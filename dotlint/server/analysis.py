"""The work of a worker process: parse and lint a text, and send what the editor may ask for."""

from __future__ import annotations

import logging
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.config.configurations import Configurations
from dotlint.documents.kinds import is_document
from dotlint.engine.context import FileContext
from dotlint.engine.own_cards import own_cards
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.errors import DotlintError
from dotlint.graph.builder import read
from dotlint.pipeline.lint_file import lint_file
from dotlint.report import cards as rule_card
from dotlint.report.inferred import node_page
from dotlint.report.links import page
from dotlint.server.cards import rule_markdown
from dotlint.server.messages import (
    Failure,
    FileSymbols,
    FindingInfo,
    FindingLocation,
    FixedText,
    NodePages,
    ParsedText,
    Report,
    RuleInfo,
)
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
    from dotlint.server.messages import EditorOptions, Job, Message

    Send = Callable[[Message], None]

_PAGES_PER_MESSAGE = 500
_MOST_FILES = 400  # of a folder are searched for symbols
_MOST_BYTES = 16_000_000  # of text in these files


def do(job: Job, send: Send) -> None:
    """Do a job and send its results as soon as each is available; an error is sent as a `Failure`."""
    try:
        if job.kind == "fix":
            _send_fixed(job, send)
        elif job.kind == "names":
            _file_symbols(job, send)
        else:
            _lint(job, send)
    except DotlintError as error:
        send(Failure(one_line(str(error))))
    except Exception as error:
        logging.getLogger(__name__).exception("a %s job failed", job.kind)
        send(Failure(one_line(f"internal error, please report it: {type(error).__name__}: {error}")))


def _settings(path: str, options: EditorOptions) -> Settings | None:
    """Return the settings of a file, as on the command line; None if the configuration excludes it."""
    configurations = Configurations(options.overrides, file=options.config)
    return None if configurations.excluded(path) else configurations.settings(path)


def _lint(job: Job, send: Send) -> None:
    source = Source.from_text(job.text, job.path)
    problems: tuple[str, ...] = ()
    try:
        settings = _settings(job.path, job.options)
    except DotlintError as error:
        # Without a valid configuration, report only syntax errors.
        settings, problems = Settings(selection=Selection(select=("E",))), (one_line(str(error)),)
    if settings is None:
        send(_parsed_text(read(source)))
        send(Report())
        return
    if is_document(source.name):
        _lint_document(source, settings, problems, send)
        return
    parsed: list[ParsedText] = []

    def on_read(document: Document) -> None:
        parsed.append(_parsed_text(document))
        send(parsed[0])

    result = lint_file(source, settings, on_read=on_read)
    assert result.context is not None
    cards = settings.cards or own_cards()
    comments = suppressions(result.document, result.findings, cards, parsed[0].mentions)
    infos = [_finding_info(finding, *pair) for finding, pair in zip(result.findings, comments, strict=True)]
    send(
        Report(
            findings=tuple(infos),
            rules=_rule_infos(cards, {finding.code for finding in result.findings}),
            symbols=outline(result.context),
            problems=(*problems, *(one_line(line) for line in result.troubles)),
            multiple_files=result.context.part is not None and bool(result.context.part.phases),
        )
    )
    for pages in _node_pages(result):
        send(pages)


def _lint_document(source: Source, settings: Settings, problems: tuple[str, ...], send: Send) -> None:
    """Lint a document with DOT inside."""
    from dotlint.server.documents import parsed_blocks, suppressions_of_blocks, symbols_of_blocks  # noqa: PLC0415

    result = lint_file(source, settings)
    send(parsed_blocks(result.blocks))
    cards = settings.cards or own_cards()
    comments = list(suppressions_of_blocks(source.text, result.blocks, cards))
    infos = [_finding_info(finding, *pair) for finding, pair in zip(result.findings, comments, strict=True)]
    unreadable = () if result.unreadable is None else (one_line(f"{Path(result.path).name} {result.unreadable}"),)
    send(
        Report(
            findings=tuple(infos),
            rules=_rule_infos(cards, {finding.code for finding in result.findings}),
            symbols=symbols_of_blocks(result.blocks),
            problems=(*problems, *unreadable, *(one_line(line) for line in result.troubles)),
        )
    )
    first = 0
    for block in result.blocks:
        for pages in _node_pages(block.result):
            send(replace(pages, first=first + pages.first))
        first += block.result.facts.nodes


def _parsed_text(document: Document) -> ParsedText:
    clusters = [
        (one.name, one.start, one.end) for graph in document.graphs for one in graph.subgraphs if one.name is not None
    ]
    return ParsedText(read_mentions(document), tuple(clusters), complete=not document.problems)


def _finding_info(finding: Finding, here: Sequence[Edit | None], everywhere: Edit | None) -> FindingInfo:
    return FindingInfo(
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
        locations=tuple(
            FindingLocation(at.start, at.end, edit) for at, edit in zip(finding.locations, here, strict=True)
        ),
        file_suppression=everywhere,
    )


def _rule_infos(cards: Sequence[Card], codes: Iterable[str]) -> dict[str, RuleInfo]:
    found = set(codes)
    return {
        card.code: RuleInfo(
            rule_markdown(card), rule_card.page(card, width=80), page(card.code, card.name), card.editor_tag
        )
        for card in cards
        if card.code in found
    }


def _node_pages(result: FileResult) -> Iterator[NodePages]:
    """Yield the pages of all nodes, in groups; each page has the findings about its node."""
    assert result.context is not None
    by_node: dict[tuple[int, str], list[Finding]] = {}
    for finding in result.findings:
        names = dict.fromkeys((*finding.nodes, *(name for pair in finding.missing_edges for name in pair)))
        for name in names:
            by_node.setdefault((finding.graph, name), []).append(finding)
    short = replace(result, path=Path(result.path).name)
    first, texts = 0, []
    for context in result.context.graphs:
        for name in context.graph.nodes:
            short.findings = by_node.get((context.graph.index, name), [])
            texts.append(node_page(short, context, context.deployment.by_name[name]))
            if len(texts) == _PAGES_PER_MESSAGE:
                yield NodePages(first, tuple(texts))
                first, texts = first + len(texts), []
    if texts:
        yield NodePages(first, tuple(texts))


def _file_symbols(job: Job, send: Send) -> None:
    """Send the symbols of the files in a folder; unreadable files are left out."""
    from dotlint.files.discovery import UnreadableError, discover, read_bytes, refuse_binary  # noqa: PLC0415
    from dotlint.server.symbols import rows  # noqa: PLC0415 - only if an editor asks for them
    from dotlint.server.text import Text  # noqa: PLC0415

    configurations = Configurations(job.options.overrides, file=job.options.config)
    size = 0
    for path in islice(discover([job.path]), _MOST_FILES):
        try:
            if configurations.excluded(path):
                continue
            status = Path(path).stat()
            stamp = (status.st_mtime_ns, status.st_size)
            size += status.st_size
            if size > _MOST_BYTES:
                return
            if job.known.get(path) == stamp:
                send(FileSymbols(path, stamp, None))
                continue
            data = read_bytes(path)
            refuse_binary(data)
        except (UnreadableError, DotlintError, OSError):
            continue
        source = Source.from_bytes(data, path)
        send(
            FileSymbols(
                path, stamp, tuple(rows(Text(source.text, job.encoding), outline(FileContext(read(source), path))))
            )
        )


def _send_fixed(job: Job, send: Send) -> None:
    from dotlint.pipeline.fix_text import fix_text  # noqa: PLC0415 - only for fixes

    settings = _settings(job.path, job.options)
    if settings is None:
        send(FixedText(job.text, 0, ()))
        return
    fixed = fix_text(Source.from_text(job.text, job.path), settings)
    refused = [f"{one.finding.code} in line {one.line}: {one.reason}" for one in fixed.refused]
    send(FixedText(fixed.text, len(fixed.applied), tuple(one_line(line) for line in refused)))
