"""The HTML document: head, content security policy, styles, scripts, and an index of several files."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dotlint._version import __version__
from dotlint.files.reading import read_package_text
from dotlint.page.markup import embedded, plain
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dotlint.page.file_section import Part

_HERE: Final = Path(__file__).parent
_STYLES: Final = ("theme", "layout", "findings", "picture", "source", "index", "print")
_SCRIPTS: Final = (
    "elements", "selection", "inspector", "camera", "pointers", "picture", "findings", "source", "search", "keys",
    "frame", "index", "start",
)  # fmt: skip
_STATUS: Final = '<div class="visually-hidden" id="status" role="status"></div>'
_ICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath d='M4 4l8 8' stroke='%231a5fd0' stroke-width='2'/%3E%3Ccircle cx='4' cy='4' r='3' fill='%231a5fd0'/%3E"
    "%3Ccircle cx='12' cy='12' r='3' fill='%23c5221f'/%3E%3C/svg%3E"
)


def one(part: Part, *, index: str | None = None) -> str:
    """Return the page of one file; `index` is the address of the index page."""
    up = f'<a class="up" href="{plain(index)}">← All files</a>' if index else ""
    body = f'<main id="part" data-file="0">{part.markup}</main>{_data([part])}'
    return _document(part.name, _header(up, part), body)


def many(parts: Sequence[Part]) -> str:
    """Return one page for several files: an index, and the part of each file, opened on demand."""
    up = '<button type="button" class="up" hidden>← All files</button>'
    table = _index(parts, lambda part: f"#{_fragment(part)}")
    body = f'<main id="index">{table}</main><main id="part" hidden></main>{_data(parts, markup=True)}'
    return _document(count(len(parts), "file"), _header(up, None), body)


def index(parts: Sequence[Part], addresses: Sequence[str]) -> str:
    """Return the index of a folder of pages with these relative addresses."""
    where = {id(part): address for part, address in zip(parts, addresses, strict=True)}
    table = _index(parts, lambda part: where[id(part)])
    return _document(count(len(parts), "file"), _header("", None), f'<main id="index">{table}</main>{_data([])}')


def _fragment(part: Part) -> str:
    from urllib.parse import quote  # noqa: PLC0415

    return f"file={quote(str(part.data['path']), safe='')}"


def _data(parts: Sequence[Part], *, markup: bool = False) -> str:
    """Return a data block for each file, which the script parses when the file is opened."""
    return "".join(
        f'<script type="application/json" class="file">{embedded({**part.data, "markup": part.markup} if markup else part.data)}</script>'
        for part in parts
    )


def _document(title: str, header: str, body: str) -> str:
    style = "".join(read_package_text(_HERE / f"{name}.css") for name in _STYLES)
    code = "".join(read_package_text(_HERE / f"{name}.js") for name in _SCRIPTS)
    script = f'(() => {{\n"use strict";\n{code}}})();\n'
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types dotlint"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
        f'<meta name="generator" content="dotlint {__version__}">\n<link rel="icon" href="{_ICON}">\n'
        f"<title>{plain(title)} · dotlint</title>\n<style>{style}</style>\n</head>\n<body>\n{header}\n{body}\n"
        f"{_help()}{_STATUS}\n<script>{script}</script>\n</body>\n</html>\n"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _header(up: str, part: Part | None) -> str:
    name, kind, verdict, where = (part.name, part.kind, part.verdict, part.path) if part else ("", "", "", "")
    hidden = "" if part else " hidden"
    jumps = "".join(
        f'<a href="#{target}">Skip to the {what}</a>'
        for target, what in (("findings", "findings"), ("picture", "picture"), ("text", "source"))
    )
    return (
        f'<nav class="skip" aria-label="Skip to"{hidden}>{jumps}</nav><header class="top">'
        '<span class="brand"><svg viewBox="0 0 16 16" width="20" height="20" aria-hidden="true"><path d="M4 4l8 8"/>'
        '<circle cx="4" cy="4" r="3"/><circle class="second" cx="12" cy="12" r="3"/></svg>dotlint</span>'
        f'{up}<h1 title="{plain(where)}">{plain(name)}</h1><span class="pill {kind}">{verdict}</span>'
        f'<div class="search" role="search"{hidden}><input type="search" id="search" role="combobox" aria-expanded="false" '
        'aria-controls="matches" aria-autocomplete="list" aria-label="Search for a node or a finding" '
        'placeholder="Search for a node or a finding" autocomplete="off" spellcheck="false"><kbd>/</kbd>'
        '<ul id="matches" role="listbox" aria-label="Matches" hidden></ul></div>'
        '<button type="button" id="theme" aria-label="Colors: system">◐</button>'
        '<button type="button" id="ask" aria-label="Help and keyboard shortcuts">?</button></header>'
        f'<nav class="switch" aria-label="Parts of the page"{hidden}>'
        '<button type="button" data-pane="findings" aria-pressed="true">Findings</button>'
        '<button type="button" data-pane="picture" aria-pressed="false">Picture</button>'
        '<button type="button" data-pane="text" aria-pressed="false">Source</button></nav>'
        "<noscript><p>Without JavaScript, the page shows the findings, the picture and the source, but nothing can be "
        "selected. With several files, only the index is shown.</p></noscript>"
    )


_KEYS: Final = (
    ("Anywhere", (
        ("/", "search for a node or a finding"),
        ("j k", "next and previous finding"),
        ("1 2 3", "go to findings, picture, source"),
        ("l", "place the picture above or beside the source"),
        ("Esc", "clear the selection, close dialogs"),
        ("d", "switch colors: system, light, dark"),
        ("?", "show this help"),
    )),
    ("Findings", (
        ("↑ ↓", "previous and next finding"), ("Home End", "first and last"), ("Enter", "show in picture and source"),
    )),
    ("Picture", (
        ("← ↑ ↓ →", "move"),
        ("+ −", "zoom"),
        ("f", "fit the whole graph"),
        ("Shift + arrows", "select the next node in that direction"),
        ("o b", "open a folded node, go back"),
        ("p", "show or hide proposed edges"),
        ("t", "write placements of tensors on edges"),
        ("v", "next view"),
    )),
    ("Source", (
        ("↑ ↓", "move by a line"), ("Page Up, Page Down", "move by 20 lines"), ("Enter", "show the elements of the line"),
    )),
)  # fmt: skip


def _help() -> str:
    groups = "".join(
        f"<section><h3>{title}</h3><dl>{''.join(f'<div><dt>{_caps(keys)}</dt><dd>{does}</dd></div>' for keys, does in rows)}</dl></section>"
        for title, rows in _KEYS
    )
    return (
        '<dialog id="help" aria-labelledby="help-title"><header><h2 id="help-title">Keyboard shortcuts</h2>'
        '<button type="button" class="close" aria-label="Close">×</button></header>'
        f'<div class="keys">{groups}</div>'
        "<p>Click a finding, a node, an edge or a line of the source to select it in all three parts of the page. "
        "The address in the browser contains the selection.</p>"
        '<label class="toggle"><input type="checkbox" id="single-keys" checked> Enable shortcuts without Ctrl or Alt</label>'
        "</dialog>\n"
    )


def _caps(keys: str) -> str:
    if "," in keys or "+ a" in keys:
        return f"<kbd>{plain(keys)}</kbd>"
    return " ".join(f"<kbd>{plain(key)}</kbd>" for key in keys.split(" "))


def _index(parts: Sequence[Part], address: Callable[[Part], str]) -> str:
    kinds = Counter(part.kind for part in parts)
    numbers = [
        f"{kinds['correct']} correct",
        *([f"{kinds['warned']} without errors, with warnings"] if kinds["warned"] else []),
        f"{kinds['incorrect']} incorrect",
        *([f"{kinds['unreadable']} unreadable"] if kinds["unreadable"] else []),
    ]
    columns = ("error", "warning", "info", "consequence", "fixable")
    heads = "".join(
        f'<th scope="col"><button type="button">{name}</button></th>'
        for name in ("File", "Verdict", "Errors", "Warnings", "Notes", "Follow-on findings", "Fixable")
    )
    rows = "".join(
        f'<tr><th scope="row"><a href="{plain(address(part))}">{plain(part.path)}</a><small>{plain(part.facts[0] if part.facts else "")}</small></th>'
        f'<td data-sort="{part.kind}"><span class="pill {part.kind}">{part.verdict}</span></td>'
        + "".join(
            f'<td class="{kind}" data-sort="{part.counts[kind]}">{part.counts[kind] or "–"}</td>' for kind in columns
        )
        + "</tr>"
        for part in parts
    )
    return (
        f'<div class="overview"><h1>{count(len(parts), "file")}</h1><p>{" · ".join(numbers)}</p>'
        '<label class="narrow">Filter <input type="search" placeholder="part of a path" autocomplete="off" spellcheck="false"></label>'
        f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></div>'
    )
