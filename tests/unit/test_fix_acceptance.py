"""Objections to a fix, from the texts before and after it."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import pytest

from dotlint.edits.apply import Taken, apply_edits
from dotlint.edits.compose import compose
from dotlint.engine.finding import Edit, Finding, Fix
from dotlint.engine.own_cards import by_code
from dotlint.files.atomic import write_atomically
from dotlint.pipeline.acceptance import objection
from dotlint.pipeline.lint import lint
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from pathlib import Path

    from dotlint.engine.finding import Applicability


def objection_reason(
    old: str, new: str, code: str, applicability: Applicability = "unsafe", edits: tuple[Edit, ...] = ()
) -> str | None:
    finding = Finding(code, "x", "warning", "m", 0, 0, RULES[code].section, fix=Fix(applicability, edits))
    found = objection(lint(Source.from_text(old)), lint(Source.from_text(new)), [finding])
    return found.reason if found else None


RULES = by_code(())
PAIR = "digraph {\n  a -> b // c\n}\n"


@pytest.mark.parametrize(
    ("old", "new", "code", "applicability", "why"),
    [
        (PAIR, PAIR, "G003", "safe", None),
        # syntax
        (PAIR, "digraph {\n  a -> b // c\n", "G003", "unsafe", "it would leave a syntax error, E002"),
        ("digraph { a -> b", "digraph { a -> b ", "E002", "safe", "the syntax error would remain"),
        ("digraph { a -> b", "digraph { a -> b }", "E002", "safe", None),
        ("digraph { a -> b } }\n", "digraph { a -> b\n", "E011", "safe", "it would leave a syntax error, E002"),
        # comments
        (PAIR, "digraph {\n  a -> b\n}\n", "G003", "safe", "it would remove the comment `// c`"),
        (PAIR, "digraph {\n  a -> b // d\n}\n", "G003", "safe", "it would remove the comment `// c`"),
        ("digraph { /*x*/ a /*x*/ -> b }", "digraph { /*x*/ a -> b }", "G003", "safe", "it would remove the comment `/*x*/`"),
        ("digraph { a -> b // c\n", "digraph { a -> b }\n", "E002", "safe", "it would remove the comment `// c`"),
        ("digraph { a -> b // c\n", "digraph { a -> b # c // c\n }\n", "E002", "safe", None),
        ("digraph { a [color=#abc];\n}\n", 'digraph { a [color="#abc"];\n}\n', "E008", "unsafe", None),
        # graphs, nodes and edges
        ("digraph { a -> b }\ndigraph { c -> d }", "digraph { a -> b }\n", "G003", "unsafe", "it would remove a graph"),
        (PAIR, PAIR.replace("->", "-> x ->"), "G003", "safe", "it would add the node `x`"),
        ("digraph { a -> b; c }", "digraph { a -> b }", "G003", "unsafe", "it would remove the node `c`"),
        ("digraph { a -> b; c }", "digraph { a -> b }", "N004", "unsafe", None),
        ("digraph { a -> b -> c; a -> c }", "digraph { a -> b -> c }", "G003", "unsafe", "it would remove the edge `a -> c`"),
        ("digraph { a -> b; a -> b }", "digraph { a -> b }", "G003", "unsafe", "it would remove the edge `a -> b`"),
        ("digraph { a -> b; a -> b }", "digraph { a -> b }", "N004", "safe", None),
        # an edge that leads through new nodes instead
        ("digraph { a -> b }", "digraph { a -> x -> y -> b }", "S003", "unsafe", None),
        ("digraph { a -> b }", "digraph { a -> x -> y -> b }", "T001", "unsafe", "it would remove the edge `a -> b`"),
        ("digraph { a -> b; c }", "digraph { a -> c -> b }", "S003", "unsafe", "it would remove the edge `a -> b`"),
        ("digraph { a -> b }", "digraph { a -> x; y -> b }", "S003", "unsafe", "it would remove the edge `a -> b`"),
        # attributes and clusters
        ("digraph { a -> b }", "digraph { a [color=red]; a -> b }", "S001", "safe", "it would change attributes of `a`"),
        ("digraph { a -> b }", "digraph { a [color=red]; a -> b }", "V002", "safe", None),
        ("digraph { a -> b }", "digraph { subgraph s { a } a -> b }", "T001", "safe", "it would move `a` into another cluster"),
        ("digraph { a -> b }", "digraph { { a } -> b }", "T001", "safe", None),
        ("digraph { a -> b }", "digraph { { color=red; a } -> b }", "T001", "safe", "it would move `a` into another cluster"),
        # cycles
        ("digraph { a -> b }", "digraph { a -> b -> a }", "T001", "unsafe", "it would close a cycle through "),
        ("digraph { a -> b -> a; c }", "digraph { a -> b -> a -> c }", "T001", "unsafe", None),
        ("graph { a -- b }", "graph { a -- b -- c -- a }", "T001", "unsafe", None),
        ("digraph { a -> b } digraph { c -> d }", "digraph { a -> b } digraph { c -> d -> c }", "T001", "unsafe",
         "it would close a cycle through "),
    ],
)  # fmt: skip
def test_objections(old: str, new: str, code: str, applicability: Applicability, why: str | None) -> None:
    found = objection_reason(old, new, code, applicability)
    if why is None:
        assert found is None
    else:
        assert found is not None
        assert found.startswith(why)


def test_a_fix_may_remove_the_comment_that_it_is_about() -> None:
    text = "digraph {\n  a -> b // dotlint: ignore[N006]\n}\n"
    start = text.index("//")
    edit = (Edit(start - 1, text.index("\n", start), ""),)
    assert objection_reason(text, apply_edits(text, edit), "X002", "safe", edit) is None
    assert objection_reason(text, apply_edits(text, edit), "G003", "safe", edit) is not None
    beside = (Edit(0, 0, ""),)
    assert objection_reason(text, apply_edits(text, edit), "X002", "safe", beside) is not None


def test_successive_edits_are_composed() -> None:
    text = "0123456789"
    spans = [(start, end) for start in range(1, 9) for end in (start, start + 1, start + 2) if end < 10]
    for (a, b), (c, d) in itertools.combinations(spans, 2):
        if b >= c:
            continue  # they do not touch
        for one, two in (("", "x"), ("xy", ""), ("xyz", "uvwxyz")):
            first = [Edit(a, b, one), Edit(c, d, two)]
            changed = apply_edits(text, first)
            for at in range(len(changed) + 1):
                second = [Edit(at, at, "+"), Edit(at, at, "-")] if at % 3 else [Edit(at, at, "+")]
                both = compose(first, second)
                assert apply_edits(text, both) == apply_edits(changed, second), (first, second)
                assert len(both) <= 2 + len(second)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((2, 4), (4, 6), True),
        ((2, 4), (5, 6), False),
        ((5, 6), (2, 4), False),
        ((4, 6), (2, 4), True),
        ((3, 3), (3, 3), True),
        ((3, 3), (4, 4), False),
        ((1, 9), (4, 5), True),
    ],
)
def test_adjoining_edits_touch(one: tuple[int, int], other: tuple[int, int], expected: bool) -> None:
    taken = Taken()
    assert not taken.touches([Edit(*one, "")])
    taken.add([Edit(20, 21, ""), Edit(*other, "")])
    assert taken.touches([Edit(*one, "")]) is expected


def test_overlapping_edits_raise() -> None:
    with pytest.raises(ValueError, match="overlap at offset 3"):
        apply_edits("012345", [Edit(1, 4, ""), Edit(3, 5, "")])
    assert apply_edits("012345", [Edit(4, 4, "b"), Edit(4, 4, "c"), Edit(1, 4, "a")]) == "0abc45"


def test_the_group_is_kept_if_the_owner_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.dot"
    path.write_bytes(b"old")
    before, tried = path.stat(), []

    def refuse(_: int, owner: int, group: int) -> None:
        tried.append((owner, group))
        if owner >= 0:
            raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    write_atomically(path, b"new")
    assert tried == [(before.st_uid, before.st_gid), (-1, before.st_gid)]
    assert path.read_bytes() == b"new"
