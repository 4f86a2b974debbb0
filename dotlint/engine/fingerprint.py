"""Fingerprints: what identifies a finding when its line changes, its rule, unit and normalized statement."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.engine.statements import Statements

try:  # as in `random`: hashlib loads OpenSSL, which takes longer than computing all fingerprints
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.engine.finding import Finding
    from dotlint.graph.document import Document

_LONG = 256  # characters of a statement that is hashed once, however many findings it has


def with_fingerprints(findings: Iterable[Finding], document: Document) -> list[Finding]:
    """Set `fingerprint`: 32 hexadecimal digits, unique in the file and independent of changes elsewhere in it.

    Findings with the same rule, unit and statement are numbered in their order. The first location of a finding has
    the fingerprint of the finding; the other locations have fingerprints of their own, computed the same way.
    """
    findings = list(findings)
    if not findings:
        return findings
    statements = Statements(document)
    seen: Counter[bytes] = Counter()
    states: dict[tuple[str, str, str], blake2b] = {}

    def fingerprint(finding: Finding, at: int, *kind: str) -> str:
        key = finding.code, finding.unit or "", statements.normal_at(at)
        state = states.get(key)
        if state is None:
            state = blake2b("\0".join(key).encode("utf-8", "surrogatepass"), digest_size=16)
            if len(key[-1]) > _LONG:
                states[key] = state
        state = state.copy()
        state.update("".join(f"\0{part}" for part in kind).encode())
        counted = state.digest()
        seen[counted] += 1
        state.update(f"\0{seen[counted]}".encode())
        return state.hexdigest()

    filled: list[Finding] = []
    for finding in findings:
        own = fingerprint(finding, finding.start)
        first, *others = finding.locations
        locations = [replace(first, fingerprint=own)]
        locations += [replace(one, fingerprint=fingerprint(finding, one.start, "location")) for one in others]
        filled.append(replace(finding, fingerprint=own, locations=tuple(locations)))
    return filled
