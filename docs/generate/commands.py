"""The command reference, from the command line itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from dotlint.cli.choice import Once
from dotlint.cli.main import COMMANDS, cli

if TYPE_CHECKING:
    from collections.abc import Iterator


def reference() -> str:
    """Return a section for each command."""
    context = click.Context(cli, info_name="dotlint")
    return "\n".join(line for name in COMMANDS for line in _command(context, name))


def _command(parent: click.Context, name: str) -> Iterator[str]:
    command = cli.get_command(parent, name)
    assert command is not None
    context = click.Context(command, info_name=name, parent=parent)
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield f"\n## dotlint {name}\n\n```text\n{' '.join(usage.split())}\n```\n"
    yield from _help(command.help or "")
    yield "\n**Options**\n"
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield from _option(parameter, name, context)


def _help(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; one that click does not wrap has commands."""
    for paragraph in text.replace("\\b\n", "\b\n").split("\n\n"):
        lines = [line.strip() for line in paragraph.strip("\n").split("\n")]
        if lines[0] == "\b":
            yield "\n".join(("```console", *(f"$ {line}" for line in lines[1:] if line), "```", ""))
        else:
            yield _prose(" ".join(lines)) + "\n"


def _option(option: click.Option, command: str, context: click.Context) -> Iterator[str]:
    spelled = sorted(option.opts, key=len)
    value = "" if option.is_flag else f" {option.make_metavar(ctx=context)}"
    names = ", ".join(f"`{name}`" for name in spelled[:-1])
    anchor = f"{command}-{spelled[-1].lstrip('-')}"
    yield f"{names}{', ' if names else ''}`{spelled[-1]}{value}`{{ #{anchor} }}"
    yield f":   {_prose(option.help or '')}{' '.join(('', *_facts(option)))}\n"


def _facts(option: click.Option) -> Iterator[str]:
    if option.required:
        yield "Required."
    if option.multiple and not isinstance(option, Once) and "repeat" not in (option.help or ""):
        yield "May be repeated."
    if isinstance(option.type, click.IntRange):
        bounds = ("At least", option.type.min), ("at most", option.type.max)
        yield ", ".join(f"{word} {bound:,}" for word, bound in bounds if bound is not None) + "."
    if isinstance(option.type, click.Choice) and not (option.help or "").endswith(f"{', '.join(option.type.choices)}."):
        yield f"One of {', '.join(f'`{word}`' for word in option.type.choices)}."
    if not option.is_flag and not option.multiple and isinstance(option.default, str | int) and option.default != "":
        yield f"Default: `{option.default}`."
    variables = option.envvar if isinstance(option.envvar, list) else []
    yield f"Environment: {' or '.join(f'`{name}`' for name in variables)}."


def _prose(text: str) -> str:
    """Return a help text as Markdown: options, keys and patterns as code."""
    text = re.sub(
        r"(?<![`\w])(--format html|--?[a-z][a-z-]*|\*\.\w+|[A-Z]+_[A-Z_]+|\[\w+\])", r"`\1`", " ".join(text.split())
    )
    return text.replace("<", "&lt;")
