"""The size of a Slurm job, as the `#SBATCH` lines of its script state it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dotlint.strategy.launch.options import Given
from dotlint.strategy.launch.shell.words import Word
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotlint.strategy.launch.location import Source
    from dotlint.strategy.launch.options import Options
    from dotlint.strategy.launch.shell.variables import Variables

_LINE: Final = regex(r"^#SBATCH[ \t]+([^\n]*)", re.MULTILINE, needs=("#SBATCH",))
_NODES: Final = regex(r"(?:^|[ \t])(?:--nodes|-N)[= \t]*([0-9]{1,6})(?![0-9-])")
_TASKS: Final = regex(r"(?:^|[ \t])--ntasks-per-node[= \t]*([0-9]{1,4})(?![0-9])")
_GPUS: Final = regex(r"(?:^|[ \t])--(?:gpus-per-node|gres)[= \t]*(?:gpu:)?(?:[A-Za-z][\w.-]*:)?([0-9]{1,4})(?![0-9])")
_SETS: Final[Mapping[str, tuple[str, ...]]] = {
    "nodes": ("SLURM_NNODES", "SLURM_JOB_NUM_NODES"),
    "tasks": ("SLURM_NTASKS_PER_NODE",),
    "per_node": ("SLURM_GPUS_PER_NODE", "SLURM_GPUS_ON_NODE"),
}
_OPTIONS: Final = {"nodes": "#SBATCH --nodes", "per_node": "#SBATCH --gpus-per-node"}


def slurm_variables(text: str, at: Sequence[int], variables: Variables) -> None:
    """Set the variables that Slurm sets for a job of this size."""
    for line in _LINE.finditer(text):
        for name, pattern in (("nodes", _NODES), ("tasks", _TASKS), ("per_node", _GPUS)):
            match = pattern.search(line[1])
            if match is not None:
                start, end = line.start(1) + match.start(1), line.start(1) + match.end(1)
                for variable in _SETS[name]:
                    variables.set(variable, [Word(text[start:end], list(at[start:end]), start=at[start])])


def add_slurm(options: Options, source: Source, variables: Variables) -> None:
    """Add the nodes and GPUs of the job to a launch whose engine takes the number of GPUs from them."""
    if not any(option.to == "nodes" for option in options.table.options):
        return
    for name, label in _OPTIONS.items():
        words = variables.value(_SETS[name][0])
        if words is None and name == "per_node":  # a task for each GPU; a launcher such as torchrun has one alone
            words = next((w for w in [variables.value(_SETS["tasks"][0])] if w and w[0].text != "1"), None)
        if words is not None and name not in options.given and words[0].text.isdigit():
            options.given[name] = Given(int(words[0].text), label, source.spread(words[0].offsets))
