"""The last resort: the median reference of comparable units, which are named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cases.case import Case
from mitigation.components import RESERVE, kind_of
from mitigation.references.blocks import Blocks, Level
from mitigation.references.cost_based import Missing
from mitigation.references.curves import SLIVER_MW
from mitigation.references.evidence import inputs_hash

__all__ = ["Peers", "comparable_curve", "comparable_level"]

_SHOWN = 6


class Peers:
    """Which units are comparable: of one technology and fuel, else of one fuel, else technology.

    A unit whose technology and fuel are both blank has no peers.
    """

    def __init__(self, case: Case) -> None:
        """Sort the units of a case."""
        units = case.units
        self.p_max: dict[str, float] = dict(zip(units["unit"], units["p_max"], strict=True))
        self._kind = {
            unit: (technology, fuel)
            for unit, technology, fuel in zip(
                units["unit"], units["technology"], units["fuel"], strict=True
            )
        }

    def of(self, unit: str, among: Sequence[str]) -> tuple[list[str], str]:
        """The comparable units in ``among``, and what they have in common."""
        technology, fuel = self._kind[unit]
        others = [name for name in among if name != unit and self.p_max[name] > 0]
        both = [name for name in others if self._kind[name] == (technology, fuel)]
        if both and (technology or fuel):
            return both, " ".join(text for text in (technology, fuel) if text)
        if fuel and (same := [name for name in others if self._kind[name][1] == fuel]):
            return same, fuel
        if technology and (same := [name for name in others if self._kind[name][0] == technology]):
            return same, technology
        return [], ""


def comparable_curve(
    peers: Peers, unit: str, curves: Mapping[str, Sequence[Level]], upper: Sequence[float]
) -> Blocks:
    """Energy curve from comparable units: at the same share of p_max, the median of theirs.

    ``curves`` are the curves of units that have one by their own data, ``upper`` where the unit's
    own offer has its blocks.
    """
    names, what = peers.of(unit, list(curves))
    if not names:
        return Blocks.none("comparable", "no comparable unit has a reference")
    p_max = peers.p_max[unit]
    edges = [edge for edge in np.unique(np.minimum([*upper, p_max], p_max)) if edge > SLIVER_MW]
    middle = [(a + b) / 2 / p_max for a, b in zip([0.0, *edges], edges, strict=False)]
    price = np.array(
        [
            float(np.median([_at(curves[name], share * peers.p_max[name]) for name in names]))
            for share in middle
        ]
    )
    sample = np.full(len(edges), len(names), dtype=np.int64)
    digest = inputs_hash("comparable", "", unit, sorted(names), price)
    return Blocks("comparable", np.array(edges), price, sample, digest, _named(names, what))


def comparable_level(
    peers: Peers, unit: str, component: str, levels: Mapping[str, Level]
) -> Level | Missing:
    """A commitment cost or reserve from comparable units: the median per MW of p_max, times p_max.

    Reserves, whose price is per MW already, are not scaled.
    """
    names, what = peers.of(unit, list(levels))
    if not names:
        return Missing("no comparable unit has a reference")
    scaled = kind_of(component) != RESERVE
    each = [levels[n].price / (peers.p_max[n] if scaled else 1.0) for n in names]
    price = float(np.median(each)) * (peers.p_max[unit] if scaled else 1.0)
    digest = inputs_hash("comparable", "", unit, component, sorted(names), price)
    return Level(price, "comparable", len(names), digest, _named(names, what))


def _at(curve: Sequence[Level], mw: float) -> float:
    """Price of a curve at an output."""
    upper = np.cumsum([level.mw for level in curve])
    block = min(int(np.searchsorted(upper, mw)), len(curve) - 1)
    return curve[block].price


def _named(names: Sequence[str], what: str) -> str:
    shown = ", ".join(sorted(names)[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"median of {len(names)} of {what}: {shown}{more}"
