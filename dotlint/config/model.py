"""What configuration files and the command line say, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dotlint.engine.finding import Severity


class Setting(Struct, frozen=True):
    """A value and the configuration file that sets it; patterns in it are relative to that file's folder."""

    value: Any
    file: Path

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return self.file.parent


class Config(Struct, frozen=True):
    """What a configuration file says, with what it extends; `file` is None if there is none.

    `values` has each key that is set: names, patterns and paths as tuples, paths absolute. The entries of a table are
    `Setting` too, since merged tables have entries from several files.
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
    """What the command line (or a caller) says; it overrides every file. None and () mean that it says nothing.

    `select` replaces what a file selects, extends and ignores; `extend_select` and `ignore` are added.
    """

    strategy: tuple[str, ...] = ()
    layout: str | None = None
    preset: str | None = None
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    rules: tuple[Path, ...] = ()
    exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    baseline: Path | None = None
    no_baseline: bool = False
    fail_on: Severity | None = None
