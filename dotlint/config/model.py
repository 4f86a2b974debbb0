"""The content of configuration files and the overrides of the command line, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dotlint.engine.finding import Severity


COMMAND_LINE: Final = "--config"


class Setting(Struct, frozen=True):
    """A value and the configuration file that sets it; patterns in the value are relative to the file's folder."""

    value: Any
    file: Path

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return self.file.parent

    @property
    def origin(self) -> str:
        """The file, or the option of the command line."""
        return COMMAND_LINE if self.file.name == COMMAND_LINE else str(self.file)


class Config(Struct, frozen=True):
    """The content of a configuration file and the files that it extends; `file` is None if there is none.

    `values` has each key that is set: names, patterns and paths as tuples, paths absolute. Each entry of a table is
    also a `Setting`, because a merged table has entries from several files.
    """

    file: Path | None = None
    values: Mapping[str, Setting] = field(default_factory=dict)

    def get(self, key: str) -> Any:  # noqa: ANN401 - by key, see `Keys`
        """Return the value of a key, None if it is not set."""
        return self.values[key].value if key in self.values else None

    def table(self, key: str) -> dict[str, Setting]:
        """Return the entries of a table, each with its file."""
        return cast("dict[str, Setting]", self.get(key) or {})


class Overrides(Struct, frozen=True):
    """The options of the command line or a caller, which override every file. None and () mean that it is not set.

    `select` replaces `select`, `extend-select` and `ignore` of a file; `extend_select` and `ignore` are added to them.
    `pairs` are keys that are set as in a file, each as TOML.
    """

    strategy: tuple[str, ...] = ()
    layout: str | None = None
    world: int | None = None
    model: str | None = None
    gpu: str | None = None
    preset: str | None = None
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    rules: tuple[Path, ...] = ()
    exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    embedded: bool = False
    baseline: Path | None = None
    no_baseline: bool = False
    fail_on: Severity | None = None
    ignore_suppressions: bool = False
    pairs: tuple[str, ...] = ()
