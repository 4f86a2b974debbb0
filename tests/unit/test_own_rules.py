"""Rules of one's own: cards with parameters, a vocabulary, and a Python plugin."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dotlint.config.configurations import Configurations
from dotlint.config.model import Overrides
from dotlint.engine.card import CardError
from dotlint.errors import DotlintError
from dotlint.pipeline.lint import lint
from dotlint.registry.plugins import PluginError, find_plugin
from dotlint.registry.rules import all_cards
from dotlint.registry.scaffold import card_text
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.plugin import Card, Context, Finding

PLUGIN = Path(__file__).parent.parent / "fixtures" / "plugin"
CARD = """
code = "ACME001"
name = "own-rule"
summary = "a rule of one's own"
check = "{check}"
severity = "warning"
section = "attributes"
why = "To show it."
[parameters]
{parameters}
"""


def found(tmp_path: Path, check: str, parameters: str, text: str) -> list[Finding]:
    (tmp_path / "own.toml").write_text(CARD.format(check=check, parameters=parameters))
    settings = Configurations(Overrides(rules=(tmp_path,), select=("ACME001",)), isolated=True).settings("a.dot")
    return lint(Source.from_text(text, "a.dot"), settings).findings


@pytest.mark.parametrize(
    ("check", "parameters", "text", "messages"),
    [
        ("attribute-required", 'attributes = ["label"]', "digraph { a; b [label=x] }", ["`a` lacks `label`"]),
        ("attribute-required", 'attributes = ["label"]', "digraph { node [label=x] a }", []),
        (
            "attribute-required",
            'attributes = ["label", "shape"]\nnames = "op_.*"',
            "digraph { a; op_1 [label=x]; op_2 }",
            ["2 nodes of `op_#` lack `label` or `shape`"],
        ),
        (
            "attribute-required",
            'attributes = ["label"]\npattern = "(?i).*gpu.*"',
            'digraph { a [label="GPU 1"]; b [label="x"] }',
            ["`b` has no `label` that matches `(?i).*gpu.*`"],
        ),
        (
            "attribute-required",
            'attributes = ["style"]\nelement = "edge"',
            "digraph { a -> b [style=dashed]; b -> c }",
            ["the edge `b` -> `c` lacks `style`"],
        ),
        ("attribute-required", 'attributes = ["rankdir"]\nelement = "graph"', "digraph G { a }", ["the graph lacks `rankdir`"]),
        (
            "attribute-required",
            'attributes = ["label"]\nelement = "cluster"',
            "digraph { subgraph cluster_0 { a } subgraph cluster_1 { b } subgraph s { c } }",
            ["2 clusters lack `label`"],
        ),
        ("id-matches", 'pattern = "[a-z_0-9]+"', "digraph { a_1; B2 }", ["`B2` has a name that does not match `[a-z_0-9]+`"]),
        (
            "id-matches",
            'pattern = "cluster_[a-z]+"\nelement = "cluster"',
            "digraph { subgraph cluster_a { a } subgraph cluster1 { b } }",
            ["cluster `cluster1` has a name that does not match `cluster_[a-z]+`"],
        ),
        ("id-matches", 'pattern = "[A-Z].*"\nelement = "graph"', "digraph g { a }", ["the graph `g` has a name that does not match `[A-Z].*`"]),
        ("id-matches", 'pattern = "[A-Z].*"\nelement = "graph"', "digraph { a }", []),
        (
            "role-shape",
            'shapes = ["ellipse"]\nroles = ["all-reduce"]',
            'digraph { a [label="All-Reduce" shape=box]; b [label="Attention" shape=box] }',
            ["`a` is drawn as box, not as ellipse"],
        ),
        ("degree-between", 'most = 1\ndirection = "out"', "digraph { a -> b; a -> c }", ["`a` has 2 outgoing edges, not at most 1"]),
        ("degree-between", "least = 1\nmost = 2", "digraph { a -> b; c }", ["`c` has 0 edges, not 1 to 2"]),
        ("degree-between", 'least = 1\ndirection = "in"\nnames = "b|c"', "digraph { a -> b; c }", ["`c` has 0 incoming edges, not at least 1"]),
    ],
)  # fmt: skip
def test_checks_with_parameters(tmp_path: Path, check: str, parameters: str, text: str, messages: list[str]) -> None:
    assert [finding.message for finding in found(tmp_path, check, parameters, text)] == messages


def test_one_finding_a_unit(tmp_path: Path) -> None:
    nodes = "".join(
        f'  s{stage}_op{i} [label="Attention\\nStage {stage}\\nGPU: {stage}"]\n' for stage in (0, 1) for i in range(4)
    )
    findings = found(tmp_path, "attribute-required", 'attributes = ["tooltip"]', f"digraph {{\n{nodes}}}\n")
    assert sum(len(finding.nodes) for finding in findings) == 8
    assert len(findings) <= 2


@pytest.mark.parametrize(
    ("check", "parameters", "told"),
    [
        ("attribute-require", 'attributes = ["label"]', "unknown check `attribute-require`; did you mean `attribute-required`?"),
        ("attribute-required", "", "needs the parameter `attributes`"),
        ("attribute-required", 'attributs = ["label"]', "has no parameter `attributs`; did you mean `attributes`?"),
        ("attribute-required", 'attributes = "label"', "`attributes` must be a list of strings"),
        ("attribute-required", "attributes = []", "`attributes` must be a list of strings"),
        ("attribute-required", 'attributes = ["label"]\nelement = "nodes"', "not `nodes`; did you mean `node`?"),
        ("id-matches", 'pattern = "(a"', "`(` is never closed"),
        ("id-matches", 'pattern = "a"\nroles = ["all-redce"]', "no role `all-redce`; did you mean `all-reduce`?"),
        ("role-shape", 'shapes = ["box"]\nkinds = ["comm"]', "`kinds` must be one of communication"),
        ("degree-between", 'direction = "in"', "needs `least`, `most` or both"),
        ("degree-between", "least = 3\nmost = 2", "swap them"),
        ("degree-between", "most = -1", "must be a non-negative integer"),
        ("degree-between", "most = true", "must be a non-negative integer"),
        ("nowhere:check", "", "unknown check `nowhere:check`"),
    ],
)  # fmt: skip
def test_a_card_that_cannot_be_is_refused(tmp_path: Path, check: str, parameters: str, told: str) -> None:
    with pytest.raises(CardError, match=re.escape(told)):
        found(tmp_path, check, parameters, "digraph { a }")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('"ACME001"', '"acme1"'), "the code is not valid: use 1-8 capital letters and three digits"),
        (('"own-rule"', '"Own Rule"'), "the name is not valid: use lowercase words"),
        (('"own-rule"', '"cycle"'), "the rule G001 cycle already exists"),
        (('"own-rule"', '"unknown-colour"'), "the rule A005 unknown-color already exists"),
        (('"ACME001"', '"G001"'), "the rule G001 cycle already exists"),
        (('why = "To show it."', "why = 3"), "`why` must be a non-empty string"),
        (("[parameters]", '[[example]]\nbaad = "x"\n[parameters]'), "baad"),
        (("[parameters]", "outcome = 3\n[parameters]"), "wrong type"),
        (("[parameters]", "needs = 3\n[parameters]"), "wrong type"),
    ],
)
def test_a_card_with_wrong_parts_is_refused(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    card = CARD.format(check="attribute-required", parameters='attributes = ["label"]').replace(*change)
    (tmp_path / "own.toml").write_text(card)
    with pytest.raises(CardError, match=re.escape(told)):
        all_cards((tmp_path,))


def test_parameters_of_a_rule_can_be_tuned(tmp_path: Path) -> None:
    rules = tmp_path / "cards"
    rules.mkdir()
    (rules / "own.toml").write_text(CARD.format(check="degree-between", parameters="most = 1"))
    (tmp_path / "dotlint.toml").write_text('select = ["ACME001"]\nrules = ["cards"]\nrule.ACME001.most = 2\n')
    settings = Configurations().settings(tmp_path / "a.dot")
    assert lint(Source.from_text("digraph { a -> {b c} }", "a.dot"), settings).findings == []
    (tmp_path / "dotlint.toml").write_text('select = ["ACME001"]\nrules = ["cards"]\nrule.own-rule.mots = 2\n')
    with pytest.raises(DotlintError, match="did you mean `most`"):
        Configurations().settings(tmp_path / "a.dot")


@pytest.mark.parametrize("check", ["attribute-required", "id-matches", "role-shape", "degree-between"])
def test_a_new_card_finds_its_bad_example_and_leaves_the_good_one(tmp_path: Path, check: str) -> None:
    (tmp_path / "ACME001-own-rule.toml").write_text(card_text("ACME001", "own-rule", check))
    settings = Configurations(Overrides(rules=(tmp_path,), select=("ACME001",)), isolated=True).settings("a.dot")
    [example] = next(card for card in settings.cards if card.code == "ACME001").examples
    assert example.bad
    assert example.good
    assert len(lint(Source.from_text(example.bad, "a.dot"), settings).findings) == 1
    assert lint(Source.from_text(example.good, "a.dot"), settings).findings == []


def test_a_folder_may_extend_the_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.toml").write_text(
        '[[role]]\nname = "gossip"\nkind = "communication"\nphrases = ["gossip round"]\n'
    )
    text = 'digraph { a [label="Gossip Round" shape=box] }'
    findings = found(tmp_path, "role-shape", 'shapes = ["ellipse"]\nroles = ["gossip"]', text)
    assert [finding.nodes for finding in findings] == [("a",)]


def test_a_vocabulary_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.toml").write_text('[[rolle]]\nname = "x"\n')
    with pytest.raises(DotlintError, match=r"vocabulary\.toml.*unknown vocabulary table `rolle`"):
        found(tmp_path, "id-matches", 'pattern = "a"', "digraph { a }")


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The example plugin as pip leaves it behind: its package and its entry points on the path."""
    site = tmp_path / "site"
    info = site / "acme_dot-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-dot\nVersion: 1.0\n")
    broken = (
        "broken = acme_broken:plugin\nother = acme_dot:long_labels\nnewer = acme_newer:plugin\nquits = acme_quits:x\n"
    )
    (info / "entry_points.txt").write_text(f"[dotlint.plugins]\nacme = acme_dot:plugin\n{broken}")
    (site / "acme_broken.py").write_text("import no_such_module\n")
    (site / "acme_quits.py").write_text("raise SystemExit(3)\n")
    newer = "from pathlib import Path\nfrom dotlint.plugin import Plugin\nplugin = Plugin(Path('.'), {}, api=99)\n"
    (site / "acme_newer.py").write_text(newer)
    monkeypatch.syspath_prepend(str(PLUGIN))
    monkeypatch.syspath_prepend(str(site))
    find_plugin.cache_clear()
    yield tmp_path
    find_plugin.cache_clear()


