"""Effective attributes are right, and share what they have in common, however many defaults a file sets."""

from __future__ import annotations

import gc
import random
from typing import TYPE_CHECKING

import pytest

from dotlint.graph.attributes import Attributes, Branch, names_of, overridden, with_own
from dotlint.graph.builder import read

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.mark.parametrize("seed", range(6))
def test_a_chain_of_mappings_is_what_copies_would_be(seed: int) -> None:
    draw = random.Random(seed)
    local: list[tuple[Mapping[str, str], dict[str, str]]] = [({}, {})]
    whole = local.copy()
    for _ in range(200):
        own = {f"k{draw.randrange(40)}": str(draw.random()) for _ in range(draw.randrange(4))}
        base, copied = draw.choice(local[-5:])
        local.append((overridden(base, own), {**copied, **own}))
        base, copied = draw.choice(whole[-5:])
        over, its = draw.choice([(own, own), draw.choice(local)])
        whole.append((overridden(base, over), {**copied, **its}))
        assert with_own(base, own) == {**copied, **own}
    for found, right in local + whole:
        assert found == right
        assert (len(found), bool(found), sorted(found)) == (len(right), bool(right), sorted(right))
        assert {**found} == right
        assert [found.get(f"k{at}", "none") for at in range(41)] == [right.get(f"k{at}", "none") for at in range(41)]
        assert sorted(names_of(found, lambda name: name.endswith("7"))) == sorted(k for k in right if k.endswith("7"))
        with pytest.raises(KeyError):
            found["nowhere"]


def objects(of: Mapping[str, str], seen: set[int]) -> int:
    """Count the parts of a mapping that were not seen yet."""
    waiting: list[object] = [of]
    count = 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Attributes):
            waiting += (one.over, one.under)
        elif isinstance(one, Branch):
            waiting += one.inner
        else:
            count += len(one)  # type: ignore[arg-type]
    return count


@pytest.mark.parametrize(
    "text",
    [
        lambda n: "".join(f"node [k{at}=v]; a{at} [label=x];" for at in range(n)),
        lambda n: "".join(f"subgraph s{at} {{ node [k{at}=v]; a{at};" for at in range(n)) + "}" * n,
        lambda n: "subgraph s {node [" + " ".join(f"k{at}=v" for at in range(n)) + "]}" + "subgraph s {{a}}" * n,
    ],
)
def test_defaults_are_not_copied_for_each_node(text: object) -> None:
    def values(n: int) -> int:
        graph = read(f"digraph {{ {text(n)} }}").graphs[0]  # type: ignore[operator]
        seen: set[int] = set()
        return sum(objects(node.attributes, seen) for node in graph.nodes.values())

    assert values(1600) < 2.6 * values(800)


def test_the_defaults_of_a_block_that_is_opened_again_are_its_own_over_those_around() -> None:
    many = " ".join(f"k{at}=1" for at in range(30))
    text = (
        f"digraph {{ subgraph s {{ node [{many} x=own] a }} node [x=2 y=2 k3=2] subgraph s {{ b node [k4=4] c }} d }}"
    )
    nodes = read(text).graphs[0].nodes
    assert [nodes[name].attributes.get("y") for name in "abcd"] == [None, "2", "2", "2"]
    assert [nodes[name].attributes.get("x") for name in "abcd"] == ["own", "own", "own", "2"]
    assert [nodes[name].attributes.get("k4") for name in "abcd"] == ["1", "1", "4", None]
    assert nodes["c"].attributes.get("k3") == "1"


BROKEN = {
    "no equals": lambda n: "".join(f'a{at} [label "node {at}" shape box];' for at in range(n)),
    "loops": lambda n: "".join(f"for i in range({at}):\n a{at} -> b{at}\n" for at in range(n)),
    "quotes": lambda n: "".join(f'a{at} [label="x];\n' for at in range(n)),
    "brackets": lambda n: "".join(f"a{at} [shape=box\n b{at} -> ;" for at in range(n)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_recovery_leaves_nothing_to_the_collector(name: str) -> None:
    """Reading turns the collector off, so that whatever forms a cycle stays until the end."""
    text = f"digraph {{\n{BROKEN[name](40)}}}"
    read(text)  # loads modules
    enabled = gc.isenabled()
    gc.disable()
    try:
        gc.collect()
        document = read(text)
        assert gc.collect() == 0
    finally:
        if enabled:
            gc.enable()
    assert document.problems
