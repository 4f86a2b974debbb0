"""A grammar of statements, right and broken ones: what it draws is repeated with other numbers."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_DIMS = "[batch=4, seq=1024, hidden=512]"
PIECES: dict[str, Callable[[int], str]] = {
    "operator": lambda at: f'  op_{at} [label="MLP {at}\\nGPU {at % 8}\\nInput: {_DIMS}\\nOutput: {_DIMS}"];',
    "layer": lambda at: f'  l{at} [label="Layer {at} Attention", shape=box]; l{max(at - 1, 0)} -> l{at};',
    "cluster": lambda at: f'  subgraph cluster_{at} {{ label="Stage {at}"; c{at} -> d{at}; }}',
    "nested": lambda at: f"  subgraph s{at % 9} {{ subgraph t{at} {{ n{at}; n{at // 2}; }} edge [color=red]; }}",
    "rank": lambda at: f"  {{rank=same; r{at}; r{at // 2};}}",
    "group": lambda at: f"  {{g{at} h{at}}} -> {{i{at} j{at % 5}}};",
    "edge": lambda at: f'  e{at % 97} -> e{at * 31 % 101} [label="all-reduce {at}", style=dashed];',
    "port": lambda at: f'  p{at} [shape=record, label="<a> x|{{<b> y|z}}"]; p{at}:a -> p{at // 2}:c:n;',
    "defaults": lambda at: f"  node [shape=box, fillcolor=c{at}]; edge [weight={at}]; graph [label=x{at}];",
    "comment": lambda at: f"  // dotlint: ignore[A001] {at}\n  /* k{at} -> k{at + 1}; */ k{at} -> k{at};",
    "html": lambda at: f"  h{at} [label=<<b>GPU {at}</b><br/>x>];",
    "unequal": lambda at: f"  u{at} [label x{at}, shape=box];",
    "unquoted": lambda at: f"  q{at} [label=two words {at}];",
    "hyphen": lambda at: f"  all-reduce-{at} -> layer.{at}.norm;",
    "arrow": lambda at: f"  v{at} --> w{at} => x{at} -- y{at};",
    "python": lambda at: f"  for i in range({at}): print(i)",
    "bracket": lambda at: f"  b{at} [shape=box\n  b{at} -> ;",
    "brace": lambda at: f"  z{at}; }} {{",
    "quote": lambda at: f"  y{at} [label='single {at}', tooltip=\u201ccurly\u201d];",
    "escape": lambda at: f'  o{at} [label=\\"x{at}\\"];\\n',
    "template": lambda at: f'  "m_{{{at}}}" -> "f_$i{at}";',
    "ellipsis": lambda at: f"  x{at} -> ... -> y{at}; ...",
    "undeclared": lambda at: f"  Layer{at}_Atention -> layer_{at}_attention;",
}


def drawn(seed: int, n: int) -> str:
    """Return a graph with `n` pieces of about five kinds that `seed` draws."""
    draw = random.Random(seed)
    kinds = draw.sample(sorted(PIECES), 5)
    return "digraph g {\n" + "\n".join(PIECES[draw.choice(kinds)](at) for at in range(n)) + "\n}\n"
