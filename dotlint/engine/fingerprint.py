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

    Two findings that are alike in rule, unit and statement are told apart by their order.
    """
    findings = list(findings)
    if not findings:
        return findings
    statements = Statements(document)
    seen: Counter[str] = Counter()
    filled: list[Finding] = []
    for finding in findings:
        parts = [finding.code, finding.unit or "", statements.normal_at(finding.start)]
        key = "\0".join(parts)
        seen[key] += 1
        told = f"{key}\0{seen[key]}".encode("utf-8", "surrogatepass")
        filled.append(replace(finding, fingerprint=blake2b(told, digest_size=16).hexdigest()))
    return filled
