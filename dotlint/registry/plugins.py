"""Python plugins: what one is, how it is found among installed packages, how its checks are called."""

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
from dotlint.registry.plugin_view import API_VERSION, Context, look_at
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
    """A plugin that cannot be used, and why."""


class Plugin(Struct, frozen=True):
    """What a package registers under the entry-point group `dotlint.plugins`.

    `rules` is the folder of its cards; the `check` of a card names one of `checks`, or one of dotlint's own
    that take parameters. Each check is called once a graph with a read-only context and the card, and yields
    what `card.finding(...)` makes; `fixed_by` marks it with the function that computes their fixes. `api` is the
    version of the context that the plugin was written for.
    """

    rules: Path
    checks: Mapping[str, PluginFunction]
    api: int = API_VERSION


class PluginCheck(Struct, frozen=True):
    """A check of an installed plugin, by name, so that it can be sent to another process."""

    plugin: str
    name: str
    scope: Literal["graph"] = "graph"

    def load(self) -> Callable[..., Iterator[Outcome]]:
        """Import the plugin, unless that was done, and give its check."""
        function = find_plugin(self.plugin).checks[self.name]
        return lambda context, card: _guarded(function, context, card)

    def load_fix(self) -> FixFunction | None:
        """Return the function that the plugin's check is marked with by `fixed_by`; None where it is not."""
        function = getattr(find_plugin(self.plugin).checks[self.name], "fix", None)
        return (lambda fix, finding: _guarded_fix(function, fix, finding)) if function is not None else None


def _guarded(function: PluginFunction, context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Hand on what a plugin's check finds; what is no finding of its rule is the check's mistake."""
    seen = look_at(context)
    for outcome in function(seen, card):
        if isinstance(outcome, Finding):
            if outcome.code != card.code:
                raise TypeError(f"the check made a finding of {outcome.code}; make it with `card.finding(...)`")
            yield replace(outcome, graph=seen.index)
        elif isinstance(outcome, Holds | Undecided):
            yield outcome
        else:
            raise TypeError(f"a check yields findings, not {type(outcome).__name__}")


def _guarded_fix(function: PluginFix, fix: FixContext, finding: Finding) -> Fix | str:
    found = function(look_at(fix.context), finding)
    if not isinstance(found, Fix | str):
        raise TypeError(f"a fix function gives a Fix or says why there is none, not {type(found).__name__}")
    return found


@cache
def find_plugin(name: str) -> Plugin:
    """Import the plugin that is installed under a name; raises `PluginError` with one clear line."""
    installed = {point.name: point for point in entry_points(group=GROUP)}
    if name not in installed:
        near = nearest(name, installed)
        if near:
            remedy = f"did you mean `{near}`?"
        else:
            remedy = f"installed are {', '.join(sorted(installed))}" if installed else "none is installed"
        raise PluginError(f"there is no plugin `{name}`; {remedy}")
    try:
        plugin = installed[name].load()
    except (Exception, SystemExit) as error:  # whatever a stranger's module does while it is imported
        raise PluginError(f"the plugin `{name}` cannot be imported: {type(error).__name__}: {error}") from error
    if not isinstance(plugin, Plugin):
        what = f"{installed[name].value} is a {type(plugin).__name__}, not a dotlint.plugin.Plugin"
        raise PluginError(f"the plugin `{name}` cannot be used: {what}")
    if plugin.api > API_VERSION:
        what = f"it needs version {plugin.api} of the context and this dotlint has {API_VERSION}"
        raise PluginError(f"the plugin `{name}` cannot be used: {what}; upgrade dotlint")
    return plugin


def find_plugin_check(name: str) -> PluginCheck:
    """Find the check that a card of a plugin names: `plugin:check`."""
    plugin, _, check = name.partition(":")
    return PluginCheck(plugin, check)


def plugin_cards(name: str) -> list[Card]:
    """Read the cards of an installed plugin; raises `PluginError` or `CardError`."""
    plugin = find_plugin(name)
    cards = read_folder(plugin.rules)
    if not cards:
        raise PluginError(f"the plugin `{name}` has no rule card in {plugin.rules}")
    return [replace(card, check=f"{name}:{card.check}") if card.check in plugin.checks else card for card in cards]
