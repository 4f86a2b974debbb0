"""`--watch`: check again whenever a file that the check reads changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.cli.linting import discovered
from dotlint.cli.options import configured
from dotlint.cli.streams import fail, write_messages
from dotlint.config.configurations import Configurations
from dotlint.errors import DotlintError
from dotlint.files.watch import changes
from dotlint.strategy.launch.argument import file_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.cli.options import CheckOptions
    from dotlint.cli.streams import Streams


def watch(streams: Streams, options: CheckOptions, check: Callable[[], int]) -> int:
    """Check now and after every change until interrupted, and return the exit status."""
    if "-" in options["paths"] or options["output"]:
        raise DotlintError("--watch cannot be combined with `-` or --output")
    try:
        for _ in changes(lambda: watched_files(options)):
            if streams.stdout.isatty():
                streams.stdout.write("\x1b[2J\x1b[H")
            try:
                check()
            except DotlintError as error:  # the next change may correct it
                fail(streams, str(error))
            write_messages(streams, "waiting for changes; press Ctrl-C to stop")
            streams.stderr.flush()
    except KeyboardInterrupt:
        pass
    return 0


def watched_files(options: CheckOptions) -> list[str]:
    """Return all files that the findings depend on: graphs, configurations, strategies, phases, the baseline."""
    try:
        configurations = configured(options)
        paths = discovered(options, configurations)
    except DotlintError:  # the check that follows reports it
        configurations = Configurations(isolated=True)
        paths = discovered(options, configurations)
    named = [file for strategy in options["strategy"] if (file := file_of(strategy)) is not None]
    named += [file for file in (*options.get("config", ()), options.get("model"), options.get("baseline")) if file]
    try:
        return [*paths, *named, *_configuration_files(paths, configurations)]
    except DotlintError:  # as above
        return [*paths, *named]


def _configuration_files(paths: list[str], configurations: Configurations) -> list[str]:
    files = {configurations.config(path).file for path in paths}
    strategies = {id(s): s for path in paths if (s := configurations.settings(path).strategy) is not None}
    phases = [phase.path for strategy in strategies.values() for phase in strategy.phases if phase.path is not None]
    return [*(str(file) for file in files if file is not None), *phases]
