"""The `operators.toml` of a folder with custom rules: what it adds, and what is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import dotlint
from dotlint.deployment.tensors.table_mistakes import operator_mistakes
from tests.dsl import digraph, node

DIMS = "[batch=2, seq=256, hidden=1024]"
ROOT = Path(__file__).parents[2]


def test_an_entry_states_what_a_role_of_the_folder_does(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.toml").write_text(
        '[[role]]\nname = "gossip"\nkind = "communication"\nphrases = ["gossip round"]\n'
    )
    text = digraph(
        node("x", "Input", "0-1", output_dims=DIMS),
        *(node(f"{name}_{i}", title, str(i), DIMS, DIMS) for i in (0, 1) for name, title in (
            ("up", "MLP up (column-parallel)"), ("down", "MLP down (row-parallel)"))),
        node("mix", "Gossip round", "0-1", DIMS, DIMS),
        node("norm", "LayerNorm", "0-1", DIMS, DIMS),
        node("y", "Output", "0-1", DIMS),
        "x -> {up_0 up_1}; up_0 -> down_0 -> mix; up_1 -> down_1 -> mix -> norm -> y",
    )  # fmt: skip
    assert not dotlint.check(text, select=["F001"], rules=tmp_path).findings
    (tmp_path / "operators.toml").write_text('[operators.gossip]\ngives = "same"\n')
    (finding,) = dotlint.check(text, select=["F001"], rules=tmp_path).findings
    assert "`norm` takes the partial sums of `mix`" in finding.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[operators.nrm]\ngives = "same"', "[operators.nrm]: there is no role `nrm`; did you mean `norm`?"),
        ('[operators.norm]\ngive = "same"', "[operators.norm]: `give` is not a key; did you mean `gives`?"),
        (
            '[operators.norm]\ngives = { replicat = "same" }',
            "[operators.norm]: `gives` has the unknown placement `replicat`; did you mean `replicate`?",
        ),
        (
            '[operators.norm]\njoins = "added"',
            "[operators.norm]: `joins` cannot be `added`; use one of first, alike, product, attention",
        ),
        (
            '[operators.norm]\npayload = { gives = "hidden" }',
            '[operators.norm]: `payload.gives` must be a list, such as ["hidden"]',
        ),
        ('[operators.norm]\nweights = "yes"', "[operators.norm]: `weights` must be true or false"),
        ('[operators]\nnorm = "same"', "[operators.norm]: the entry must be a table with keys out of gives,"),
        ('[[statements]]\nphrases = ["x"]', "[[statements]] number 1: `gives` is missing; write a list"),
        ("[operators.norm\n", "Expected ']' at the end of a table declaration"),
    ],
)
def test_a_mistake_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "operators.toml"
    path.write_text(text)
    with pytest.raises(dotlint.DotlintError) as error:
        dotlint.check("digraph { a }", rules=tmp_path)
    assert str(error.value).startswith(f"{path}: {message}")
    assert "\n" not in str(error.value)


def test_the_entries_of_dotlint_have_no_mistakes() -> None:
    vocabulary, operators = (
        tomllib.loads((ROOT / f"rules/{name}.toml").read_text("utf-8")) for name in ("vocabulary", "operators")
    )
    assert not list(operator_mistakes(operators, [role["name"] for role in vocabulary["role"]]))
