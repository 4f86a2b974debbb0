"""Configuration: which file holds, what it may say, and what is told where it is wrong."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from dotlint import __version__
from dotlint.config.by_pattern import matches_file
from dotlint.config.configurations import Configurations
from dotlint.config.file import load
from dotlint.config.keys import NAMES, read_keys, schema
from dotlint.config.model import Overrides
from dotlint.config.section import ConfigError
from dotlint.config.versions import satisfies
from dotlint.engine.select import chosen
from dotlint.errors import DotlintError
from dotlint.pipeline.lint import lint
from dotlint.syntax.source import Source

DATA = Path(__file__).parent.parent.parent / "dotlint" / "data" / "dotlint.schema.json"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def running(configurations: Configurations, path: Path) -> set[str]:
    settings = configurations.settings(path)
    return {card.code for card in chosen(settings.cards, settings.selection)}


def test_the_nearest_file_holds_and_none_above_it_is_joined(tmp_path: Path) -> None:
    write(tmp_path / "dotlint.toml", 'select = ["G001"]\nignore = ["E"]\n')
    write(tmp_path / "sub" / "pyproject.toml", '[tool.dotlint]\nselect = ["G001", "E013"]\n')
    write(tmp_path / "sub" / "deep" / "pyproject.toml", "[project]\nname = 'x'\n")
    configurations = Configurations()
    assert running(configurations, tmp_path / "a.dot") == {"G001"}
    assert running(configurations, tmp_path / "sub" / "deep" / "a.dot") == {"G001", "E013"}


def test_dotlint_toml_goes_before_pyproject(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[tool.dotlint]\nselect = ["E013"]\n')
    write(tmp_path / "dotlint.toml", 'select = ["G001"]\n')
    assert running(Configurations(), tmp_path / "a.dot") == {"G001"}


def test_isolated_and_a_given_file(tmp_path: Path) -> None:
    write(tmp_path / "dotlint.toml", 'select = ["G001"]\n')
    other = write(tmp_path / "other" / "ci.toml", 'select = ["E013"]\n')
    assert len(running(Configurations(isolated=True), tmp_path / "a.dot")) > 20
    assert running(Configurations(file=other), tmp_path / "a.dot") == {"E013"}


def test_extend_starts_from_another_file(tmp_path: Path) -> None:
    write(
        tmp_path / "base.toml",
        'select = ["G001", "E013"]\nfail-on = "error"\n[severity]\nG001 = "info"\nE013 = "info"\n',
    )
    own = write(
        tmp_path / "a" / "dotlint.toml",
        'extend = "../base.toml"\nselect = ["G001", "G003"]\n[severity]\nG001 = "warning"\n',
    )
    settings = Configurations().settings(own.parent / "a.dot")
    assert settings.selection.select == ("G001", "G003")
    assert settings.fail_on == "error"
    severity = {card.code: card.severity for card in settings.cards}
    assert (severity["G001"], severity["E013"]) == ("warning", "info")


def test_extended_paths_and_patterns_are_those_of_their_file(tmp_path: Path) -> None:
    write(
        tmp_path / "base" / "dotlint.toml",
        'baseline = "known.json"\n[per-file-ignores]\n"x.dot" = ["G"]\n"sub/y.dot" = ["G"]\n',
    )
    write(tmp_path / "base" / "known.json", '{"version": 1, "findings": []}')
    config = load(write(tmp_path / "a" / "dotlint.toml", 'extend = "../base/dotlint.toml"\n'))
    assert config.get("baseline") == str(tmp_path / "base" / "known.json")
    entry = config.table("per-file-ignores")["sub/y.dot"]
    assert matches_file("sub/y.dot", entry.folder, tmp_path / "base" / "sub" / "y.dot")
    assert not matches_file("sub/y.dot", entry.folder, tmp_path / "a" / "sub" / "y.dot")


def test_strategy_by_file_pattern_the_last_that_fits_holds(tmp_path: Path) -> None:
    write(tmp_path / "deploy.toml", '[layout]\nmodel = "overlay"\n[phases.prefill]\nstrategy = "pp2ep8tp2dp4"\n')
    write(
        tmp_path / "dotlint.toml",
        '[strategy]\n"*.dot" = "pp4ep4tp2sp2"\n"small/**" = ["prefill=pp2tp2", "decode=pp1tp4"]\n"big.dot" = "deploy.toml"\n',
    )
    configurations = Configurations()
    phases = {
        name: [(p.name, str(p.degrees)) for p in strategy.phases]
        for name in ("a.dot", "small/a.dot", "big.dot")
        if (strategy := configurations.settings(tmp_path / name).strategy)
    }
    assert [name for name, _ in phases["small/a.dot"]] == ["prefill", "decode"]
    assert phases["a.dot"][0][1] != phases["big.dot"][0][1]
    assert configurations.settings(tmp_path / "a.dot").strategy_source == "configuration"
    assert configurations.settings(tmp_path / "a.gv").strategy is None
    given = Configurations(Overrides(strategy=("tp8",))).settings(tmp_path / "a.dot")
    assert given.strategy is not None
    assert given.strategy.phases[0].degrees.tp == 8
    assert given.strategy_source == "option"


def test_layout_of_the_configuration(tmp_path: Path) -> None:
    write(tmp_path / "dotlint.toml", 'strategy = "pp2ep4tp4"\nlayout = "megatron"\n')
    strategy = Configurations().settings(tmp_path / "a.dot").strategy
    assert strategy is not None
    assert strategy.layout.model == "overlay"


def test_rules_severities_and_what_is_off(tmp_path: Path) -> None:
    write(
        tmp_path / "dotlint.toml",
        'preset = "strict"\nignore = ["T"]\n[severity]\nS = "info"\nS001 = "warning"\nG001 = "off"\n'
        '[per-file-ignores]\n"legacy/" = ["E", "cycle"]\n',
    )
    configurations = Configurations()
    here, legacy = (running(configurations, tmp_path / name) for name in ("a.dot", "legacy/deep/a.dot"))
    assert "G001" not in here
    assert "N018" in here, "strict has what recommended leaves out"
    assert not any(code.startswith("T") for code in here)
    assert here - legacy == {code for code in here if code.startswith("E")}
    cards = {card.code: card for card in configurations.settings(tmp_path / "a.dot").cards}
    assert (cards["S001"].severity, cards["S004"].severity) == ("warning", "info")


@pytest.mark.parametrize("name", ["unknown-color", "unknown-colour"])
def test_tables_of_rules_take_an_earlier_name(tmp_path: Path, name: str) -> None:
    write(tmp_path / "dotlint.toml", f'[severity]\n{name} = "info"\n[per-file-ignores]\n"old.dot" = ["{name}"]\n')
    assert "A005" in running(Configurations(), tmp_path / "a.dot")
    assert "A005" not in running(Configurations(), tmp_path / "old.dot")
    [card] = [card for card in Configurations().settings(tmp_path / "a.dot").cards if card.code == "A005"]
    assert card.severity == "info"
    write(tmp_path / "dotlint.toml", f"[rule.{name}]\nleast = 3\n")
    with pytest.raises(DotlintError, match="A005 unknown-color has no parameter `least`"):
        Configurations().settings(tmp_path / "a.dot")


def test_the_limit_on_edges_can_be_set(tmp_path: Path) -> None:
    write(tmp_path / "dotlint.toml", 'select = ["N019"]\nrule.expansion-limit.limit = 3\n')
    source = Source.from_text("digraph { {a b c d} -> {e f g h} }", "a.dot")
    [finding] = lint(source, Configurations().settings(tmp_path / "a.dot")).findings
    assert "more than 3 edges" in finding.message
    assert lint(source, Configurations(isolated=True).settings("a.dot")).findings == []


def test_a_severity_holds_for_every_outcome(tmp_path: Path) -> None:
    write(tmp_path / "dotlint.toml", '[severity]\nC003 = "info"\n')
    card = next(c for c in Configurations().settings(tmp_path / "a.dot").cards if c.code == "C003")
    assert card.outcomes
    assert {card.finding("x", 0, 0, outcome=name).severity for name in card.outcomes} == {"info"}


def test_the_command_line_goes_before_the_file(tmp_path: Path) -> None:
    write(
        tmp_path / "dotlint.toml",
        'select = ["G001", "E013"]\nignore = ["G001"]\nfail-on = "error"\n[severity]\nE013 = "off"\n',
    )
    path = tmp_path / "a.dot"
    assert running(Configurations(), path) == set()
    assert running(Configurations(Overrides(extend_select=("G003",))), path) == {"G003"}
    assert running(Configurations(Overrides(select=("G001", "E013"))), path) == {"G001", "E013"}
    assert Configurations(Overrides(fail_on="info")).settings(path).fail_on == "info"


def test_an_empty_select_runs_nothing(tmp_path: Path) -> None:
    write(tmp_path / "dotlint.toml", "select = []\n")
    assert running(Configurations(), tmp_path / "a.dot") == set()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('selct = ["E"]', "unknown key `selct`; did you mean `select`?"),
        ('fail_on = "error"', "unknown key `fail_on`; did you mean `fail-on`?"),
        ("zzz = 1", "unknown key `zzz`; the keys are required-version"),
        ('select = ["Q12"]', "`select`: unknown rule `Q12`"),
        ('ignore = ["cycl"]', "`ignore`: unknown rule `cycl`; did you mean `cycle`?"),
        ("select = 3", '`select` must be a string or a list of strings, not a number; for example select = ["E"'),
        ('select = ["G001", 3]', "`select`: each entry must be a string, not a number"),
        ('preset = "strit"', "`preset` is `strit`; did you mean `strict`?"),
        ('fail-on = "fatal"', "`fail-on` is `fatal`"),
        ('severity = {G001 = "warn"}', "`severity`: `G001` is `warn`; did you mean `warning`?"),
        ('severity = {G01 = "info"}', "`severity`: unknown rule `G01`"),
        ('per-file-ignores = {"a.dot" = ["Q9"]}', "`per-file-ignores`: unknown rule `Q9`"),
        ('per-file-ignores = ["a.dot"]', "`per-file-ignores` must be a table"),
        ("rule.G001.limit = 3", "`rule`: G001 cycle has no parameter `limit`"),
        ("rule.G.limit = 3", "`rule`: `G` is a prefix of"),
        (
            "rule.G001 = 3",
            "`rule`: `G001` must be a table, not a number; for example rule = {expansion-limit = {limit = 100000}}",
        ),
        ('rules = ["nope"]', "`rules`: the folder"),
        ('plugins = ["nope"]', "`plugins`: unknown plugin `nope`"),
        ('strategy = "pp4x"', "`strategy`: "),
        ('strategy = "deploy.toml"', "`strategy`: strategy file"),
        ('strategy = {"*" = "pp0"}', "`strategy`: "),
        ("strategy = []", "`strategy` is an empty list"),
        ('layout = "megatrn"', "`layout`: unknown layout 'megatrn': did you mean 'megatron'?"),
        ('extend = "gone.toml"', "`extend`: the configuration file"),
        ('extend = "dotlint.toml"', "`extend`: the files extend each other in a cycle"),
        ("force-exclude = 1", "`force-exclude` must be true or false"),
        ("strategy = 2020-01-01", "`strategy` must be a string or a list of strings or a table, not a date"),
        ('exclude = ["a", " "]', "`exclude`: each entry is empty; for example"),
        ('strategy = {"a[" = "pp2"}', "`strategy`: the pattern `a[`: `[` is never closed"),
        ('required-version = ">=99"', f"requires dotlint >=99, but this is {__version__}"),
        ('required-version = ">=99"\nfrom-the-future = 1', "requires dotlint >=99"),
        ('required-version = "latest"', '`required-version` is `latest`; for example required-version = ">=0.1,<1"'),
        ("select = [", "is not TOML"),
    ],
)
def test_what_is_wrong_is_told_with_file_key_and_remedy(tmp_path: Path, text: str, told: str) -> None:
    file = write(tmp_path / "dotlint.toml", text + "\n")
    with pytest.raises(ConfigError) as caught:
        Configurations().settings(tmp_path / "a.dot")
    assert told in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path / "dotlint.toml", "")
    with pytest.raises(ConfigError, match=r"did you mean `.*dotlint\.toml`"):
        load(tmp_path / "dotlnt.toml")


def test_a_given_pyproject_must_have_the_table(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape("has no table [tool.dotlint]")):
        load(write(tmp_path / "pyproject.toml", "[tool]\n"))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    write(tmp_path / "dotlint.toml", "").chmod(0)
    with pytest.raises(ConfigError, match="cannot be read"):
        Configurations().settings(tmp_path / "a.dot")


@pytest.mark.parametrize(
    ("required", "expected"),
    [
        ("0.1.0", True), ("0.1", True), ("==0.1.0", True), (">=0.1,<1", True), ("~=0.1.0", True), ("~=0.1", True),
        ("0.1.1", False), (">0.1.0", False), ("<0.1", False), ("!=0.1.0", False), ("~=0.2", False),
        ("~=0.1.1", False), (">=0.1, <0.1.0", False), ("<=0.10", True),
    ],
)  # fmt: skip
def test_required_version(required: str, expected: bool) -> None:
    assert satisfies("0.1.0", required) is expected


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.dot", "/p/a/b.dot", True),
        ("b.dot", "/p/a/b.dot", True),
        ("a", "/p/a/b.dot", True),
        ("a/", "/p/a/b.dot", True),
        ("./a/*.dot", "/p/a/b.dot", True),
        ("a/*.dot", "/p/a/c/b.dot", False),
        ("a/**", "/p/a/c/b.dot", True),
        ("**/c/*", "/p/a/c/b.dot", True),
        ("p/a", "/p/a/b.dot", False),
        ("/p/a", "/p/a/b.dot", True),
        ("*.dot", "/elsewhere/b.dot", True),
        ("a/*.dot", "/elsewhere/a/b.dot", False),
        ("/a/*.dot", "/p/a/b.dot", True),
        ("/p/*.dot", "/p/a/b.dot", False),
        ("b.dot/", "/p/a/b.dot", False),
        ("[!a].dot", "/p/a/b.dot", True),
        ("!b.dot", "/p/!b.dot", True),
        ("#b+(c).dot", "/p/#b+(c).dot", True),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="paths as POSIX writes them")
def test_file_patterns(pattern: str, path: str, expected: bool) -> None:
    assert matches_file(pattern, Path("/p"), path) is expected


def test_the_schema_that_is_shipped_is_the_one_of_the_code() -> None:
    assert json.loads(DATA.read_text()) == json.loads(json.dumps(schema()))
    assert set(schema()["properties"]) == set(NAMES)


def test_every_example_of_a_key_can_be_read() -> None:
    for name, key in schema()["properties"].items():
        for value in (*key["examples"], *([key["default"]] if "default" in key else [])):
            read_keys({name: value}, "here")


def test_the_schema_accepts_and_refuses() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(schema([("G001", "cycle")]))
    assert validator.is_valid({name: key["examples"][0] for name, key in schema()["properties"].items()})
    assert validator.is_valid({"strategy": {"*.dot": ["prefill=tp2", "decode=tp4"]}, "select": "G001,E"})
    refused: list[dict[str, object]] = [
        {"selct": []},
        {"severity": {"G001": "warn"}},
        {"preset": "x"},
        {"strategy": []},
        {"rule": {"G001": 3}},
    ]
    for wrong in refused:
        assert not validator.is_valid(wrong)
