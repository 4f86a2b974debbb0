"""`dotlint new-rule`: write a first version of a rule card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dotlint.cli.choice import OneOf
from dotlint.cli.options import configured
from dotlint.cli.streams import write_messages
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from dotlint.cli.streams import Streams

_CHECKS = ("attribute-required", "id-matches", "role-shape", "degree-between")


@click.command("new-rule")
@click.argument("code", metavar="CODE")
@click.argument("name", metavar="NAME")
@click.option(
    "--check", type=OneOf(*_CHECKS), default=_CHECKS[0], show_default=True, help="The check that the rule runs."
)
@click.option(
    "--in", "folder", type=click.Path(file_okay=False), metavar="DIR",
    help="The folder of the card; the default is the first of `rules` in the configuration, or `rules`.",
)  # fmt: skip
@click.pass_obj
def command(streams: Streams, code: str, name: str, check: str, folder: str | None) -> int:
    r"""Write a rule card for you to edit.

    \b
    dotlint new-rule ACME001 label-required
    dotlint new-rule ACME002 snake-case-names --check id-matches --in lint/rules
    """
    from dotlint.registry.scaffold import card_text, validate_names

    configurations = configured({})
    if folder:
        _make(Path(folder))  # reading the configuration fails if it names this folder and it does not exist
    validate_names(code, name, configurations.cards("-"))
    folders = configurations.config("-").get("rules") or ()
    target = Path(folder or next(iter(folders), "rules"))
    path = target / f"{code}-{name}.toml"
    _make(target)
    _write_new(path, card_text(code, name, check))
    streams.stdout.write(f"{path}\n")
    if str(target.absolute()) not in folders:
        write_messages(
            streams, f'to use it, set `rules = ["{target.as_posix()}"]` in dotlint.toml or give --rules {target}'
        )
    return 0


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DotlintError(f"{folder} cannot be created: {error.strerror or error}") from None


def _write_new(path: Path, text: str) -> None:
    created = False
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            created = True
            stream.write(text)
    except FileExistsError:
        raise DotlintError(f"{path} already exists; it was not changed") from None
    except OSError as error:
        if created:
            path.unlink(missing_ok=True)  # an incomplete card would be loaded
        raise DotlintError(f"{path} cannot be written: {error.strerror or error}") from None
