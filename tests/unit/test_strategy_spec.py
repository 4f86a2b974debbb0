from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotlint.strategy.degrees import AXES, Degrees
from dotlint.strategy.error import StrategyError
from dotlint.strategy.gpus import GpuSet
from dotlint.strategy.spec import parse_spec

READ = [
    ("pp4ep4tp2sp2", {"pp": 4, "ep": 4, "tp": 2, "sp": 2}),
    ("PP=4, EP=4, TP=2, SP=2", {"pp": 4, "ep": 4, "tp": 2, "sp": 2}),
    ("TP8_PP2", {"tp": 8, "pp": 2}),
    ("EP64-TP8-PP2-DP2", {"ep": 64, "tp": 8, "pp": 2, "dp": 2}),
    ("tp = 4", {"tp": 4}),
    ("TP4 x PP2", {"tp": 4, "pp": 2}),
    ("tp4xpp2", {"tp": 4, "pp": 2}),
    ("tp4×pp2", {"tp": 4, "pp": 2}),
    ("tp4*pp2/dp2+cp8", {"tp": 4, "pp": 2, "dp": 2, "cp": 8}),
    ("tp:4 pp-2", {"tp": 4, "pp": 2}),
    ("vpp2pp4", {"vpp": 2, "pp": 4}),
    ("dcp2cp4dp8", {"dcp": 2, "cp": 4, "dp": 8}),
    ("etp2edp4ep8", {"etp": 2, "edp": 4, "ep": 8}),
    ("  tp04\t", {"tp": 4}),
]


@pytest.mark.parametrize(("text", "degrees"), READ)
def test_one_phase_is_read(text: str, degrees: dict[str, int]) -> None:
    (phase,) = parse_spec(text)
    assert phase.degrees == Degrees.of(degrees)
    assert phase.name is None
    assert phase.gpus is None


def test_phases_have_names_gpus_and_spans() -> None:
    text = "Prefill=pp4ep4tp2sp2; decode = pp4 ep4 tp2 sp1 @ 0-15, 32-47"
    prefill, decode = parse_spec(text)
    assert (prefill.name, prefill.gpus) == ("prefill", None)
    assert (decode.name, str(decode.gpus)) == ("decode", "0-15,32-47")
    assert text[prefill.start : prefill.end] == "Prefill=pp4ep4tp2sp2"
    assert text[decode.start : decode.end] == "decode = pp4 ep4 tp2 sp1 @ 0-15, 32-47"


MISTAKES = [
    ("", "strategy is missing", ""),
    ("   ", "strategy is missing", " "),
    ("pp4tp2pp2", "'pp' is repeated", "pp2"),
    ("a=pp1; a=pp2", "phase 'a' is repeated", "a=pp2"),
    ("pp1;pp2", "second phase without a name", "pp2"),
    ("pp4 xp2", "unknown axis 'xp'", "xp"),
    ("tensor=8", "unknown axis 'tensor'", "tensor"),
    ("decode=mp4", "unknown axis 'mp'", "mp"),
    ("tp2k", "unknown axis 'k'", "k"),
    ("tp4xfoo2", "unknown axis 'foo'", "foo"),
    ("tp0", "'tp' is zero", "tp0"),
    ("pp4 tp", "'tp' has no number", "tp"),
    ("tp=pp4", "'tp' has no number", "tp"),
    ("pp(4)", "'pp' has no number", "pp"),
    ("tp=2.5", "unexpected '.'", "."),
    ("pp4=tp2", "unexpected '='", "="),
    ("4pp", "number without an axis", "4"),
    ("pp4,", "nothing follows ','", ","),
    ("pp4;;", "phase is missing", ";"),
    (";pp4", "phase is missing", ";"),
    ("decode=", "degrees are missing", "="),
    ("decode=@0-3", "degrees are missing", "@"),
    ("pp4@", "nothing follows '@'", "@"),
    ("pp4@3-0", "is reversed", "3-0"),
    ("pp4@0-2,2", "GPU 2 is repeated", "2"),
    ("pp4@0,,2", "unexpected ','", ","),
    ("pp4@0,", "GPU id is missing", ","),
    ("pp64@64 GPUs", "unexpected 'G'", "G"),
    ("pp4@99999999999", "id is too large", "9"),
    ("pp" + "9" * 5000, "'pp' is too large", "pp" + "9" * 5000),
]


