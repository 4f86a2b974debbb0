"""DOT in reStructuredText, read with docutils: the directives `graphviz`, `digraph` and `graph` of Sphinx."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from dotlint.documents.lines import Line, block_of, indent_of, lines_of, strategy_pieces, without_indent
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.documents.block import Block

_NAME = re.compile(r"^[ \t]*(?:[-*+]|\w+[.)]|\|)?[ \t]*\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?([\w:+.-]+?)[ \t]?::", re.MULTILINE)
_CODE: Final = frozenset({"code", "code-block", "sourcecode", "highlight"})
_GRAPHS: Final = frozenset({"graphviz", "digraph", "graph"})
_LINE_ENDS = str.maketrans(dict.fromkeys("\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", " "))


class _Directive(Struct):
    """A directive that contains DOT: its argument, and the 0-based lines of its content."""

    name: str
    argument: str
    line: int
    lines: list[int] = field(default_factory=list)


def blocks(text: str) -> Iterator[Block]:
    """Yield the DOT of the directives of a document; raises `DotlintError` if docutils cannot read it."""
    lines = lines_of(text)
    for found in _directives(text):
        if not found.lines:
            continue
        content = lines[found.lines[0] : found.lines[-1] + 1]
        width = min((indent_of(line.text) for line in content if line.text.strip()), default=0)
        body = without_indent(content, width)
        opening = lines[min(found.line, len(lines) - 1)]
        if found.name == "graphviz":
            block = block_of(text, body, before=strategy_pieces(opening))
            if block is not None:
                yield block
        else:
            yield from named_graph(text, opening, found.name, found.argument, body)


def named_graph(document: str, opening: Line, kind: str, name: str, body: Sequence[Line]) -> Iterator[Block]:
    """Yield the graph of a directive that has only the statements: Sphinx adds the header and the braces."""
    header = f"{kind} {name} {{\n" if name else f"{kind} {{\n"
    block = block_of(document, body, before=[(opening.start, opening.end, header)], after="\n}")
    if block is not None:
        yield block


def included(text: str) -> Iterator[str]:
    """Yield the files that `graphviz` directives draw and that `literalinclude` shows as DOT."""
    for found in _directives(text):
        if found.argument and not found.lines and found.name in {"graphviz", "literalinclude"}:
            yield found.argument


def _directives(text: str) -> list[_Directive]:
    names = set(_NAME.findall(text))
    if not any(name.rpartition(":")[2] in {*_GRAPHS, "literalinclude"} or name in _CODE for name in names):
        return []
    import docutils.core  # noqa: PLC0415 - slow to load

    settings = {
        "file_insertion_enabled": False,
        "raw_enabled": False,
        "report_level": 5,
        "halt_level": 5,
        "warning_stream": False,
        "_disable_config": True,
        "smart_quotes": False,
    }
    found: list[_Directive] = []
    with _registered(names, found):
        try:
            docutils.core.publish_doctree(text.translate(_LINE_ENDS), settings_overrides=settings)
        except Exception as error:
            raise DotlintError(f"docutils cannot read it: {type(error).__name__}: {error}") from error
    return found


@contextmanager
def _registered(names: set[str], found: list[_Directive]) -> Iterator[None]:
    """Let docutils report the directives with DOT to `found`, and read the content of those that it does not know."""
    from docutils.languages import en  # noqa: F401, PLC0415
    from docutils.parsers.rst import Directive, directives  # noqa: PLC0415
    from docutils.parsers.rst.languages import en as english  # noqa: PLC0415

    class AnyOption(dict[str, Any]):
        def __bool__(self) -> bool:
            return True

        def __missing__(self, key: str) -> Any:  # noqa: ANN401
            return directives.unchanged

    class Container(Directive):
        has_content = True
        optional_arguments = 1
        final_argument_whitespace = True
        option_spec = AnyOption()

        def run(self) -> list[Any]:
            from docutils import nodes  # noqa: PLC0415

            node = nodes.container()
            self.state.nested_parse(self.content, self.content_offset, node)
            return [node]

    class WithDot(Container):
        def run(self) -> list[Any]:
            argument = self.arguments[0] if self.arguments else ""
            name = self.name.rpartition(":")[2].lower()
            dot = argument.lower() in {"dot", "graphviz"} if name in _CODE else True
            if name == "literalinclude":
                dot = self.options.get("language", "dot").lower() in {"dot", "graphviz"} and argument.lower().endswith(
                    (".dot", ".gv")
                )
            if dot:
                lines = sorted(item[1] for item in self.content.items if item[1] is not None)
                kind = "graphviz" if name in _CODE else name
                found.append(_Directive(kind, "" if name in _CODE else argument, self.lineno - 1, lines))
            return []

    registry = directives._directives  # type: ignore[attr-defined]  # noqa: SLF001 - the only way to take them back
    before = dict(registry)
    known = {*english.directives, *directives._directive_registry}  # type: ignore[attr-defined]  # noqa: SLF001
    try:
        for name in names:
            last = name.rpartition(":")[2].lower()
            if last in {*_GRAPHS, "literalinclude"} or last in _CODE:
                registry[name.lower()] = WithDot
            elif name.lower() not in known:
                registry[name.lower()] = Container
        yield
    finally:
        registry.clear()
        registry.update(before)
