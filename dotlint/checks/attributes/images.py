"""A014: images that are not beside the file, so that Graphviz draws nothing for them."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks.attributes.uses import finding, uses
from dotlint.engine.finding import Undecided
from dotlint.syntax.tree import Html
from dotlint.text.english import quoted
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.checks.attributes.uses import Use
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome

_URL = regex(r"(?:[A-Za-z][A-Za-z0-9+.-]+:)(?://|(?<=data:))")
_ABSOLUTE = regex(r"[/\\~]|[A-Za-z]:[/\\]")
_SEPARATORS = re.compile("[:;]")


def missing_images(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report images that do not exist in the folder of the file, and paths that lead out of it.

    `imagepath` replaces that folder with a list of others. Nothing outside the folder is looked for.
    """
    folders = [one for one in _SEPARATORS.split(context.graph.attributes.get("imagepath", "")) if one] or [""]
    found: dict[str, dict[str, list[Use]]] = defaultdict(lambda: defaultdict(list))
    unknown = False
    for (element, name), some in uses(context, card).items():
        for use in some:
            if isinstance(use.value, Html):
                from dotlint.checks.attributes.html import images  # noqa: PLC0415 - few labels are HTML

                paths = images(use.value)
            elif (element, name) == ("node", "image") and use.value:
                paths = [use.value]
            else:
                continue
            for path in paths:
                problem = _problem(context, folders, path)
                unknown |= problem is None
                if problem:
                    found[problem][path].append(use)
    for problem, by_path in found.items():
        named = quoted(list(by_path), 3)
        is_, does = ("is", "does") if len(by_path) == 1 else ("are", "do")
        where = f"in the folders of `imagepath` ({quoted(folders)})" if folders != [""] else "beside this file"
        message, remedy = {
            "url": (f"Graphviz does not load images from the network: {named}", "save the image beside this file"),
            "outside": (f"{named} {is_} outside the folder of this file", "put the image into the folder of this file"),
            "missing": (f"{named} {does} not exist {where}", "add the image, or correct its path"),
        }[problem]
        some = list({id(use): use for each in by_path.values() for use in each}.values())
        note = "Graphviz draws nothing for an image that it does not find"
        yield finding(context, card, some, message, help=remedy, note=note)
    if unknown:
        yield Undecided(card.section, "images", "check a file instead of standard input", card.code)


def _problem(context: GraphContext, folders: list[str], path: str) -> str | None:
    """Return what is wrong with the path of an image, "" if it exists; None if the folder of the file is not known."""
    if _URL.match(path):
        return "url"
    if _ABSOLUTE.match(path):
        return "outside"
    candidates = [posixpath.normpath(posixpath.join(folder, path)) for folder in folders]
    inside = [one for one in candidates if not (_ABSOLUTE.match(one) or one.split("/")[0] == "..")]
    there = [context.file.has_beside(one) for one in inside]
    if None in there:
        return None
    if True in there:
        return ""
    return "missing" if len(inside) == len(candidates) else "outside"
