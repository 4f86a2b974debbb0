"""`--verbose`: what was found, which configuration applies, what the cache had, and the time that each rule took."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dotlint.cli.streams import write_messages
from dotlint.engine.timing import READING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.cli.options import CheckOptions
    from dotlint.cli.streams import Streams
    from dotlint.config.configurations import Configurations
    from dotlint.engine.result import FileResult, Settings

_SHORTEST = 0.001  # seconds; the rules that took less are added up


def report_files(streams: Streams, found: int, kept: Sequence[str], configurations: Configurations) -> None:
    """Report how many files are linted, and with which configurations."""
    excluded = f", {found - len(kept)} excluded" if found > len(kept) else ""
    write_messages(streams, f"{_counted(len(kept), 'file')} to lint{excluded}")
    used = Counter(str(configurations.config(path).file or "") for path in kept)
    write_messages(
        streams,
        *(
            f"{f'configuration {file}' if file else 'no configuration file'}: {_counted(number, 'file')}"
            for file, number in used.items()
        ),
    )


def report_times(
    streams: Streams, results: Sequence[FileResult], files: Sequence[tuple[str, Settings]], options: CheckOptions
) -> None:
    """Report what the cache had and the time of reading and of each rule, the longest first."""
    write_messages(streams, f"cache: {_cache(results, options)}")
    seconds: Counter[str] = Counter()
    for result in results:
        seconds.update(result.seconds or {})
    if not seconds:
        return
    names = {card.code: card.name for _, settings in files for card in settings.cards}
    reading = seconds.pop(READING, 0.0)
    write_messages(
        streams,
        f"parsing: {_duration(reading)}",
        f"rules: {_duration(seconds.total())}; the first rule that needs an inference includes its time",
        *(f"  {code} {names.get(code, '')}: {_duration(s)}" for code, s in seconds.most_common() if s >= _SHORTEST),
    )
    short = [s for s in seconds.values() if s < _SHORTEST]
    if short:
        write_messages(streams, f"  {_counted(len(short), 'other rule')}: {_duration(sum(short))}")


def _cache(results: Sequence[FileResult], options: CheckOptions) -> str:
    from dotlint.pipeline.cache_files import cache_folder

    folder = cache_folder()
    if options["no_cache"] or folder is None:
        return "not used"
    hits = sum(not result.seconds and result.unreadable is None for result in results)
    return f"{hits} of {_counted(len(results), 'result')} from {folder}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.1f} ms"
