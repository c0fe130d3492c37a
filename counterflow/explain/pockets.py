"""The pockets behind the limits that make a price: their buses, load and units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cases import Run
from network import Grid
from network.behind import Behind, behind
from network.lost import listed

__all__ = ["COLUMNS", "pocket_text", "pockets_of"]

COLUMNS = (
    "constraint",
    "contingency",
    "imports",
    "separated",
    "buses",
    "load_mw",
    "output_mw",
    "available_mw",
    "units",
)
SHOWN = 8


def pockets_of(run: Run, grid: Grid, start: pd.Timestamp, limits: pd.DataFrame) -> pd.DataFrame:
    """Find what lies behind binding limits in one interval, one row each.

    Parameters
    ----------
    limits
        Columns constraint, contingency. Limits that are none of the grid, or that tell no buses
        apart, have no row.

    Returns
    -------
    DataFrame
        `COLUMNS`: `imports` says whether the limit holds back what flows in, `separated` whether
        it is all that joins the pocket to the grid (`network.behind`); `buses` and `units` are
        tuples; MW in this interval.
    """
    terms = run.price_terms[run.price_terms["interval_start"] == start]
    rows = []
    for limit in limits[["constraint", "contingency"]].drop_duplicates().to_dict("records"):
        name, outage = str(limit["constraint"]), str(limit["contingency"])
        own = terms[(terms["constraint"] == name) & (terms["contingency"] == outage)]
        dfax = np.zeros(len(grid.buses))
        dfax[grid.bus_positions(own["bus"])] = own["dfax"].to_numpy(dtype=float)
        found = behind(grid, name, dfax, outage)
        if found is not None:
            rows.append({"constraint": name, "contingency": outage, **_row(run, start, found)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(run: Run, start: pd.Timestamp, found: Behind) -> dict[str, Any]:
    buses = found.pocket.buses
    inside = [
        table[(table["interval_start"] == start) & table["bus"].isin(buses)]
        for table in (run.load_awards, run.dispatch)
    ]
    loads, units = inside
    return {
        "imports": found.imports,
        "separated": found.separated,
        "buses": buses,
        "load_mw": float(loads["mw"].sum()),
        "output_mw": float(units["mw"].sum()),
        "available_mw": float(units["available_mw"].sum()),
        "units": tuple(units["unit"].astype(str)),
    }


def pocket_text(row: Mapping[Any, Any]) -> str:
    """Say in a sentence what lies behind a limit."""
    after = f" after {row['contingency']}" if row["contingency"] else ""
    buses = f"{'bus' if len(row['buses']) == 1 else 'buses'} {listed(row['buses'], SHOWN)}"
    where = "behind it lie" if row["imports"] else "it keeps in"
    near = "" if row["separated"] else ", the part that relieves it most"
    if not row["imports"]:
        near = "" if row["separated"] else ", the part that loads it most"
    units = "no units"
    if row["units"]:
        units = (
            f"{'unit' if len(row['units']) == 1 else 'units'} {listed(row['units'], SHOWN)} "
            f"({row['output_mw']:.1f} of {row['available_mw']:.1f} MW)"
        )
    return (
        f"{row['constraint']}{after} binds: {where} {buses}{near}, "
        f"with {row['load_mw']:.1f} MW of load and {units}"
    )
