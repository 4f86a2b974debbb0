"""The library reference, from the signatures, types and docstrings of the public names."""

from __future__ import annotations

import dataclasses
import html
import inspect
import re
import typing
from typing import TYPE_CHECKING, Any

import msgspec

import dotlint
from dotlint import api, plugin
from dotlint.engine import finding, result
from dotlint.graph.document import Document
from dotlint.syntax.source import Position

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PARTS = (api.Refused, Document, Position, finding.Location, finding.Related, finding.Fix, finding.Edit)
_WIDTH = 88


def library() -> str:
    """Return the public names of `dotlint`, and the types of what they return."""
    named = [(name, getattr(dotlint, name)) for name in dotlint.__all__]
    named += [(part.__name__, part) for part in _PARTS if part.__name__ not in dotlint.__all__]
    text = "\n".join(_entries(sorted(named, key=_order), "dotlint"))
    return "\n".join((text, *_aliases(text)))


def plugins() -> str:
    """Return the public names of `dotlint.plugin` that are not aliases of types."""
    names = [(name, getattr(plugin, name)) for name in plugin.__all__]
    return "\n".join(_entries([(name, thing) for name, thing in names if callable(thing)], "plugin"))


def _order(entry: tuple[str, Any]) -> tuple[bool, int]:
    """Put functions first, in the order of their module, which is that of their use."""
    return inspect.isclass(entry[1]), entry[1].__code__.co_firstlineno if inspect.isfunction(entry[1]) else 0


def _aliases(text: str) -> Iterator[str]:
    """Yield the meaning of each name in the text that stands for a type without being a class."""
    known = {**vars(result), **vars(finding), **vars(api)}
    yield "\n### Other types { #types }\n\n| name | type |\n|---|---|"
    for name in sorted(set(re.findall(r"\b[A-Z]\w+", text)) & set(known)):
        if typing.get_origin(known[name]) is not None:
            yield f"| `{name}` | {_type(re.sub(r'([a-z_]+[.])+(?=[A-Z])', '', _plain(known[name])), 'dotlint')} |"


def _entries(named: Iterable[tuple[str, Any]], prefix: str) -> Iterator[str]:
    for name, thing in named:
        if inspect.isclass(thing):
            yield f"\n### class `{name}` {{ #{prefix}.{name} }}\n\n{_prose(thing)}\n"
            yield from _members(thing, prefix)
        elif inspect.isfunction(thing):
            yield f"\n### `{name}` {{ #{prefix}.{name} }}\n"
            yield f"```python\n{_signature(name, thing)}\n```\n\n{_prose(thing)}\n"


def _members(thing: type, prefix: str) -> Iterator[str]:
    rows = [f"| `{name}` | {_type(kind, prefix)} |" for name, kind in _fields(thing) if not name.startswith("_")]
    if rows:
        yield "\n".join(("| field | type |", "|---|---|", *rows, ""))
    for name, member in vars(thing).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            returned = inspect.get_annotations(member.fget)["return"] if member.fget else ""
            yield f"`{name}` → `{returned}`\n:   {_indented(_prose(member))}\n"
        elif inspect.isfunction(member) or isinstance(member, classmethod | staticmethod):
            function = getattr(thing, name)
            yield f"`{_signature(name, function, one_line=True)}`\n:   {_indented(_prose(function))}\n"


def _fields(thing: type) -> Iterable[tuple[str, str]]:
    if dataclasses.is_dataclass(thing):
        return [(field.name, str(field.type)) for field in dataclasses.fields(thing)]
    if issubclass(thing, msgspec.Struct) or hasattr(thing, "_fields"):
        return [(name, _plain(kind)) for name, kind in inspect.get_annotations(thing).items()]
    return ()


def _plain(kind: object) -> str:
    """Return an annotation as it is written; some are held as `ForwardRef('int')`."""
    return re.sub(r"ForwardRef\('([^']+)'[^)]*\)", r"\1", str(kind))


def _type(kind: str, prefix: str) -> str:
    """Return a type with links to the names on the same page; a `|` would end the cell of a table."""
    known = {*dotlint.__all__, *(part.__name__ for part in _PARTS)} if prefix == "dotlint" else plugin.__all__
    return (
        "<code>"
        + re.sub(
            r"\w+",
            lambda word: f'<a href="#{prefix}.{word[0]}">{word[0]}</a>' if word[0] in known else word[0],
            html.escape(kind),
        ).replace("|", "&#124;")
        + "</code>"
    )


def _signature(name: str, function: Any, *, one_line: bool = False) -> str:  # noqa: ANN401 - any function
    signature = inspect.signature(function)
    shown = [_parameter(one) for key, one in signature.parameters.items() if key != "self"]
    keywords = [i for i, one in enumerate(signature.parameters.values()) if one.kind is one.KEYWORD_ONLY]
    if keywords:
        shown.insert(keywords[0] - (len(signature.parameters) - len(shown)), "*")
    returned = "" if signature.return_annotation is signature.empty else f" -> {signature.return_annotation}"
    text = f"{name}({', '.join(shown)}){returned}"
    if one_line or len(text) <= _WIDTH:
        return text
    return "\n".join((f"{name}(", *(f"    {one}," for one in shown), f"){returned}"))


def _parameter(parameter: inspect.Parameter) -> str:
    stars = (
        "**" if parameter.kind is parameter.VAR_KEYWORD else "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
    )
    kind = "" if parameter.annotation is parameter.empty else f": {parameter.annotation}"
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{stars}{parameter.name}{kind}{default}"


def _prose(thing: object) -> str:
    """Return a docstring as Markdown, its arguments and exceptions as lists."""
    text = re.sub(r"\bdocs/([\w-]+)\.md\b", r"[\1](\1.md)", inspect.getdoc(thing) or "")
    return re.sub(r"^(Args|Raises):\n((?:    .*\n?)+)", _listed, text, flags=re.MULTILINE)


def _listed(section: re.Match[str]) -> str:
    title = "Arguments" if section[1] == "Args" else section[1]
    entries = (" ".join(entry.split()) for entry in re.split(r"\n(?=    \S)", section[2]))
    named = (entry.split(": ", 1) for entry in entries if entry)
    return f"{title}:\n\n" + "".join(f"- `{name}`: {text}\n" for name, text in named) + "\n"


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")
