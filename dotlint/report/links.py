"""The page of a rule, and whether a terminal can show a link to it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from dotlint._version import __version__
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROJECT = "https://github.com/dotlint/dotlint"
_KNOWN = {"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby", "rio", "mintty"}
_TERMS = regex(r"xterm-(kitty|ghostty)|alacritty|foot|contour|wezterm")


def page(code: str, name: str) -> str | None:
    """Give the address of the card of one of dotlint's own rules; None for a rule of the user's."""
    from dotlint.engine.resources import rules_folder  # noqa: PLC0415

    inside = f"{code[0]}/{code}-{name}.toml"
    if not re.fullmatch(r"[A-Z][0-9]{3}", code) or not (rules_folder() / inside).is_file():
        return None
    return f"{_PROJECT}/blob/v{__version__}/rules/{inside}"


def supported(environment: Mapping[str, str] = os.environ) -> bool:
    """Say whether the terminal is known to show links (OSC 8); one that does not would show rubbish.

    `FORCE_HYPERLINK` decides (0: never). Continuous integration and terminals within terminals get none.
    """
    forced = environment.get("FORCE_HYPERLINK")
    if forced:
        return forced != "0"
    term = environment.get("TERM", "")
    if (
        environment.get("CI")
        or environment.get("TMUX")
        or environment.get("STY")
        or term.startswith(("screen", "tmux"))
    ):
        return False
    if environment.get("WT_SESSION") or environment.get("KONSOLE_VERSION", "") >= "200400" or _TERMS.match(term):
        return True
    version = environment.get("VTE_VERSION", "")
    return environment.get("TERM_PROGRAM") in _KNOWN or (version.isdigit() and int(version) >= 5000)
