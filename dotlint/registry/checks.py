"""Find the check that a card names: a built-in check or one of a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks import CHECKS
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from dotlint.checks import Check
    from dotlint.registry.plugins import PluginCheck


def find_check(name: str) -> Check | PluginCheck:
    """Return the check with the name on a card. Raises `DotlintError` if there is none."""
    if ":" in name:
        from dotlint.registry.plugins import find_plugin_check  # noqa: PLC0415 - only where a plugin is in use

        return find_plugin_check(name)
    try:
        return CHECKS[name]
    except KeyError:
        from dotlint.text.nearest import nearest  # noqa: PLC0415 - only where a card is wrong

        near = nearest(name, CHECKS)
        hint = f"; did you mean `{near}`?" if near else f"; there are {', '.join(sorted(CHECKS))}"
        raise DotlintError(f"unknown check `{name}`{hint}") from None
