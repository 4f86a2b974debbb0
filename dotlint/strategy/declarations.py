"""Degrees and GPU totals that free text declares: labels, comments, graph names, file names.

Precision comes first: what may be a rank ("TP1", "EP0_PP1", "Replica 1 (DP=1)") is not read as a degree.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dotlint.strategy.degrees import AXES, MOST_GPUS, Degrees
from dotlint.strategy.totals import Total, find_totals
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

_AXIS: Final = "|".join(sorted(AXES, key=lambda axis: (-len(axis), axis)))
_LONG: Final[Mapping[str, str]] = {
    "tensor": "tp",
    "pipeline": "pp",
    "expert": "ep",
    "data": "dp",
    "sequence": "sp",
    "context": "cp",
}
_LONG_AXIS: Final = "|".join(_LONG)
_BAR: Final = r"[ \t_-]?"
# at the start of a word, directly after the number of a term, or at the capitals of "BaselineTP8"
_BEGINS: Final = r"(?=(?-i:[cdepstvCDEPSTV]))(?:(?<![^\W_])|(?<=[0-9])|(?-i:(?<=[a-z])(?=[A-Z]{2})))"
_SIZE: Final = rf"{_BAR}(?:size|degree|world{_BAR}size)"
_TERM: Final = regex(
    rf"{_BEGINS}(?P<axis>{_AXIS})(?:(?P<size>{_SIZE})?[ \t]?(?P<op>[=:])[ \t]*|(?P<open>[ \t]?\([ \t]?)|-)?"
    r"(?P<number>[0-9]{1,7})(?(open)[ \t]?\))",
    re.IGNORECASE,
)
_LONG_TERM: Final = regex(
    rf"(?P<axis>{_LONG_AXIS}){_BAR}(?:model{_BAR})?parallel(?P<noun>ism)?(?P<size>{_SIZE})?"
    rf"(?:[ \t]?\((?:{_AXIS})\))?[ \t]?(?P<op>[=:])?[ \t]?(?P<number>[0-9]{{1,7}})",
    re.IGNORECASE,
)
_WAY_TERM: Final = regex(
    rf"(?P<number>[0-9]{{1,7}})[ \t-]?way[ \t-](?P<axis>{_LONG_AXIS}|(?:{_AXIS})\b)", re.IGNORECASE
)
_ESCAPE: Final = regex(r"\\[nlr]")
_BETWEEN: Final = regex(r"(?:[-_,;|&+/x×*·\s]|\band\b|\bwith\b){0,16}", re.IGNORECASE)
_ON: Final = regex(rf"[ \t]*[x×*][ \t]*(?:{_AXIS})(?-i:[^A-Za-z])|(?:{_AXIS})[-=:0-9(]", re.IGNORECASE)
_NUMBER_GOES_ON: Final = regex(r"(?![A-Z][a-z])[0-9A-Za-z%]|[.,/:][0-9]|[ \t]?[-~][ \t]?[0-9]|[ \t]?–[ \t]?[0-9]")
_LIST_OF_GPUS: Final = regex(r",[0-9]+[ \t]*(?:x[ \t]*)?gpus?\b", re.IGNORECASE, needs=("gpu",))
_COUNTED: Final = regex(
    r"[ \t]*(?:experts?|layers?|heads?|tokens?|gpus?|devices?|nodes?|sequences?|requests?|[mgt]i?b)\b",
    re.IGNORECASE,
)
_INDEXED: Final = regex(
    r"(?:gpu|rank|device|shard|expert|node|layer|stage|head|replica|group|instance)[ \t_#-]?([0-9]+)",
    re.IGNORECASE,
)
_OWN_INDEX: Final = frozenset({"gpu", "rank", "device", "shard", "expert", "node"})
_DEGREE_CONTEXT: Final = regex(
    r"[ \t]?:|[ \t]+(?:within|each|decomposition|collectives?|representation|strategy|parallel|parallelism|"
    r"sharding|sharded|shards|groups|hybrid|configuration|deployment)\b",
    re.IGNORECASE,
)
_WITH: Final = regex(r"\b(?:with|using|at)[ \t]+$", re.IGNORECASE)
_PHASE: Final = regex(r"(?<!(?-i:[A-Za-z]))(prefill|decode)", re.IGNORECASE, needs=("prefill", "decode"))
_WORD: Final = regex(r"[^\W_][^\W_]*")
_REACH: Final = 160  # how many characters before a term on its line are its context


class DegreeTerm(Struct, frozen=True):
    """One degree in a text: the spans of the whole term and of its number; `assigned` if it has a `=` or similar."""

    axis: str
    value: int
    start: int
    end: int
    number_start: int
    number_end: int
    assigned: bool


class DeclaredDegrees(Struct, frozen=True):
    """What a text declares about one phase. `phase` is "prefill" or "decode" if the text names it."""

    terms: tuple[DegreeTerm, ...]
    total: Total | None = None
    phase: str | None = None

    @property
    def several_axes(self) -> bool:
        """Whether it names two axes or more, so that it is a strategy and not one operator's degree."""
        return len(self.terms) > 1

    @property
    def degrees(self) -> Degrees:
        """The degrees; an axis that is not mentioned counts as not named."""
        return Degrees.of({term.axis: term.value for term in self.terms})

    @property
    def start(self) -> int:
        """The offset of its first part."""
        return min(part.start for part in self._parts())

    @property
    def end(self) -> int:
        """The offset after its last part."""
        return max(part.end for part in self._parts())

    def _parts(self) -> list[DegreeTerm | Total]:
        return [*self.terms, *([self.total] if self.total is not None else [])]


