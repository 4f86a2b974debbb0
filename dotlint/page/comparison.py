"""The page of `dotlint diff`: one self-contained file without scripts."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dotlint._version import __version__
from dotlint.files.reading import read_package_text
from dotlint.page.markup import plain, prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.report.comparison.outline import Line, Sketch

_HERE: Final = Path(__file__).parent
_STYLES: Final = ("theme", "comparison")


def render(found: Sketch) -> str:
    """Return a comparison as an HTML document; all text from the files is escaped."""
    style = "".join(read_package_text(_HERE / f"{name}.css") for name in _STYLES)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = plain(found.title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n<meta name="generator" content="dotlint {__version__}">\n'
        f"<title>{title} · dotlint</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        f"{''.join(_body(found, title))}</main>\n</body>\n</html>\n"
    )


def _body(found: Sketch, title: str) -> Iterator[str]:
    yield f"<h1>{title}</h1>\n"
    kind = "warned" if found.differ else "correct"
    yield f'<p class="verdict"><span class="pill {kind}">{plain(found.verdict)}</span></p>\n'
    yield f'<ul class="facts">{"".join(f"<li>{prose(fact)}</li>" for fact in found.facts)}</ul>\n'
    for part in found.parts:
        lines = "".join(map(_line, part.lines))
        yield f'<h2>{plain(part.title)}</h2>\n<ul class="changes">{lines}</ul>\n'
    if found.layout:
        yield f'<p class="layout">{plain(found.layout)}</p>\n'


def _line(line: Line) -> str:
    names = ", ".join(f"<code>{plain(name)}</code>" for name in line.names)
    more = f" and {line.more} more" if line.more else ""
    listed = f'<span class="names">{names}{more}</span>' if names else ""
    kind = line.kind.split()[0]
    return f'<li class="{kind}"><span class="sign">{line.kind}</span><span>{prose(line.text)}</span>{listed}</li>'
