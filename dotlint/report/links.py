"""The address of a rule's page, and whether the terminal supports hyperlinks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

SITE: Final = ""  # The address of the published documents; while it is empty, no output links to a rule.
_KNOWN = {"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby", "rio", "mintty"}
_ADDRESS = regex(r"(?:https?|file)://[!-~]+")
_TERMS = regex(r"xterm-(kitty|ghostty)|alacritty|foot|contour|wezterm")


def site() -> str | None:
    """Return the address of the documents, with a final slash: that of `DOTLINT_SITE`, if set, or of this release."""
    address = os.environ.get("DOTLINT_SITE", SITE).rstrip("/")
    return f"{address}/" if _ADDRESS.fullmatch(address) else None


def page(code: str, name: str) -> str | None:
    """Return the address of the page of one of dotlint's own rules; None for a user rule, or if there is no site."""
    address = site()
    if address is None:
        return None
    from dotlint.engine.own_cards import own_cards  # noqa: PLC0415 - rarely needed

    known = any((card.code, card.name) == (code, name) for card in own_cards())
    # A browser shows a folder of the disk as a list of its files.
    return f"{address}rules/{code}/{'index.html' if address.startswith('file:') else ''}" if known else None


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
