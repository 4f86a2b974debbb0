"""Whatever notation a label writes a shape in, it is read as the shape that was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from dotlint.deployment.axes import axes, change
from dotlint.deployment.gpus_and_dims import read_tensors
from dotlint.deployment.shapes import read_dims
from dotlint.deployment.sizes import read_size

if TYPE_CHECKING:
    from dotlint.deployment.shapes import Dims

NAMES = {
    "batch": ["batch", "batch_size", "B", "bsz", "Batch Size", "批次"],
    "seq": ["seq", "seq_len", "S", "sl", "sequence-length", "séquence", "序列"],
    "hidden": ["hidden", "hidden_size", "H", "d_model", "隐藏维度"],
}
INPUTS = [
    "Input: {}",
    "Inputs: {}",
    "in {}",
    "in_shape={}",
    "in: {}",
    "INPUT {}",
    "输入：{}",
    "Entrée : {}",
    "Eingabe: {}",
]
OUTPUTS = ["Output: {}", "out {}", "out_shape={}", "输出形状：{}", "Sortie : {}", "Ausgabe: {}"]
TITLES = st.sampled_from(["LayerNorm", "Expert 3", "GPU: [0, 1, 2, 3]", "TP=2, EP=4", "QKV (TP0)", ""])
SIZES = st.integers(1, 200_000)


@st.composite
def numbers(draw: st.DrawFn) -> tuple[int, str]:
    """Draw a size and a spelling of it."""
    size = draw(SIZES)
    spellings = [str(size)]
    if size % 1024 == 0 and (size // 1024).bit_count() == 1:
        spellings += [f"{size // 1024}k", f"{size // 1024}K"]
    if size % 2 == 0:
        spellings += [f"{2 * size}/2", f"2*{size // 2}"]
    return size, draw(st.sampled_from(spellings))


@st.composite
def written(draw: st.DrawFn) -> tuple[list[int], str]:
    """Draw the sizes of batch, sequence and hidden, and a text that states them."""
    pairs = draw(st.lists(numbers(), min_size=3, max_size=3))
    sizes, texts = [size for size, _ in pairs], [text for _, text in pairs]
    brackets = draw(st.sampled_from(["[{}]", "({})"]))
    comma = draw(st.sampled_from([", ", ","]))
    style = draw(st.sampled_from(["named", "bare", "chain", "thousands"]))
    names = [draw(st.sampled_from(NAMES[axis])) for axis in ("batch", "seq", "hidden")]
    sign = draw(st.sampled_from(["=", ": ", " = "]))
    if style == "named":
        return sizes, brackets.format(comma.join(f"{n}{sign}{t}" for n, t in zip(names, texts, strict=True)))
    if style == "thousands":
        return sizes, brackets.format(", ".join(f"{n}{sign.strip()}{s:,}" for n, s in zip(names, sizes, strict=True)))
    if style == "chain":
        return sizes, draw(st.sampled_from(["×", " × ", "x", " x "])).join(map(str, sizes))
    return sizes, brackets.format(comma.join(texts))


def sizes_of(dims: Dims) -> list[int | None]:
    return [size.whole if (size := read_size(value)) else None for value in dims.values]


@given(TITLES, written(), written(), st.sampled_from(INPUTS), st.sampled_from(OUTPUTS), st.booleans())
def test_a_stated_shape_is_read_back(
    title: str,
    taken: tuple[list[int], str],
    given_: tuple[list[int], str],
    into: str,
    out: str,
    one_line: bool,
) -> None:
    lines = [into.format(taken[1]), out.format(given_[1])]
    tensors = read_tensors([title, *([" -> ".join(lines)] if one_line else lines)])
    assert [sizes_of(dims) for dims in tensors.inputs] == [taken[0]]
    assert [sizes_of(dims) for dims in tensors.outputs] == [given_[0]]
    assert not tensors.bare


@given(written(), written())
def test_shapes_around_an_arrow_are_read_back(before: tuple[list[int], str], after: tuple[list[int], str]) -> None:
    tensors = read_tensors([f"{before[1]} → {after[1]}"])
    if max(*before[0]) >= 64 and max(*after[0]) >= 64:  # smaller numbers may be coordinates
        assert [sizes_of(dims) for dims in (*tensors.inputs, *tensors.outputs)] == [before[0], after[0]]


@given(st.lists(st.sampled_from(sorted(NAMES)), min_size=1, max_size=3, unique=True), st.data())
def test_an_axis_is_found_under_each_of_its_names(order: list[str], data: st.DataObject) -> None:
    text = ", ".join(f"{data.draw(st.sampled_from(NAMES[axis]))}=4" for axis in order)
    dims = read_dims(text)
    assert dims is not None
    assert {"batch", "seq"}.intersection(order) <= set(axes(dims))


@given(st.text(alphabet="BSH48,=x×*/[]()→: ?KVqinout|\n", max_size=60))
def test_any_text_is_read_and_equals_itself(text: str) -> None:
    tensors = read_tensors([line for line in text.split("\n") if line])
    for dims in (*tensors.inputs, *tensors.outputs, *tensors.bare):
        found = change(dims, dims)
        assert found is None or not found.parts