def read_degrees(text: str, *, ranks: Collection[str] = ()) -> DeclaredDegrees | None:
    """Return what `text` declares, or None if it declares nothing or several things.

    `text` may contain the escapes of DOT; offsets are those of `text`. `ranks` are the axes by which the file numbers
    ranks (see `rank_axes`): "(TP3)" is then not a degree.
    """
    found = read_declarations(text, ranks=ranks)
    return found[0] if len(found) == 1 else None


def read_declarations(
    text: str, *, ranks: Collection[str] = (), names: Collection[str] = ()
) -> tuple[DeclaredDegrees, ...]:
    """Return everything that `text` declares, one item per phase or contradicting statement, in order.

    `names` are the phases of the strategy; prefill and decode are known without it.
    """
    view = _view(text)
    terms = [each for run in _runs(view) for each in _degrees_of(run, view, ranks)]
    phases = [(match.start(), match[1].lower()) for match in _PHASE.finditer(view)]
    words = [(match.start(), match[0].lower()) for match in _WORD.finditer(view)] if names else []
    phases = sorted({*phases, *(word for word in words if word[1] in names)})
    grouped = _grouped(terms, phases)
    several_axes = any(len(group) > 1 for group in grouped)
    totals = find_totals(view, several_axes=several_axes)
    if not grouped:
        values = {total.value for total in totals}
        return (DeclaredDegrees((), totals[0], _phase_before(phases, totals[0].start)),) if len(values) == 1 else ()
    declared = []
    for index, group in enumerate(grouped):
        start = 0 if index == 0 else group[0].start
        end = grouped[index + 1][0].start if index + 1 < len(grouped) else len(view)
        own = [total for total in totals if start <= total.start < end]
        agreed = own[0] if len({total.value for total in own}) == 1 else None
        declared.append(DeclaredDegrees(tuple(group), agreed, _phase_before(phases, group[0].start)))
    return tuple(declared)


def read_file_name(name: str) -> DeclaredDegrees | None:
    """Return what a file name declares, such as "moe_ep64_tp8.dot"; a single axis counts if it is a whole word."""
    declared = read_degrees(name)
    if declared is not None:
        return declared
    words = [match for match in _TERM.finditer(name) if _is_word(name, match.start(), match.end())]
    terms = [_term(match) for match in words]
    if len(terms) == 1 and 1 < terms[0].value <= MOST_GPUS:
        return DeclaredDegrees((terms[0],))
    return None


def rank_axes(texts: Iterable[str]) -> frozenset[str]:
    """Return the axes by which these texts number ranks: those that occur with 0, as in "TP0" or "EP 0"."""
    return frozenset().union(*map(_zero_axes, texts))


@lru_cache(maxsize=4)  # reading headers asks it for the whole file, once per header
def _zero_axes(text: str) -> frozenset[str]:
    view = _view(text)
    # Most axes end in the same letter. To search a whole file for that takes a tenth of the time of a search for the axes.
    ends = [match.start() + 1 for match in _RANK_ZERO.finditer(view)]
    axes = [_AXIS_BEFORE.search(view, max(0, end - _LONGEST_AXIS), end) for end in ends]
    return frozenset(match[1].lower() for match in axes if match)


_LAST_LETTERS: Final = "".join({axis[-1] + axis[-1].upper() for axis in AXES})
_RANK_ZERO: Final = regex(rf"[{_LAST_LETTERS}][ \t_]?0(?![0-9.])")
_AXIS_BEFORE: Final = regex(rf"{_BEGINS}({_AXIS})\Z", re.IGNORECASE)
_LONGEST_AXIS: Final = max(map(len, AXES))


def _view(text: str) -> str:
    """Return `text` with the line breaks of DOT as such; all offsets stay valid."""
    return _ESCAPE.sub("\n\n", text)


def _term(match: re.Match[str], axis: str | None = None, *, assigned: bool = False) -> DegreeTerm:
    number = match.span("number")
    axis = axis or match["axis"].lower()
    return DegreeTerm(axis, int(match["number"]), match.start(), match.end(), *number, assigned)


