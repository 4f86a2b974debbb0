"""Whatever words, separators and order names use, a pipeline on devices is read with its stages and layers."""

from __future__ import annotations

import string

from hypothesis import assume, given
from hypothesis import strategies as st

from dotlint.deployment.classify import read_deployment
from dotlint.deployment.vocabulary import load_vocabulary
from dotlint.engine.resources import rules_folder
from dotlint.graph.builder import read
from tests.dsl import TITLES, digraph, edges, node

VOCABULARY = load_vocabulary(str(rules_folder() / "vocabulary.toml"))
OPERATORS = ("norm", "qkv", "attn", "mlp")
KNOWN = {
    meaning: sorted(word for word, found in VOCABULARY.axes.items() if meaning in found and word.isidentifier())
    for meaning in ("stage", "layer")
}
UNKNOWN = st.text(string.ascii_lowercase, min_size=3, max_size=7).filter(
    lambda word: (
        not {word, *VOCABULARY.split(word)} & {*VOCABULARY.axes, *VOCABULARY.words, *VOCABULARY.devices.words.names}
    )
)


def pipeline(form: str, base: int, *, layers: int, through: bool) -> tuple[str, dict[str, tuple[int, int]]]:
    """Return two stages on two GPUs each, and the 0-based stage and the layer of each operator by its name.

    `form` has the parts `{stage}`, `{layer}` and `{op}`; `through` is whether layers count through both stages.
    """
    expected: dict[str, tuple[int, int]] = {}
    nodes = []
    for stage in (0, 1):
        for layer in range(layers):
            number = base + layer + (stage * layers if through else 0)
            for op in OPERATORS:
                name = form.format(stage=stage + base, layer=number, op=op)
                nodes.append(node(f'"{name}"', TITLES[op], f"{2 * stage}-{2 * stage + 1}"))
                expected[name] = stage, number
    names = [f'"{name}"' for name in expected]
    ends = node("input", "Input"), node("output", "Output")
    return digraph(*ends, *nodes, *edges("input", *names, "output")), expected


@given(
    stage=st.sampled_from(KNOWN["stage"]) | UNKNOWN,
    layer=st.sampled_from(KNOWN["layer"]) | UNKNOWN,
    separators=st.tuples(st.sampled_from(("_", "-", ".", "__")), st.sampled_from(("", "_", "-"))),
    order=st.permutations(("stage", "layer", "op")),
    base=st.integers(0, 1),
    layers=st.integers(2, 3),
    through=st.booleans(),
)
def test_stages_and_layers_are_read(
    stage: str, layer: str, separators: tuple[str, str], order: list[str], base: int, layers: int, *, through: bool
) -> None:
    assume(stage != layer)
    between, before_number = separators
    parts = {"stage": f"{stage}{before_number}{{stage}}", "layer": f"{layer}{before_number}{{layer}}", "op": "{op}"}
    text, expected = pipeline(between.join(parts[part] for part in order), base, layers=layers, through=through)
    deployment = read_deployment(read(text).graphs[0], VOCABULARY)
    assert {r.name: (r.stage, r.layer) for r in deployment.readings if r.name in expected} == expected
    assert deployment.stage_base == base
