"""The entry point of the command line: find and run the command, and turn exceptions into an exit status."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, cast

import click

from dotlint._version import __version__
from dotlint.cli.output import FORMATS
from dotlint.cli.streams import FAILED, StreamError, Streams, drop_unwritten, fail
from dotlint.errors import DotlintError
from dotlint.files.reading import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["FORMATS", "main"]

# Each is a module of this package with a function `command`, and imported only when it runs.
COMMANDS = (
    "batch", "check", "completion", "config", "diff", "explain", "infer", "mcp", "new", "new-rule", "overview", "render",
    "rule", "rules", "server", "strategy", "summary",
)  # fmt: skip

_ENVIRONMENT = click.core.ParameterSource.ENVIRONMENT

# Options that mean the same in every command; `DOTLINT_STRATEGY` sets one in all of them.
SHARED = frozenset({"color", "config", "gpu", "isolated", "layout", "model", "rules", "strategy", "world"})


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - overrides click's method
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        found = cast("click.Command", import_module(f"dotlint.cli.{cmd_name.replace('-', '_')}").command)
        # `\b` keeps click from joining lines. A raw docstring has it as two characters.
        found.help = (found.help or "").replace("\\b\n", "\b\n")
        for parameter in found.params:
            if isinstance(parameter, click.Option):
                parameter.envvar = list(_variables(cmd_name, parameter))
        return found

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click's method
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            name = ctx.invoked_subcommand
            command = self.get_command(ctx, name) if name else None
            if error.ctx is None and command is not None:  # click's parser does not name its command
                error.ctx = click.Context(command, parent=ctx, info_name=name)
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from dotlint.text.nearest import suggestion

            remedy = f"; to lint it, run `dotlint check {name}`" if os.path.exists(name) else suggestion(name, COMMANDS)
            raise click.UsageError(f"no such command `{name}`{remedy}", ctx)
        return super().resolve_command(ctx, args)


def _variables(command: str, option: click.Option) -> Iterator[str]:
    """Yield the environment variables that set an option if the command line does not."""
    # click would name them by the parameters of functions, which are not what the user writes.
    name = max(option.opts, key=len).removeprefix("--")
    yield f"DOTLINT_{command}_{name}".upper().replace("-", "_")
    if name in SHARED:
        yield f"DOTLINT_{name}".upper()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "--version", "-V", message="dotlint %(version)s")
def cli() -> None:
    """Lint Graphviz DOT files that describe how a model is deployed on GPUs."""


def main(
    argv: Sequence[str] | None = None,
    stdin: IO[bytes] | None = None,
    stdout: IO[str] | None = None,
    stderr: IO[str] | None = None,
) -> int:
    """Run dotlint and return its exit status: 0 for no findings, 1 for findings, 2 if the run failed."""
    # The calling process may have closed any of the three.
    streams = Streams(
        stdin or (sys.stdin.buffer if sys.stdin else open(os.devnull, "rb")),  # noqa: SIM115 - open until exit
        stdout or sys.stdout or open(os.devnull, "w", encoding="utf-8"),  # noqa: SIM115
        stderr or sys.stderr or open(os.devnull, "w", encoding="utf-8"),  # noqa: SIM115
    )
    try:
        arguments = None if argv is None else list(argv)
        with recorded(), redirect_stdout(streams.stdout):  # click writes help there
            status = cli.main(args=arguments, prog_name="dotlint", standalone_mode=False, obj=streams)
    except click.exceptions.NoArgsIsHelpError as error:
        streams.stdout.write(error.format_message() + "\n")
        return 0
    except click.UsageError as error:
        command = f"{error.ctx.command_path} --help" if error.ctx else "dotlint --help"
        return fail(streams, f"{_usage_mistake(error)} (see `{command}`)")
    except click.ClickException as error:
        return fail(streams, error.format_message())
    except StreamError as error:
        drop_unwritten(streams)
        return fail(streams, str(error))
    except DotlintError as error:
        frame = getattr(error, "frame", None)
        return fail(streams, str(error), frame() if callable(frame) else "")
    except SystemExit:  # click raises it if the reader of the output has closed the pipe
        drop_unwritten(streams)
        return FAILED
    except OSError as error:
        drop_unwritten(streams)
        return fail(streams, f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error))
    except (KeyboardInterrupt, click.exceptions.Abort):
        return fail(streams, "interrupted")
    return status if isinstance(status, int) else 0


def _usage_mistake(error: click.UsageError) -> str:
    from dotlint.text.nearest import nearest

    if isinstance(error, click.NoSuchOption):
        options = [one for one in error.ctx.command.params if isinstance(one, click.Option)] if error.ctx else []
        known = {name.lstrip("-"): name for one in options if not one.hidden for name in one.opts}
        near = nearest(error.option_name.lstrip("-"), [*known, "help"])
        return f"no such option `{error.option_name}`" + (
            f"; did you mean `{known.get(near, f'--{near}')}`?" if near else ""
        )
    text = error.format_message().rstrip(".")
    text = f"{text[:1].lower()}{text[1:]}"
    parameter = error.param if isinstance(error, click.BadParameter) else None
    if parameter and parameter.name and error.ctx and error.ctx.get_parameter_source(parameter.name) is _ENVIRONMENT:
        variables = [name for name in parameter.envvar or () if os.environ.get(name)]
        text += f" (from {variables[0]})"
    return text
