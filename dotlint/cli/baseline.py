"""`--write-baseline` and `--prune-baseline`: record findings, so that only new ones are reported."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dotlint.cli.linting import lint_path, report_failures
from dotlint.cli.options import configured
from dotlint.cli.streams import FAILED, write_messages
from dotlint.engine.baseline import entries, read_baseline, write_baseline
from dotlint.engine.own_cards import by_code
from dotlint.engine.select import chosen
from dotlint.errors import DotlintError
from dotlint.files.paths import as_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dotlint.cli.options import CheckOptions
    from dotlint.cli.streams import Streams
    from dotlint.engine.baseline_entries import BaselineEntry
    from dotlint.engine.result import FileResult, Settings


def record(streams: Streams, files: Sequence[tuple[str, Settings]], options: CheckOptions) -> int:
    """Lint files and write their findings to the baseline; return the exit status."""
    if options["fix"] or options["fix_only"] or options["diff"] or options["prune_baseline"]:
        raise DotlintError("--write-baseline cannot be combined with --fix, --diff or --prune-baseline")
    assert options["write_baseline"] is not None
    target = as_path(options["write_baseline"])
    results, found = [], []
    for path, settings in files:
        result = lint_path(streams, path, options["stdin_filename"], settings)
        for one in [block.result for block in result.blocks] or [result]:
            if one.context is not None:
                found += entries(one.document, one.path, one.findings, target.absolute().parent, one.rules)
        results.append(result.slim())
    failed = report_failures(streams, results)
    count = write_baseline(target, found)
    write_messages(streams, f"{count} finding{'' if count == 1 else 's'} written to {target}")
    return FAILED if failed or any(result.crashed for result in results) else 0


def prune(
    streams: Streams, results: Sequence[FileResult], files: Sequence[tuple[str, Settings]], options: CheckOptions
) -> None:
    """Remove the entries that no longer match from the baselines of the files, and those of files that are gone.

    An entry of a rule that did not run stays.
    """
    configurations = configured(options)
    outlived: dict[Path, Counter[BaselineEntry]] = {}
    for result, (path, settings) in zip(results, files, strict=True):
        baseline = options["baseline"] or configurations.config(path).get("baseline")
        if settings.baseline is not None and baseline is not None:
            found = outlived.setdefault(as_path(baseline), Counter())
            found.update(entry for entry in result.outlived if _ran(entry.rule, result, settings))
    if not outlived:
        raise DotlintError("--prune-baseline needs a baseline: name it with --baseline")
    for target, removed in outlived.items():
        every = read_baseline(target)
        gone = [e for e in every.entries if not e.path.startswith("<") and not (every.folder / e.path).exists()]
        left = Counter(every.entries) - removed - (Counter(gone) - removed)
        if left.total() < len(every.entries):
            write_baseline(target, left.elements())
        number = len(every.entries) - left.total()
        entries_ = "1 entry" if number == 1 else f"{number} entries"
        write_messages(streams, f"{entries_} removed from {target}")


def _ran(code: str, result: FileResult, settings: Settings) -> bool:
    """Return whether a rule ran on a file, or does not exist any more."""
    card = by_code(settings.cards).get(code)
    if card is None:
        return True
    if "strategy" in card.needs and result.facts.strategy is None:
        return False
    running = {card.code for card in chosen(settings.cards, settings.selection)}
    return code in running and all(one.code != code for one in result.undecided)
