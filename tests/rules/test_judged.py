"""Kinds of findings that authors of real files called wrong or noise, each beside the twin that must be found."""

import pytest

from tests.dsl import find

_PLAN = 'a [label="LayerNorm\\nGPU: 0-3\\nInput: [batch=4, seq=8]\\nOutput: [batch=4, seq=8]"]'


def _node(name: str, label: str, extra: str = "") -> str:
    return f'{name} [label="{label}"{extra}]\n'


def test_g003_regions_of_memory_and_links_between_devices_are_no_operators() -> None:
    regions = "".join(_node(f"g{i}", f"GPU {i}\\nLayer {i} Part A\\n30.5GB cache") for i in range(4))
    header = _node("header", "Baseline (TP=2, PP=2)")
    assert find(f"digraph {{ {header} {regions} }}", "G003") == []
    stages = "".join(_node(f"g{i}", f"GPU {i}\\nLayer {i} Part A") for i in range(4))
    assert any("g3" in f.nodes for f in find(f"digraph {{ {header} {stages} g0 -> g1 -> g2 }}", "G003"))


def test_g007_links_that_lead_both_ways_between_devices_have_no_input() -> None:
    devices = "".join(_node(f"g{i}", f"GPU {i}\\nExpert {i}") for i in range(4))
    links = 'x [label="All-to-All"] ' + " ".join(f"g{i} -> x -> g{i}" for i in range(4))
    assert find(f"digraph {{ {devices} {links} }}", "G007") == []
    operators = devices.replace("GPU", "Expert on GPU")
    assert len(find(f"digraph {{ {operators} {links} }}", "G007")) == 1


@pytest.mark.parametrize(("end", "fires"), [("Model End", False), ("LayerNorm 3", True)])
def test_g004_the_end_of_the_model_is_its_output(end: str, *, fires: bool) -> None:
    text = (
        _node("start", "Model Start")
        + _PLAN
        + _node("box", "GPUs 0-3\\nPipeline Stage 0")
        + _node("end", f"{end}\\nOutput: [batch=4, seq=8]")
        + _node("other", "MLP\\nGPU: 0-3")
    )
    found = find(f"digraph {{ {text} start -> a -> end; a -> other; start -> box }}", "G004")
    assert any("end" in finding.nodes for finding in found) == fires


@pytest.mark.parametrize(
    ("name", "label", "fires"),
    [
        ("in", "Input\\nGPU: all GPUs", False),
        ("in", "Input\\nGPU: some GPUs", True),
        ("sum", "All-Reduce\\nGPU: all GPUs", True),
        ("sum", "All-Reduce\\nSum All Device Outputs\\nAll 4 devices", False),
        ("sum", "All-Reduce\\nAll Devices", True),
        ("sum", "All-Reduce\\nGPU: Each shard 0-3", False),
    ],
)
def test_d002_all_gpus_is_vague_only_for_operators(name: str, label: str, *, fires: bool) -> None:
    text = f"digraph {{ {_PLAN} {_node('b', 'MLP')} {_node(name, label)} a -> b -> {name} }}"
    assert bool(find(text, "D002")) == fires


@pytest.mark.parametrize(("last", "fires"), [("PP2", False), ("PP4", True)])
def test_p001_numbers_of_clusters_are_no_degrees(last: str, *, fires: bool) -> None:
    text = (
        f'digraph {{ subgraph cluster_1 {{ label="Stage 1\\nTP4-PP1" {_PLAN} }}'
        f'subgraph cluster_2 {{ label="Stage 2\\nTP4-{last}" {_node("b", "MLP")} }} a -> b }}'
    )
    assert bool(find(text, "P001", strategy="tp4pp2")) == fires


@pytest.mark.parametrize(
    ("label", "extra", "fires"),
    [
        ("Split\\nSplit batch=128 → 2×64", "", False),
        ("Split\\nInput: [B=128->8, S=4]", "", False),
        ("Split\\nSplit the batch", "", True),
        ("Split\\nSplit the batch", " shape=note", False),
    ],
)
def test_t001_a_change_of_size_states_both_sides_and_a_note_none(label: str, extra: str, *, fires: bool) -> None:
    others = _PLAN + "".join(_PLAN.replace("a [", f"n{i} [") for i in range(3))
    text = f"digraph {{ {others} {_node('s', label, extra)} a -> s -> n0 -> n1 -> n2 }}"
    assert any("s" in finding.nodes for finding in find(text, "T001")) == fires


@pytest.mark.parametrize(("shape", "fires"), [("ellipse", False), ("parallelogram", True)])
def test_c003_a_routing_drawn_as_communication_dispatches(shape: str, *, fires: bool) -> None:
    experts = "".join(_node(f"e{i}", f"Expert {i}\\nGPU: {i}") + f"r -> e{i} -> n\n" for i in range(4))
    head = _node("r", "Token Routing", f" shape={shape}") + _node("n", "LayerNorm")
    text = f'digraph {{ node [shape=box] in [label="Input"] {head} {experts} in -> r }}'
    assert any("dispatches" in finding.message for finding in find(text, "C003", strategy="ep4")) == fires


@pytest.mark.parametrize(("block", "fires"), [("MLP", False), ("MLP up projection", True)])
def test_s010_a_file_that_divides_no_block_owes_no_projection(block: str, *, fires: bool) -> None:
    text = f"digraph {{ {_PLAN} {_node('t', 'Attention')} {_node('m', block)} a -> t -> m }}"
    assert bool(find(text, "S010")) == fires


def test_s010_a_projection_may_be_named_in_another_line() -> None:
    head = _node("mha_head0", "Head Group 0\\nQ,K,V Linear")
    others = _node("t", "Attention") + _node("o", "Output projection")
    assert find(f"digraph {{ {_PLAN} {head} {others} a -> mha_head0 -> t -> o }}", "S010") == []


@pytest.mark.parametrize(
    ("label", "extra", "fires"),
    [
        ("MLP", "", False),
        ("MLP", " shape=ellipse", True),
        ("Route Tokens\\nGPU: 0→1", " shape=ellipse", False),
    ],
)
def test_v003_a_shape_that_nobody_chose_is_no_convention(label: str, extra: str, *, fires: bool) -> None:
    nodes = "".join(_node(f"m{i}", label, extra) for i in range(3))
    assert bool(find(f"digraph {{ {_PLAN} {nodes} a -> m0 -> m1 -> m2 }}", "V003")) == fires
