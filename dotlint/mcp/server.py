"""Create the server: tools, resources, a prompt, and errors in one line."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import wraps
from inspect import signature
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import ValidationError

from dotlint._version import __version__
from dotlint.errors import DotlintError
from dotlint.mcp import resources, tools
from dotlint.mcp.answers import refusal
from dotlint.text.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from mcp.server.mcpserver import Context
    from mcp.types import CallToolResult, InputRequiredResult

P = ParamSpec("P")
R = TypeVar("R")

INSTRUCTIONS: Final = (
    "dotlint checks Graphviz DOT files, especially those that describe how a model is deployed on GPUs. To review a "
    "graph: call `check` with the strategy; call `fix` for what can be fixed; add the remaining edges that `check` "
    "lists; repeat until it says that nothing has to change. Do not suppress findings. `explain` shows why dotlint "
    "sees a node as it does, and `rule` what a code means."
)
# Tools with their titles, whether they may change files, and whether a second call changes nothing more.
_TOOLS: Final = (
    (tools.check, "Check a graph", True),
    (tools.fix, "Fix a graph", False),
    (tools.explain, "Explain a node or a file", True),
    (tools.rule, "Explain a rule", True),
    (tools.strategy, "Explain a strategy", True),
    (tools.new, "Draw a strategy as a graph", True),
    (tools.diff, "Compare two graphs", True),
)


class _Server(MCPServer[Any]):
    """A server whose tools fail with one line: what dotlint says, or which arguments are wrong."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        try:
            _refuse_unknown(name, arguments)
        except DotlintError as error:
            return refusal(error)
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            cause = error.__cause__
            if isinstance(cause, DotlintError):
                return refusal(cause)
            if isinstance(cause, ValidationError):
                return refusal(DotlintError(_wrong_arguments(cause)))
            raise


def _refuse_unknown(tool: str, arguments: Iterable[str]) -> None:
    """Raise `DotlintError` for an argument that a tool does not have: the SDK ignores it, and a strategy may be lost."""
    known = next((list(signature(one).parameters) for one, _, _ in _TOOLS if one.__name__ == tool), None)
    if known is None:
        return
    for name in arguments:
        if name not in known or name == "access":
            raise DotlintError(f"unknown argument `{name}`{suggestion(name, known)}")


def _wrong_arguments(error: ValidationError) -> str:
    """Return what is wrong with each argument; a union reports each of its members."""
    mistakes = {str(one["loc"][0]): str(one["msg"]) for one in reversed(error.errors()) if one["loc"]}
    return "; ".join(f"argument `{name}`: {text[:1].lower()}{text[1:]}" for name, text in reversed(mistakes.items()))


def make_server(folders: tuple[str, ...] = ()) -> MCPServer[Any]:
    """Return the server; paths in `folders` are allowed instead of those in the roots that the client grants."""

    @asynccontextmanager
    async def lifespan(_: MCPServer[Any]) -> AsyncIterator[tuple[str, ...]]:
        yield folders

    server = _Server(
        "dotlint",
        title="dotlint",
        version=__version__,
        instructions=INSTRUCTIONS,
        log_level="WARNING",
        lifespan=lifespan,
    )
    lock = Lock()
    for tool, title, read_only in _TOOLS:
        annotations = ToolAnnotations(
            read_only_hint=read_only, destructive_hint=not read_only, idempotent_hint=True, open_world_hint=False
        )
        server.add_tool(_alone(tool, lock), title=title, annotations=annotations)
    resources.add(server)
    return server


def _alone(tool: Callable[P, R], lock: Lock) -> Callable[P, R]:
    """Return a tool that waits for others: the SDK calls tools in threads, and configurations are cached for a run."""

    @wraps(tool)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with lock:
            return tool(*args, **kwargs)

    return call
