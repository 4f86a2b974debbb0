"""Deployments whose phases are files of their own, as a strategy file names them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

import dotlint
from dotlint.cli.watching import watched_files
from dotlint.pipeline import lint as runner
from tests.cli.command import run

FIXTURES = Path(__file__).parent.parent / "fixtures" / "two_files"
PREFILL, DECODE, STRATEGY = "prompt_pass.dot", "token_loop.dot", "serving.toml"
LINK = '    reduce_1 -> norm_2 [label="pipeline: stage 1 to 2"];\n'


def files(*argv: str, stdin: bytes = b"") -> dict[str, Any]:
    """Give the entries of `--format json` by file."""
    return {one["path"]: one for one in json.loads(run("check", "-f", "json", *argv, stdin=stdin).out)["files"]}


def codes(entry: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in entry["findings"]]


def of(entry: dict[str, Any], code: str) -> dict[str, Any]:
    found = [finding for finding in entry["findings"] if finding["code"] == code]
    assert len(found) == 1, found
    return dict(found[0])


def change(name: str, *changes: tuple[str, str]) -> None:
    path = Path(name)
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def drop(name: str, *words: str) -> None:
    path = Path(name)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not any(word in line for word in words)]
    assert len(kept) < len(lines)
    path.write_text("".join(kept), encoding="utf-8")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "project"
    shutil.copytree(FIXTURES, folder)
    monkeypatch.chdir(folder)


class TestEachFileIsItsPhase:
    def test_both_are_correct_and_the_report_says_what_belongs_together(self) -> None:
        usual = run("check", ".", "-s", STRATEGY)
        assert (usual.status, usual.err) == (0, "")
        assert usual.out.splitlines()[-1] == "Found no problems in 2 files"
        report = run("check", ".", "-s", STRATEGY, "--verbose")
        text = " ".join(report.out.split())
        assert "prefill 2 · 2 · 2 = 8 GPUs one deployment: prefill in this file, decode in token_loop.dot" in text
        assert "decode 2 · 2 = 4 GPUs one deployment: decode in this file, prefill in prompt_pass.dot" in text
        entry = files(DECODE, "-s", STRATEGY)[DECODE]
        assert [phase["name"] for phase in entry["strategy"]["phases"]] == ["decode"]
        assert entry["deployment"] == [
            {"phase": "prefill", "file": PREFILL, "here": False, "problem": None},
            {"phase": "decode", "file": DECODE, "here": True, "problem": None},
        ]

    def test_names_of_nodes_do_not_decide(self) -> None:
        change(DECODE, ("norm_1", "prefill_norm_1"), ("attn_2_0", "prefill_attn_2_0"))
        entry = files(DECODE, "-s", STRATEGY)[DECODE]
        assert entry["verdict"] == "correct"
        assert not {"H001", "H002"} & set(codes(entry))
        page = run("explain", DECODE, "prefill_norm_1", "-s", STRATEGY).out
        assert "phase    decode" in page
        assert "phase decode: the strategy assigns the file to it" in page

    def test_stages_are_counted_against_the_phase(self) -> None:
        change(STRATEGY, ('"pp2tp2"', '"pp4tp1"'))
        entries = files(".", "-s", STRATEGY)
        missing = of(entries[DECODE], "S002")
        assert missing["unit"] == "decode"
        assert "S002" not in codes(entries[PREFILL])

    def test_gpus_are_those_of_the_phase(self) -> None:
        change(DECODE, ("GPU: 10-11", "GPU: 12-13"), ('GPU: 10"', 'GPU: 12"'))
        entry = files(DECODE, "-s", STRATEGY)[DECODE]
        assert "strategy assigns 10-11" in next(f["message"] for f in entry["findings"] if f["code"] == "D003")

    def test_sequence_parallelism_is_none_of_decode(self) -> None:
        change(
            DECODE,
            (
                "reduce_1 [shape=ellipse",
                'gather_1 [shape=parallelogram, label="Sequence gather"];\n reduce_1 [shape=ellipse',
            ),
        )
        entries = files(".", "-s", STRATEGY)
        assert "H003" in codes(entries[DECODE])
        assert "H003" not in codes(entries[PREFILL])

    def test_decode_is_one_token_long_without_saying_decode(self) -> None:
        change(DECODE, ("MLP\\nInput: [batch=4, seq=1,", "MLP\\nInput: [batch=4, seq=2048,"))
        assert "H004" in codes(files(DECODE, "-s", STRATEGY)[DECODE])

    def test_headers_are_compared_with_the_phase_they_speak_of(self) -> None:
        for name in (PREFILL, DECODE):
            change(name, ("rankdir=TB;", 'rankdir=TB; label="PP=2 TP=2 SP=1";'))
        entries = files(".", "-s", STRATEGY)
        assert "P001" in codes(entries[PREFILL])
        assert "P001" not in codes(entries[DECODE])

    def test_one_file_may_hold_two_phases_of_three(self) -> None:
        Path(STRATEGY).write_text(
            f'[phases.prefill]\nstrategy="pp2tp2sp2"\nfile="{PREFILL}"\n'
            f'[phases.decode]\nstrategy="pp2tp2"\ngpus="8-11"\nfile="{DECODE}"\n'
            f'[phases.draft]\nstrategy="tp1"\ngpus="12"\nfile="{DECODE}"\n',
            encoding="utf-8",
        )
        entry = files(DECODE, "-s", STRATEGY)[DECODE]
        assert [phase["name"] for phase in entry["strategy"]["phases"]] == ["decode", "draft"]
        assert [one["here"] for one in entry["deployment"]] == [False, True, True]


class TestRulesBetweenPhases:
    def test_what_decode_lacks_is_told_once_in_decode(self) -> None:
        drop(DECODE, "mlp_")
        entries = files(".", "-s", STRATEGY)
        finding = of(entries[DECODE], "H005")
        assert finding["message"] == "decode lacks mlp (`mlp_1_0` in prompt_pass.dot)"
        assert (finding["nodes"], finding["related"]) == ([], [])
        assert "H005" not in codes(entries[PREFILL])

    def test_shared_gpus_are_told_in_both_files_each_with_its_own_nodes(self) -> None:
        change(DECODE, ("GPU: 10-11", "GPU: 6-7"), ('GPU: 10"', 'GPU: 6"'), ('GPU: 11"', 'GPU: 7"'))
        entries = files(".", "-s", STRATEGY)
        here, there = of(entries[DECODE], "D007"), of(entries[PREFILL], "D007")
        assert "decode here and prefill in prompt_pass.dot both use GPUs 6-7" in here["message"]
        assert "prefill here and decode in token_loop.dot both use GPUs 6-7" in there["message"]
        for name, finding in ((DECODE, here), (PREFILL, there)):
            assert finding["nodes"]
            assert set(finding["nodes"]) <= dotlint.parse(Path(name)).graphs[0].nodes.keys()

    def test_ids_that_count_from_zero_in_each_file_are_not_compared(self) -> None:
        drop(STRATEGY, "gpus")
        change(DECODE, ("GPU: 8-9", "GPU: 0-1"), ("GPU: 10-11", "GPU: 2-3"))
        for new, old in enumerate((8, 9, 10, 11)):
            change(DECODE, (f'GPU: {old}"', f'GPU: {new}"'))
        entries = files(".", "-s", STRATEGY)
        assert [entry["verdict"] for entry in entries.values()] == ["correct", "correct"]

    def test_declared_gpus_that_contradict_the_pool(self) -> None:
        change(STRATEGY, ('"8-11"', '"6-9"'))
        entries = files(".", "-s", STRATEGY)
        assert of(entries[DECODE], "D007")["message"] == "decode is disaggregated, but shares GPUs 6-7 with prefill"
        assert of(entries[PREFILL], "D007")["message"] == "prefill is disaggregated, but shares GPUs 6-7 with decode"

    def test_an_id_of_the_other_phase_is_in_range(self) -> None:
        change(PREFILL, ("prompt [shape=ellipse", 'far [label="LayerNorm\\nGPU: 11"];\n    prompt [shape=ellipse'))
        assert "D008" not in codes(files(PREFILL, "-s", STRATEGY)[PREFILL])
        change(PREFILL, ("GPU: 11", "GPU: 12"))
        assert "last GPU of the strategy is 11" in of(files(PREFILL, "-s", STRATEGY)[PREFILL], "D008")["message"]

    def test_no_edge_joins_two_files_and_none_is_asked_for(self) -> None:
        entries = files(".", "-s", STRATEGY)
        for entry in entries.values():
            assert "H002" not in codes(entry)
        (undecided,) = [u for u in entries[DECODE]["undecided"] if u["subject"] == "the KV-cache transfer"]
        assert (
            undecided["needs"] == "add a KV-transfer node here or in prompt_pass.dot, as edges cannot connect two files"
        )
        assert not [u for u in entries[PREFILL]["undecided"] if u["subject"] == "the KV-cache transfer"]
        change(PREFILL, ("gather_2 -> first_token", "gather_2 -> first_token;\n    gather_2 -> hand_over"),
               ("first_token [shape", 'hand_over [shape=ellipse, label="KV cache transfer\\nGPU: 4-7"];\n first_token [shape'))  # fmt: skip
        holds = [h["text"] for h in files(DECODE, "-s", STRATEGY)[DECODE]["holds"] if h["subject"] == "phases"]
        assert "the KV cache is transferred by `hand_over` in prompt_pass.dot" in holds

    def test_several_graphs_of_a_file_are_one_phase(self) -> None:
        text = Path(DECODE).read_text(encoding="utf-8")
        Path(DECODE).write_text(text + text.replace("token_loop", "again"), encoding="utf-8")
        drop(DECODE, "nothing of the kind", "last_token [")  # both lose their input, neither a kind
        assert "H005" not in codes(files(DECODE, "-s", STRATEGY)[DECODE])

    def test_a_broken_companion_is_read_as_far_as_it_goes(self) -> None:
        change(PREFILL, ("prompt -> split_1", "prompt -> -> split_1"))
        assert files(DECODE, "-s", STRATEGY)[DECODE]["verdict"] == "correct"


class TestPhasesWithoutAFile:
    def test_the_file_that_no_phase_names_carries_them(self) -> None:
        drop(STRATEGY, f'file = "{PREFILL}"')
        drop(DECODE, "mlp_")
        entries = files(".", "-s", STRATEGY)
        finding = of(entries[PREFILL], "H005")
        assert finding["message"] == "decode, in token_loop.dot, lacks mlp (`mlp_1_0` here)"
        assert finding["nodes"] == ["mlp_1_0"]
        assert "H005" not in codes(entries[DECODE])
        needs = {u["needs"] for u in entries[DECODE]["undecided"]}
        assert "name the file of prefill in the strategy file: phases.prefill.file" in needs
        assert "prefill in a file that the strategy does not name" in " ".join(
            run("check", DECODE, "-s", STRATEGY).out.split()
        )

    def test_no_file_at_all_is_as_ever(self) -> None:
        drop(STRATEGY, "file =", "gpus", "kind", "pool")
        entry = files(DECODE, "-s", STRATEGY)[DECODE]
        assert entry["deployment"] == []
        assert [phase["name"] for phase in entry["strategy"]["phases"]] == ["prefill", "decode"]

    def test_a_file_that_is_no_phase_is_checked_without_the_strategy(self) -> None:
        Path("other.dot").write_text(Path(DECODE).read_text(encoding="utf-8"), encoding="utf-8")
        entry = files("other.dot", "-s", STRATEGY)["other.dot"]
        assert entry["strategy"] is None
        assert [one["here"] for one in entry["deployment"]] == [False, False]
        said = " ".join(run("check", "other.dot", "-s", STRATEGY).out.split())
        assert (
            "serving.toml does not list this file as a phase (it lists prompt_pass.dot (prefill) and token_loop.dot "
            "(decode)); checked without a strategy" in said
        )

    def test_a_likeness_of_names_joins_nothing(self) -> None:
        shutil.copy(DECODE, "token_loop_2.dot")
        assert not any(
            one["here"] for one in files("token_loop_2.dot", "-s", STRATEGY)["token_loop_2.dot"]["deployment"]
        )


class TestFilesThatAreNotThere:
    def test_a_line_exit_2_and_the_findings_of_the_others(self) -> None:
        Path(DECODE).rename("token_lop.dot")
        drop(PREFILL, "prompt -> split_1")
        report = run("check", PREFILL, "-s", STRATEGY, "-f", "concise")
        line = "serving.toml: phase decode is the file `token_loop.dot`: no such file; did you mean `token_lop.dot`?"
        assert (report.status, report.err) == (2, f"dotlint: error: {line}\n")
        assert "G00" in report.out
        assert run("check", ".", "-s", STRATEGY, "-f", "concise").err == report.err
        shown = " ".join(run("check", PREFILL, "-s", STRATEGY).out.split())
        assert "decode in token_loop.dot (cannot be read: no such file; did you mean `token_lop.dot`?)" in shown

    @pytest.mark.parametrize("options", [("--fix",), ("--diff",), ("--write-baseline", "b.json"), ("--exit-zero",)])
    def test_whatever_is_done(self, options: tuple[str, ...]) -> None:
        Path(DECODE).unlink()
        report = run("check", PREFILL, "-s", STRATEGY, *options)
        assert report.status == 2
        assert report.err.count("phase decode is the file `token_loop.dot`: no such file") == 1

    def test_a_folder_is_no_phase(self) -> None:
        Path(DECODE).unlink()
        Path(DECODE).mkdir()
        assert "token_loop.dot`: is a folder" in run("check", PREFILL, "-s", STRATEGY).err

    def test_the_strategy_is_shown_all_the_same(self) -> None:
        Path(DECODE).unlink()
        shown = run("strategy", STRATEGY)
        assert shown.status == 0
        assert "file token_loop.dot" in shown.out

    def test_the_library_raises(self) -> None:
        Path(DECODE).unlink()
        with pytest.raises(dotlint.DotlintError, match=r"phase decode is the file `token_loop\.dot`: no such file"):
            dotlint.check(PREFILL, strategy=STRATEGY)
        with pytest.raises(dotlint.DotlintError, match="no such file"):
            dotlint.fix(PREFILL, strategy=STRATEGY)

    def test_a_name_that_is_none(self) -> None:
        change(STRATEGY, (f'"{DECODE}"', '" "'))
        report = run("check", PREFILL, "-s", STRATEGY)
        assert report.status == 2
        assert "phases.decode.file must be a file name" in report.err


class TestWhereFilesLie:
    def test_paths_are_relative_to_the_strategy_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Path("conf").mkdir()
        shutil.move(STRATEGY, f"conf/{STRATEGY}")
        change(f"conf/{STRATEGY}", (f'"{DECODE}"', f'"../{DECODE}"'), (f'"{PREFILL}"', f'"../{PREFILL}"'))
        project = Path.cwd()
        monkeypatch.chdir(project.parent)
        entries = files("project", "-s", "project/conf/serving.toml")
        assert [[one["here"] for one in entry["deployment"]] for entry in entries.values()] == [
            [True, False],
            [False, True],
        ]

    def test_links_are_followed(self) -> None:
        Path("link.dot").symlink_to(DECODE)
        assert [one["here"] for one in files("link.dot", "-s", STRATEGY)["link.dot"]["deployment"]] == [False, True]

    def test_a_configuration_may_give_the_strategy(self) -> None:
        Path("dotlint.toml").write_text(f'[strategy]\n"*" = "tp8"\n"*_*.dot" = "{STRATEGY}"\n', encoding="utf-8")
        entries = files(".")
        assert [entry["strategy"]["source"] for entry in entries.values()] == ["configuration", "configuration"]
        assert [entry["strategy"]["phases"][0]["name"] for entry in entries.values()] == ["prefill", "decode"]

    def test_standard_input_by_its_name(self) -> None:
        data = Path(DECODE).read_bytes()
        by_name = files("-", "--stdin-filename", DECODE, "-s", STRATEGY, stdin=data)[DECODE]
        assert by_name == files(DECODE, "-s", STRATEGY)[DECODE]
        nameless = files("-", "-s", STRATEGY, stdin=data)["<stdin>"]
        assert nameless["strategy"] is None

    def test_the_library(self) -> None:
        result = dotlint.check(DECODE, strategy=STRATEGY)
        assert result.strategy is not None
        assert [phase.name for phase in result.strategy.phases] == ["decode"]
        text = Path(DECODE).read_text(encoding="utf-8")
        assert dotlint.check(text, strategy=STRATEGY, filename=DECODE).to_dict() == result.to_dict()
        loaded = dotlint.Strategy.load(STRATEGY)
        assert dotlint.check(DECODE, strategy=loaded).to_dict() == result.to_dict()

    def test_phases_from_two_options(self) -> None:
        Path("decode.toml").write_text(
            f'[phases.decode]\nstrategy = "pp2tp2"\ngpus = "8-11"\nfile = "{DECODE}"\n', encoding="utf-8"
        )
        entries = files(".", "-s", "prefill=pp2tp2sp2@0-7", "-s", "decode.toml")
        assert [entry["strategy"]["phases"][0]["name"] for entry in entries.values()] == ["prefill", "decode"]


class TestManyFiles:
    def test_processes_say_the_same(self) -> None:
        drop(DECODE, "mlp_")
        argv = ("check", ".", "-s", STRATEGY, "-f", "json", "--no-cache")
        assert run(*argv, "--jobs", "2") == run(*argv, "--jobs", "1")

    def test_a_change_of_the_other_file_is_seen(self) -> None:
        argv = (DECODE, "-s", STRATEGY)
        assert "H005" not in codes(files(*argv)[DECODE])
        change(PREFILL, ("gather_1 -> split_2", "gather_1 -> gate_1 -> split_2"),
               ("split_2 [shape", 'gate_1 [label="MoE Gate\\nGPU: 0-3"];\n split_2 [shape'))  # fmt: skip
        assert "gate (`gate_1` in prompt_pass.dot)" in of(files(*argv)[DECODE], "H005")["message"]
        Path(PREFILL).unlink()
        assert run("check", *argv).status == 2
        shutil.copy(FIXTURES / PREFILL, PREFILL)
        assert run("check", *argv).status == 0

    def test_what_did_not_change_is_not_linted_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        first = run("check", ".", "-s", STRATEGY)

        def never(*_args: object) -> None:
            raise AssertionError("linted again")

        monkeypatch.setattr(runner, "lint", never)
        assert run("check", ".", "-s", STRATEGY) == first

    def test_the_watch_looks_at_the_other_file_too(self) -> None:
        options: Any = {
            "strategy": (STRATEGY,), "paths": (PREFILL,), "exclude": (), "force_exclude": False,
            "no_respect_gitignore": False,
        }  # fmt: skip
        assert DECODE in watched_files(options)


class TestFixing:
    def test_each_file_is_fixed_on_its_own(self) -> None:
        before = Path(PREFILL).read_bytes()
        change(DECODE, ("qkv_2_0 -> attn_2_0 -> join_2;\n", ""))
        for options in ((), ("--unsafe-fixes",)):
            shutil.copy(DECODE, "kept.dot_")
            fixed = run("check", DECODE, "-s", STRATEGY, "--fix", *options)
            assert fixed.status == 0, fixed
            text = Path(DECODE).read_text(encoding="utf-8")
            assert "qkv_2_0 -> attn_2_0" in text
            run("check", DECODE, "-s", STRATEGY, "--fix", *options)
            assert Path(DECODE).read_text(encoding="utf-8") == text
            shutil.copy("kept.dot_", DECODE)
        assert Path(PREFILL).read_bytes() == before

    def test_a_finding_between_the_files_refuses_no_fix(self) -> None:
        change(DECODE, ("GPU: 10-11", "GPU: 6-7"), ('GPU: 10"', 'GPU: 6"'), ('GPU: 11"', 'GPU: 7"'),
               ("qkv_2_0 -> attn_2_0 -> join_2;\n", ""))  # fmt: skip
        fixed = run("check", ".", "-s", STRATEGY, "--fix", "-f", "json")
        assert "refused" not in fixed.err
        assert "qkv_2_0 -> attn_2_0" in Path(DECODE).read_text(encoding="utf-8")
        left = {one["path"]: codes(one) for one in json.loads(fixed.out)["files"]}
        assert "D007" in left[DECODE]
        assert "D007" in left[PREFILL]

    def test_what_is_left_is_told_of_both_files_as_they_are_in_the_end(self) -> None:
        """Unsafe fixes of prefill write a stage on GPUs that decode, which is looked at first, is drawn on."""
        text = Path(PREFILL).read_text(encoding="utf-8")
        start, end = text.index("    subgraph cluster_2"), text.index("    first_token [")
        text = text[:start] + text[end:]
        lines = [line for line in text.splitlines(keepends=True) if "_2" not in line]
        Path(PREFILL).write_text("".join(lines).replace("\\nGPU: 4-7", ""), encoding="utf-8")
        os.rename(DECODE, "a_token_loop.dot")  # noqa: PTH104
        change(STRATEGY, (DECODE, "a_token_loop.dot"))
        change("a_token_loop.dot", ("GPU: 10-11", "GPU: 4-5"), ('GPU: 10"', 'GPU: 4"'), ('GPU: 11"', 'GPU: 5"'))
        assert "D007" not in codes(files("a_token_loop.dot", "-s", STRATEGY)["a_token_loop.dot"])
        moving = ("--ignore", "D003,D005")  # whose fixes would take decode off those GPUs
        fixed = run("check", ".", "-s", STRATEGY, "--fix", "--unsafe-fixes", "-f", "json", *moving)
        again = files(".", "-s", STRATEGY, "--no-cache", *moving)
        assert {one["path"]: codes(one) for one in json.loads(fixed.out)["files"]} == {
            path: codes(one) for path, one in again.items()
        }
        assert "D007" in codes(again["a_token_loop.dot"])
