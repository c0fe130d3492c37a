"""How often an area was constrained and what it paid: the counts behind its threshold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd

from cases.place_prices import place_weights
from cases.points import Points
from cases.rulebook.areas import AreaRules
from cases.run import Run
from mitigation.references.history import final_runs

__all__ = [
    "AreaCount",
    "area_threshold",
    "average_price",
    "constrained_hours",
    "count_area",
    "counted_areas",
]

HOURS_OF_A_YEAR: Final = 8760.0
_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class AreaCount:
    """What runs say about an area: hours covered, hours constrained, mean price (NaN: none)."""

    hours: float
    constrained_hours: float
    average_price: float

    @property
    def yearly_hours(self) -> float:
        """Constrained hours scaled from the hours covered to a year; NaN where none is covered."""
        if self.hours == 0:
            return float("nan")
        return self.constrained_hours * HOURS_OF_A_YEAR / self.hours


def area_threshold(
    average_price: float,
    constrained_hours: float,
    *,
    share: float = 0.02,
    hours: float = HOURS_OF_A_YEAR,
) -> float:
    r"""Threshold of a load pocket, money per MWh; ``inf`` where it was never constrained.

    .. math:: T = share \cdot \bar P \cdot hours / ConstrainedHours

    Charged in every constrained hour it raises the average price of all ``hours`` by ``share``.

    Source: NYISO Services Tariff 23.3.1.2.2; equation (3) of the article.
    """
    if constrained_hours == 0:
        return float("inf")
    return share * average_price * hours / constrained_hours


def constrained_hours(
    runs: Sequence[Run], area: AreaRules, *, until: pd.Timestamp | None = None
) -> float:
    """Hours in which a limit into the area had a shadow price (parts of hours for short intervals).

    The limits are those that the area names; for an area without names those that MW injected at
    its buses relieve, by more than ``dfax_min`` on average. ``until`` keeps the 365 days before.
    """
    return count_area(runs, area, until=until).constrained_hours


def average_price(
    runs: Sequence[Run],
    area: AreaRules,
    *,
    until: pd.Timestamp | None = None,
    fuel_ratio: Callable[[date], float] | None = None,
) -> float:
    """Mean price of the area over all hours, NaN where there is none.

    In each interval the load-weighted mean of its buses, the plain mean where it has no load.
    ``fuel_ratio`` gives ``Fuel(today) / Fuel(then)`` of a day, by which its prices are moved.
    """
    return count_area(runs, area, until=until, fuel_ratio=fuel_ratio).average_price


def counted_areas(
    runs: Sequence[Run],
    areas: Mapping[str, AreaRules],
    *,
    until: pd.Timestamp | None = None,
    fuel_ratio: Callable[[date], float] | None = None,
) -> dict[str, tuple[float, float]]:
    """Average price and constrained hours of a year for each area that some run covers.

    Hours are scaled to a year where the runs cover less than one. The form that
    :func:`mitigation.conduct.conduct_of_run` takes as ``counted``.
    """
    found: dict[str, tuple[float, float]] = {}
    for name, area in areas.items():
        count = count_area(runs, area, until=until, fuel_ratio=fuel_ratio)
        if count.hours > 0 and not np.isnan(count.average_price):
            found[name] = (count.average_price, count.yearly_hours)
    return found


def count_area(
    runs: Sequence[Run],
    area: AreaRules,
    *,
    until: pd.Timestamp | None = None,
    fuel_ratio: Callable[[date], float] | None = None,
) -> AreaCount:
    """Count hours and price of an area over runs.

    Of a run and its mitigated child only the child counts; a run without a bus of the area does
    not count.

    Raises
    ------
    InputError
        An interval is in two of the runs.
    """
    hours = bound = money = priced = 0.0
    for run in final_runs(runs):
        starts = run.case.interval_starts
        if until is not None:
            starts = starts[(starts < until) & (starts >= until - _YEAR)]
        buses = _buses(run, area)
        if not len(starts) or not len(buses):
            continue
        length = run.case.interval_hours
        hours += len(starts) * length
        bound += len(_constrained(run, area, buses).intersection(starts)) * length
        price = _prices(run, buses).reindex(starts).dropna()
        if fuel_ratio is not None:
            price = price * [fuel_ratio(stamp.date()) for stamp in price.index]
        money += float(price.sum()) * length
        priced += len(price) * length
    return AreaCount(hours, bound, money / priced if priced else float("nan"))


def _buses(run: Run, area: AreaRules) -> pd.Index:
    """Buses of an area: those it names, those of its zones and units; all where it names none."""
    buses, units = run.case.buses, run.case.units
    if not (area.zones or area.buses or area.units):
        every: list[str] = buses["bus"].tolist()
        return pd.Index(every)
    held = set(units.loc[units["unit"].isin(area.units), "bus"])
    named = buses["bus"].isin([*area.buses, *held]) | buses["zone"].isin(area.zones)
    inside: list[str] = buses.loc[named, "bus"].tolist()
    return pd.Index(inside)


def _constrained(run: Run, area: AreaRules, buses: pd.Index) -> pd.DatetimeIndex:
    """Intervals in which a limit into the area had a shadow price."""
    least = run.rulebook.mitigation.structure.shadow_price_min
    if area.constraints:
        rows = run.constraints
        rows = rows[(rows["shadow_price"] > least) & rows["constraint"].isin(area.constraints)]
        return pd.DatetimeIndex(rows["interval_start"].unique())
    terms = run.price_terms
    inside = terms[(terms["shadow_price"] > least) & terms["bus"].isin(buses)]
    keys = ["interval_start", "constraint", "contingency"]
    relief = inside.groupby(keys, sort=False)["dfax"].sum() / len(buses)
    held = relief[relief > area.dfax_min].reset_index()
    return pd.DatetimeIndex(held["interval_start"].unique())


def _prices(run: Run, buses: pd.Index) -> pd.Series:
    """Price of the area in each interval."""
    at = ["interval_start", "bus"]
    prices = run.prices.loc[run.prices["bus"].isin(buses), [*at, "lmp"]].dropna(subset="lmp")
    weights = place_weights(run.case, Points(run.case).together(buses))
    rows = prices.merge(weights, on=at, how="inner", sort=False)
    weighted = rows.assign(money=rows["weight"] * rows["lmp"])
    total = weighted.groupby("interval_start", sort=True)[["money", "weight"]].sum()
    return total["money"] / total["weight"]
