"""`--write-baseline`: record findings, so that only new ones are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.cli.linting import lint_path, report_failures
from dotlint.cli.streams import FAILED, write_messages
from dotlint.engine.baseline import entries, write_baseline
from dotlint.errors import DotlintError
from dotlint.files.paths import as_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.cli.options import CheckOptions
    from dotlint.cli.streams import Streams
    from dotlint.engine.result import Settings


def record(streams: Streams, files: Sequence[tuple[str, Settings]], options: CheckOptions) -> int:
    """Lint files and write their findings to the baseline; return the exit status."""
    if options["fix"] or options["fix_only"] or options["diff"]:
        raise DotlintError("--write-baseline cannot be combined with --fix or --diff")
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
