"""The work of a worker process: parse and lint a text, and send what the editor may ask for."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from dotlint.config.configurations import Configurations
from dotlint.documents.kinds import is_document
from dotlint.engine.own_cards import own_cards
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.errors import DotlintError
from dotlint.graph.builder import read
from dotlint.pipeline.early import lint_early
from dotlint.pipeline.lint_file import lint_file
from dotlint.server.findings import finding_infos, rules_unless_known, suppression_edits
from dotlint.server.flow_hints import flow_hints
from dotlint.server.messages import EarlyReport, Failure, FixedText, ParsedText, Report, Understood
from dotlint.server.node_facts import node_pages
from dotlint.server.outline import outline
from dotlint.server.parsed import parsed_text
from dotlint.server.suppress_actions import suppressions
from dotlint.server.token_styles import styles
from dotlint.syntax.source import Source
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.engine.result import FileResult
    from dotlint.graph.document import Document
    from dotlint.server.messages import EditorOptions, Job, Message

    Send = Callable[[Message], None]

_LARGE: Final = 20_000
"""The number of characters from which findings are sent before all rules have run, and before fixes are tried."""


_DEPLOYMENT: Final = """digraph {
  node [shape=box]
  in [label="Input\\nOutput: [batch=4, hidden=512]\\nGPU: 0-1"]
  up_0 [label="MLP up, column-parallel\\nInput: [batch=4, hidden=512]\\nOutput: [batch=4, ffn=1024]\\nGPU: 0"]
  up_1 [label="MLP up, column-parallel\\nInput: [batch=4, hidden=512]\\nOutput: [batch=4, ffn=1024]\\nGPU: 1"]
  sum [label="All-Reduce\\nInput: [batch=4, hidden=512]\\nOutput: [batch=4, hidden=512]\\nGPU: 0-1", shape=elipse]
  in -> up_0 -> sum
  in -> up_1
}
"""


def warm_up() -> None:
    """Lint a small deployment, which loads most modules and rules, so that no editor has to wait for them."""
    source = Source.from_text(_DEPLOYMENT, "-")
    lint_early(source, Settings(), on_read=lambda _: None)
    result = lint_file(source)
    assert result.context is not None
    parsed_text(result.document)
    flow_hints(result.context)
    list(node_pages(result))


def do(job: Job, send: Send) -> None:
    """Do a job and send its results as soon as each is available; an error is sent as a `Failure`."""
    try:
        if job.kind == "fix":
            _send_fixed(job, send)
        elif job.kind == "names":
            from dotlint.server.file_symbols import file_symbols  # noqa: PLC0415 - only if an editor asks for them

            for one in file_symbols(job):
                send(one)
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
        send(parsed_text(read(source)))
        send(Report())
        return
    cards = settings.cards or own_cards()
    rules = rules_unless_known(cards, job.rules)
    if rules is not None:
        send(rules)
    if is_document(source.name):
        _lint_document(source, settings, problems, send)
    else:
        _lint_dot(source, settings, problems, send)


def _lint_dot(source: Source, settings: Settings, problems: tuple[str, ...], send: Send) -> None:
    parsed: list[ParsedText] = []

    def on_read(document: Document) -> None:
        if not parsed:
            parsed.append(parsed_text(document))
            send(parsed[0])

    def on_lint(result: FileResult) -> None:
        if any(finding.fix for finding in result.findings):
            send(EarlyReport(Report(finding_infos(result.findings), problems=problems), frozenset(result.rules)))

    large = len(source.text) > _LARGE
    if large:
        early, final = lint_early(source, settings, on_read=on_read)
        report = Report(finding_infos(f for f in early.findings if f.code in final), problems=problems)
        send(EarlyReport(report, final))
    result = lint_file(source, settings, on_read=on_read, on_lint=on_lint if large else None)
    assert result.context is not None
    send(
        Report(
            findings=finding_infos(result.findings),
            symbols=outline(result.context),
            problems=(*problems, *(one_line(line) for line in result.troubles)),
            multiple_files=result.context.part is not None and bool(result.context.part.phases),
        )
    )
    cards = settings.cards or own_cards()
    send(suppression_edits(suppressions(result.document, result.findings, cards, parsed[0].mentions)))
    send(Understood(styles(result.context), flow_hints(result.context)))
    for pages in node_pages(result):
        send(pages)


def _lint_document(source: Source, settings: Settings, problems: tuple[str, ...], send: Send) -> None:
    """Lint a document with DOT inside."""
    from dotlint.server.documents import (  # noqa: PLC0415 - most files are DOT
        parsed_blocks,
        suppressions_of_blocks,
        symbols_of_blocks,
        understood_blocks,
    )

    result = lint_file(source, settings)
    send(parsed_blocks(result.blocks))
    unreadable = () if result.unreadable is None else (one_line(f"{Path(result.path).name} {result.unreadable}"),)
    send(
        Report(
            findings=finding_infos(result.findings),
            symbols=symbols_of_blocks(result.blocks),
            problems=(*problems, *unreadable, *(one_line(line) for line in result.troubles)),
        )
    )
    send(suppression_edits(suppressions_of_blocks(source.text, result.blocks, settings.cards or own_cards())))
    send(understood_blocks(result.blocks))
    first = 0
    for block in result.blocks:
        for pages in node_pages(block.result):
            send(replace(pages, first=first + pages.first))
        first += block.result.facts.nodes


def _send_fixed(job: Job, send: Send) -> None:
    from dotlint.pipeline.fix_text import fix_text  # noqa: PLC0415 - only for fixes

    settings = _settings(job.path, job.options)
    if settings is None:
        send(FixedText(job.text, 0, ()))
        return
    fixed = fix_text(Source.from_text(job.text, job.path), settings)
    refused = [f"{one.finding.code} in line {one.line}: {one.reason}" for one in fixed.refused]
    send(FixedText(fixed.text, len(fixed.applied), tuple(one_line(line) for line in refused)))
