"""Storage as supply: a run in which what it can discharge stands beside what units can produce.

Whoever can serve counts, with the energy that it has: an interval's supply of a storage is the
least of its power and of what it holds at the beginning, over the interval.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from cases.case import Case
from cases.run import Run
from cases.storage_prices import storage_prices

__all__ = ["with_stored_supply"]


def with_stored_supply(run: Run) -> Run:
    """Give a run whose units, dispatch and offers have storage among them, for tests of supply.

    Storage without an owner, and a run without storage, stay as they are. The tables are those of
    the run itself but for the rows that are added; nothing of it is written.
    """
    table = run.case.tables["storage"]
    owned = table[table["owner"].astype("str").str.strip() != ""]
    known = set(run.case.tables["units"]["unit"])
    if owned.empty or set(owned["storage"]) & known or not len(run.storage_schedule):
        return run
    units = run.case.tables["units"]
    tables = {
        **run.case.tables,
        "units": pd.concat([units, _units(units, owned)], ignore_index=True),
    }
    case = Case(run.case.meta, tables, run.case.warnings)
    rows = _dispatch(run, owned)
    made: dict[str, Callable[[], pd.DataFrame]] = {
        name: partial(run.tables.__getitem__, name) for name in run.tables
    }
    made["dispatch"] = lambda: pd.concat([run.dispatch, rows], ignore_index=True)
    made["offers_used"] = lambda: pd.concat(
        [run.offers_used, _offers(run, rows)], ignore_index=True
    )
    return Run(run.stated, made, case, run.rulebook, run.events, run.model)


def _units(units: pd.DataFrame, storage: pd.DataFrame) -> pd.DataFrame:
    """Storage as rows of ``units``: from 0 MW to its power, on in a moment."""
    blank: dict[str, object] = {}
    for column, dtype in units.dtypes.items():
        kind = np.dtype(dtype).kind if isinstance(dtype, np.dtype) else "O"
        blank[str(column)] = {"b": False, "f": np.nan, "i": 0}.get(kind, "")
    rows = pd.DataFrame([blank] * len(storage))
    rows["unit"], rows["owner"] = storage["storage"].to_numpy(), storage["owner"].to_numpy()
    rows["bus"], rows["technology"] = storage["bus"].to_numpy(), "storage"
    rows["p_min"], rows["p_max"] = 0.0, storage["discharge_mw"].to_numpy(dtype=float)
    rows["initial_mw"], rows["quick_start"] = 0.0, True
    return rows.reindex(columns=units.columns).astype(units.dtypes.to_dict())


def _dispatch(run: Run, storage: pd.DataFrame) -> pd.DataFrame:
    """What each storage discharges and could, as rows of ``dispatch``."""
    facts = storage.set_index("storage")
    own = run.storage_schedule.sort_values(["storage", "interval_start"], ignore_index=True)
    own = own[own["storage"].isin(facts.index)].reset_index(drop=True)
    number = {
        name: own["storage"].map(facts[name]).astype(float).to_numpy()
        for name in ("energy_min", "initial_mwh", "efficiency_out", "discharge_mw")
    }
    first = ~own.duplicated("storage").to_numpy()
    start = np.where(np.isnan(number["initial_mwh"]), number["energy_min"], number["initial_mwh"])
    held = own.groupby("storage")["energy_mwh"].shift().to_numpy(dtype=float)
    held = np.where(first, start, held)
    hours = run.case.interval_hours
    most = (held - number["energy_min"]).clip(min=0.0) * number["efficiency_out"] / hours
    can = np.minimum(most, number["discharge_mw"])
    discharged = own["discharge_mw"].to_numpy(dtype=float)
    dispatch = run.dispatch
    rows = pd.DataFrame(
        {
            "interval_start": own["interval_start"],
            "interval_end": own["interval_end"],
            "unit": own["storage"],
            "owner": own["storage"].map(facts["owner"]),
            "bus": own["bus"],
            "mw": discharged,
            "available_mw": np.maximum(can, discharged),
            "on": True,
            "start": False,
            "stop": False,
            "cost": 0.0,
        }
    )
    return rows.reindex(columns=dispatch.columns).astype(dispatch.dtypes.to_dict())


def _offers(run: Run, rows: pd.DataFrame) -> pd.DataFrame:
    """Offers to discharge as one block each."""
    names = pd.Index(run.case.tables["storage"]["storage"])
    price = storage_prices(run.case)["discharge_price"]
    at = run.case.interval_starts.get_indexer(pd.DatetimeIndex(rows["interval_start"]))
    of = names.get_indexer(pd.Index(rows["unit"]))
    used = run.offers_used
    offers = pd.DataFrame(
        {
            "unit": rows["unit"],
            "interval_start": rows["interval_start"],
            "segment": 1,
            "mw": rows["available_mw"],
            "price": price[at, of],
            "source": "submitted",
        }
    )
    return offers.reindex(columns=used.columns).astype(used.dtypes.to_dict())
