"""Storage: power in, power out and what is stored."""

from __future__ import annotations

import numpy as np

from cases.storage_prices import storage_prices
from clearing.formulation.market import Market
from clearing.formulation.opposed import define_opposed
from clearing.formulation.order import family
from clearing.formulation.terms import Terms

__all__ = ["define_storage"]


@family()
def define_storage(market: Market) -> None:
    """Define ``charge[s,t]``, ``discharge[s,t]`` (MW) and ``energy[s,t]`` (MWh, at the end of t).

        0 <= charge[s,t] <= charge_mw,  0 <= discharge[s,t] <= discharge_mw      (storage power)
        energy[s,t] = energy[s,t-1]
            + hours * (efficiency_in * charge[s,t] - discharge[s,t] / efficiency_out)
        energy_min <= energy[s,t] <= energy_max, final_mwh <= energy[s,T]       (stored energy)

    Before the first interval stands initial_mwh (energy_min where it is blank). A cyclic storage
    ends where it began; where its initial_mwh is blank too, the level is decided. It charges and
    discharges at its bus, never both at once (`define_opposed`), paid discharge_price less
    charge_price of the interval (`cases.storage_prices`). The dual of the stored energy is what one
    more MWh in store is worth: the opportunity cost of discharging (e.g. Byrne et al., "Energy
    management and optimization methods for grid energy storage systems", IEEE Access 6, 2018,
    section III).
    """
    day, table = market.day, market.day.case.tables["storage"]
    if table.empty:
        return
    count, periods = len(table), day.intervals
    number = {c: table[c].to_numpy(dtype=float) for c in table.columns if table[c].dtype == float}
    bus = np.tile(day.grid.bus_positions(table["bus"]), periods)
    when = np.repeat(np.arange(periods), count)
    keys = [(s, t) for t in range(periods) for s in table["storage"].tolist()]

    def each(column: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.tile(number[column], periods)

    zeros = np.zeros(len(keys))
    charge = market.define("charge", keys, zeros, each("charge_mw"))
    discharge = market.define("discharge", keys, zeros, each("discharge_mw"))
    market.inject(charge.at, when, bus, -np.ones(len(keys)))
    market.inject(discharge.at, when, bus, np.ones(len(keys)))
    prices = storage_prices(day.case)
    market.pay(charge.at, -prices["charge_price"].ravel())
    market.pay(discharge.at, prices["discharge_price"].ravel())

    initial, cyclic = number["initial_mwh"], table["cyclic"].to_numpy(dtype=bool)
    free = cyclic & np.isnan(initial)
    before = np.where(np.isnan(initial), number["energy_min"], initial)
    low, high = each("energy_min"), each("energy_max")
    end = slice(len(keys) - count, None)
    low[end] = np.fmax(low[end], number["final_mwh"])
    closed = cyclic & ~free
    low[end] = np.where(closed, before, low[end])
    high[end] = np.where(closed, before, high[end])
    energy = market.define("energy", keys, low, high)
    previous = np.concatenate([np.where(free, energy.at[end], -1), energy.at[:-count]])
    stored = (
        Terms.of(energy.at)
        - Terms.of(previous)
        - Terms.of(charge.at, day.hours * each("efficiency_in"))
        + Terms.of(discharge.at, day.hours / each("efficiency_out"))
    )
    start = np.concatenate([np.where(free, 0.0, before), zeros[count:]])
    market.constrain("stored_energy", keys, stored, start, start, coupled=True)
    define_opposed(market, "storage", charge, discharge)
