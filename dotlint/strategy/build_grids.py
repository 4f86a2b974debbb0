"""Build the rank grids of a phase: which axes multiply, which share the ranks of others, what is impossible."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from dotlint.strategy.degrees import AXES, AXIS_NAMES, Degrees
from dotlint.strategy.error import StrategyError
from dotlint.strategy.fitting import degrees_that, divisors, listed_degrees
from dotlint.strategy.placement import EXPERT_AXES, Placement
from dotlint.strategy.rank_grid import Grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotlint.strategy.presets import EtpDefault, Flavor, Preset

_PRODUCT_ORDER: Final = ("pp", "dp", "ep", "cp", "sp", "tp")
_OVERLAY_ORDER: Final = ("pp", "dp", "cp", "tp")
_OVERLAY_EXPERTS: Final = ("pp", "edp", "ep", "etp")


class _Findings(Struct):
    """What is collected while grids are built; not frozen for that reason."""

    problems: list[str]
    notes: list[str]
    remedies: list[str]
    only_with: str | None = None


def build_placement(
    degrees: Degrees,
    *,
    model: str,
    preset: Preset | None,
    order: tuple[str, ...] | None,
    expert_order: tuple[str, ...] | None,
    flavor: Flavor,
) -> Placement:
    """Build the grids of a phase. Raises `StrategyError` if a declared order lacks an axis that the degrees need."""
    found = _Findings([], [], [])
    shared: dict[str, tuple[str, ...]] = {}
    _check_shared(degrees, flavor, preset, found)
    if flavor == "megatron":
        shared["sp"] = ("tp",)
    if preset is not None and preset.attention_dp:
        shared["dp"] = ("tp",)
    shared["dpa"] = ("tp",)
    dense = _dense_grid(degrees, model, preset, order, shared=shared)
    expert: Grid | None = None
    if model == "product":
        expert, resolved = _product_experts(degrees, dense, expert_order, found)
        expert_fixed = expert_order is not None
    elif preset is not None and preset.experts == "stage" and expert_order is None:
        expert = dense
        resolved = _stage_experts(degrees, dense, preset, shared, found)
        expert_fixed = True
    elif preset is not None and preset.experts == "none" and expert_order is None:
        resolved, expert_fixed = degrees, True
    else:
        default = preset.etp if preset is not None else "one"
        axes = expert_order or (preset.expert_order if preset is not None else None) or _OVERLAY_EXPERTS
        expert, resolved = _overlay_experts(degrees, dense, axes, default, found)
        expert_fixed = expert_order is not None or preset is not None
    if expert is not None and any(
        dense.select({"pp": n}) != expert.select({"pp": n}) for n in _first_and_last_index(degrees.pp)
    ):
        found.problems.append("the dense and the expert order place a stage on different GPUs")
        expert = None
    if dense.length("pp") > 1 and not dense.select({"pp": 0}).contiguous:
        found.notes.append("the GPUs of a stage are not contiguous")
    named = bool(degrees.named & set(EXPERT_AXES))
    return Placement(
        degrees=resolved,
        dense=dense,
        expert=expert,
        dense_fixed=order is not None or preset is not None,
        expert_fixed=expert_fixed,
        expert_world=_expert_world(resolved, expert) if named and model == "overlay" else None,
        shared=tuple(shared.items()),
        verdict=f"impossible: {found.problems[0]}" if found.problems else found.only_with or "ok",
        problems=tuple(found.problems),
        remedies=tuple(found.remedies),
        notes=tuple(found.notes),
    )


def _check_shared(degrees: Degrees, flavor: Flavor, preset: Preset | None, found: _Findings) -> None:
    """Check the degrees of axes that share the ranks of other axes."""
    tp = degrees.tp
    if preset is not None:
        lacking = [axis for axis in AXES if degrees.get(axis) > 1 and axis not in preset.axes]
        found.problems += [
            f"{preset.title} has no {_noun(axis)} ({axis.upper()}={degrees.get(axis)})" for axis in lacking
        ]
        if "dpa" in lacking:
            found.remedies.append(f"dp{degrees.dpa} declares replicas of attention on GPUs of their own")
    if flavor == "megatron" and degrees.sp not in (1, tp):
        found.problems.append(f"Megatron's sequence parallelism shares TP's GPUs: SP={degrees.sp} must equal TP={tp}")
        found.remedies.append(f"sp{tp} would fit")
    # vLLM's DCP may also use the ranks of CP.
    of_cp = preset is not None and preset.name == "vllm" and degrees.cp > 1
    for axis in ("dpa",) if of_cp else ("dpa", "dcp"):
        if tp % degrees.get(axis):
            found.problems.append(
                f"{_noun(axis)} shares TP's GPUs: TP={tp} is not divisible by {axis.upper()}={degrees.get(axis)}"
            )
            found.remedies.append(degrees_that(axis.upper(), f"divide TP={tp}", divisors(tp)))
    if degrees.vpp > 1 and degrees.pp == 1:
        found.problems.append(f"interleaved stages need a pipeline: VPP={degrees.vpp} with PP=1")
        found.remedies.append("vpp1 would fit")
    if preset is not None and preset.attention_dp and degrees.dp not in (1, tp):
        found.problems.append(f"{preset.title}'s attention DP shares TP's GPUs: DP={degrees.dp} must equal TP={tp}")
        found.remedies.append(f"dp{tp} would fit")
    if preset is not None and preset.attention_dp and degrees.dpa not in (1, tp):
        found.problems.append(f"{preset.title}'s attention DP shares TP's GPUs: DPA={degrees.dpa} must equal TP={tp}")
        found.remedies.append(f"dpa{tp} would fit")


def _noun(axis: str) -> str:
    return "interleaved pipeline" if axis == "vpp" else f"{AXIS_NAMES[axis]}ism"


def _dense_grid(
    degrees: Degrees,
    model: str,
    preset: Preset | None,
    order: tuple[str, ...] | None,
    *,
    shared: Mapping[str, tuple[str, ...]],
) -> Grid:
    possible = ("pp", "dp", "cp", "sp", "tp", *(("ep",) if model == "product" else ()))
    needed = tuple(axis for axis in possible if degrees.get(axis) > 1 and axis not in shared)
    if order is not None:
        _check_order(order, possible, needed, shared, degrees)
        return Grid(order, tuple(degrees.get(axis) for axis in order))
    axes = preset.order if preset is not None else _OVERLAY_ORDER if model == "overlay" else _PRODUCT_ORDER
    axes = tuple(axis for axis in axes if axis not in shared)
    for axis in needed:
        if axis in axes:
            continue
        inner = axes.index("tp")
        axes = (*axes[:inner], axis, *axes[inner:])
    return Grid(axes, tuple(degrees.get(axis) for axis in axes))


def _check_order(
    order: tuple[str, ...],
    possible: tuple[str, ...],
    needed: tuple[str, ...],
    shared: Mapping[str, tuple[str, ...]],
    degrees: Degrees,
) -> None:
    written = ",".join(order)
    for axis in order:
        if axis not in possible:
            message = f"the order '{written}' lists {axis}, an axis of the expert grid: write it in expert_order"
            raise StrategyError(message)
        if axis in shared:
            others = ", ".join(shared[axis]).upper()
            raise StrategyError(f"the order '{written}' lists {axis}, which shares the GPUs of {others}: remove it")
    for axis in needed:
        if axis not in order:
            message = f"the order '{written}' lacks {axis}, whose degree is {degrees.get(axis)}: add it"
            raise StrategyError(message)


def _product_experts(
    degrees: Degrees, dense: Grid, order: tuple[str, ...] | None, found: _Findings
) -> tuple[Grid | None, Degrees]:
    """Build the expert grid of a product: an expert group has the GPUs of a stage divided by EP, which is ETP·EDP."""
    each = dense.size // (degrees.pp * degrees.ep)
    etp, edp = degrees.etp, degrees.edp
    if "etp" not in degrees.named and "edp" in degrees.named and each % edp == 0:
        etp = each // edp
    elif "edp" not in degrees.named and each % etp == 0:
        edp = each // etp
    if etp * edp != each:
        found.problems.append(f"an expert group has {each} GPUs, not ETP·EDP = {etp}·{edp} = {etp * edp}")
    resolved = replace(degrees, etp=etp, edp=edp)
    if order is None:
        # a product has expert groups, but does not determine their GPUs
        return Grid(("pp", "ep", "edp"), (degrees.pp, degrees.ep, each)), resolved
    grid = Grid(order, tuple(_length(resolved, axis, dense) for axis in order))
    if grid.size != dense.size:
        written = ",".join(order)
        message = f"the expert order '{written}' spans {grid.size} GPUs of {dense.size}: list every axis, or edp"
        raise StrategyError(message)
    return grid, resolved


def _length(degrees: Degrees, axis: str, dense: Grid) -> int:
    """Return the length of an axis of the expert grid; an axis that shares ranks (SP of Megatron) has length 1."""
    return degrees.get(axis) if axis in EXPERT_AXES else dense.length(axis)


def _stage_experts(
    degrees: Degrees, dense: Grid, preset: Preset, shared: dict[str, tuple[str, ...]], found: _Findings
) -> Degrees:
    """Distribute experts over all ranks of a stage: EP is derived, and checked if it is declared."""
    axes = tuple(axis for axis in dense.axes if axis != "pp")
    size = dense.size // dense.length("pp")
    for axis in EXPERT_AXES:
        shared[axis] = axes if axis == "ep" else ()
    if degrees.ep not in (1, size):
        found.problems.append(f"{preset.title}'s EP is DP·CP·TP = {size}, not {degrees.ep}")
        found.remedies.append(f"ep{size} would fit")
    if degrees.etp > 1 and degrees.ep > 1:
        found.problems.append(f"{preset.title} places each expert on a single GPU: ETP={degrees.etp} must be 1")
    return replace(degrees, edp=1)


def _overlay_experts(
    degrees: Degrees, dense: Grid, axes: tuple[str, ...], default: EtpDefault, found: _Findings
) -> tuple[Grid | None, Degrees]:
    """Build the expert grid over the ranks of the dense grid: EDP is derived, ETP defaults to that of the preset."""
    fixed = prod(degrees.get(axis) for axis in axes if axis not in ("etp", "edp"))
    has_etp, has_edp = "etp" in axes, "edp" in axes
    edp_named = degrees.edp if "edp" in degrees.named else None
    if not degrees.named & set(EXPERT_AXES) and not has_edp and not has_etp and fixed != dense.size:
        return None, degrees

    def edp_for(etp: int) -> int | None:
        """Return the EDP that makes both grids the same size, or None."""
        if dense.size % (fixed * etp):
            return None
        edp = dense.size // (fixed * etp)
        if (edp_named is not None and edp != edp_named) or (edp > 1 and not has_edp):
            return None
        return edp

    rest = dense.size // (fixed * (edp_named or 1)) if has_etp else 1
    usual = max(1, {"one": 1, "tp": degrees.tp, "rest": rest}[default]) if has_etp else 1
    etp = degrees.etp if "etp" in degrees.named else usual
    edp = edp_for(etp)
    if edp is not None:
        if edp_for(usual) is None:
            found.only_with = f"ok only with etp={etp}"
            found.notes.append(f"the default, etp={usual}, would need {fixed * usual * (edp_named or 1)} GPUs")
        resolved = replace(degrees, etp=etp, edp=edp)
        return Grid(axes, tuple(resolved.get(axis) for axis in axes)), resolved
    found.problems.append(_mismatch(degrees, dense, axes, etp, edp_named))
    if "etp" not in degrees.named and etp > 1 and edp_for(1) is not None:
        found.remedies.append("etp1 would fit")
    if not has_edp and has_etp and dense.size % (fixed // degrees.ep) == 0:
        found.remedies.append(f"ETP·EP = {dense.size // (fixed // degrees.ep)} would fit")
    others = fixed // degrees.ep * etp
    if has_edp and edp_named is None and dense.size % others == 0:
        fitting = divisors(dense.size // others)
        found.remedies.append(f"EP that fit {dense.size} GPUs with etp{etp}: {listed_degrees(fitting)}")
    return None, replace(degrees, etp=etp)


def _mismatch(degrees: Degrees, dense: Grid, axes: tuple[str, ...], etp: int, edp: int | None) -> str:
    """Describe both grids, such as PP·DP·CP·TP = 4·1·1·4 = 16."""
    sizes = {"etp": etp, "edp": edp or 1}
    listed = [axis for axis in axes if axis != "edp" or edp is not None]
    lengths = [sizes.get(axis, degrees.get(axis)) for axis in listed]
    ours, theirs = _product_text(dense.axes, dense.sizes), _product_text(listed, lengths)
    relation = "is" if edp is not None or "edp" not in axes else "is a multiple of"
    return f"the dense grid has {ours} GPUs, the expert grid {relation} {theirs}"


def _product_text(axes: Sequence[str], sizes: Sequence[int]) -> str:
    return f"{'·'.join(axes).upper()} = {'·'.join(map(str, sizes))} = {prod(sizes)}"


def _expert_world(degrees: Degrees, expert: Grid | None) -> int | None:
    if expert is not None:
        return expert.size
    return degrees.pp * degrees.ep * degrees.etp * degrees.edp if degrees.ep > 1 or degrees.etp > 1 else None


def _first_and_last_index(count: int) -> tuple[int, ...]:
    return (0, count - 1)
