"""Units of unit-commitment benchmarks: cost curves, start-up tiers, bounded output as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Curve", "Fleet", "offered_curve", "start_tiers"]

Floats = NDArray[np.float64]
CONVEX = 1e-6
"""Fall of the slope, relative to its size, that counts as rounding of the data."""
MINIMUM = " minimum"
"""Ending of the unit that carries the part of an output that cannot be curtailed."""


@dataclass(frozen=True)
class Curve:
    """Offer blocks from 0 MW, (mw, price) for each step, and the no-load cost of all steps."""

    blocks: tuple[tuple[tuple[float, float], ...], ...]
    no_load: float

    @property
    def steady(self) -> bool:
        """Whether all steps have the same blocks."""
        return all(blocks == self.blocks[0] for blocks in self.blocks)


def offered_curve(mw: Floats, cost: Floats) -> Curve:
    """Turn cost curves that begin at p_min into blocks that begin at 0 MW.

    The cost at every point of the curve is exact. Below p_min the unit never runs, so that part
    may be shared between the first block and the no-load cost as one likes: the block takes the
    average cost at p_min, or the next slope where that is lower, and the no-load cost takes the
    rest. The no-load cost is never negative then, but for a negative cost at a p_min of 0.

    Parameters
    ----------
    mw, cost
        Points of the curve, (T, K): rising MW, the first column the same in all steps; money per
        hour while on. The last block of a step is widened to the largest MW of all steps.

    Raises
    ------
    ValueError
        Slopes that fall, or costs at 0 MW that change from step to step, in words.
    """
    p_min, p_max = float(mw[0, 0]), float(mw.max())
    slopes = [_slopes(points, money) for points, money in zip(mw, cost, strict=True)]
    start = cost[:, 0]
    if p_min > 0:
        above = [c - s[0][1] * p_min for c, s in zip(start, slopes, strict=True) if s]
        no_load = max(0.0, *above, 0.0)
    elif np.ptp(start) > 0:
        raise ValueError("the cost at 0 MW changes over time, which no-load cost cannot say")
    else:
        no_load = float(start[0])
    steps = []
    for c, above_min in zip(start, slopes, strict=True):
        blocks = list(above_min)
        if p_min > 0:
            price = float(c - no_load) / p_min
            blocks.insert(0, (p_min, min(price, above_min[0][1]) if above_min else price))
        width = sum(block[0] for block in blocks)
        if not blocks:
            blocks = [(p_max, 0.0)] if p_max > 0 else []
        elif width < p_max:
            blocks[-1] = (blocks[-1][0] + p_max - width, blocks[-1][1])
        steps.append(tuple(blocks))
    return Curve(tuple(steps), no_load)


def _slopes(mw: Floats, cost: Floats) -> list[tuple[float, float]]:
    """Width and slope of each piece of one curve; pieces without width are left out."""
    width = np.diff(mw)
    if (width < 0).any():
        raise ValueError("the MW must not fall from point to point")
    kept = width > 0
    if (np.diff(cost)[~kept] != 0).any():
        raise ValueError("two costs at the same MW")
    slope = np.diff(cost)[kept] / width[kept]
    fall = slope[:-1] - slope[1:]
    if (fall > CONVEX * np.maximum(1.0, np.abs(slope[:-1]))).any():
        k = int(np.argmax(fall))
        raise ValueError(f"must be convex: the slope falls from {slope[k]:g} to {slope[k + 1]:g}")
    rising = np.maximum.accumulate(slope)
    return list(zip(width[kept].tolist(), rising.tolist(), strict=True))


def start_tiers(
    lags: Sequence[float], costs: Sequence[float], min_down: float
) -> list[tuple[float, float]]:
    """Turn start-up categories into tiers (from this many hours off, cost), the hottest from 0.

    Raises ValueError where lags do not rise, or the first is above the minimum down time: a start
    before the first lag would have no cost.
    """
    if len(lags) != len(costs):
        raise ValueError(f"{len(lags)} times for {len(costs)} costs")
    if any(b <= a for a, b in pairwise(lags)):
        raise ValueError(f"the times must rise ({', '.join(f'{lag:g}' for lag in lags)})")
    if lags and lags[0] > min_down:
        text = f"the first time must not be above the minimum down time ({lags[0]:g} > {min_down:g}"
        raise ValueError(f"{text} h)")
    if not any(costs):
        return []
    return list(zip([0.0, *lags[1:]], costs, strict=True))


@dataclass
class Fleet:
    """Rows of `units`, `offers`, `commitment_offers`, `availability` and `self_schedules`."""

    starts: pd.DatetimeIndex
    units: list[dict[str, Any]] = field(default_factory=list)
    offers: list[tuple[str, pd.Timestamp | None, int, float, float]] = field(default_factory=list)
    commitment: list[tuple[str, str, float, float]] = field(default_factory=list)
    reach: dict[str, Floats] = field(default_factory=dict)
    fixed: dict[str, Floats] = field(default_factory=dict)

    def offer(self, unit: str, curve: Curve) -> None:
        """Add the blocks and the no-load cost of a unit."""
        steps: list[tuple[pd.Timestamp | None, tuple[tuple[float, float], ...]]]
        if curve.steady:
            steps = [(None, curve.blocks[0])]
        else:
            steps = list(zip(self.starts, curve.blocks, strict=True))
        for stamp, blocks in steps:
            for segment, (mw, price) in enumerate(blocks, start=1):
                self.offers.append((unit, stamp, segment, mw, price))
        if curve.no_load:
            self.commitment.append((unit, "no_load", 0.0, curve.no_load))

    def bounded(
        self, name: str, bus: str, low: Floats, high: Floats, price: Floats, technology: str
    ) -> None:
        """Add a source whose output lies between two series, (T,), at a price.

        A unit has no least output that changes over time. What must be taken is a unit of its
        own, fixed at its series; the rest is a unit that can be curtailed to 0. Their sum has the
        same range. A source with one bound only is one unit.
        """
        must, free = bool((low > 0).any()), bool((high > low).any())
        parts: list[tuple[str, Floats, bool]] = []
        if must:
            parts.append((name + MINIMUM if free else name, low, True))
        if free or not must:
            parts.append((name, high - low, False))
        for part, mw, fixed in parts:
            most = float(mw.max())
            row = {"unit": part, "bus": bus, "technology": technology, "p_max": most}
            self.units.append(row)
            (self.fixed if fixed else self.reach)[part] = mw
            if most > 0:
                self.offer(part, Curve(tuple(((most, float(p)),) for p in price), 0.0))

    def tables(self, kept: int) -> dict[str, pd.DataFrame]:
        """Return the rows as frames, those of the first `kept` intervals."""
        columns = ["unit", "interval_start", "segment", "mw", "price"]
        offers = pd.DataFrame(self.offers, columns=columns)
        if offers["interval_start"].isna().all():
            offers = offers.drop(columns="interval_start")
        else:
            stamps = offers["interval_start"]
            offers = offers[stamps.isna() | stamps.isin(self.starts[:kept])]
        frames = {
            "units": pd.DataFrame(self.units),
            "offers": offers,
            "commitment_offers": pd.DataFrame(
                self.commitment, columns=["unit", "component", "after_hours_off", "price"]
            ),
        }
        for name, series in (("availability", self.reach), ("self_schedules", self.fixed)):
            if series:
                frame = pd.DataFrame({"interval_start": self.starts, **series})
                frames[name] = frame.iloc[:kept]
        return frames
