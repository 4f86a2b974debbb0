"""Pages that are files of the repository: changelog, contributing, security."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)]+)\)")
PAGES = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md", "security.md": "SECURITY.md"}


def page(name: str) -> str:
    """Return a file of the repository with links as they are inside `docs`."""
    own = {file: page for page, file in PAGES.items()}

    def link(match: re.Match[str]) -> str:
        words, target = match.groups()
        if target.rstrip("/") == "docs/maintain/decisions":
            target = "docs/maintain/decisions/README.md"
        target = own.get(target, target)
        inside = target.removeprefix("docs/")
        return f"[{words}]({inside})" if inside != target or target in PAGES else words

    return _LINK.sub(link, (ROOT / PAGES[name]).read_text("utf-8"))
