"""Shortened lists: what a report folds, counts and leaves unchanged."""

from __future__ import annotations

import pytest

from dotlint.engine.finding import Finding, Listing, NameList
from dotlint.report.merge import alike, left_over, one_for_all, shorter, titles
from dotlint.report.ranges import families, ranged, shortened


def finding(message: str) -> Finding:
    return Finding("G003", "isolated-operator", "error", message, 0, 0, "connectivity")


def edges(title: str, *lines: str) -> Listing:
    return Listing(title, lines, paste=True)


@pytest.mark.parametrize(
    ("names", "folded"),
    [
        ([f"e{i}" for i in range(16)], ["e{0..15}"]),
        ([f"e{i}_{j}" for i in range(2, 5) for j in (1, 2, 3, 4)], ["e{2..4}_{1..4}"]),
        ([f"e{i}" for i in (0, 1, 2, 3, 7)], ["e{0..3,7}"]),
        ([f"e{i}" for i in range(1, 20, 2)], ["e{1..19..2}"]),
        (["e1", "e3"], ["e{1,3}"]),
        (["e1_1", "e2_2"], ["e1_1", "e2_2"]),
        (["all2all_1", "all2all_2"], ["all2all_{1,2}"]),
        (["e007", "e008"], ["e007", "e008"]),
    ],
)
def test_families_stand_for_their_members_exactly(names: list[str], folded: list[str]) -> None:
    assert families(names) == folded


def test_names_that_fold_into_nothing_are_counted() -> None:
    names = [f"n{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(500)]
    folded_list, left = shortened(names)
    assert folded_list == names[:40]
    assert left == 460


def test_a_family_with_a_thousand_holes_has_the_ends_of_its_ranges() -> None:
    names = [f"expert_{i * i}_{i % 31}" for i in range(1000)]
    folded_list, left = shortened(["gate_1", *names])
    assert folded_list == ["gate_1", "expert_{0..998001}_{0..30} (1000 of them)"]
    assert left == 0


def test_few_names_are_exact_whatever_they_look_like() -> None:
    names = ["expert_3_9", "expert_17_2", "expert_99_4", "expert_5_5", "expert_6_1", "expert_70_7", "expert_8_0"]
    folded_list, left = shortened(names)
    assert (sorted(folded_list), left) == (sorted(names), 0)


def test_names_with_spaces_stay_apart() -> None:
    names = [f"pre {i} x{i * i % 1009}" for i in range(1000)]
    folded_list, left = shortened(names)
    assert len(folded_list) == 1
    assert folded_list[0].startswith('"pre {0..999} x{0..')
    assert folded_list[0].endswith('" (1000 of them)')
    assert left == 0


def test_texts_that_differ_in_numbers() -> None:
    assert ranged([f"layer {i} lacks 40 edges" for i in (1, 2, 3)]) == "layer {1..3} lacks 40 edges"
    assert ranged([f"`l{i}_x` of layer {i}" for i in range(1, 128, 2)]) == "`l{1..127..2}_x` of layer {1..127..2}"
    assert ranged(["a 1", "a 1"]) == "a 1"
    assert ranged(["a 007", "a 8"]) == "a {007,8}"
    assert ranged([f"a {'9' * 9000} {i}" for i in range(3)]) == f"a {'9' * 9000} {{0..2}}"
    some = [f"GPU {i * i}" for i in range(40)]
    assert ranged(some) == "GPU {0..1521: 40 of them}"


class TestFindings:
    def test_a_few_have_a_row_each(self) -> None:
        some = [finding(f"3 operators of stage {i} have no edges") for i in range(12)]
        assert alike(some) == [[one] for one in some]

    def test_many_that_differ_in_numbers_share_a_row(self) -> None:
        some = [finding(f"3 operators of stage {i} have no edges") for i in range(60)]
        groups = alike([*some, finding("`x` has no edges")])
        assert [one_for_all(group) for group in groups] == [
            "60 findings: 3 operators of stage {0..59} have no edges",
            "`x` has no edges",
        ]
        assert not left_over(groups)

    def test_many_that_differ_in_words_are_counted_after_the_first(self) -> None:
        some = [finding(f"`{chr(97 + i // 26)}{chr(97 + i % 26)}_#` has no edges") for i in range(200)]
        groups = alike(some)
        assert len(groups) == 24
        assert sum(map(len, groups)) == 200
        assert left_over(groups)
        assert one_for_all(groups[-1], over=True) == "177 more findings of this rule"


class TestListings:
    def test_usual_ones_are_left_alone(self) -> None:
        some = [edges(f"stage {i}", *(f"a{i} -> b{j}" for j in range(18))) for i in (2, 3, 4)]
        assert shorter(some) == tuple(some)

    def test_units_that_lack_the_same_are_one(self) -> None:
        some = [
            edges(f"layer {i}", *(f"l{i}_q{j} -> l{i}_k{j}" for j in range(8)), f"l{i}_q0 -> l{i}_n") for i in range(64)
        ]
        first, last = shorter(some)
        assert first == Listing(
            "layer {0..63}",
            ("l{0..63}_q{0..7} -> l{0..63}_k{0..7}   512 edges", "l{0..63}_q0 -> l{0..63}_n   64 edges"),
            "9 edges in each of 64",
        )
        assert last.note == "--format json lists each of them; --fix or --diff writes them"

    def test_units_that_lack_other_edges_stay_apart(self) -> None:
        some = [edges(f"layer {i}", f"l{i}_a -> l{i}_{'bc'[i % 2]}") for i in range(40)]
        assert [listing.title for listing in shorter(some)[:-1]] == ["layer {0..38..2}", "layer {1..39..2}"]

    def test_edges_that_are_neither_pairs_nor_all_are_marked(self) -> None:
        lines = [f"a{i} -> b{j}" for i in range(30) for j in range(30) if i != j]
        one, last = shorter([edges("stage 1", *lines)])
        assert one.lines == ("a{0..29} -> b{0..29}   only 870 edges of these",)
        assert last.title == "similar units are merged"

    def test_very_many_shapes_are_counted(self) -> None:
        some = [edges(f"part {'x' * i}", *(f"{'x' * i}{'y' * j} -> z" for j in range(1, 20))) for i in range(1, 90)]
        kept = shorter(some)
        assert sum(len(listing.lines) for listing in kept) <= 80
        assert kept[-1].title.startswith(f"and {19 * (89 - len(kept) + 1)} edges of part ")

    def test_a_line_of_very_many_names_is_folded(self) -> None:
        names = tuple(f"s2_{role}_{i}" for role in ("qkv", "attn") for i in range(250))
        edges_in = tuple((f"a {i}", f"b{j}") for i in range(3) for j in range(4))
        lists = (
            NameList("500 operators", names),
            NameList("incoming", edges=edges_in),
            NameList("outgoing", edges=(("x, y", "z"),)),
        )
        (one,) = shorter([Listing("stage 2", (), "GPUs 0-7", names=lists)])
        assert one.lines == (
            "500 operators: s2_qkv_{0..249}, s2_attn_{0..249}",
            'incoming: `"a {0..2}" -> b{0..3}`',
            'outgoing: `"x, y" -> z`',
        )
        assert one.note == "GPUs 0-7"

    def test_titles(self) -> None:
        assert titles([Listing(f"stage {i}", ()) for i in (2, 3)]) == ["stage 2", "stage 3"]
        assert titles([Listing(f"stage {i}", ()) for i in range(2, 65)]) == ["stage {2..64}"]
