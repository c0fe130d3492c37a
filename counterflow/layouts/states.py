"""What every unit of a run stated for every hour, and its blocks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases import Run

__all__ = ["hourly_states"]


def hourly_states(run: Run, *, within_reach: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """States and blocks of all units and intervals of a run.

    `within_reach` cuts blocks at what the unit can reach, for reports that do not state it.

    Returns
    -------
    tuple
        States: unit, owner, node, zone, technology, interval_start, p_min, p_max, available_mw,
        must_take_mw (self-schedules), cleared_mw, lmp, no_load, startup_hot, min_up, ordered by
        interval and unit. Blocks: state (its row), lower_mw, upper_mw, price; none of a unit that
        is out.
    """
    case = run.case
    units = case.units.set_index("unit")
    states = run.dispatch[["interval_start", "unit", "owner", "bus", "mw", "available_mw"]]
    states = states.sort_values(["interval_start", "unit"], ignore_index=True)
    states = states.rename(columns={"bus": "node", "mw": "cleared_mw"})
    for column in ("p_min", "min_up", "technology"):
        states[column] = states["unit"].map(units[column])
    reach = states["available_mw"].fillna(states["unit"].map(units["p_max"]))
    states["p_max"] = states["available_mw"] = reach
    states["p_min"] = np.minimum(states["p_min"], reach.fillna(np.inf))
    states["zone"] = states["node"].map(case.buses.set_index("bus")["zone"])
    states = states.merge(
        run.prices.rename(columns={"bus": "node"})[["interval_start", "node", "lmp"]],
        on=["interval_start", "node"],
        how="left",
        sort=False,
    )
    states["must_take_mw"] = _self_schedules(run, states)
    fixed = case.commitment_offers.sort_values("after_hours_off", kind="stable")
    first = fixed.drop_duplicates(["unit", "component"]).set_index(["component", "unit"])["price"]
    for component, meaning in (("no_load", "no_load"), ("startup", "startup_hot")):
        known = first[component] if component in first.index else pd.Series(dtype="float64")
        states[meaning] = states["unit"].map(known)
    keys = ["interval_start", "unit"]
    numbered = states[[*keys, "p_max"]].assign(state=np.arange(len(states)))
    blocks = run.offers_used.merge(numbered, on=keys, how="inner", sort=False)
    blocks = blocks.sort_values(["state", "segment"], kind="stable", ignore_index=True)
    upper = blocks.groupby("state", sort=False)["mw"].cumsum()
    top = blocks["p_max"].fillna(np.inf)
    limit = top if within_reach else top.where(top <= 0, np.inf)
    blocks["lower_mw"] = np.minimum(upper - blocks["mw"], limit)
    blocks["upper_mw"] = np.minimum(upper, limit)
    blocks = blocks[blocks["upper_mw"] - blocks["lower_mw"] > 1e-9]
    return states, blocks[["state", "lower_mw", "upper_mw", "price"]].reset_index(drop=True)


def _self_schedules(run: Run, states: pd.DataFrame) -> pd.Series:
    wide = run.case.self_schedules
    if wide.empty:
        return pd.Series(0.0, index=states.index)
    long = wide.melt("interval_start", var_name="unit", value_name="must_take_mw")
    keys = ["interval_start", "unit"]
    found = states[keys].merge(long, on=keys, how="left", sort=False)["must_take_mw"]
    return found.fillna(0.0)
