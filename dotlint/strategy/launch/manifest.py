"""Kubernetes manifests of fleets (Dynamo, llm-d, KServe): the launches in the arguments of their containers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dotlint.strategy.launch.options import Options
from dotlint.strategy.launch.script import launches_in, options_of
from dotlint.strategy.launch.shell.variables import Variables
from dotlint.strategy.launch.shell.words import Command, Word
from dotlint.strategy.launch.systems import ENGINES
from dotlint.strategy.launch.table import from_camel_case, option_mappings, parallelism_keys, table_of
from dotlint.strategy.launch.tree import Tree, text_offsets
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.strategy.launch.location import Source

_PHASE: Final = regex(r"prefill|decode", re.IGNORECASE)
_VARIABLE: Final = regex(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")
_TYPES: Final = ("subComponentType", "componentType", "type", "role")
_GPUS: Final = ("nvidia.com/gpu", "amd.com/gpu", "gpu")
_RUNTIMES: Final = {"huggingface": "vllm"}  # of KServe, with the engine that they start


class Launch(Struct):
    """One launch: its engine and options, the phase, number of GPUs and replicas that the text around it states.

    `named` is whether the command names the engine, not the image alone, which helpers beside it have as well.
    """

    engine: str
    options: Options
    phase: str = ""
    gpus: int | None = None
    replicas: int = 1
    named: bool = True


class _Scope(Struct, frozen=True):
    """A mapping with those that contain it, outermost first, and its key in each."""

    trees: tuple[Tree, ...]
    keys: tuple[str, ...]

    @property
    def tree(self) -> Tree:
        return self.trees[-1]

    def inside(self, other: _Scope) -> bool:
        return len(self.trees) >= len(other.trees) and self.trees[len(other.trees) - 1] is other.tree


def is_manifest(trees: Sequence[Tree]) -> bool:
    """Return whether documents have containers, or degrees of parallelism as fleets state them."""
    return any(_is_container(scope.tree) or _states(scope.tree) for tree in trees for scope in _scopes(tree))


def manifest_launches(source: Source, trees: Sequence[Tree], engine: str | None) -> list[Launch]:
    """Return the launches of all containers that start an engine; with `engine`, of that one alone."""
    found: list[Launch] = []
    for document in trees:
        scopes = list(_scopes(document))
        stated = [scope for scope in scopes if _states(scope.tree)]
        used: set[int] = set()
        for scope in scopes:
            if not _is_container(scope.tree):
                continue
            around = max((s for s in stated if scope.inside(s)), key=lambda s: len(s.trees), default=None)
            for launch in _container(source, scope, engine):
                if around is not None:
                    used.add(id(around.tree))
                    base = _stated(around, launch.engine)
                    launch.options.given = {**base.given, **launch.options.given}
                found.append(launch)
        for scope in stated:
            if id(scope.tree) not in used and engine in (None, "vllm"):
                found.append(Launch("vllm", _stated(scope, "vllm"), _phase(scope, "decode"), None, _replicas(scope)))
    return [launch for launch in found if launch.named or launch.options.given] or found


def script_launches(source: Source, trees: Sequence[Tree], engine: str) -> Iterator[Launch]:
    """Yield the launches in the texts of a file that are scripts, such as `run` of a job's YAML."""
    table = table_of(engine)
    for tree in trees:
        for leaf in tree.scalars():
            if " " in leaf.text() and any(table.starts(part) for part in leaf.text().split()):
                for options in launches_in(source, leaf.text(), text_offsets(source, leaf), table):
                    yield Launch(engine, options)


def _scopes(tree: Tree, trees: tuple[Tree, ...] = (), keys: tuple[str, ...] = ()) -> Iterator[_Scope]:
    """Yield every mapping, outermost first."""
    if isinstance(tree.value, dict):
        trees = (*trees, tree)
        yield _Scope(trees, keys)
        for key, child in tree.value.items():
            yield from _scopes(child, trees, (*keys, key))
    elif isinstance(tree.value, list):
        for child in tree.value:
            yield from _scopes(child, trees, keys)


def _is_container(tree: Tree) -> bool:
    found = [tree.get("args"), tree.get("command")]
    return any(each is not None and not isinstance(each.value, dict) for each in found)


def _states(tree: Tree) -> bool:
    """Return whether a mapping has one of options, or the degrees of `parallelism`."""
    degrees = tree.get("parallelism")
    if degrees is not None and any(degrees.get(key) is not None for key in parallelism_keys()):
        return True
    return any(isinstance(tree.value, dict) and isinstance(tree.value.get(key), Tree) for key in option_mappings())


def _stated(scope: _Scope, engine: str) -> Options:
    """Return the options that the mappings within this one state."""
    found = [(key, tree) for key in ("parallelism", *option_mappings()) if (tree := scope.tree.get(key)) is not None]
    options = Options(table_of(engine), found[0][1].location)
    for mapping, tree in found:
        for key, value, location in tree.leaves():
            name = parallelism_keys().get(key) if mapping == "parallelism" else from_camel_case(key)
            if name is not None and options.table.option(name) is not None:
                if value.lower() not in ("null", "none", "auto"):
                    options.state(name, value, location)
            else:
                options.not_read[f"{mapping}.{key}"] = None
    return options


