"""The argument that names launch options: `vllm:launch.sh`, `decode=vllm:decode.sh`, `vllm:--tensor-parallel-size 8`."""

from __future__ import annotations

import os
from typing import Final

from msgspec import Struct

from dotlint.strategy.launch.systems import SYSTEMS
from dotlint.text.regex import regex

_ARGUMENT: Final = regex(
    rf"\s*(?:(?P<phase>[^\W\d]\w*)\s*=\s*)?(?P<system>(?i:{'|'.join(SYSTEMS)}))\s*:\s*(?P<text>\S.*)", 16
)
_NAMED: Final = regex(r"\s*(?P<phase>[^\W\d]\w*)\s*=\s*(?P<text>\S.*)", 16)


class LaunchArgument(Struct, frozen=True):
    """Launch options: those in `text`, or in the file that it names, of one system; `phase` is "" if none is named."""

    system: str
    text: str
    phase: str = ""

    @property
    def file(self) -> str | None:
        """The file with the options; None if `text` has them itself."""
        has_options = self.text.startswith("-") or " -" in self.text or "\n" in self.text
        return None if has_options and not os.path.isfile(self.text) else self.text  # noqa: PTH113 - text, not a path

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
