"""Storage: power limits, one direction at a time, stored energy with efficiencies, the end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.validation.custom_facts import worth_of
from clearing.validation.facts import Facts, Floats
from clearing.validation.report import above, below, differing

__all__ = ["energy", "initial_energy", "power", "prices", "storage_cost"]

_NUMBERS = (
    "charge_mw",
    "discharge_mw",
    "energy_min",
    "energy_max",
    "efficiency_in",
    "efficiency_out",
    "initial_mwh",
    "final_mwh",
    "charge_price",
    "discharge_price",
)


def power(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check 0 <= charge <= charge_mw, 0 <= discharge <= discharge_mw, and never both at once."""
    table, names = facts.case.tables["storage"], facts.names("storage")
    if table.empty:
        return
    charge, discharge = _schedule(facts)
    for mw, column in ((charge, "charge_mw"), (discharge, "discharge_mw")):
        most = table[column].to_numpy(dtype=np.float64)
        yield above(f"storage.{column}", names, facts.starts, mw, most, facts.tolerance)
        yield below(f"storage.{column}", names, facts.starts, mw, 0.0, facts.tolerance)
    both = np.minimum(charge, discharge)
    yield above("storage.both", names, facts.starts, both, 0.0, facts.tolerance)


def energy(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check the stored energy e, its limits and its end.

        e_t = e_(t-1) + efficiency_in * charge_t * hours - discharge_t * hours / efficiency_out
        energy_min <= e_t <= energy_max,  e_T >= final_mwh

    before the first interval it is ``initial_mwh``, or ``energy_min`` where that is blank; a blank
    ``final_mwh`` asks for nothing. A cyclic storage ends as it began, wherever that is where its
    ``initial_mwh`` is blank.
    """
    table, names = facts.case.tables["storage"], facts.names("storage")
    if table.empty:
        return
    charge, discharge = _schedule(facts)
    into, out, least, most, final = (
        table[column].to_numpy(dtype=np.float64)
        for column in ("efficiency_in", "efficiency_out", "energy_min", "energy_max", "final_mwh")
    )
    stored = facts.by_name("storage_schedule", "energy_mwh")
    before = np.vstack([initial_energy(facts), stored[:-1]])
    expected = before + (into * charge - discharge / out) * facts.hours
    tolerance = facts.tolerance * max(1.0, facts.hours)
    yield differing(
        "storage.energy", names, facts.starts, stored, expected, tolerance * (1.0 + 1.0 / out)
    )
    yield above("storage.energy_max", names, facts.starts, stored, most, tolerance)
    yield below("storage.energy_min", names, facts.starts, stored, least, tolerance)
    end = np.where(np.isnan(final), -np.inf, final)
    yield below("storage.final", names, facts.starts[-1:], stored[-1:], end, tolerance)
    begun = np.where(table["cyclic"], initial_energy(facts), stored[-1])
    yield differing("storage.cyclic", names, facts.starts[-1:], stored[-1:], begun, tolerance)


def prices(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that no storage would rather charge, discharge or hold another amount.

    With v the worth of stored energy (``energy_value``): charging is worth v * efficiency_in +
    charge_price and costs the LMP, discharging earns the LMP and costs v / efficiency_out +
    discharge_price; in use the one is not below the other, not in full use not above. One
    direction is not wanted while the other is in use. From an interval to the next v stays,
    unless the storage is empty (it may fall) or full (it may rise); at the end it is 0, unless
    there the storage is held full (it is below 0) or up (above 0). In real time each interval has
    a window of its own, and v may be another one in the next.
    """
    table, names = facts.case.tables["storage"], facts.names("storage")
    if table.empty or facts.priced_otherwise:
        return
    charge, discharge = _schedule(facts)
    number = {c: table[c].to_numpy(dtype=np.float64) for c in _NUMBERS}
    number |= _prices(facts)
    worth = facts.by_name("storage_schedule", "energy_value")
    lmp = facts.lmp[:, facts.bus_of("storage")]
    slack, tolerance = facts.price_tolerance, facts.tolerance
    lmp = lmp + worth_of(facts, "storage")
    into = worth * number["efficiency_in"] + number["charge_price"] - lmp
    out = lmp - worth / number["efficiency_out"] - number["discharge_price"]
    # Where a circle would pay, a device that stands still may have been held to the other way.
    circles = into / number["efficiency_in"] + out * number["efficiency_out"] > slack
    for mw, other, most, gain in (
        (charge, discharge, "charge_mw", into),
        (discharge, charge, "discharge_mw", out),
    ):
        kept = np.where(mw > tolerance, gain, 0.0)
        yield below("prices.storage", names, facts.starts, kept, 0.0, slack)
        more = (mw < number[most] - tolerance) & (other <= tolerance) & ~circles
        yield above("prices.storage", names, facts.starts, np.where(more, gain, 0.0), 0.0, slack)
    if facts.rolling:
        return
    stored = facts.by_name("storage_schedule", "energy_mwh")
    low, high = (np.tile(number[c], (len(stored), 1)) for c in ("energy_min", "energy_max"))
    end = initial_energy(facts)
    low[-1] = np.where(table["cyclic"], end, np.fmax(low[-1], number["final_mwh"]))
    high[-1] = np.where(table["cyclic"], end, high[-1])
    decided = table["cyclic"].to_numpy() & np.isnan(number["initial_mwh"])
    low[-1] = np.where(decided, number["energy_min"], low[-1])
    high[-1] = np.where(decided, number["energy_max"], high[-1])
    after = np.vstack([worth[1:], np.where(decided, worth[0], 0.0)])
    margin = tolerance * max(1.0, facts.hours)
    fall = np.where(stored > low + margin, worth - after, 0.0)
    rise = np.where(stored < high - margin, after - worth, 0.0)
    for change in (fall, rise):
        yield above("prices.stored_energy", names, facts.starts, change, 0.0, slack)


def initial_energy(facts: Facts) -> Floats:
    """Stored energy before the first interval (S,), MWh."""
    table = facts.case.tables["storage"]
    initial = table["initial_mwh"].fillna(table["energy_min"]).to_numpy(dtype=np.float64)
    decided = (table["cyclic"] & table["initial_mwh"].isna()).to_numpy()
    return np.where(decided, facts.by_name("storage_schedule", "energy_mwh")[-1], initial)


def storage_cost(facts: Facts) -> float:
    """Money of storage in the objective: discharge at its offer less charge at its bid."""
    table = facts.case.tables["storage"]
    if table.empty:
        return 0.0
    charge, discharge = _schedule(facts)
    price = _prices(facts)
    sold, bought = discharge * price["discharge_price"], charge * price["charge_price"]
    return float((sold - bought).sum()) * facts.hours


def _prices(facts: Facts) -> dict[str, Floats]:
    """Prices of every interval and storage, (T, S): a row of its interval before a blank one."""
    table, offers = facts.case.tables["storage"], facts.case.tables["storage_offers"]
    order = offers.assign(stamped=offers["interval_start"].notna()).sort_values("stamped")
    found = {}
    for column in ("charge_price", "discharge_price"):
        usual = table[column].to_numpy(dtype=np.float64)
        prices = np.repeat(usual[None, :], len(facts.starts), axis=0)
        for row in order[order[column].notna()].itertuples(index=False):
            where = slice(None) if not row.stamped else facts.starts == row.interval_start
            prices[where, table["storage"].to_numpy() == row.storage] = getattr(row, column)
        found[column] = prices
    return found


def _schedule(facts: Facts) -> tuple[Floats, Floats]:
    """Charging and discharging of each storage unit (T, S), MW."""
    return (
        np.nan_to_num(facts.by_name("storage_schedule", "charge_mw")),
        np.nan_to_num(facts.by_name("storage_schedule", "discharge_mw")),
    )
