"""The address of a rule's page, and whether the terminal supports hyperlinks."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from dotlint._version import __version__
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = "https://github.com/dotlint/dotlint"
_KNOWN = {"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby", "rio", "mintty"}
_TERMS = regex(r"xterm-(kitty|ghostty)|alacritty|foot|contour|wezterm")


def page(code: str, name: str) -> str | None:
    """Return the address of the card of one of dotlint's own rules; None for a user rule."""
    from dotlint.engine.resources import rules_folder  # noqa: PLC0415

    inside = f"{code[0]}/{code}-{name}.toml"
    if not re.fullmatch(r"[A-Z][0-9]{3}", code) or not (rules_folder() / inside).is_file():
        return None
    return f"{PROJECT}/blob/v{__version__}/rules/{inside}"


def supported(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the terminal is known to support hyperlinks (OSC 8); others may show the escape sequences.

    `FORCE_HYPERLINK` overrides detection (0: never). Without it, CI and terminal multiplexers count as unsupported.
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
