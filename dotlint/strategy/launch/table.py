"""The table of launch options, `dotlint/data/launch_options.toml`: what each option of an engine states."""

from __future__ import annotations

import fnmatch
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct, field

from dotlint.files.paths import sibling_path
from dotlint.files.reading import read_package_text
from dotlint.text.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal["integer", "flag", "word", "number", "size", "list", "json", "options", "file"]


class LaunchOption(Struct, frozen=True, rename={"kind": "as"}):
    """One option with all its names; `to` is the axis, fact or setting that it states."""

    names: str
    to: str = ""
    kind: Kind = "integer"
    value: str | bool | None = None
    words: dict[str, str | bool] | None = None


class Release(Struct, frozen=True):
    """A released package, and the files or folders in it that state the names of options."""

    package: str
    version: str
    files: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.package} {self.version} ({', '.join(self.files)})"


class LaunchTable(Struct, frozen=True, dict=True):
    """The options of one engine; `programs` are file patterns of the words that start it, `clients` of commands that do not.

    `sections`: whether the keys of a configuration file may stand in any section; `file_wins`: whether a file that an
    option names overrides the options beside it; `phases` are the keys of a configuration file with those of a phase;
    `prefix` may stand before the name of any option.
    """

    title: str
    preset: str
    releases: tuple[Release, ...]
    programs: tuple[str, ...]
    options: tuple[LaunchOption, ...]
    clients: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    sections: bool = False
    file_wins: bool = False
    phases: dict[str, str] = field(default_factory=dict)
    prefix: str = ""

    @cached_property
    def by_name(self) -> Mapping[str, LaunchOption]:
        """The options by each of their names."""
        return {name: option for option in self.options for name in option.names.split()}

    def option(self, name: str) -> tuple[LaunchOption, bool] | None:
        """Return the option of that name, and whether the name negates it (`--no-enable-eplb`); None if unknown."""
        spelled = canonical(name)
        if self.prefix and spelled.startswith(self.prefix):
            spelled = f"--{spelled.removeprefix(self.prefix)}"
        found = self.by_name.get(spelled)
        if found is not None:
            return found, False
        section, dot, last = spelled.rpartition(".")
        start = f"{section}." if dot else "--"
        positive = (
            self.by_name.get(start + last.removeprefix("--")[3:]) if last.removeprefix("--").startswith("no-") else None
        )
        return (positive, True) if positive is not None and positive.kind == "flag" else None

    def nearest(self, name: str) -> str | None:
        """Return the known option that `name` may misspell."""
        known = [each for each in self.by_name if each.startswith("--")]
        if f"{canonical(name)}-size" in known:
            return f"{canonical(name)}-size"
        return nearest(canonical(name), known, least=0.88) if name.startswith("--") else None

    def starts(self, word: str) -> bool:
        """Return whether a word of a command starts the engine: its program, module, script or image."""
        name = word.rsplit("/", 1)[-1].split(":", 1)[0].split("@", 1)[0]
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.programs)

    def is_client(self, words: Sequence[str]) -> bool:
        """Return whether words, the first of which starts the engine, are the command of a client."""
        command = " ".join((words[0].rsplit("/", 1)[-1], *words[1:20]))
        return any(fnmatch.fnmatchcase(command, pattern) for pattern in self.clients)


def canonical(name: str) -> str:
    """Return an option's name with hyphens for underscores; names of variables are unchanged."""
    return name.replace("_", "-") if name.startswith("-") else name


def from_camel_case(key: str) -> str:
    """Return the option that a key such as tensorParallelSize or tensor_parallel_size names."""
    return canonical("--" + "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in key))


@cache
def _data() -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - only where launch options are read

    from dotlint import data  # noqa: PLC0415 - as above

    return tomllib.loads(read_package_text(sibling_path(data.__file__, "launch_options.toml")))


@cache
def table_of(engine: str) -> LaunchTable:
    """Return the options of an engine. Raises `KeyError` if there is none of that name."""
    return msgspec.convert(_data()[engine], LaunchTable)


def config_keys() -> Mapping[str, list[str]]:
    """Return the keys of Hugging Face's `config.json` by the fact that they state."""
    keys: Mapping[str, list[str]] = _data()["config"]
    return keys


def option_mappings() -> tuple[str, ...]:
    """Return the keys of a manifest whose mappings have options of vLLM for keys."""
    return tuple(_data()["mappings"]["names"])


def parallelism_keys() -> Mapping[str, str]:
    """Return the options that the keys of `parallelism` in a manifest state."""
    keys: Mapping[str, str] = _data()["parallelism"]
    return keys