def _container(source: Source, scope: _Scope, engine: str | None) -> Iterator[Launch]:
    """Yield the launches of a container: of its command and arguments, or of the script among them."""
    read = list(_command(source, scope))
    words, wholes = [word for word, _ in read], [whole for _, whole in read]
    name = _engine(words, scope)
    if name is None or engine not in (None, name):
        return
    variables = _environment(source, scope)
    for word in words:
        _substitute(word, variables)
    table = table_of(name)
    found: list[Options] = []
    for word, whole in zip(words, wholes, strict=True):
        if whole or (" " in word.text.strip() and any(table.starts(part) for part in word.text.split())):
            found += launches_in(source, word.text, word.at, table, variables)
    environment = {
        name: found.words[0] for name, found in variables.values.items() if found.words and name in table.by_name
    }
    named = any(table.starts(part) for word in words for part in word.text.split())
    alone = [options_of(Command(words, environment), source, table)]
    if named and not found and not any(table.starts(word.text) for word in words) and not alone[0].given:
        return  # a script names the engine and does not start it, as `pip install vllm`
    for options in found or alone:
        yield Launch(name, options, _phase(scope), _gpus(scope, options), _replicas(scope), named)


def _command(source: Source, scope: _Scope) -> Iterator[tuple[Word, bool]]:
    """Yield the words of a container, and whether a word is a whole command, as Docker Compose has it."""
    for key in ("command", "args"):
        tree = scope.tree.get(key)
        for each in [] if tree is None else tree.value if isinstance(tree.value, list) else [tree]:
            if isinstance(each, Tree) and isinstance(each.value, str):
                word = Word(each.value, list(text_offsets(source, each)), start=each.location.start)
                yield word, each is tree


def _engine(words: list[Word], scope: _Scope) -> str | None:
    """Return the engine that the words start, or else that of the image or the framework of the graph."""
    parts = [part for word in words for part in word.text.split()]
    hints = [scope.tree.text("image"), *(tree.text("backendFramework") for tree in scope.trees)]
    hints += [tree.text("spec", "backendFramework") for tree in scope.trees]
    hints.append(_RUNTIMES.get(scope.tree.text("modelFormat", "name"), ""))
    for candidates in (parts, [hint for hint in hints if hint]):
        for name in ENGINES[:4]:
            if any(table_of(name).starts(part) or part == name for part in candidates):
                return name
    return None


def _environment(source: Source, scope: _Scope) -> Variables:
    variables = Variables()
    env = scope.tree.get("env")
    for each in env.value if env is not None and isinstance(env.value, list) else []:
        value = each.get("value")
        if value is not None and isinstance(value.value, str):
            word = Word(value.value, list(text_offsets(source, value)), start=value.location.start)
            variables.set(each.text("name"), [word])
    return variables


def _substitute(word: Word, variables: Variables) -> None:
    """Replace `$(NAME)` by the environment of the container, as Kubernetes does."""
    for match in reversed(list(_VARIABLE.finditer(word.text))):
        value = variables.value(match[1])
        if value is None:
            word.unknown = match[0]
            continue
        start, end = match.span()
        word.text = word.text[:start] + value[0].text + word.text[end:]
        word.at[start:end] = [word.at[start]] * len(value[0].text)


def _phase(scope: _Scope, default: str = "") -> str:
    """Return the phase that the nearest mapping around a container states: by its type, key or name."""
    for index in range(len(scope.trees) - 1, -1, -1):
        tree = scope.trees[index]
        texts = [tree.text(key) for key in _TYPES]
        texts += [scope.keys[index - 1] if index and index - 1 < len(scope.keys) else "", tree.text("name")]
        texts.append(tree.text("metadata", "name"))
        for text in texts:
            found = {match[0].lower() for match in _PHASE.finditer(text)}
            if len(found) == 1:
                return found.pop()
        if tree.get("prefill") is not None and tree.get("parallelism") is not None:
            return "decode"
    return default if any(tree.get("prefill") is not None for tree in scope.trees) else ""


def _gpus(scope: _Scope, options: Options) -> int | None:
    """Return the number of GPUs of one instance; None if unknown, or if its ranks are in several pods."""
    if any(name.startswith(("--data-parallel-", "--node-rank", "--nnodes", "-dpl")) for name in options.not_read):
        return None
    for tree in reversed(scope.trees):
        limits = tree.get("resources", "limits")
        for key in _GPUS if limits is not None else ():
            text = limits.text(key) if limits is not None else ""
            if text.isascii() and text.isdigit() and int(text[:9]) > 0:
                return int(text[:9]) * _nodes(scope)
    return None


def _nodes(scope: _Scope) -> int:
    for tree in reversed(scope.trees):
        for path in (("multinode", "nodeCount"), ("nodeCount",), ("leaderWorkerTemplate", "size")):
            text = tree.text(*path)
            if text.isascii() and text.isdigit() and int(text[:6]) > 0:
                return int(text[:6])
    return 1


def _replicas(scope: _Scope) -> int:
    for tree in reversed(scope.trees):
        text = tree.text("replicas")
        if text.isascii() and text.isdigit():
            return max(1, int(text[:6]))
    return 1
