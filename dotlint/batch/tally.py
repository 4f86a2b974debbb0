"""Count what a run found: by verdict, by rule, and by the values of a label column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

_MOST_LABELS = 1000
# While rows are counted; with more labels than twice this, the counts of rare ones are too small.
_COUNTED = 10_000
_LONGEST_LABEL = 200
OTHER_LABELS = "(other)"


class Tally(Struct):
    """The counts of some rows.

    `verdicts`, `rules` (rows with a finding of the rule) and `findings` (findings of the rule) count by name; `errors`
    are rows that could not be handled. `bytes` is the size of the texts, `seconds` how long one process took. `labels`
    has the counts for each value of the label column.
    """

    rows: int = 0
    errors: int = 0
    bytes: int = 0
    seconds: float = 0.0
    verdicts: dict[str, int] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)
    findings: dict[str, int] = field(default_factory=dict)
    labels: dict[str, Tally] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Add the counts of other rows."""
        self.rows += other.rows
        self.errors += other.errors
        self.bytes += other.bytes
        self.seconds += other.seconds
        for mine, theirs in (
            (self.verdicts, other.verdicts),
            (self.rules, other.rules),
            (self.findings, other.findings),
        ):
            _add(mine, theirs)
        for label, tally in other.labels.items():
            self.labels.setdefault(label, Tally()).add(tally)
        if len(self.labels) > 2 * _COUNTED:
            self.labels = self.largest(_COUNTED).labels

    def largest(self, most: int = _MOST_LABELS) -> Tally:
        """Return the counts with the `most` labels that have most rows, and one label for all others."""
        ranked = sorted(self.labels.items(), key=lambda pair: (pair[0] == OTHER_LABELS, -pair[1].rows, pair[0]))
        labels, others = dict(ranked[:most]), Tally()
        for _, tally in ranked[most:]:
            others.add(tally)
        return replace(self, labels={**labels, OTHER_LABELS: others} if others.rows else labels)


def tally_of(table: pa.Table, *, dot: str, prefix: str, label: str | None) -> Tally:
    """Count the rows of a linted table."""
    import pyarrow as pa  # noqa: PLC0415 - the summary needs no pyarrow
    import pyarrow.compute as pc  # noqa: PLC0415

    whole = Tally()
    labels = table.column(label).to_pylist() if label else [None] * table.num_rows
    sizes = pc.fill_null(pc.binary_length(table.column(dot).cast(pa.large_binary())), 0).to_pylist()
    columns = (table.column(prefix + name).to_pylist() for name in ("verdict", "error", "rules"))
    for value, size, verdict, error, rules in zip(labels, sizes, *columns, strict=True):
        row = _row(verdict, error, dict(rules or ()), size)
        if label:
            row.labels[_label(value)] = _row(verdict, error, dict(rules or ()), size)
        whole.add(row)
    return whole


def _label(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_LABEL else f"{text[:_LONGEST_LABEL]}…"


def _row(verdict: str | None, error: str | None, rules: Mapping[str, int], size: int) -> Tally:
    return Tally(
        rows=1,
        errors=int(error is not None),
        bytes=size,
        verdicts={verdict or "none": 1},
        rules=dict.fromkeys(rules, 1),
        findings=dict(rules),
    )


def _add(counts: dict[str, int], more: Mapping[str, int]) -> None:
    for name, number in more.items():
        counts[name] = counts.get(name, 0) + number
