"""What the tools are asked about: a text or a file, with its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.config.configurations import Configurations
from dotlint.config.model import Overrides
from dotlint.config.rules import read_strategy
from dotlint.engine.select import split_names
from dotlint.errors import DotlintError
from dotlint.files.discovery import UnreadableError, read_bytes
from dotlint.mcp.access import AccessError, refuse_large
from dotlint.pipeline.documents import only_block
from dotlint.pipeline.lint_file import lint_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Literal

    from dotlint.engine.result import FileResult, Settings
    from dotlint.mcp.access import Access
    from dotlint.strategy import Strategy

Words = str | list[str] | None


class Input(Struct, frozen=True):
    """A text with the name that the client knows it by, and its settings; `file` is the file that it was read from."""

    shown: str
    name: str
    data: bytes
    settings: Settings
    file: Path | None

    def lint(self) -> FileResult:
        """Lint it. Raises `DotlintError` if it cannot be read."""
        result = lint_path(self.name, self.settings, data=self.data)
        if result.unreadable is not None:
            raise DotlintError(f"{self.shown}: {result.unreadable}")
        if result.troubles:
            raise DotlintError(result.troubles[0])
        return result

    def lint_graph(self) -> FileResult:
        """Lint it as one file of DOT: a document must have one block of DOT, or one deployment."""
        result = self.lint()
        return result if result.context is not None else only_block(result, self.settings)


def words(given: Words) -> tuple[str, ...]:
    """Return the words of an argument that may be one or several."""
    if given is None:
        return ()
    return (given,) if isinstance(given, str) else tuple(given)


def read_input(
    access: Access,
    path: str | None,
    text: str | None,
    strategy: Words = None,
    *,
    layout: str | None = None,
    world: int | None = None,
    model: str | None = None,
    gpu: str | None = None,
    select: Words = None,
    ignore: Words = None,
    preset: Literal["recommended", "strict", "graphviz"] | None = None,
) -> Input:
    """Return a text or the text of a file, with its settings.

    With both, `path` is the name of the text. A configuration applies only to what is in a granted folder. Raises
    `DotlintError` if neither is given, or if `access` does not allow a file.
    """
    shown = path or "<text>"
    file = None
    if text is not None:
        data = text.encode("utf-8", "surrogatepass")
        refuse_large(len(data), shown)
        located = _granted(access, path)
    elif path:
        located = file = access.file(path)
        try:
            data = read_bytes(str(file))
        except UnreadableError as error:
            raise DotlintError(f"{shown}: {error}") from None
    else:
        raise DotlintError("nothing to read: pass `path` or `text`")
    given = tuple(map(access.strategy, words(strategy)))
    overrides = Overrides(
        strategy=given,
        layout=layout,
        world=world,
        model=_model_file(access, model),
        gpu=gpu,
        preset=preset,
        select=split_names(words(select)) if select else None,
        ignore=split_names(words(ignore)),
    )
    settings = Configurations(overrides, isolated=located is None).settings(located or "-")
    if given and settings.strategy is not None:
        _check_phase_files(access, (phase.path for phase in settings.strategy.phases))
    return Input(shown, str(located or shown), data, settings, file)


def declared(
    access: Access,
    given: Words,
    layout: str | None,
    world: int | None,
    model: str | None,
    gpu: str | None = None,
) -> Strategy:
    """Return the strategy that an argument states. Raises `DotlintError`, also if `access` does not allow a file."""
    arguments = tuple(map(access.strategy, words(given)))
    return read_strategy(arguments, layout, world, _model_file(access, model), gpu)


def _model_file(access: Access, model: str | None) -> str | None:
    """Return the path of a file or folder with facts about the model. Raises `DotlintError` if it is not granted."""
    if model is None:
        return None
    path = access.path(model)
    return str(path if path.is_dir() else access.file(model))


def _granted(access: Access, path: str | None) -> Path | None:
    """Return where a named text belongs, if that is in a granted folder."""
    try:
        return access.path(path) if path else None
    except AccessError:
        return None


def _check_phase_files(access: Access, paths: Iterable[str | None]) -> None:
    for path in paths:
        if path is not None:
            access.file(path)
