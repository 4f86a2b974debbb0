"""What a run says: findings, what holds, and what could not be decided."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads what the cache kept by these types
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import force_setattr

from dotlint.deployment.unit import Unit  # noqa: TC001 - as above

Severity = Literal["error", "warning", "info"]
Applicability = Literal["safe", "unsafe"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

Pair = tuple[str, str]


class Related(Struct, frozen=True):
    """Another place that explains a finding; offsets in code points, `end` exclusive."""

    message: str
    start: int
    end: int


class Location(Struct, frozen=True):
    """A statement that a finding is about, or the part of it that is wrong; offsets in code points, `end` exclusive.

    `node` is the node it declares, where the finding is about a node. `fingerprint` is filled in at the end of a run.
    """

    start: int
    end: int
    node: str | None = None
    fingerprint: str | None = None

    @property
    def key(self) -> LocationKey:
        """What tells it from the other locations of a rule in one file."""
        return self.start, self.end, self.node


LocationKey = tuple[int, int, str | None]


class Edit(Struct, frozen=True):
    """Replace the code points from `start` to `end` by `text`."""

    start: int
    end: int
    text: str


class Fix(Struct, frozen=True):
    """Edits that fix a finding, and whether the author's meaning is certain (`safe`) or guessed (`unsafe`).

    `title` says in the imperative what they do: "Add the 18 missing edges of stage 2".
    """

    applicability: Applicability
    edits: tuple[Edit, ...]
    title: str = ""


class Listing(Struct, frozen=True):
    """A titled list that a report shows under a finding, such as the missing edges of one stage.

    `lines` can be pasted into the file where `paste` is true; `note` is said beside the title.
    """

    title: str
    lines: tuple[str, ...]
    note: str = ""
    paste: bool = False


class Finding(Struct, frozen=True):
    """One problem, at `start` to `end` of the text; `check` is the name of the check that found it.

    `nodes` are the nodes it speaks of; `missing_edges` would join nodes that exist, `planned_edges` those that
    `missing_nodes` still has to add. `caused_by` are indices of the findings whose repair repairs this one too.
    `fixable` says how safe a repair by machine is, also before its edits are worked out. `fingerprint` is filled in at
    the end of a run: what stays the same when lines move. `other_file` is set where it speaks of another file of the
    deployment too: repairing that one may be the remedy. `about` is the unit that it is about, `unit` its title as
    0.1.0 wrote it, a part of the fingerprint. `data` is what the check knows that the rule's fix needs, a struct declared
    beside the check; a slim result has none. `locations` has every statement it
    is about, first the one at `start`; what is absent has one location, where the finding stands.
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
    help: str | None = None
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

    def __post_init__(self) -> None:
        if not self.locations:
            node = self.nodes[0] if len(self.nodes) == 1 else None
            force_setattr(self, "locations", (Location(self.start, self.end, node),))


class Holds(Struct, frozen=True):
    """Something that was checked and is as it should be, with its figures: `GPUs: stages 0-15, 16-31`.

    `code` is the rule's that checked it and `graph` the index of its graph; the run fills them in.
    """

    section: str
    subject: str
    text: str
    code: str = ""
    graph: int = 0


class Undecided(Struct, frozen=True):
    """Something that could not be checked, and what it would need; `code` and `graph` as of what holds."""

    section: str
    subject: str
    needs: str
    code: str = ""
    graph: int = 0


Outcome = Finding | Holds | Undecided