def test_a_plugin_is_used_where_it_is_named(acme: Path) -> None:
    text = 'digraph { a [label="1\\n2\\n3\\n4"] }\ndigraph { b [label="1\\n2\\n3\\n4\\n5"] }'
    (acme / "dotlint.toml").write_text("")
    assert all(c.code != "ACME101" for c in Configurations().settings(acme / "a.dot").cards)
    (acme / "dotlint.toml").write_text('plugins = ["acme"]\nselect = ["ACME101"]\n[rule.long-label]\nmost = 4\n')
    settings = Configurations().settings(acme / "a.dot")
    result = lint(Source.from_text(text, "a.dot"), settings)
    assert [(f.message, f.graph, f.nodes) for f in result.findings] == [("the label of `b` has 5 lines", 1, ("b",))]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("acm", "unknown plugin `acm`; did you mean `acme`?"),
        ("broken", "the plugin `broken` cannot be imported: ModuleNotFoundError"),
        ("quits", "the plugin `quits` cannot be imported: SystemExit"),
        ("other", "is a function, not a dotlint.plugin.Plugin"),
        ("newer", "it needs version 99 of the context"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_refused(acme: Path, name: str, told: str) -> None:
    with pytest.raises(PluginError, match=re.escape(told)):
        find_plugin(name)
    (acme / "dotlint.toml").write_text(f'plugins = ["{name}"]\n')
    with pytest.raises(DotlintError, match="`plugins`"):
        Configurations().settings(acme / "a.dot")


def test_a_card_in_a_folder_cannot_reach_for_a_plugin(acme: Path) -> None:
    (acme / "own.toml").write_text(CARD.format(check="acme:long-labels", parameters="most = 1"))
    with pytest.raises(CardError, match="unknown check `acme:long-labels`"):
        all_cards((acme,))


@pytest.mark.parametrize(
    "body",
    [
        "raise ZeroDivisionError",
        "return None",
        "yield 3",
        "context.nodes[0].attributes['label'] = 'x'; yield",
        "context.strategy = None; yield",
        "import msgspec.structs; yield msgspec.structs.replace(card.finding('x', 0, 0), code='G001')",
    ],
)
def test_what_a_plugin_does_wrong_is_its_own_finding(acme: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    space: dict[str, object] = {}
    exec(f"def check(context, card):\n    {body}\n", space)
    monkeypatch.setitem(find_plugin("acme").checks, "long-labels", space["check"])
    (acme / "dotlint.toml").write_text('plugins = ["acme"]\nselect = ["ACME101", "G001", "X001"]\n')
    result = lint(Source.from_text("digraph { a -> b -> a }", "a.dot"), Configurations().settings(acme / "a.dot"))
    assert sorted(f.code for f in result.findings) == ["G001", "X001"]
    assert result.crashed


def test_the_context_says_what_it_sees(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Context] = []

    def look(context: Context, _card: Card) -> list[Finding]:
        seen.append(context)
        return []

    monkeypatch.setitem(find_plugin("acme").checks, "long-labels", look)
    (acme / "dotlint.toml").write_text('plugins = ["acme"]\nselect = ["ACME101"]\nstrategy = "tp2"\n')
    text = 'digraph G { rankdir=LR; subgraph cluster_a { a [label="All-Reduce\\nGPU: 0-1"] } a -> b [style=dashed] }'
    lint(Source.from_text(text, "a.dot"), Configurations().settings(acme / "a.dot"))
    [context] = seen
    assert (context.version, context.name, context.path, context.text) == (1, "G", "a.dot", text)
    a, b = context.nodes
    assert a.gpus is not None
    assert (a.role, a.kind, a.declared, list(a.gpus)) == ("all-reduce", "communication", True, [0, 1])
    assert (b.role, b.declared, b.gpus, text[b.start : b.end]) == (None, False, None, "b")
    [edge] = context.edges
    assert (edge.tail, edge.head, edge.attributes["style"]) == ("a", "b", "dashed")
    assert context.subgraphs[0].nodes == ("a",)
    assert context.attributes["rankdir"] == "LR"
    assert context.strategy is not None
    assert context.strategy.phases[0].degrees.tp == 2
