"""What applies to each row of a table: the strategy, the rules, fixing, and the limits of time and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from dotlint.config.configurations import Configurations
from dotlint.config.model import Overrides
from dotlint.files.paths import as_path

if TYPE_CHECKING:
    from dotlint.engine.result import Settings

FixMode = Literal["safe", "unsafe"]


class RowOptions(Struct, frozen=True):
    """How each row is linted. All values are plain data, because they are sent to other processes.

    `model` is a file with the facts about the model of `strategy`, `gpu` the name of a GPU or its memory in GiB, `rules`
    are folders with rule cards, and `config` is a configuration file; without it, no configuration is read.
    `fix` also fixes the text: `safe`, or `unsafe` with all fixes.
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
    rules: tuple[str, ...] = ()
    config: str | None = None
    pairs: tuple[str, ...] = ()
    fix: FixMode | None = None

    def settings(self) -> Settings:
        """Return the settings of a row without a strategy of its own. Raises `DotlintError`."""
        overrides = Overrides(
            strategy=self.strategy,
            layout=self.layout if self.strategy else None,
            world=self.world if self.strategy else None,
            model=self.model if self.strategy else None,
            gpu=self.gpu if self.strategy else None,
            preset=self.preset,
            select=self.select,
            extend_select=self.extend_select,
            ignore=self.ignore,
            rules=tuple(as_path(folder).absolute() for folder in self.rules),
            pairs=self.pairs,
        )
        file = as_path(self.config) if self.config else None
        return Configurations(overrides, file=file, isolated=file is None).settings("-")


class Limits(Struct, frozen=True):
    """The limits of a row: `seconds` of time, and `memory` in bytes; None is no limit.

    With a limit, rows are linted in another process, which is killed if it exceeds the limit. Windows has no limits.
    """

    seconds: float | None = None
    memory: int | None = None

    def __bool__(self) -> bool:
        return self.seconds is not None or self.memory is not None