def _terms(view: str) -> list[DegreeTerm]:
    """Return everything that looks like an axis with a number, including zeros, in order and without overlap."""
    found: list[DegreeTerm] = []
    for match in _TERM.finditer(view):
        if view[match.start() - 1 : match.start()].isdecimal() and not _goes_on_from(found, match.start()):
            continue
        if match["size"] and not match["op"]:
            continue
        if _number_goes_on(view, match.end()) or (match["op"] == ":" and _COUNTED.match(view, match.end())):
            continue
        found.append(_term(match, assigned=bool(match["op"] or match["open"])))
    low = view.lower()
    for match in _LONG_TERM.finditer(view) if "parallel" in low else ():
        sure = match["op"] or match["size"] or match["noun"]
        if sure and not _number_goes_on(view, match.end()) and not _COUNTED.match(view, match.end()):
            found.append(_term(match, _LONG[match["axis"].lower()], assigned=True))
    for match in _WAY_TERM.finditer(view) if "way" in low else ():
        word = match["axis"].lower()
        found.append(_term(match, _LONG.get(word, word), assigned=True))
    found.sort(key=lambda term: term.start)
    return found


def _goes_on_from(found: list[DegreeTerm], start: int) -> bool:
    return bool(found) and found[-1].end == start


def _number_goes_on(view: str, end: int) -> bool:
    """Return whether the number is only the start of something else: "0.1", "1e-5", "4-7", "4,5,6", "2B"."""
    if _ON.match(view, end) or _LIST_OF_GPUS.match(view, end):
        return False
    return _NUMBER_GOES_ON.match(view, end) is not None


def _is_word(name: str, start: int, end: int) -> bool:
    return not name[start - 1 : start].isalnum() and not name[end : end + 1].isalnum()


def _runs(view: str) -> Iterator[list[DegreeTerm]]:
    """Yield groups of adjacent terms, such as "PP=4, EP=4" or "EP64_TP2"."""
    run: list[DegreeTerm] = []
    for term in _terms(view):
        if run and not _BETWEEN.fullmatch(view, run[-1].end, term.start):
            yield run
            run = []
        run.append(term)
    if run:
        yield run


def _degrees_of(run: list[DegreeTerm], view: str, ranks: Collection[str]) -> list[DegreeTerm]:
    """Return the terms of a run if they are degrees, or none if they are or may be ranks."""
    if any(not 0 < term.value <= MOST_GPUS for term in run):
        return []
    line = _line_before(view, run[0].start)
    indexed = [(match[0].rstrip("0123456789 \t_#-").lower(), int(match[1])) for match in _INDEXED.finditer(line)]
    if len(run) == 1:
        return run if _single_is_degree(run[0], view, line, indexed, ranks) else []
    if all(term.assigned for term in run):
        return run
    values = {term.axis: term.value for term in run}
    if any(values[term.axis] != term.value for term in run):
        return []  # "TP1-TP8" enumerates ranks
    if indexed or max(values.values()) == 1:
        return []
    return run


def _single_is_degree(
    term: DegreeTerm,
    view: str,
    line: str,
    indexed: list[tuple[str, int]],
    ranks: Collection[str],
) -> bool:
    if term.value == 1:
        return False  # "Replica 1 (DP=1)", "Send to PP1": more often a rank, and a degree of 1 carries no information
    if term.assigned:
        return all(number != term.value for _, number in indexed)
    if term.axis in ranks or any(word in _OWN_INDEX for word, _ in indexed):
        return False
    if view[term.start - 1 : term.start] == "(" and view[term.end : term.end + 1] == ")":
        return True
    return bool(_DEGREE_CONTEXT.match(view, term.end) or _WITH.search(line))


def _line_before(view: str, start: int) -> str:
    return view[max(view.rfind("\n", 0, start) + 1, start - _REACH) : start]


def _grouped(terms: list[DegreeTerm], phases: list[tuple[int, str]]) -> list[list[DegreeTerm]]:
    """Group terms by declaration: another phase, or a value that contradicts, starts a new one."""
    groups: list[list[DegreeTerm]] = []
    known: dict[str, int] = {}
    phase: tuple[int, str] | None = None
    for term in terms:
        now = _last_before(phases, term.start)
        if not groups or now != phase or known.get(term.axis, term.value) != term.value:
            groups.append([])
            known = {}
        if term.axis not in known:
            groups[-1].append(term)
            known[term.axis] = term.value
        phase = now
    return groups


def _last_before(phases: list[tuple[int, str]], start: int) -> tuple[int, str] | None:
    """Return the last phase word that starts before `start`."""
    index = bisect_left(phases, (start,))
    return phases[index - 1] if index else None


def _phase_before(phases: list[tuple[int, str]], start: int) -> str | None:
    last = _last_before(phases, start)
    return last[1] if last is not None else None
