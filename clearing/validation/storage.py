"""Storage: power limits, one direction at a time, stored energy with efficiencies, the end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.validation.facts import Facts, Floats
from clearing.validation.report import above, below, differing

__all__ = ["energy", "initial_energy", "power", "storage_cost"]


def power(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check 0 <= charge <= charge_mw, 0 <= discharge <= discharge_mw, and never both at once."""
    table, names = facts.case.tables["storage"], facts.names("storage")
    if table.empty or not scheduled(facts):
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
    ``final_mwh`` asks for nothing.
    """
    table, names = facts.case.tables["storage"], facts.names("storage")
    if table.empty or not scheduled(facts):
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


def scheduled(facts: Facts) -> bool:
    """Whether the run has a schedule of storage; `tables.complete` asks for it with commitment."""
    return len(facts.table("storage_schedule")) > 0


def initial_energy(facts: Facts) -> Floats:
    """Stored energy before the first interval (S,), MWh."""
    table = facts.case.tables["storage"]
    return table["initial_mwh"].fillna(table["energy_min"]).to_numpy(dtype=np.float64)


def storage_cost(facts: Facts) -> float:
    """Money of storage in the objective: discharge at its offer less charge at its bid."""
    table = facts.case.tables["storage"]
    if table.empty or not scheduled(facts):
        return 0.0
    charge, discharge = _schedule(facts)
    sold = discharge * table["discharge_price"].to_numpy(dtype=np.float64)
    bought = charge * table["charge_price"].to_numpy(dtype=np.float64)
    return float((sold - bought).sum()) * facts.hours


def _schedule(facts: Facts) -> tuple[Floats, Floats]:
    """Charging and discharging of each storage unit (T, S), MW."""
    return (
        np.nan_to_num(facts.by_name("storage_schedule", "charge_mw")),
        np.nan_to_num(facts.by_name("storage_schedule", "discharge_mw")),
    )
