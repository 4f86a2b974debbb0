"""The directives of a reStructuredText document that contain DOT, read with docutils."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import docutils.core
from docutils import nodes
from docutils.parsers.rst import Directive, directives
from docutils.parsers.rst.languages import en as english
from msgspec import Struct, field

from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

CODE: Final = frozenset({"code", "code-block", "sourcecode"})
GRAPHS: Final = frozenset({"graphviz", "digraph", "graph"})
INCLUDES: Final = "literalinclude"
_LANGUAGES: Final = frozenset({"dot", "graphviz", "gv"})
_SETTINGS: Final = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 5,
    "line_length_limit": 1 << 30,  # docutils skips documents with longer lines
    "warning_stream": False,
    "_disable_config": True,
}
_LINE_ENDS = str.maketrans(dict.fromkeys("\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", " "))  # for docutils, not for others


class DotDirective(Struct):
    """A directive that contains DOT: its name without a domain, its argument, the 0-based line where it starts.

    `content` has the number and the text of each line; docutils removes what the document has around it. `shown` is whether
    it shows the code instead of drawing it.
    """

    name: str
    argument: str
    line: int
    content: list[tuple[int, str]] = field(default_factory=list)
    shown: bool = False


def dot_directives(text: str, names: Collection[str]) -> list[DotDirective]:
    """Return the directives with DOT; `names` are all that occur in the text.

    The content of directives that docutils does not know is read too, as those of Sphinx are. Raises `DotlintError`.
    """
    found: list[DotDirective] = []
    with _registered(names, found):
        try:
            docutils.core.publish_doctree(text.translate(_LINE_ENDS), settings_overrides=_SETTINGS)
        except Exception as error:
            raise DotlintError(f"docutils cannot read it: {type(error).__name__}: {error}") from error
    return found


class _AnyOption(dict[str, Any]):
    def __bool__(self) -> bool:
        return True

    def __missing__(self, key: str) -> Any:  # noqa: ANN401 - whatever docutils takes
        return directives.unchanged


class _Container(Directive):  # type: ignore[misc] # docutils has no types
    """A directive whose content is read as text with directives in it."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = _AnyOption()

    def run(self) -> list[Any]:
        node = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


def _reporting(found: list[DotDirective]) -> type[_Container]:
    """Return a directive that reports itself to `found` if it has DOT, instead of being read."""

    class Reporting(_Container):
        def run(self) -> list[Any]:
            argument = self.arguments[0] if self.arguments else ""
            name = self.name.rpartition(":")[2].lower()
            lines = zip((line for _, line in self.content.items), self.content, strict=True)
            content = [(number, line) for number, line in lines if number is not None]
            if name in CODE:
                if argument.lower() in _LANGUAGES:
                    found.append(DotDirective(name, "", self.lineno - 1, content, shown=True))
            elif name != INCLUDES or _is_dot(argument, self.options.get("language", "dot")):
                found.append(DotDirective(name, argument, self.lineno - 1, content))
            return []

    return Reporting


def _is_dot(path: str, language: str) -> bool:
    return path.lower().endswith((".dot", ".gv")) and language.lower() in _LANGUAGES


@contextmanager
def _registered(names: Collection[str], found: list[DotDirective]) -> Iterator[None]:
    """Register directives with docutils, whose registry belongs to the process, for one document only."""
    registry: dict[str, Any] = directives._directives  # noqa: SLF001 - there is no other way to take them back
    before = dict(registry)
    known = {*english.directives, *directives._directive_registry}  # noqa: SLF001
    reporting = _reporting(found)
    try:
        for name in {name.lower() for name in names}:
            if name.rpartition(":")[2] in {*GRAPHS, *CODE, INCLUDES}:
                registry[name] = reporting
            elif name not in known:
                registry[name] = _Container
        yield
    finally:
        registry.clear()
        registry.update(before)
