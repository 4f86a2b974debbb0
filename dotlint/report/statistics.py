"""`--statistics`: the number of findings per rule, each location counted."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from dotlint.text.display import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.engine.result import FileResult


def render(results: Sequence[FileResult], *, form: str) -> str:
    """Return a line for each rule, the most frequent first: locations, code, `[*]` if a fix is safe, name, files.

    If `form` is `json`, return a JSON array, with the number of findings as well.
    """
    locations: Counter[tuple[str, str]] = Counter()
    findings: Counter[tuple[str, str]] = Counter()
    files: Counter[tuple[str, str]] = Counter()
    fixable: Counter[tuple[str, str]] = Counter()
    for result in results:
        keys = [(finding.code, finding.name) for finding in result.findings]
        findings.update(keys)
        for finding in result.findings:
            locations[finding.code, finding.name] += len(finding.locations)
        files.update(set(keys))
        fixable.update((f.code, f.name) for f in result.findings if f.fixable == "safe" and not f.caused_by)
    ordered = sorted(locations, key=lambda key: (-locations[key], key))
    if form == "json":
        rows = [
            {
                "code": key[0],
                "name": key[1],
                "locations": locations[key],
                "findings": findings[key],
                "files": files[key],
                "safe_fixes": fixable[key],
            }
            for key in ordered
        ]
        return json.dumps(rows, ensure_ascii=True, indent=2) + "\n"
    wide = len(str(max(locations.values(), default=0)))
    lines = []
    for key in ordered:
        mark = "[*]" if fixable[key] else "[ ]"
        files_of_rule = f"{files[key]} file" + ("" if files[key] == 1 else "s")
        lines.append(f"{locations[key]:>{wide}}  {visible(key[0])} {mark} {visible(key[1])} ({files_of_rule})")
    return "".join(line + "\n" for line in lines)
