"""What of a finding stays when lines move: the rule, the unit and the statement that it stands at."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.engine.statements import Statements

try:  # as `random` does it: hashlib loads OpenSSL, which takes longer than all the rest of this
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.engine.finding import Finding
    from dotlint.graph.document import Document


def with_fingerprints(findings: Iterable[Finding], document: Document) -> list[Finding]:
    """Fill `fingerprint`: 32 hexadecimal digits, each once a file, that no change elsewhere in it changes.

    Two findings that are alike in rule, unit and statement are told apart by their order. The first location of a
    finding has the fingerprint of the finding, each other one its own, made in the same way.
    """
    findings = list(findings)
    if not findings:
        return findings
    statements = Statements(document)
    seen: Counter[str] = Counter()

    def fingerprint(finding: Finding, at: int, *kind: str) -> str:
        key = "\0".join([finding.code, finding.unit or "", statements.normal_at(at), *kind])
        seen[key] += 1
        text = f"{key}\0{seen[key]}".encode("utf-8", "surrogatepass")
        return blake2b(text, digest_size=16).hexdigest()

    filled: list[Finding] = []
    for finding in findings:
        own = fingerprint(finding, finding.start)
        first, *others = finding.locations
        locations = [replace(first, fingerprint=own)]
        locations += [replace(one, fingerprint=fingerprint(finding, one.start, "location")) for one in others]
        filled.append(replace(finding, fingerprint=own, locations=tuple(locations)))
    return filled