@pytest.mark.parametrize(("text", "what", "place"), MISTAKES)
def test_a_mistake_is_one_line_with_its_position(text: str, what: str, place: str) -> None:
    with pytest.raises(StrategyError) as caught:
        parse_spec(text)
    error = caught.value
    assert what in str(error)
    assert "\n" not in str(error)
    assert len(str(error)) < 250
    assert error.position is not None
    assert error.text == text
    assert text[error.position : error.position + error.length] == place
    assert f"column {error.position + 1}" in str(error)


@pytest.mark.parametrize(
    ("text", "suggestion"), [("tensor8", "tp"), ("fpp4", "pp"), ("vp2", "vpp"), ("pp1@5-2", "2-5")]
)
def test_the_nearest_spelling_is_suggested(text: str, suggestion: str) -> None:
    with pytest.raises(StrategyError) as caught:
        parse_spec(text)
    assert caught.value.suggestion == suggestion
    assert suggestion in str(caught.value)


def test_carets_mark_the_mistake() -> None:
    with pytest.raises(StrategyError) as caught:
        parse_spec("pp4 xp2")
    assert caught.value.frame() == "pp4 xp2\n    ^^"


def test_hostile_text_does_not_reach_the_terminal() -> None:
    with pytest.raises(StrategyError) as caught:
        parse_spec("pp4\x1b[31m\r\nfoo")
    assert "\x1b" not in str(caught.value)
    assert "\x1b" not in caught.value.frame()
    assert caught.value.frame().count("\n") == 1


terms = st.dictionaries(st.sampled_from(AXES), st.integers(1, 4096), min_size=1)
separators = st.sampled_from(["", "-", "_", ",", ", ", " x ", "×", " * ", "/", "+", "\t", ", _ "])
signs = st.sampled_from(["", "=", " = ", ":", "-"])


@given(terms, st.data())
def test_order_case_and_separators_make_no_difference(degrees: dict[str, int], data: st.DataObject) -> None:
    text = ""
    for axis in data.draw(st.permutations(list(degrees))):
        name = axis.upper() if data.draw(st.booleans()) else axis
        text += (data.draw(separators) if text else "") + name + data.draw(signs) + str(degrees[axis])
    (phase,) = parse_spec(text)
    assert phase.degrees == Degrees.of(degrees)
    assert parse_spec(str(phase.degrees))[0].degrees == phase.degrees


@given(st.text(alphabet="ptesdcvx0149=;:@,-_ ×(\n", max_size=30))
def test_any_text_is_parsed_or_rejected_with_a_position(text: str) -> None:
    refused: StrategyError | None = None
    try:
        phases = parse_spec(text)
    except StrategyError as error:
        refused, phases = error, ()
    if refused is None:
        assert all(re.search("[0-9]", text[phase.start : phase.end]) for phase in phases)
    else:
        assert refused.position is not None
        assert 0 <= refused.position <= max(0, len(text) - 1)


def test_degrees_as_text() -> None:
    degrees = Degrees.of({"sp": 2, "tp": 2, "ep": 4, "pp": 4})
    assert str(degrees) == "pp4ep4tp2sp2"
    assert list(degrees.to_dict()) == ["pp", "ep", "tp", "sp"]
    assert degrees.get("dp") == 1
    assert degrees.with_axis("sp", 1) == Degrees.of({"sp": 1, "tp": 2, "ep": 4, "pp": 4})
    assert GpuSet.parse("0-3") == GpuSet.span(0, 4)
