"""Words that do not return: idioms that one standard term has replaced, and British spellings.

The glossary is: report for what a finding does, exemplar for the unit or edge that shows how a missing one looks,
planned edge and planned node for what a fix writes, fix for a repair, span for offsets, location for line and column.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dotlint

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(dotlint.__file__).parent
# Floors of the package that keep to the glossary; a floor is added once it does.
FLOORS_DONE = (
    "errors", "text", "files", "data", "syntax", "graph", "strategy", "deployment", "edits", "pipeline",
    "__init__", "__main__", "api", "plugin", "cli", "config", "registry", "summary", "overview", "picture", "page",
    "suppressions", "engine", "report", "server", "checks", "comparison",
)  # fmt: skip

# Each word, as a pattern, with the one to use instead.
BRITISH = {
    r"(?:colou|flavou|neighbou|behaviou|favou|honou|labou|endeavou)r\w*": "-or",
    r"(?:recogni|normali|summari|seriali|optimi|initiali|organi|capitali|minimi|maximi|synchroni|generali|speciali|utili"
    r"|categori|customi|emphasi|visuali|parallel|tokeni)s(?:e|es|ed|ing|ation|ations|er|ers)": "-ize",
    r"analys(?:e|ed|ing|er)|paralys(?:e|ed)": "-yze",
    r"(?:label|model|cancel|travel|level|signal|marshal)l(?:ed|ing|er)": "one l",
    r"(?:un)?learnt|(?:mis)?spelt|burnt|leant": "-ed",
    r"cent(?:re|res|red)|met(?:re|res)|fib(?:re|res)": "-er",
    r"licen[c]e\w*|defence|offence|pretence": "-se",
    r"catalogue\w*|judgement\w*|fulfil|whilst|amongst|grey|artefact\w*|programme\w*": "the American spelling",
}
IDIOMS = {
    r"mend(?:s|ed|ing)?": "fix, repair",
    r"tells?|told|telling": "report, distinguish",
    r"speaks?|spoken?|speaking": "report, mention",
    r"says?|said|saying": "state, report",
    r"taught|teach(?:es|er|ers|ing)?": "exemplar, learn from",
    r"twins?|counterparts?": "exemplar, corresponding",
    r"newcomers?|absences?": "planned node, missing node",
    r"anew": "again",
    r"nobody|somebody|anybody": "a user, or the passive",
}
# Words that are right in prose, but name the wrong concept in an identifier.
NAMES = {
    r"places?": "span, location, slot, position",
    r"shown": "exemplar",
    r"templates?": "exemplar",
    r"wanted|joints?": "planned edge",
}
# What stays, and why: (module, word), or (None, word) for any module.
ALLOWED = {
    ("checks/__init__.py", "colour"): "the check of A005 has this name in the card format",
    ("checks/attributes/labels.py", "centre"): "a name for the center that files use",
    ("checks/devices/missing.py", "say"): "a label does not say which GPUs",
    ("checks/grouping.py", "says"): "the file says that it is abridged",
    ("deployment/terminals.py", "optimiser"): "a spelling that files use",
    ("data/graphviz.py", "grey"): "colors of X11 have both spellings",
    ("pipeline/lint.py", "absence"): "`claims_absence` is a key of the card format",
    ("pipeline/acceptance.py", "absence"): "`claims_absence` is a key of the card format",
    ("engine/card.py", "absence"): "`claims_absence` is a key of the card format",
    ("engine/card_file.py", "absence"): "the type of `claims_absence`",
    ("engine/incomplete.py", "absence"): "`claims_absence` is a key of the card format",
    ("registry/validation.py", "absence"): "a field of cards",
    ("report/sarif_rules.py", "absence"): "`claims_absence` is a key of the card format",
    ("cli/completion.py", "template"): "an attribute of click",
}

_WORD = re.compile(r"[A-Za-z]+")
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_BAD = re.compile(rf"(?:{'|'.join([*BRITISH, *IDIOMS])})\Z", re.IGNORECASE)
_BAD_NAME = re.compile(rf"(?:{'|'.join([*BRITISH, *IDIOMS, *NAMES])})\Z", re.IGNORECASE)
_PATTERNS = {"regex", "compile"}  # calls whose strings match what users write in their files


def _names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and spelling of every identifier that a module uses."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.keyword(arg=str(name)):
                yield node.value.lineno, name


def _texts(tree: ast.AST, source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every docstring, message and comment, without regular expressions."""
    patterns = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in _PATTERNS
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in patterns:
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def violations(source: str, module: str) -> list[str]:
    """Return `module:line: word` for every word that does not return."""
    tree = ast.parse(source)
    found = [(line, part) for line, name in _names(tree) for part in _PARTS.findall(name) if _BAD_NAME.match(part)]
    found += [(line, word) for line, text in _texts(tree, source) for word in _WORD.findall(text) if _BAD.match(word)]
    return [
        f"{module}:{line}: {word}"
        for line, word in sorted(set(found))
        if not {(module, word.lower()), (None, word.lower())} & ALLOWED.keys()
    ]


@pytest.mark.parametrize("floor", FLOORS_DONE)
def test_no_word_returns(floor: str) -> None:
    paths = sorted((PACKAGE / floor).rglob("*.py")) or [PACKAGE / f"{floor}.py"]
    found = [
        each
        for path in paths
        for each in violations(path.read_text(encoding="utf-8"), path.relative_to(PACKAGE).as_posix())
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"""Says which colour."""', ["m.py:1: Says", "m.py:1: colour"]),
        ("def told_by(place): ...", ["m.py:1: place", "m.py:1: told"]),
        ("x = 1  # the neighbour's", ["m.py:1: neighbour"]),
        ("class WantedEdge: ...", ["m.py:1: Wanted"]),
        ('raise E(f"nobody {x} mends it")', ["m.py:1: mends", "m.py:1: nobody"]),
        ('X = regex("colou?r|neighbour")', []),
        ('"""Replace the color in place: precise, otherwise licensed, analysis."""', []),
    ],
)
def test_words_are_found_in_names_texts_and_comments(source: str, expected: list[str]) -> None:
    assert violations(source, "m.py") == expected


def test_what_is_allowed_is_used() -> None:
    """An entry that allows nothing any longer is removed."""
    for module, word in ALLOWED:
        path = PACKAGE / str(module)
        assert word in path.read_text(encoding="utf-8").lower()
