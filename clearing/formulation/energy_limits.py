"""Energy that a unit may produce in a day: hydro with a limited inflow, limited fuel."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases import NoClearing
from cases.market_time import day_of
from clearing.day.day import Day
from clearing.formulation.market import Market
from clearing.formulation.order import family
from network.arrays import Positions

__all__ = ["Budgets", "define_energy_limits"]

_TOLERANCE_MWH = 1e-6


class Budgets:
    """The energy limits of days that lie in the case, (N,) each."""

    def __init__(self, day: Day) -> None:
        table = day.case.tables["energy_limits"]
        dates = day_of(day.case.interval_starts)
        wanted = day_of(table["day"])
        rows = np.flatnonzero(wanted.isin(dates))
        self.rows = rows
        """Their rows in `energy_limits`."""
        self.day = wanted.iloc[rows]
        """The days as written in the case's timezone."""
        self.unit: Positions = day.units.get_indexer(pd.Index(table["unit"].iloc[rows])).astype(
            np.intp
        )
        self.max_mwh = table["max_mwh"].to_numpy(dtype=float)[rows]
        self.inside = self.day.to_numpy()[:, None] == dates.to_numpy()[None, :]
        """Whether each interval counts, (N, T)."""

    def __len__(self) -> int:
        return len(self.unit)

    def keys(self, day: Day) -> list[tuple[str, str]]:
        """Unit and date of each limit, the index of its row."""
        names = day.units.to_numpy(dtype=object)[self.unit].tolist()
        return list(zip(names, self.day.dt.strftime("%Y-%m-%d").tolist(), strict=True))


@family(needs=("output",))
def define_energy_limits(market: Market) -> None:
    """Limit the energy of units by day of the case's timezone.

        sum over intervals t of day d of hours * p[u,t] <= max_mwh[u,d]            (energy limit)

    Its dual is what one more MWh in the budget is worth: the opportunity cost of producing.
    An energy limit is not soft: NoClearing where a unit cannot keep to it, since its p_min or
    self-schedule takes more.
    """
    day, limits = market.day, Budgets(market.day)
    if not len(limits):
        return
    units = len(day.units)
    which, when = np.nonzero(limits.inside)
    at = when * units + limits.unit[which]
    used = (market.output[at] * day.hours).summed(which, len(limits))
    # What is produced at least: nothing where being on is a decision.
    decided = np.bincount(market.on.row, minlength=len(market.on)) > 0
    least = np.where(decided, 0.0, day.low.ravel())[at] * day.hours
    needed = np.bincount(which, weights=least, minlength=len(limits))
    over = np.flatnonzero(needed > limits.max_mwh + _TOLERANCE_MWH).tolist()
    keys = limits.keys(day)
    if over:
        raise NoClearing(
            "no clearing: units that are on produce more than their energy limits",
            tuple(
                f"energy limit of {keys[k][0]} on {keys[k][1]}: at least {needed[k]:g} MWh, "
                f"limit {limits.max_mwh[k]:g} MWh"
                for k in over
            ),
        )
    market.constrain("energy_limit", keys, used, np.full(len(limits), -np.inf), limits.max_mwh)
