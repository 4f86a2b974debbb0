"""The launches of an engine in a command line or a shell script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dotlint.strategy.degrees import AXES
from dotlint.strategy.error import quoted
from dotlint.strategy.launch.location import Source
from dotlint.strategy.launch.options import Options
from dotlint.strategy.launch.shell.reader import commands
from dotlint.strategy.launch.shell.variables import Variables
from dotlint.strategy.launch.shell.words import Command, ShellError
from dotlint.strategy.launch.slurm import add_slurm, slurm_variables
from dotlint.strategy.launch.systemd import unit_variables
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.strategy.launch.shell.words import Word
    from dotlint.strategy.launch.table import LaunchTable

_OF_SHELLS: Final = frozenset({"-c", "-lc", "-ec"})
_OF_OTHERS: Final = frozenset({"-m", "-u"}) | _OF_SHELLS  # options of python and of shells
_STARTERS: Final = frozenset({"-m", "--", "exec", "nohup", "srun", "sudo", "run"})
_MOST_LAUNCHES: Final = 1000
_NEGATIVE: Final = regex(r"-\.?[0-9].*")
_OPTION: Final = regex(r"-{1,2}[A-Za-z][\w.-]*")
_RUNNERS: Final = frozenset({"ssh", "pdsh", "clush", "tmux", "screen", "eval", "su", "script", "parallel", "watch"})
_PRINTERS: Final = frozenset({"echo", "printf"})
_WRAP: Final = "--wrap="  # of sbatch
_OPTIONS_OF_CALLER: Final = regex(r"\$\{?(?:[@*]|\w*(?:ARG|OPT|FLAG|PARAM)\w*)(?:\[@\])?\}?", re.IGNORECASE)


def launches(source: Source, table: LaunchTable) -> list[Options]:
    """Return the options of each launch of the engine in a text; if no command names the engine, of those with options.

    Raises `StrategyError` at a mistake.
    """
    return launches_in(source, source.text, range(len(source.text)), table)


def launches_in(
    source: Source, text: str, at: Sequence[int], table: LaunchTable, variables: Variables | None = None
) -> list[Options]:
    """Return the launches in a part of a source; `at` has the offset of each character of `text`."""
    variables = variables or Variables()
    slurm_variables(text, at, variables)
    unit_variables(text, at, variables)
    variables.watched = tuple(name for name in table.by_name if not name.startswith("-"))
    try:
        found = list(_all_commands(text, at, variables, table))
    except ShellError as error:
        raise source.at(error.offset, error.offset + 1).mistake(str(error)) from None
    named = [command for command in found if _names(command, table)]
    with_options = [command for command in named or found if _has_options(command, table)]
    launched = [each for each in named if _has_options(each, table) or _is_started(each, table)] or with_options
    launched = _without_helpers(launched, table)
    if len(launched) > _MOST_LAUNCHES:
        raise source.at(0, 1).mistake(f"{len(launched)} commands start an engine: at most {_MOST_LAUNCHES} are read")
    _refuse_strays(found, launched, source)
    read = [options_of(command, source, table) for command in launched]
    written = {name: Source(name, each.text, source, each.at) for name, each in variables.documents.items()}
    for options in read:
        options.written = written
        add_slurm(options, source, variables)
        for word in variables.skipped:
            if word.text.startswith("-"):
                options.not_read[f"{word.text} (in a branch of the script)"] = None
    return read


def _all_commands(
    text: str, at: Sequence[int], variables: Variables, table: LaunchTable, depth: int = 0
) -> Iterator[Command]:
    """Yield all commands, also those in the words of others, as in `bash -c "vllm serve ..."`."""
    for command in commands(text, at, variables, depth):
        yield command
        runs = any(word.text.rsplit("/", 1)[-1] in _RUNNERS for word in command.words[:2])
        for before, word in zip([None, *command.words], command.words, strict=False):
            start = len(_WRAP) if word.text.startswith(_WRAP) else 0
            in_shell = before is not None and before.text in {*_OF_SHELLS, _WRAP.rstrip("=")}
            if start or in_shell or (runs and any(table.starts(part) for part in word.text.split()[:-1])):
                yield from _all_commands(word.text[start:], word.at[start:], variables, table, depth + 1)


def _refuse_strays(found: Sequence[Command], launched: Sequence[Command], source: Source) -> None:
    """Raise `StrategyError` if options after a launch are a command of their own: a comment or space ended its line."""
    for before, command in zip(found, found[1:], strict=False):
        if any(before is each for each in launched) and command.words and command.words[0].text.startswith("--"):
            word = command.words[0]
            what = f"{quoted(word.text.partition('=')[0])} is not part of the command before it"
            remedy = "end each line of the command in a backslash, with no comment or space after it"
            raise source.spread(word.offsets).mistake(what, remedy)


def _without_helpers(launched: list[Command], table: LaunchTable) -> list[Command]:
    """Return the launches without those of programs that state no degree, if another program states one."""
    programs = [next((word.text for word in each.words if table.starts(word.text)), "") for each in launched]
    stating = {program for program, each in zip(programs, launched, strict=True) if _has_options(each, table, AXES)}
    return [each for program, each in zip(programs, launched, strict=True) if not stating or program in stating]


def _names(command: Command, table: LaunchTable) -> bool:
    """Return whether a command names the engine, and is neither a client of it nor one that only prints words."""
    words = [word.text for word in command.words]
    first = next((index for index, word in enumerate(words) if table.starts(word)), None)
    return first is not None and words[0] not in _PRINTERS and not table.is_client(words[first:])


def _has_options(command: Command, table: LaunchTable, to: Sequence[str] | None = None) -> bool:
    """Return whether a command has options that are read; with `to`, such that state one of these."""
    names = [name for word in command.words if _OPTION.fullmatch(name := word.text.partition("=")[0])]
    read = [found for name in names if (found := table.option(name)) is not None]
    return any(to is None or option.to in to for option, _ in read)


def _is_started(command: Command, table: LaunchTable) -> bool:
    """Return whether a command starts the engine, rather than naming it as `pip install vllm` does."""
    words = [word.text for word in command.words]
    index = next(index for index, word in enumerate(words) if table.starts(word))
    return index == 0 or words[index - 1] in _STARTERS or words[index + 1 : index + 2] == ["serve"]


def options_of(command: Command, source: Source, table: LaunchTable) -> Options:
    """Return what the options of a command state."""
    words = command.words
    everything = [offset for word in words for offset in word.offsets]
    options = Options(table, source.spread(everything))
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        name, sign, value = word.text.partition("=")
        if any(table.option(each.partition("=")[0]) is not None for each in word.choices):
            what = f"{word.unknown} has other options in another branch of the script"
            raise source.spread(word.offsets).mistake(what, "write each launch as a command of its own")
        if word.unknown == word.text and (word.choices or _OPTIONS_OF_CALLER.fullmatch(word.text)):
            options.not_read[f"{word.text} (its value is unknown)"] = None
        if word.text in _OF_OTHERS:
            continue
        if not _OPTION.fullmatch(name):
            if word.text.startswith("--") and len(word.text) > 2:
                options.skip(word.text)
            continue
        if sign:
            options.state(name, value, source.spread(word.offsets), word.unknown)
        elif options.takes_value(name) and index < len(words) and not _is_option(words[index]):
            offsets = [*word.offsets, *words[index].offsets]
            options.state(name, words[index].text, source.spread(offsets), words[index].unknown)
            index += 1
        else:
            options.state(name, None, source.spread(word.offsets))
    for name, word in command.variables.items():
        options.state(name, word.text, source.spread(word.offsets), word.unknown)
    return options


def _is_option(word: Word) -> bool:
    return word.text.startswith("-") and not _NEGATIVE.fullmatch(word.text) and len(word.text) > 1
