"""Demand against supply: a warning, because a clearing can still say where it falls short."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.checks.context import Context
from cases.checks.grid import components
from cases.errors import Failure

__all__ = ["check_supply"]


def check_supply(context: Context) -> None:
    """Warn of every interval and connected part of the grid where demand exceeds all supply.

    Supply is min(p_max, availability) of the units, or their self-schedule, plus storage at full
    discharge. Runs on tables that passed all other checks.
    """
    tables, meta = context.tables, context.meta
    if meta is None:
        return
    buses, units, loads = tables["buses"], tables["units"], tables["loads"]
    demand = tables["demand"].set_index("interval_start")
    labels = pd.Series(components(tables), index=pd.Index(buses["bus"]))
    reach = np.tile(units["p_max"].to_numpy(), (meta.intervals, 1))
    positions = pd.Index(units["unit"])
    for name in ("availability", "self_schedules"):
        series = tables[name]
        if len(series):
            at = positions.get_indexer(series.columns[1:])
            values = series.iloc[:, 1:].to_numpy(dtype=np.float64)
            reach[:, at] = values if name == "self_schedules" else np.fmin(reach[:, at], values)
    number = int(labels.max()) + 1
    reach[reach < units["p_min"].to_numpy() - 1e-6] = 0.0  # out
    supply = _by_part(reach, labels.reindex(units["bus"]), number)
    storage = tables["storage"]
    discharge = np.tile(storage["discharge_mw"].to_numpy(), (meta.intervals, 1))
    supply += _by_part(discharge, labels.reindex(storage["bus"]), number)
    need = _by_part(
        demand[loads["load"]].to_numpy(dtype=np.float64), labels.reindex(loads["bus"]), number
    )
    source = context.sources["demand"]
    for row, part in np.argwhere(need > supply + 1e-6):
        where = ""
        if number > 1:
            bus = buses["bus"].iat[int(np.argmax(labels.to_numpy() == part))]
            where = f" in the island of bus {bus}"
        stamp = demand.index[row]
        message = (
            f"demand of {need[row, part]:g} MW{where} at {stamp.isoformat()} is above all supply "
            f"of {supply[row, part]:g} MW"
        )
        context.warnings.append(
            Failure(source.file, source.row(row), None, "demand_above_supply", message)
        )


def _by_part(block: NDArray[np.float64], labels: pd.Series, number: int) -> NDArray[np.float64]:
    """Sum the columns of each connected part: (T, n) -> (T, parts)."""
    result = np.zeros((block.shape[0], number))
    np.add.at(result.T, labels.to_numpy().astype(np.intp), block.T)
    return result
