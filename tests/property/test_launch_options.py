"""A plan, written as launch options in any order and spelling, is read back as the same plan."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dotlint.strategy import Strategy, StrategyError
from dotlint.strategy.launch.argument import LaunchArgument
from dotlint.strategy.launch.systems import ENGINES
from dotlint.strategy.launch.table import table_of

DEGREES = st.sampled_from([1, 2, 4, 8])


def spellings(engine: str, to: str) -> list[str]:
    return next(option.names.split() for option in table_of(engine).options if option.to == to)


@st.composite
def launched(draw: st.DrawFn, engine: str, axes: tuple[str, ...]) -> tuple[str, dict[str, int]]:
    """Draw degrees and a command that states them."""
    degrees = {axis: draw(DEGREES) for axis in axes if draw(st.booleans())}
    words: list[list[str]] = []
    for axis, degree in degrees.items():
        name = draw(st.sampled_from(spellings(engine, axis)))
        if name.startswith("--") and draw(st.booleans()):
            name = "--" + name[2:].replace("-", "_")
        quote = draw(st.sampled_from(["", "'", '"']))
        value = f"{quote}{degree}{quote}"
        words.append([f"{name}={value}"] if draw(st.booleans()) else [name, value])
    words += [["--port", "80"], ["--verbose"], ["--name='a b'"]][: draw(st.integers(0, 3))]
    order = draw(st.permutations(words))
    gap = st.sampled_from([" ", "  ", " \\\n  ", "\t"])
    text = "vllm serve model" if engine == "vllm" else "python -m sglang.launch_server"
    for word in (word for group in order for word in group):
        text += draw(gap) + word
    return text, degrees


@settings(max_examples=150, deadline=None)
@given(launched("vllm", ("tp", "pp", "dp", "cp", "dcp")))
def test_vllm_options_in_any_order_and_spelling(case: tuple[str, dict[str, int]]) -> None:
    text, degrees = case
    spec = Strategy.combine([LaunchArgument("vllm", text)]).specs[0]
    assert spec.degrees.to_dict() == (degrees or {"tp": 1})


@settings(max_examples=150, deadline=None)
@given(launched("sglang", ("tp", "pp", "attention_dp")))
def test_sglang_options_keep_the_number_of_gpus(case: tuple[str, dict[str, int]]) -> None:
    text, degrees = case
    try:
        strategy = Strategy.combine([LaunchArgument("sglang", text)])
    except StrategyError as error:
        assert degrees.get("tp", 1) % degrees.get("attention_dp", 1)
        assert error.position is not None  # noqa: PT017 - as below
        return
    assert len(strategy.declared_gpus) == degrees.get("tp", 1) * degrees.get("pp", 1)


TEXT = st.text(alphabet=st.sampled_from(list("abtp-=_ '\"\\$(){}`#;&|<>\n\r10.,[]*+!/\0é")), max_size=80)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ENGINES), TEXT, st.sampled_from(["", "vllm serve ", "--tp 8 -tp 8 "]))
def test_any_text_is_read_or_refused_in_one_line(engine: str, text: str, before: str) -> None:
    try:
        Strategy.combine([LaunchArgument(engine, before + text)])
    except StrategyError as error:
        assert "\n" not in str(error)  # noqa: PT017 - it may also be read


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99) | st.sampled_from(["auto", "8", "x", "--tensor-parallel-size 8"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["args", "command", "parallelism", "tensor", "env", "name", "tensor_parallel_size", "prefill",
                         "containers", "resources", "limits", "gpu", "zero_optimization", "stage", "context_servers"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(VALUES, st.sampled_from(["vllm", "trtllm", "megatron", "deepspeed", "dynamo", "llm-d"]))
def test_any_configuration_is_read_or_refused(tmp_path_factory: Any, value: Any, system: str) -> None:
    path = tmp_path_factory.getbasetemp() / "drawn.yaml"
    path.write_text(json.dumps(value), "utf-8")
    try:
        Strategy.combine([LaunchArgument(system, str(path))])
    except StrategyError as error:
        assert "\n" not in str(error)  # noqa: PT017 - it may also be read
