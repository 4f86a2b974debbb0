"""Parse the comments that suppress findings: `// dotlint: ignore[S001] drawn elsewhere`."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from dotlint.engine.own_cards import by_code
from dotlint.suppressions.intervals import Intervals, Span
from dotlint.suppressions.mistake import Mistake
from dotlint.suppressions.scope import Lines
from dotlint.text.nearest import nearest
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.finding import Finding, Location, LocationKey
    from dotlint.graph.document import Document
    from dotlint.strategy import Strategy
    from dotlint.syntax.tree import Comment

VERBS: Final = ("ignore", "ignore-start", "ignore-end", "ignore-file")

# The first line matches the start of a comment, a further comment mark inside it, or the start of one of its lines.
_DIRECTIVE = regex(
    r"""(?:(?<!/)//++|(?<!\#)\#++|/\*++|^[ \t]*+\**+)[ \t]*+
        (?P<directive>dotlint[ \t]*+:[ \t]*+
        (?P<verb>[A-Za-z][\w-]*+)?
        (?:[ \t]*+\[(?P<rules>[^\]\n]*+)(?P<closed>\])?)?
        (?P<reason>[^\n]*?))(?=[ \t\r]*(?:$|\Z|(?://|\#)[ \t]*dotlint[ \t]*:))""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_WORD = regex(r"[^\s,]+")
_LIKE_A_RULE = regex(r"[\s:=(]*([A-Za-z]+\d+|[a-z0-9]+(?:-[a-z0-9]+)+)")


class Word(Struct, frozen=True):
    """A rule code, prefix or name in a comment, with its span; `codes` are the rules it selects, none if it is unknown."""

    text: str
    start: int
    end: int
    codes: frozenset[str]


class Directive(Struct):
    """One suppression; `start` and `stop` are the span of its text, `opens` is the offset of the comment mark before it.

    `words` is None if there are no brackets: it then applies to all rules. A location of a finding that starts in
    one of `spans` is suppressed, of a syntax finding also one in `lines`. Not frozen: `used` collects the codes that
    it has suppressed, `end` is the directive that ends a block.
    """

    verb: str
    comment: Comment
    opens: int
    start: int
    stop: int
    words: tuple[Word, ...] | None
    brackets: Span
    reason: str
    spans: list[Span] = field(default_factory=list)
    lines: list[Span] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    end: Directive | None = None

    def means(self, card: Card) -> bool:
        """Return whether it applies to the rule; without brackets, to every rule that need not be named."""
        if self.words is None:
            return card.suppressible == "always"
        return card.suppressible != "never" and any(card.code in word.codes for word in self.words)

    def spans_for(self, finding: Finding) -> list[Span]:
        """Return the spans in which locations of the finding are suppressed if they start there."""
        return [*self.spans, *self.lines] if finding.section == "syntax" else self.spans

    def reaches(self, finding: Finding, location: Location) -> bool:
        """Return whether it applies to a location of the finding."""
        return any(start <= location.start < end for start, end in self.spans_for(finding))


class Suppressions(Struct):
    """Every comment of a file that is addressed to dotlint: suppressions, a declared strategy, and malformed ones.

    `rules` are all existing rules by code.
    """

    rules: Mapping[str, Card]
    directives: list[Directive] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    strategy: Strategy | None = None
    _indexes: dict[tuple[str, bool], tuple[Intervals, list[Directive]]] = field(default_factory=dict)

    def take(self, finding: Finding) -> frozenset[LocationKey]:
        """Return the locations of the finding that comments suppress, and mark these comments as used."""
        key = finding.code, finding.section == "syntax"
        if key not in self._indexes:
            card = self.rules[finding.code]
            spans = [(span, d) for d in self.directives if d.means(card) for span in d.spans_for(finding)]
            spans.sort(key=lambda one: one[0])
            self._indexes[key] = Intervals(span for span, _ in spans), [directive for _, directive in spans]
        index, directives = self._indexes[key]
        taken: set[LocationKey] = set()
        for location in finding.locations if directives else ():
            for at in index.around(location.start):
                taken.add(location.key)
                directives[at].used.add(finding.code)
        return frozenset(taken)


def read_suppressions(document: Document, cards: Sequence[Card]) -> Suppressions:
    """Read the comments of a file that are addressed to dotlint; `cards` are all existing rules."""
    found = Suppressions(by_code(cards))
    text = document.text
    if "dotlint" not in text.lower():
        return found
    names = _Names(cards)
    declared: list[re.Match[str]] = []
    for comment in document.comments:
        closed = comment.kind == "/*" and text.endswith("*/", comment.start + 2, comment.end)
        for match in _DIRECTIVE.finditer(text, comment.start, comment.end - 2 if closed else comment.end):
            if (match["verb"] or "").lower() == "strategy":
                declared.append(match)
                continue
            directive = _directive(match, comment, names, found.mistakes)
            if directive is not None:
                found.directives.append(directive)
    if declared:
        from dotlint.suppressions.declared import declared_strategy  # noqa: PLC0415 - few files declare one

        found.strategy = declared_strategy(declared, found.mistakes)
    if found.directives:
        _locate(document, found)
    return found


class _Names:
    """All rules by code, prefix, name and alias."""

    def __init__(self, cards: Sequence[Card]) -> None:
        self.cards = cards
        self.words = [word for card in cards for word in (card.code, card.name)]
        self._codes: dict[str, set[str]] = defaultdict(set)
        for card in cards:
            for word in (
                *(card.code[:end] for end in range(1, len(card.code) + 1)),
                *map(str.upper, card.names),
                "ALL",
            ):
                self._codes[word].add(card.code)

    def codes(self, word: str) -> frozenset[str]:
        return frozenset(self._codes.get(word.upper(), ()))


def _directive(match: re.Match[str], comment: Comment, names: _Names, mistakes: list[Mistake]) -> Directive | None:
    verb = (match["verb"] or "").lower()
    start, stop = match.span("directive")
    if verb not in VERBS:
        near = nearest(verb, (*VERBS, "strategy")) if verb else None
        directive = f"`dotlint: {match['verb']}`" if verb else "`dotlint:` with nothing after it"
        remedy = f"use one of {', '.join(VERBS)}, or strategy=..."
        mistakes.append(Mistake(f"{directive} is not a suppression", start, stop, remedy, near and f"`{near}`"))
        return None
    words: tuple[Word, ...] | None = None
    brackets = (match.start("rules") - 1, match.end("rules") + 1)
    if match["rules"] is None:
        _check_missing_brackets(match, verb, names, mistakes)
    elif not match["closed"]:
        mistakes.append(Mistake(f"`{verb}[` has no closing `]`", start, stop, "add `]` after the last rule"))
        return None
    else:
        words = tuple(_rule_words(match, names, mistakes))
        if not words:
            remedy = f"name rules, as in `{verb}[{names.words[0]}]`, or omit the brackets to suppress all rules"
            mistakes.append(Mistake(f"`{verb}[]` names no rule", start, stop, remedy))
            return None
    return Directive(verb, comment, match.start(), start, stop, words, brackets, match["reason"].strip())


def _rule_words(match: re.Match[str], names: _Names, mistakes: list[Mistake]) -> list[Word]:
    words: list[Word] = []
    for word in _WORD.finditer(match.string, *match.span("rules")):
        codes = names.codes(word[0])
        words.append(Word(word[0], word.start(), word.end(), codes))
        if not codes:
            near = nearest(word[0], names.words)
            remedy = "run `dotlint rules` to list the rules"
            message = f"unknown rule `{word[0]}`"
            mistakes.append(Mistake(message, word.start(), word.end(), remedy, near and f"`{near}`"))
    return words


def _check_missing_brackets(match: re.Match[str], verb: str, names: _Names, mistakes: list[Mistake]) -> None:
    first = _LIKE_A_RULE.match(match["reason"])
    if first is not None and names.codes(first[1]):
        message = f"`{verb} {first[1]}` applies to every rule, not only to {first[1]}"
        mistakes.append(Mistake(message, *match.span("directive"), f"write `{verb}[{first[1]}]`"))


def _locate(document: Document, found: Suppressions) -> None:
    """Fill `spans` of each suppression, and connect each block start to its end."""
    lines = Lines(document)
    bodies = [graph.statement.body for graph in document.graphs if graph.statement.body]
    end_of_text = len(document.text) + 1
    first = min((body[0].start for body in bodies), default=end_of_text)
    opened: dict[int, Directive] = {}
    by_words: dict[frozenset[str], list[Directive]] = defaultdict(list)
    kept: list[Directive] = []

    def mistake(directive: Directive, message: str, remedy: str) -> None:
        found.mistakes.append(Mistake(message, directive.start, directive.stop, remedy))

    for directive in found.directives:
        if directive.verb == "ignore-end":
            stack = (
                [opened[last] for last in islice(reversed(opened), 1)]
                if directive.words is None
                else by_words[_named(directive)]
            )
            if not stack:
                mistake(
                    directive, "`ignore-end` has no matching `ignore-start`", "remove it, or add the `ignore-start`"
                )
            else:
                opening = opened.pop(id(stack[-1]))
                by_words[_named(opening)].pop()
                opening.end = directive
                opening.spans = [(opening.spans[0][0], directive.comment.end)]
            continue
        if directive.verb == "ignore":
            directive.lines, directive.spans = lines.covered(directive.comment)
        elif directive.verb == "ignore-start":
            directive.spans = [(directive.comment.start, end_of_text)]
            opened[id(directive)] = directive
            by_words[_named(directive)].append(directive)
        elif directive.start > first:
            what = "`ignore-file` has no effect after the first statement"
            mistake(directive, what, "move it to the top of the file")
            continue
        else:
            directive.spans = [(0, end_of_text)]
        kept.append(directive)
    for directive in opened.values():
        what = "`ignore-start` without `ignore-end` suppresses findings up to the end of the file"
        mistake(directive, what, "add `// dotlint: ignore-end` where the block ends")
    found.directives = kept


def _named(directive: Directive) -> frozenset[str]:
    """Return the rules as a comment names them; the end of a block that names any ends the last one with the same."""
    return frozenset(word.text.lower() for word in directive.words or ())
