"""Python plugins: find them among installed packages, load their cards, and run their checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from dotlint.engine.card import Card
from dotlint.engine.card_file import read_folder
from dotlint.engine.finding import Finding, Fix, Holds, Outcome, Undecided
from dotlint.errors import DotlintError
from dotlint.registry.plugin_view import API_VERSION, Context, plugin_view
from dotlint.text.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dotlint.edits.fix_context import FixContext, FixFunction
    from dotlint.engine.context import GraphContext

GROUP: Final = "dotlint.plugins"

PluginFunction = Callable[[Context, Card], Iterable[Outcome]]
PluginFix = Callable[[Context, Finding], Fix | str]


class PluginError(DotlintError):
    """A plugin cannot be used; the message has the reason."""


class Plugin(Struct, frozen=True):
    """The object that a package registers in the entry-point group `dotlint.plugins`.

    `rules` is the folder of its cards. The `check` of a card names one of `checks` or a built-in check with
    parameters. Each check is called once per graph with a read-only context and the card, and yields the results of
    `card.finding(...)`. The decorator `fixed_by` names the function that computes their fixes. `api` is the version of
    the context that the plugin was written for.
    """

    rules: Path
    checks: Mapping[str, PluginFunction]
    api: int = API_VERSION


class PluginCheck(Struct, frozen=True):
    """A check of an installed plugin by name, so that it can be sent to another process."""

    plugin: str
    name: str
    scope: Literal["graph"] = "graph"

    def load(self) -> Callable[..., Iterator[Outcome]]:
        """Import the plugin and return its check."""
        function = find_plugin(self.plugin).checks[self.name]
        return lambda context, card: _run(function, context, card)

    def load_fix(self) -> FixFunction | None:
        """Return the fix function that `fixed_by` connects to the plugin's check, or None."""
        function = getattr(find_plugin(self.plugin).checks[self.name], "fix", None)
        return (lambda fix, finding: _run_fix(function, fix, finding)) if function is not None else None


def _run(function: PluginFunction, context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Yield the outcomes of a plugin's check. Raises `TypeError` for anything but outcomes of the card's rule."""
    seen = plugin_view(context)
    for outcome in function(seen, card):
        if isinstance(outcome, Finding):
            if outcome.code != card.code:
                raise TypeError(f"the check made a finding of {outcome.code}; make it with `card.finding(...)`")
            yield replace(outcome, graph=seen.index)
        elif isinstance(outcome, Holds | Undecided):
            yield outcome
        else:
            raise TypeError(f"a check must yield findings, not {type(outcome).__name__}")


def _run_fix(function: PluginFix, fix: FixContext, finding: Finding) -> Fix | str:
    found = function(plugin_view(fix.context), finding)
    if not isinstance(found, Fix | str):
        raise TypeError(f"a fix function must return a Fix or the reason for none, not {type(found).__name__}")
    return found


@cache
def find_plugin(name: str) -> Plugin:
    """Import the plugin that is installed under a name. Raises `PluginError`."""
    installed = {point.name: point for point in entry_points(group=GROUP)}
    if name not in installed:
        near = nearest(name, installed)
        if near:
            remedy = f"did you mean `{near}`?"
        else:
            remedy = f"installed plugins: {', '.join(sorted(installed))}" if installed else "no plugin is installed"
        raise PluginError(f"unknown plugin `{name}`; {remedy}")
    try:
        plugin = installed[name].load()
    except (Exception, SystemExit) as error:  # importing the module may raise anything
        raise PluginError(f"the plugin `{name}` cannot be imported: {type(error).__name__}: {error}") from error
    if not isinstance(plugin, Plugin):
        what = f"{installed[name].value} is a {type(plugin).__name__}, not a dotlint.plugin.Plugin"
        raise PluginError(f"the plugin `{name}` cannot be used: {what}")
    if plugin.api > API_VERSION:
        what = f"it needs version {plugin.api} of the context and this dotlint has {API_VERSION}"
        raise PluginError(f"the plugin `{name}` cannot be used: {what}; upgrade dotlint")
    return plugin


def find_plugin_check(name: str) -> PluginCheck:
    """Return the check with the name `plugin:check`, as a card of a plugin has it."""
    plugin, _, check = name.partition(":")
    return PluginCheck(plugin, check)


def plugin_cards(name: str) -> list[Card]:
    """Read the cards of an installed plugin. Raises `PluginError` or `CardError`."""
    plugin = find_plugin(name)
    cards = read_folder(plugin.rules)
    if not cards:
        raise PluginError(f"the plugin `{name}` has no rule card in {plugin.rules}")
    return [replace(card, check=f"{name}:{card.check}") if card.check in plugin.checks else card for card in cards]
