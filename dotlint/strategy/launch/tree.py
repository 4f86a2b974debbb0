"""YAML, TOML and JSON files as one tree, in which every value has its location."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from dotlint.strategy.error import StrategyError, quoted
from dotlint.strategy.launch.options import as_text
from dotlint.text.regex import regex
from dotlint.text.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dotlint.strategy.launch.location import Source, SourceSpan

FORMATS: Final = (".yaml", ".yml", ".toml", ".json")
_MOST_NODES: Final = 50_000
_MOST_DEPTH: Final = 100
_TOML_LINE: Final = regex(r"[ \t]*(?:\[\[?(?P<table>[^\]\n]*)\]|(?P<key>[\w.\"' -]+?)[ \t]*=)")
_JSON_TOKEN: Final = regex(r'"(?:[^"\\\n]|\\.)*+"|[{}\[\],:]')


class Tree(Struct):
    """A value: the text of a scalar, or the children of a mapping or sequence; `key` is the location of its key."""

    value: str | dict[str, Tree] | list[Tree]
    location: SourceSpan

    def get(self, *path: str) -> Tree | None:
        """Return a value within mappings; None if there is none."""
        found: Tree | None = self
        for key in path:
            found = found.value.get(key) if found is not None and isinstance(found.value, dict) else None
        return found

    def text(self, *path: str) -> str:
        """Return the text of a scalar within mappings; "" if there is none."""
        found = self.get(*path)
        return found.value if found is not None and isinstance(found.value, str) else ""

    def scalars(self) -> Iterator[Tree]:
        """Yield every scalar in this value, in order."""
        if isinstance(self.value, str):
            yield self
            return
        for child in self.value.values() if isinstance(self.value, dict) else self.value:
            yield from child.scalars()

    def leaves(self, prefix: str = "") -> Iterator[tuple[str, str, SourceSpan]]:
        """Yield the scalars and lists of scalars within mappings: dotted key, text and location."""
        if isinstance(self.value, dict):
            for key, child in self.value.items():
                yield from child.leaves(f"{prefix}.{key}" if prefix else key)
        elif isinstance(self.value, list):
            if all(isinstance(child.value, str) for child in self.value):
                yield prefix, ",".join(str(child.value) for child in self.value), self.location
        else:
            yield prefix, self.value, self.location


def read_trees(source: Source) -> list[Tree]:
    """Return the documents of a file, by the ending of its name. Raises `StrategyError` if it cannot be read."""
    ending = source.name.lower()
    try:
        if ending.endswith(".toml"):
            return [_located(read_toml(source.text), _toml_locations(source.text), source)]
        if ending.endswith(".json"):
            return [_located(json.loads(source.text), _json_locations(source.text), source)]
    except RecursionError:
        raise StrategyError(f"{source.name}: values are nested too deeply") from None
    except json.JSONDecodeError as error:
        raise source.at(error.pos, error.pos + 1).mistake(f"this is not JSON: {error.msg}") from None
    except ValueError as error:
        raise StrategyError(f"{source.name}: this is not TOML: {error}") from None
    return _yaml(source)


def _located(
    parsed: object, locations: Mapping[str, tuple[int, int]], source: Source, path: str = "", depth: int = 0
) -> Tree:
    location = source.at(*locations.get(path, (0, 1)))
    if depth > _MOST_DEPTH:
        raise location.mistake("values are nested too deeply")
    if isinstance(parsed, dict):
        children = {
            str(key): _located(value, locations, source, f"{path}.{key}" if path else str(key), depth + 1)
            for key, value in parsed.items()
        }
        return Tree(children, location)
    if isinstance(parsed, list):
        return Tree([_located(value, locations, source, path, depth + 1) for value in parsed], location)
    return Tree(as_text(parsed), location)


def _toml_locations(text: str) -> dict[str, tuple[int, int]]:
    """Return the span of each key that starts a line, by its dotted path."""
    found: dict[str, tuple[int, int]] = {}
    table, offset = "", 0
    for line in text.splitlines(keepends=True):
        match = _TOML_LINE.match(line)
        if match is not None and match["table"] is not None:
            table = match["table"].strip("[] \t").replace('"', "")
        elif match is not None:
            key = match["key"].strip().replace('"', "")
            found[f"{table}.{key}" if table else key] = offset + match.start("key"), offset + match.end("key")
        offset += len(line)
    return found


def _json_locations(text: str) -> dict[str, tuple[int, int]]:
    """Return the span of each key of an object, by its dotted path."""
    found: dict[str, tuple[int, int]] = {}
    path: list[str | None] = []
    before = None
    for match in _JSON_TOKEN.finditer(text):
        mark = match[0]
        if mark == "{":
            path.append(None)
        elif mark in "}[]":
            if mark == "}" and path:
                path.pop()
        elif mark == ":" and before is not None and path:
            path[-1] = before[0].strip('"')
            found[".".join(key for key in path if key is not None)] = before.span()
        before = match if mark.startswith('"') else None
    return found


def _yaml(source: Source) -> list[Tree]:
    import yaml  # noqa: PLC0415 - only where a YAML file is read

    starts = [0]
    for line in source.text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)

    def offset(mark: Any) -> int:  # noqa: ANN401 - PyYAML has no public type for it
        line_start = starts[min(int(mark.line), len(starts) - 1)]
        return min(line_start + int(mark.column), len(source.text))

    left = _MOST_NODES

    def tree(node: Any, depth: int) -> Tree:  # noqa: ANN401 - as above
        nonlocal left
        left -= 1
        location = source.at(offset(node.start_mark), offset(node.end_mark))
        if left < 0 or depth > _MOST_DEPTH:
            raise location.mistake("the file has too many values, or nests them too deeply")
        if isinstance(node, yaml.ScalarNode):
            return Tree("null" if node.tag.endswith(":null") else str(node.value), location)
        if isinstance(node, yaml.SequenceNode):
            return Tree([tree(child, depth + 1) for child in node.value], location)
        own: dict[str, Tree] = {}
        merged: dict[str, Tree] = {}
        for key, value in node.value:
            child = tree(value, depth + 1)
            if key.tag.endswith(":merge"):
                for each in child.value if isinstance(child.value, list) else [child]:
                    merged = {**(each.value if isinstance(each.value, dict) else {}), **merged}
            else:
                own[str(key.value) if isinstance(key, yaml.ScalarNode) else quoted(str(key.value))] = child
        return Tree({**merged, **own}, location)

    try:
        nodes = [node for node in yaml.compose_all(source.text, Loader=yaml.SafeLoader) if node is not None]
        return [tree(node, 0) for node in nodes]
    except RecursionError:
        raise StrategyError(f"{source.name}: values are nested too deeply") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = offset(mark) if mark is not None else 0
        raise source.at(at, at + 1).mistake(f"this is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise StrategyError(f"{source.name}: this is not YAML: {str(error).splitlines()[0]}") from None


def text_offsets(source: Source, tree: Tree) -> Sequence[int]:
    """Return the offset of each character of a scalar, which escapes, folding or indentation can separate."""
    assert isinstance(tree.value, str)
    text, at, limit = source.text, tree.location.start, min(tree.location.end, len(source.text))
    found: list[int] = []
    for character in tree.value:
        if not character.isspace():
            ahead = text.find(character, at, limit)
            at = ahead if ahead >= 0 else at
        found.append(min(at, max(0, limit - 1)))
        if not character.isspace() or (at < limit and text[at] == character):
            at += 1
    return found
