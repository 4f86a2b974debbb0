"""The outcomes of checks: findings, passed items and skipped items."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads what the cache kept by these types
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field
from msgspec.structs import force_setattr

from dotlint.deployment.unit import Unit  # noqa: TC001 - as above
from dotlint.text.display import short_repr

if TYPE_CHECKING:
    from collections.abc import Sequence

Severity = Literal["error", "warning", "info"]
Applicability = Literal["safe", "unsafe"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

Pair = tuple[str, str]


class Related(Struct, frozen=True):
    """Another span that explains a finding; offsets in code points, `end` exclusive."""

    message: str
    start: int
    end: int

    def __repr__(self) -> str:
        return f"Related({short_repr(self.message, 100)}, {self.start}, {self.end})"


class Location(Struct, frozen=True, repr_omit_defaults=True):
    """A statement that a finding is about, or the part of it that is wrong; offsets in code points, `end` exclusive.

    `node` is the node that it declares, if the finding is about a node. `fingerprint` is set at the end of a run.
    """

    start: int
    end: int
    node: str | None = None
    fingerprint: str | None = None

    @property
    def key(self) -> LocationKey:
        """What distinguishes it from other locations of the same rule in the file."""
        return self.start, self.end, self.node


LocationKey = tuple[int, int, str | None]


class Edit(Struct, frozen=True):
    """The replacement of the code points from `start` to `end` by `text`."""

    start: int
    end: int
    text: str

    def __repr__(self) -> str:
        return f"Edit({self.start}, {self.end}, {short_repr(self.text)})"


class Fix(Struct, frozen=True):
    """Edits that fix a finding, and whether they certainly (`safe`) or only probably (`unsafe`) match the author's intent.

    `title` describes them in the imperative: "Add the 18 missing edges of stage 2".
    """

    applicability: Applicability
    edits: tuple[Edit, ...]
    title: str = ""

    def __repr__(self) -> str:
        return f"Fix({self.applicability!r}, {short_repr(self.title, 80)}, {len(self.edits)} edits)"


def combined_fix(fixes: Sequence[Fix]) -> Fix | None:
    """Return one fix with the edits of all; None if two of them change the same text in different ways."""
    edits = sorted({edit for fix in fixes for edit in fix.edits}, key=lambda edit: (edit.start, edit.end))
    if not edits or any(one.end > two.start for one, two in pairwise(edits)):
        return None
    more = len(fixes) - 1
    title = f"{fixes[0].title}, and {more} more in the same way" if more else fixes[0].title
    unsafe = any(fix.applicability == "unsafe" for fix in fixes)
    return Fix("unsafe" if unsafe else "safe", tuple(edits), title)


class NameList(Struct, frozen=True):
    """Names under a label, as in `14 operators: norm2, qkv2`, and what follows them; `edges` are names of both ends."""

    label: str
    names: tuple[str, ...] = ()
    edges: tuple[Pair, ...] = ()
    end: str = ""


class Listing(Struct, frozen=True):
    """A titled list that a report shows under a finding, such as the missing edges of one stage.

    `lines` can be pasted into the file if `paste` is true, and `names` are further ones that a report folds; `note` is
    printed next to the title.
    """

    title: str
    lines: tuple[str, ...]
    note: str = ""
    paste: bool = False
    names: tuple[NameList, ...] = ()


class Finding(Struct, frozen=True):
    """One problem, at `start` to `end` of the text (code points, `end` exclusive); `check` is the name of the check.

    `nodes` are the nodes that it is about. `missing_edges` connect existing nodes; `planned_edges` also connect
    `missing_nodes`, which a fix adds. `caused_by` has the indices of the findings whose fixes also fix this one.
    `fixable` is the applicability of its fix, known before `fix` is computed. `fingerprint` is set at the end of a run
    and does not depend on line numbers. `other_file` is another file of the deployment that the finding is about, in
    which the fix may belong. `about` is the unit that it is about, `unit` the title of that unit in version 0.1.0, a
    part of the fingerprint. `data` is what the check found out for the fix, a struct declared next to the check; a
    slim result has none. `locations` has every statement that the finding is about, first the one at `start`; a
    finding about something missing has one location. `slip` distinguishes the mistakes of a rule that has several.
    `parts` are the findings of the units that it was merged from, which its fix is computed from. `remedy` is what
    to do about it; `suggestion` is what the author may have meant, as messages name it: "`red`". `no_fix` is why there
    is no automatic fix, if the rule has one.
    """

    code: str
    name: str
    severity: Severity
    message: str
    start: int
    end: int
    section: str
    nodes: tuple[str, ...] = ()
    missing_edges: tuple[Pair, ...] = ()
    missing_nodes: tuple[str, ...] = ()
    planned_edges: tuple[Pair, ...] = ()
    related: tuple[Related, ...] = ()
    graph: int = 0
    caused_by: tuple[int, ...] = ()
    remedy: str | None = None
    note: str | None = None
    path: tuple[str, ...] = ()
    unit: str | None = None
    about: Unit | None = None
    check: str = ""
    data: Struct | None = None
    fixable: Applicability | None = None
    fix: Fix | None = None
    listings: tuple[Listing, ...] = ()
    edge_attributes: Mapping[Pair, str] = field(default_factory=dict)
    fingerprint: str | None = None
    other_file: str | None = None
    locations: tuple[Location, ...] = ()
    slip: str = ""
    parts: tuple[Finding, ...] = ()
    suggestion: str | None = None
    no_fix: str | None = None

    @property
    def pattern(self) -> str:
        """The message with its unit masked: equal for findings that differ only in the unit."""
        return self.message.replace(str(self.about), "\0", 1) if self.about is not None else self.message

    @property
    def help(self) -> str | None:
        """The remedy, with the reason why there is no automatic fix."""
        why = f"no automatic fix: {self.no_fix}" if self.no_fix else None
        return f"{self.remedy} ({why})" if self.remedy and why else self.remedy or why

    def __post_init__(self) -> None:
        if not self.locations:
            node = self.nodes[0] if len(self.nodes) == 1 else None
            force_setattr(self, "locations", (Location(self.start, self.end, node),))


class Holds(Struct, frozen=True):
    """A passed item: `subject` was checked, `text` has the figures, as in `GPUs: stages 0-15, 16-31`.

    `code` is the code of the rule and `graph` the index of the graph; the run sets both. `about` is the unit that it is
    about, and `details` are the parts of the text that a summary of this unit repeats.
    """

    section: str
    subject: str
    text: str
    code: str = ""
    graph: int = 0
    about: Unit | None = None
    details: tuple[str, ...] = ()


class Undecided(Struct, frozen=True):
    """A skipped item: `subject` was not checked, `needs` is the missing information; `code` and `graph` as in `Holds`."""

    section: str
    subject: str
    needs: str
    code: str = ""
    graph: int = 0


Outcome = Finding | Holds | Undecided
