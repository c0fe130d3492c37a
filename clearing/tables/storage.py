"""Tables of stored and limited energy, with what it is worth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clearing.formulation.energy_limits import Budgets
from clearing.session.cleared import Cleared
from clearing.tables.frames import long, tiled
from network.arrays import Floats

__all__ = ["energy_budgets", "storage_schedule"]


def storage_schedule(c: Cleared) -> pd.DataFrame:
    """What each storage does, what it holds, and what one more MWh there is worth.

    The worth is the dual of the stored energy: where a storage charges in part it is
    (lmp - charge_price) / efficiency_in, where it discharges in part
    (lmp - discharge_price) * efficiency_out.
    """
    day, table = c.day, c.day.case.tables["storage"]
    names = pd.Index(table["storage"])
    columns = ("charge_mw", "discharge_mw", "energy_mwh")
    values: dict[str, Floats] = {column: np.zeros(0) for column in (*columns, "energy_value")}
    if len(table):
        for column, family in zip(columns, ("charge", "discharge", "energy"), strict=True):
            values[column] = _within(c, family)
        rows = c.compiled.rows(c.compiled.market.model.stored_energy)
        # + 0.0: no minus zero.
        values["energy_value"] = -c.row_dual[rows] + 0.0
    return pd.DataFrame(
        {
            **long(day, names, "storage"),
            "owner": tiled(table["owner"], day.intervals),
            "bus": tiled(table["bus"], day.intervals),
            **values,
        }
    )


def _within(c: Cleared, family: str) -> Floats:
    """Values of a family without what the solver's tolerance leaves beyond its bounds."""
    own = c.compiled.market.families[family]
    return np.clip(c.values(family), own.low, own.high)


def energy_budgets(c: Cleared) -> pd.DataFrame:
    """Daily energy limits, what is used of them, and what one more MWh is worth."""
    day, limits = c.day, Budgets(c.day)
    used, shadow = np.zeros(len(limits)), np.zeros(len(limits))
    if len(limits):
        used = (limits.inside * c.output[:, limits.unit].T).sum(axis=1) * day.hours
        component = c.compiled.market.model.energy_limit
        place = {key: k for k, key in enumerate(limits.keys(day))}
        at = np.array([place[key] for key in component], dtype=np.intp)
        shadow[at] = np.maximum(-c.row_dual[c.compiled.rows(component)], 0.0)
    return pd.DataFrame(
        {
            "unit": day.units.take(limits.unit),
            "day": limits.day.to_numpy(),
            "max_mwh": limits.max_mwh,
            "used_mwh": used,
            "shadow_price": shadow,
        }
    )
