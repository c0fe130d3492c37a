"""Small random days with a load pocket: limits bind, owners are few, some offers are high."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from cases.case import Case

__all__ = ["random_day"]

_START: Final = "2030-06-04T12:00:00+00:00"
_OWNERS: Final = ("amber", "birch", "cedar", "dune")


def random_day(seed: int, *, buses: int = 8, intervals: int = 2) -> tuple[Case, pd.DataFrame]:
    """Make a day and the reference levels that its offers are measured by.

    Two rings of buses, a cheap one and a pocket behind two ties that hold about half of the
    pocket's load, so that they bind. Each unit costs what its level says, in two blocks; many
    offers are raised above it, some of the pocket far.

    Parameters
    ----------
    seed
        The same seed gives the same day.
    buses
        Number of buses, 4 or more.
    intervals
        Number of hours.

    Returns
    -------
    case, levels
        The day, and unit, component, segment, mw, price of every energy offer at cost.
    """
    rng = np.random.default_rng(seed)
    names = [f"B{k:02d}" for k in range(buses)]
    half = buses // 2
    outside, pocket = names[:half], names[half:]
    units = _units(outside, pocket, rng)
    costs = _blocks(units, rng)
    inside = units["bus"].isin(pocket).to_numpy()
    high = rng.random(len(units)) < np.where(inside, 0.7, 0.3)
    most = np.where(inside, 320.0, 12.0)
    more = np.where(high, rng.uniform(2.0, most), 0.0).round(3)
    raised = dict(zip(units["unit"], more, strict=True))
    offers = costs.assign(price=costs["price"] + costs["unit"].map(raised))
    capacity = units["p_max"].to_numpy()
    loads = pd.DataFrame({"load": [f"L{k}" for k in range(3)], "bus": [outside[0], *pocket[:2]]})
    peak = float(0.85 * min(capacity[inside].sum(), capacity[~inside].sum()))
    share = np.array([0.4, 0.5, 0.5]) * peak
    factor = rng.uniform(0.75, 1.15, intervals)
    demand = pd.DataFrame(factor[:, None] * share, columns=loads["load"])
    starts = pd.date_range(_START, periods=intervals, freq="h")
    tables = {
        "buses": pd.DataFrame({"bus": names, "zone": ["out"] * half + ["in"] * (buses - half)}),
        "branches": _branches(outside, pocket, 0.25 * peak, rng),
        "units": units,
        "offers": offers,
        "loads": loads,
        "demand": demand.assign(interval_start=starts)[["interval_start", *loads["load"]]],
    }
    meta = {
        "name": f"conformance-{seed}",
        "start": _START,
        "interval_minutes": 60,
        "intervals": intervals,
        "reference": outside[0],
    }
    return Case.build(meta, tables), costs.assign(component="energy")


def _units(outside: list[str], pocket: list[str], rng: np.random.Generator) -> pd.DataFrame:
    """Two units at each bus; those of the pocket are of two owners."""
    at = [*outside, *outside, *pocket, *pocket]
    inside = np.array([bus in pocket for bus in at])
    owner = np.where(inside, rng.integers(0, 2, len(at)), rng.integers(0, len(_OWNERS), len(at)))
    return pd.DataFrame(
        {
            "unit": [f"U{k:02d}" for k in range(len(at))],
            "owner": [_OWNERS[k] for k in owner],
            "bus": at,
            "p_min": 0.0,
            "p_max": rng.uniform(40.0, 120.0, len(at)).round(1),
        }
    )


def _blocks(units: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Cost in two blocks that rise: cheap outside the pocket, dearer in it."""
    base = np.where(
        np.arange(len(units)) < len(units) // 2,
        rng.uniform(12.0, 28.0, len(units)),
        rng.uniform(30.0, 60.0, len(units)),
    )
    first = (units["p_max"] * 0.6).round(1)
    parts = [
        units[["unit"]].assign(segment=1, mw=first, price=base.round(3)),
        units[["unit"]].assign(
            segment=2,
            mw=(units["p_max"] - first).round(1),
            price=(base + rng.uniform(1.0, 9.0, len(units))).round(3),
        ),
    ]
    return pd.concat(parts).sort_values(["unit", "segment"], ignore_index=True)


def _branches(
    outside: list[str], pocket: list[str], tie_mw: float, rng: np.random.Generator
) -> pd.DataFrame:
    """A ring in each half, wide enough, and two ties between them."""
    pairs = [*_ring(outside), *_ring(pocket)]
    ties = [(outside[0], pocket[0]), (outside[-1], pocket[-1])]
    return pd.DataFrame(
        {
            "branch": [f"R{k}" for k in range(len(pairs))] + ["T0", "T1"],
            "from_bus": [one for one, _ in [*pairs, *ties]],
            "to_bus": [other for _, other in [*pairs, *ties]],
            "x": rng.uniform(0.05, 0.2, len(pairs) + 2).round(4),
            "rating_mw": [10_000.0] * len(pairs) + [round(tie_mw, 1)] * 2,
        }
    )


def _ring(buses: list[str]) -> list[tuple[str, str]]:
    ahead = buses[1:] + (buses[:1] if len(buses) > 2 else [])
    return list(zip(buses, ahead, strict=False))
