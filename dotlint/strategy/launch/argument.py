"""The argument that names launch options: `vllm:launch.sh`, `decode=vllm:decode.sh`, `vllm:--tensor-parallel-size 8`."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dotlint.files.paths import as_path
from dotlint.strategy.launch.systems import SYSTEMS
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from pathlib import Path

_ARGUMENT: Final = regex(
    rf"\s*(?:(?P<phase>[^\W\d]\w*)\s*=\s*)?(?P<system>(?i:{'|'.join(SYSTEMS)}))\s*:\s*(?P<text>\S.*)", re.DOTALL
)
_NAMED: Final = regex(r"\s*(?P<phase>[^\W\d]\w*)\s*=\s*(?P<text>\S.*)", re.DOTALL)


class LaunchArgument(Struct, frozen=True):
    """Launch options: those in `text`, or in the file that it names, of one system; `phase` is "" if none is named."""

    system: str
    text: str
    phase: str = ""

    @property
    def has_options(self) -> bool:
        """Whether `text` has the options itself."""
        is_command = " " in self.text and not os.path.splitext(self.text)[1]  # noqa: PTH122 - maybe no path
        return is_command or self.text.startswith("-") or " -" in self.text or "\n" in self.text

    @property
    def file(self) -> str | None:
        """The file with the options; None if `text` has them itself."""
        return None if self.has_options and not os.path.isfile(self.text) else self.text  # noqa: PTH113 - maybe no path

    def __str__(self) -> str:
        return f"{f'{self.phase}=' if self.phase else ''}{self.system}:{self.text}"


def launch_argument(text: str, system: str | None = None) -> LaunchArgument | None:
    """Return the launch options that a strategy argument names, or None if it is another strategy.

    With `system`, as in `--from vllm`, the argument has no prefix: it is a file or the options, maybe after a phase.
    """
    match = _ARGUMENT.fullmatch(text)
    if match is not None and (system is None or match["system"].lower() == system):
        return LaunchArgument(match["system"].lower(), match["text"].strip(), (match["phase"] or "").lower())
    if system is None:
        return None
    named = _NAMED.fullmatch(text)
    if named is not None and named["phase"].lower().startswith(("prefill", "decode")):
        return LaunchArgument(system, named["text"].strip(), named["phase"].lower())
    return LaunchArgument(system, text.strip())


def in_folder(argument: str, folder: Path) -> str:
    """Return a strategy argument with the path of its file absolute, from `folder`; unchanged if it names no file."""
    if argument.strip().lower().endswith(".toml") and launch_argument(argument) is None:
        return os.path.abspath(folder / as_path(argument.strip()).expanduser())  # noqa: PTH100 - keeps symbolic links
    launched = launch_argument(argument)
    if launched is None or launched.has_options:
        return argument
    path = os.path.abspath(folder / as_path(launched.text).expanduser())  # noqa: PTH100 - as above
    return str(LaunchArgument(launched.system, path, launched.phase))


def file_of(argument: str) -> str | None:
    """Return the file that a strategy argument names; None if it names none."""
    launched = launch_argument(argument)
    if launched is not None:
        return launched.file
    return argument.strip() if argument.strip().lower().endswith(".toml") else None
