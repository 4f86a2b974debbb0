"""The variables that a systemd unit sets for its program: `Environment=` lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dotlint.strategy.launch.shell.words import Word
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.strategy.launch.shell.variables import Variables

_LINE: Final = regex(r"^Environment[ \t]*=([^\n]*)", re.MULTILINE, needs=("Environment",))
_SET: Final = regex(r"\"([A-Za-z_]\w*)=([^\"\n]*)\"|'([A-Za-z_]\w*)=([^'\n]*)'|([A-Za-z_]\w*)=([^\s\"']*)")


def unit_variables(text: str, at: Sequence[int], variables: Variables) -> None:
    """Set the variables of a unit; a text without a `[Service]` section is none."""
    if "[Service]" not in text:
        return
    for line in _LINE.finditer(text):
        for match in _SET.finditer(line[1]):
            group = match.lastindex or 0
            start, end = line.start(1) + match.start(group), line.start(1) + match.end(group)
            word = Word(text[start:end], list(at[start:end]), start=at[min(start, len(at) - 1)])
            variables.set(match[group - 1], [word])
