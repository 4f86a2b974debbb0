"""The findings of a result and the existing rules, as messages for the server process."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from dotlint.report.links import page
from dotlint.server.messages import FindingInfo, RuleInfo, Rules, Suppressions
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.finding import Edit, Finding
    from dotlint.server.suppress_actions import Edits


def finding_infos(findings: Iterable[Finding]) -> tuple[FindingInfo, ...]:
    """Return the parts of findings that an editor needs."""
    return tuple(
        FindingInfo(
            code=finding.code,
            name=finding.name,
            severity=finding.severity,
            message=one_line(finding.message, 2000),
            start=finding.start,
            end=finding.end,
            help=one_line(finding.help, 2000) if finding.help else None,
            note=one_line(finding.note, 2000) if finding.note else None,
            related=tuple((one_line(one.message), one.start, one.end) for one in finding.related),
            caused_by=finding.caused_by,
            fix=finding.fix,
            locations=tuple((at.start, at.end) for at in finding.locations),
        )
        for finding in findings
    )


def suppression_edits(edits: Iterable[Edits]) -> Suppressions:
    """Return the edits that suppress each finding as a message."""
    here: list[tuple[Edit | None, ...]] = []
    everywhere: list[Edit | None] = []
    for at_locations, in_file in edits:
        here.append(tuple(at_locations))
        everywhere.append(in_file)
    return Suppressions(tuple(here), tuple(everywhere))


def rules_unless_known(cards: Sequence[Card], known: int) -> Rules | None:
    """Return all existing rules with the key of this set; None if the server process knows the set with this key."""
    key = crc32("\n".join(f"{c.code} {c.name} {c.severity} {c.summary} {c.why}" for c in cards).encode()) | 1
    return None if key == known else Rules(key, {card.code: _rule_info(card) for card in cards})


def _rule_info(card: Card) -> RuleInfo:
    example = next((one for one in card.examples if one.bad), None)
    return RuleInfo(
        code=card.code,
        names=card.names,
        summary=card.summary,
        why=card.why,
        severity=card.severity,
        fix=card.fix,
        bad=example.bad if example else None,
        fixed=example.fixed if example else None,
        address=page(card.code, card.name),
        tag=card.editor_tag,
        suppressible=card.suppressible != "never",
    )
