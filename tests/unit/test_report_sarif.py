"""The SARIF format."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dotlint.files.exclusion import repository_of
from dotlint.report.location import in_repository, uri
from dotlint.text.line_hashes import line_hashes
from tests.cli.command import run

MISTAKES = "digraph 😀 {\n  é [shape=boxx]; b -> c\n  b -- c\n}\n"
SHARED = Path(__file__).parents[3] / "shared"


def sarif(*argv: str) -> dict[str, Any]:
    out = run("check", "--format", "sarif", *argv).out
    assert out.isascii()
    log = json.loads(out)
    assert isinstance(log, dict)
    return log


def results(log: dict[str, Any]) -> list[dict[str, Any]]:
    found = log["runs"][0]["results"]
    assert isinstance(found, list)
    return found


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    folder = tmp_path / "graphs of ours"
    folder.mkdir()
    (folder / "a#1.dot").write_text(MISTAKES, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def test_location_counts_code_points_and_is_relative_to_the_repository(repository: Path) -> None:
    log = sarif(str(repository / "a#1.dot"))
    assert log["version"] == "2.1.0"
    assert log["runs"][0]["columnKind"] == "unicodeCodePoints"
    shape = next(r for r in results(log) if r["ruleId"] == "A004")
    physical = shape["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "graphs%20of%20ours/a%231.dot"
    assert physical["artifactLocation"]["uriBaseId"] in log["runs"][0]["originalUriBaseIds"]
    assert physical["region"] == {"startLine": 2, "startColumn": 12, "endLine": 2, "endColumn": 16}
    artifact = log["runs"][0]["artifacts"][physical["artifactLocation"]["index"]]
    assert artifact["location"]["uri"] == physical["artifactLocation"]["uri"]


def test_rules_have_the_texts_of_their_cards(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTLINT_SITE", "https://docs.example")
    log = sarif(str(repository / "a#1.dot"))
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    for result in results(log):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    rule = next(rule for rule in rules if rule["id"] == "E013")
    assert rule["name"] == "WrongEdgeOperator"
    assert rule["defaultConfiguration"]["level"] == "error"
    assert rule["helpUri"] == "https://docs.example/rules/E013/"
    assert log["runs"][0]["tool"]["driver"]["informationUri"] == "https://docs.example/"
    assert rule["fullDescription"]["text"]


def test_a_fix_is_the_edit_and_there_is_none_without_one(repository: Path) -> None:
    (repository / "b.dot").write_text("digraph {\n  a -- b\n  c -> d -> c\n}\n", encoding="utf-8")
    found = {r["ruleId"]: r for r in results(sarif("b.dot", "--select", "E013,G001"))}
    change = found["E013"]["fixes"][0]["artifactChanges"][0]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 2, "startColumn": 5, "endLine": 2, "endColumn": 7},
            "insertedContent": {"text": "->"},
        }
    ]
    assert "fixes" not in found["G001"]


def test_a_cycle_shows_its_other_edges_as_related_locations(repository: Path) -> None:
    (repository / "b.dot").write_text("digraph {\n  a -> b\n  b -> c\n  c -> a\n}\n", encoding="utf-8")
    cycle = next(r for r in results(sarif("b.dot", "--select", "G001")))
    lines = {r["physicalLocation"]["region"]["startLine"] for r in cycle["relatedLocations"]}
    assert lines & {3, 4}


def test_fingerprints_move_with_their_statements(repository: Path) -> None:
    path = repository / "a#1.dot"
    before = {r["ruleId"]: r["partialFingerprints"]["dotlintStatement/v1"] for r in results(sarif(str(path)))}
    path.write_text("// moved\n\n" + MISTAKES.replace("  b -- c", "\n     b   --   c"), encoding="utf-8")
    after = {r["ruleId"]: r["partialFingerprints"]["dotlintStatement/v1"] for r in results(sarif(str(path)))}
    assert before == after
    path.write_text(MISTAKES.replace("b -- c", "b -- x"), encoding="utf-8")
    changed = {r["ruleId"]: r["partialFingerprints"]["dotlintStatement/v1"] for r in results(sarif(str(path)))}
    assert changed["E013"] != before["E013"]
    assert changed["A004"] == before["A004"]


def test_two_findings_of_one_statement_text_have_two_fingerprints(repository: Path) -> None:
    (repository / "b.dot").write_text("digraph { a -> b -> a }\n" * 2, encoding="utf-8")
    found = [r["partialFingerprints"]["dotlintStatement/v1"] for r in results(sarif("b.dot", "--select", "G001"))]
    assert len(found) == 2
    assert len(set(found)) == 2


@pytest.mark.usefixtures("repository")
def test_an_unreadable_file_is_a_notification() -> None:
    log = sarif("a#1.dot", "gone.dot")
    invocation = log["runs"][0]["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "no such file"
    assert results(log)


def test_messages_of_hostile_names_make_no_links_and_no_placeholders(hostile: Path) -> None:
    texts = [r["message"]["text"] for r in results(sarif(str(hostile)))]
    assert any("click" in text for text in texts)
    for text in texts:
        assert "](" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert not any("\ud800" <= char <= "\udfff" for char in text)
    assert any("{{0}} {{1}}" in text for text in texts)


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "sarif").is_dir(), reason="the schema lies beside the checkout")
@pytest.mark.usefixtures("repository")
def test_it_is_valid_by_the_schema(hostile: Path) -> None:
    schema = json.loads((SHARED / "sarif" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    fixtures = Path(__file__).parents[1] / "fixtures"
    log = sarif("a#1.dot", "gone.dot", str(hostile), str(fixtures), "--strategy", "pp4ep4tp2sp2")
    assert len(results(log)) > 20
    assert [error.message for error in validator.iter_errors(log)] == []


@pytest.mark.usefixtures("repository")
def test_it_keeps_the_rules_that_a_schema_cannot_state(hostile: Path) -> None:
    """As SARIF's validator does: indices, references and regions fit, and no text is empty."""
    fixtures = Path(__file__).parents[1] / "fixtures"
    log = sarif("a#1.dot", "gone.dot", str(hostile), str(fixtures), "--strategy", "pp4ep4tp2sp2")
    (run_,) = log["runs"]
    rules, artifacts = run_["tool"]["driver"]["rules"], run_["artifacts"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert len({artifact["location"]["uri"] for artifact in artifacts}) == len(artifacts)
    for result in run_["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"].strip()
        assert set(result["partialFingerprints"]) == {"dotlintStatement/v1", "primaryLocationLineHash"}
        places = [*result["locations"], *result.get("relatedLocations", ())]
        regions = [place["physicalLocation"]["region"] for place in places]
        for fix in result.get("fixes", ()):
            for change in fix["artifactChanges"]:
                regions += [one["deletedRegion"] for one in change["replacements"]]
        for region in regions:
            start = region["startLine"], region["startColumn"]
            assert (1, 1) <= start <= (region["endLine"], region["endColumn"])
        for place in places:
            location = place["physicalLocation"]["artifactLocation"]
            assert artifacts[location["index"]]["location"]["uri"] == location["uri"]
            assert location.get("uriBaseId", "%SRCROOT%") in run_["originalUriBaseIds"]
            assert ("uriBaseId" in location) != location["uri"].startswith("file:")


def test_outside_a_repository_paths_are_relative_to_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert in_repository("x/../y.dot") == "y.dot"
    assert uri("<stdin>") == ("%3Cstdin%3E", True)
    assert uri("/elsewhere/y z.dot") == ("file:///elsewhere/y%20z.dot", False)
    assert uri("caf\udce9.dot") == ("caf%E9.dot", True)


def test_github_recognizes_lines(repository: Path) -> None:
    data = b'\xef\xbb\xbfdigraph {\r\n  "\xf0\x9f\x98\x80" [shape=boxx]\r\n  a -> b [colour=red]\r\n  a -> b [colour=red]\r\n}\r\n'
    path = repository / "b.dot"
    path.write_bytes(data)
    log = sarif("b.dot", "--select", "A", "--no-cache")
    assert results(log)
    for result in results(log):
        line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
        assert result["partialFingerprints"]["primaryLocationLineHash"] == line_hashes(data, [line])[line]
    assert results(log) == results(sarif("b.dot", "a#1.dot", "--select", "A", "--jobs", "2"))[: len(results(log))]


def test_paths_start_at_the_root_wherever_dotlint_is_called(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = repository / "module"
    subprocess.run(["git", "init", "-q", str(module)], check=True)
    (module / "m.dot").write_text(MISTAKES, encoding="utf-8")
    outside = tmp_path_factory.mktemp("outside")
    (outside / "o ö.dot").write_text(MISTAKES, encoding="utf-8")

    def uris(*paths: str) -> list[str]:
        return [artifact["location"]["uri"] for artifact in sarif(*paths)["runs"][0]["artifacts"]]

    inside = "graphs%20of%20ours/a%231.dot"
    assert uris("a#1.dot", "module/m.dot") == [inside, "graphs%20of%20ours/module/m.dot"]
    monkeypatch.chdir(repository.parent)
    assert uris("graphs of ours/a#1.dot", str(outside / "o ö.dot")) == [
        inside,
        f"{outside.as_uri()}/o%20%C3%B6.dot",
    ]
    monkeypatch.chdir(outside)
    assert uris(str(repository / "a#1.dot"), "o ö.dot") == [inside, "o%20%C3%B6.dot"]
    subprocess.run(["git", "init", "-q", str(outside)], check=True)
    repository_of.cache_clear()
    assert uris(str(repository / "a#1.dot"), "o ö.dot") == [
        (repository / "a#1.dot").as_uri(),
        "o%20%C3%B6.dot",
    ]


def test_rules_have_help_in_markdown_and_a_precision(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTLINT_SITE", "https://docs.example")
    run_ = sarif(str(repository / "a#1.dot"))["runs"][0]
    rule = next(rule for rule in run_["tool"]["driver"]["rules"] if rule["id"] == "E013")
    assert "```dot\n" in rule["help"]["markdown"]
    assert rule["helpUri"] in rule["help"]["markdown"]
    assert rule["properties"]["precision"] == "very-high"
    assert not any("security" in key for one in run_["tool"]["driver"]["rules"] for key in one["properties"])
    assert run_["properties"]["findings"] >= run_["properties"]["fixable"] > 0


def test_no_more_results_than_github_accepts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dotlint.report.sarif.MOST_RESULTS", 3)
    (tmp_path / "a.dot").write_text("digraph { a [shape=boxx]; b [shape=boxx]; c [shape=boxx] }\n")
    (tmp_path / "b.dot").write_text(MISTAKES, encoding="utf-8")
    log = sarif(str(tmp_path), "--isolated")
    assert [len(results(log)), results(log)[-1]["level"]] == [3, "error"]
    invocation = log["runs"][0]["invocations"][0]
    assert invocation["executionSuccessful"]
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"]["text"].endswith("left out: GitHub rejects more than 3")
    monkeypatch.undo()
    whole = sarif(str(tmp_path), "--isolated")
    assert len(results(whole)) == 3 + int(notification["message"]["text"].split()[0])
    assert "toolExecutionNotifications" not in whole["runs"][0]["invocations"][0]
