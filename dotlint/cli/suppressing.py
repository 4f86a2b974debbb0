"""`--add-suppressions`: suppress all reported findings with comments, through the edits that the language server offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.cli.streams import FAILED, FOUND, write_bytes, write_messages
from dotlint.documents.kinds import is_document
from dotlint.edits.apply import apply_edits
from dotlint.engine.own_cards import own_cards
from dotlint.errors import DotlintError
from dotlint.files.atomic import WriteError, write_atomically
from dotlint.files.discovery import UnreadableError, read_bytes, read_piped, refuse_binary
from dotlint.files.paths import as_path
from dotlint.pipeline.fixed import unified_diff
from dotlint.pipeline.lint_file import lint_file
from dotlint.server.documents import suppressions_of_blocks
from dotlint.server.references import read_mentions
from dotlint.server.suppress_actions import suppressions
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.cli.options import CheckOptions
    from dotlint.cli.streams import Streams
    from dotlint.engine.finding import Edit, Finding
    from dotlint.engine.result import FileResult, Settings

_MOST_ROUNDS = 50


class _Suppressed(Struct):
    """A text with comments, the number of findings that they suppress, and the findings that no comment can suppress."""

    source: Source
    number: int
    left: list[str] = field(default_factory=list)


def add_suppressions(streams: Streams, files: Sequence[tuple[str, Settings]], options: CheckOptions) -> int:
    """Write a comment with the reason for each reported finding, or print the diff; return the exit status."""
    reason = (options["add_suppressions"] or "").strip()
    if not reason.isprintable() or not reason or "dotlint:" in reason or "*/" in reason:
        raise DotlintError("--add-suppressions needs a reason: one line, which the comments state")
    if options["fix"] or options["fix_only"] or options["write_baseline"] or options["prune_baseline"]:
        raise DotlintError("--add-suppressions cannot be combined with --fix or an option that writes a baseline")
    status = 0
    for path, settings in files:
        name = (options["stdin_filename"] or "<stdin>") if path == "-" else path
        try:
            if path == "-":
                data = read_piped(streams.stdin, settings.most_bytes)
            else:
                data = read_bytes(path, piped=settings.piped and options["diff"], most=settings.most_bytes)
            refuse_binary(data)
            given = Source.from_bytes(data, name)
            done = _suppressed(given, settings, reason)
            if options["diff"]:
                diff = unified_diff(given.text, done.source.text, name)
                write_bytes(streams, diff.encode("utf-8", "surrogateescape"))
                status = max(status, FOUND if diff and not options["exit_zero"] else 0)
            elif path == "-":
                write_bytes(streams, done.source.to_bytes())
            elif done.source.text != given.text:
                write_atomically(as_path(path), done.source.to_bytes(), expected=data)
        except UnreadableError as error:
            write_messages(streams, f"error: {name}: {error}")
            status = FAILED
        except WriteError as error:
            write_messages(streams, f"error: {error}")
            status = FAILED
        else:
            _report(streams, name, done, "would be suppressed" if options["diff"] else "suppressed")
    return status


def _report(streams: Streams, name: str, done: _Suppressed, words: str) -> None:
    if done.number:
        write_messages(streams, f"{name}: {done.number} finding{'' if done.number == 1 else 's'} {words}")
    write_messages(streams, *(f"{name}:{line}" for line in done.left))


def _suppressed(source: Source, settings: Settings, reason: str) -> _Suppressed:
    """Add comments until nothing is reported any more, except what no comment can suppress.

    A statement with several findings needs more than one round: the first writes a comment, the next extends it.
    """
    result = lint_file(source, settings)
    if result.unreadable is not None:
        raise UnreadableError(result.unreadable)
    before = len(_suppressible(result))
    for _ in range(_MOST_ROUNDS):
        edits = list(_edits(source, result, settings, reason))
        if not edits:
            break
        changed = source.with_text(apply_edits(source.text, edits))
        again = lint_file(changed, settings)
        if _locations(again) >= _locations(result):
            break
        source, result = changed, again
    found = _suppressible(result)
    left = [f"{result.source.position(f.start).line}: no comment can suppress {f.code}: {f.message}" for f in found]
    return _Suppressed(source, before - len(found), left)


def _suppressible(result: FileResult) -> list[Finding]:
    """Return the findings about the graph: those about comments are not answered with more comments."""
    return [finding for finding in result.findings if finding.section != "meta"]


def _locations(result: FileResult) -> int:
    return sum(len(finding.locations) for finding in _suppressible(result))


def _edits(source: Source, result: FileResult, settings: Settings, reason: str) -> Iterator[Edit]:
    """Yield edits of one round: at one offset, only those that extend the same comment."""
    cards = settings.cards or own_cards()
    if is_document(source.name):
        offered = list(suppressions_of_blocks(source.text, result.blocks, cards, reason))
    else:
        document = result.document
        offered = suppressions(document, result.findings, cards, read_mentions(document), reason)
    by_offset: dict[int, dict[str, Edit]] = {}
    for finding, (here, _) in zip(result.findings, offered, strict=True):
        for edit in here if finding.section != "meta" else ():
            if edit is not None:
                same = by_offset.setdefault(edit.start, {})
                if not same or edit.text.startswith(", "):
                    same[edit.text] = edit
    for same in by_offset.values():
        yield from same.values()
