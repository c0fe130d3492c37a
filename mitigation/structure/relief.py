"""Supply of relief: the offered MW that units can add to a base dispatch, priced and weighted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.case import Case
from cases.rulebook.structure import SupplyRules
from cases.run import Run
from mitigation.keys import CELL


def previous_dispatch(run: Run) -> pd.DataFrame:
    """Dispatch in which each interval begins: interval_start, unit, mw, on.

    That of the interval before; for the first one ``units.initial_mw``, NaN where it is not given.
    ``on`` of the first interval follows ``initial_hours``, or, where that is not given, the
    interval.
    """
    frame = run.dispatch[[*CELL, "mw", "on"]].sort_values(["unit", "interval_start"])
    before = frame.groupby("unit")[["mw", "on"]].shift()
    first = before["mw"].isna()
    units = run.case.units.set_index("unit")
    hours = frame["unit"].map(units["initial_hours"])
    started_on = np.where(hours.isna(), frame["on"], hours > 0)
    return frame.assign(
        mw=before["mw"].where(~first, frame["unit"].map(units["initial_mw"])),
        on=np.where(first, started_on, before["on"].eq(True)).astype(bool),
    ).sort_index()


def reach(run: Run, base: pd.DataFrame, rules: SupplyRules) -> pd.DataFrame:
    """MW that every unit can reach from a base dispatch.

    A unit on line reaches what is available, or what its ramp allows from where the interval
    began; a unit off line all, nothing, or all if it is a quick start, by rule.

    Parameters
    ----------
    base
        interval_start, unit, mw, on, and further columns that are carried along.

    Returns
    -------
    DataFrame
        The rows of ``base`` with mw renamed base_mw, and reach_mw (at least base_mw); MW.
    """
    units = run.case.units.set_index("unit")
    state = base.rename(columns={"mw": "base_mw"}).merge(
        run.dispatch[[*CELL, "available_mw"]], on=CELL, how="left", sort=False
    )
    available = state["available_mw"].fillna(0.0)
    if rules.net_of_reserves:
        available = (available - upward_awards(run, state)).clip(lower=0.0)
    can = available.to_numpy(dtype=float)
    on = state["on"].to_numpy(dtype=bool)
    if rules.online == "ramp":
        can = np.where(on, np.minimum(can, ramp_bounds(run, state, rules)[1]), can)
    if rules.offline == "none":
        can = np.where(on, can, 0.0)
    elif rules.offline == "quick_start":
        quick = state["unit"].map(units["quick_start"]).to_numpy(dtype=bool)
        can = np.where(on | quick, can, 0.0)
    base_mw = state["base_mw"].to_numpy(dtype=float)
    return state.drop(columns="available_mw").assign(reach_mw=np.maximum(base_mw, can))


def ramp_bounds(run: Run, state: pd.DataFrame, rules: SupplyRules) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest MW within the ramp from where the interval began, one per row of ``state``.

    A unit that was off is bounded by its start-up ramp; what is not given does not bind.
    """
    units = run.case.units.set_index("unit")
    hours = (rules.ramp_minutes or run.case.meta.interval_minutes) / 60
    before = state[CELL].merge(previous_dispatch(run), on=CELL, how="left", sort=False)
    was_on = before["on"].eq(True).to_numpy()
    start = before["mw"].to_numpy(dtype=float)
    rise, fall, startup = (
        state["unit"].map(units[name]).to_numpy(dtype=float)
        for name in ("ramp_up", "ramp_down", "startup_ramp")
    )
    high = np.where(was_on, start + rise * hours, startup)
    low = np.where(was_on, start - fall * hours, 0.0)
    return np.nan_to_num(low, nan=0.0), np.where(np.isnan(high), np.inf, high)


def upward_awards(run: Run, state: pd.DataFrame) -> pd.Series:
    """Upward reserve awards of the units and intervals of ``state``, MW."""
    products = run.case.reserve_products
    upward = products.loc[products["direction"] == "up", "product"]
    awards = run.reserves[run.reserves["product"].isin(upward)]
    total = awards.groupby(CELL, as_index=False)["mw"].sum()
    return state[CELL].merge(total, on=CELL, how="left", sort=False)["mw"].fillna(0.0)


def segments_between(offers: pd.DataFrame, span: pd.DataFrame) -> pd.DataFrame:
    """Parts of offer segments between a lower and an upper output.

    Parameters
    ----------
    offers
        unit, interval_start, segment, mw, price; the first segment starts at 0 MW.
    span
        interval_start, unit, base_mw, reach_mw, and further columns that are carried along; a unit
        and interval may stand in it several times.

    Returns
    -------
    DataFrame
        The columns of ``span`` (without base_mw, reach_mw) with segment, price and mw above zero.
    """
    ordered = offers.sort_values(["interval_start", "unit", "segment"], ignore_index=True)
    upper = ordered.groupby(CELL, sort=False)["mw"].cumsum()
    ordered = ordered.assign(upper=upper, lower=upper - ordered["mw"])
    joined = span.merge(
        ordered[[*CELL, "segment", "price", "lower", "upper"]],
        on=CELL,
        how="inner",
        sort=False,
    )
    mw = np.minimum(joined["upper"], joined["reach_mw"]) - np.maximum(
        joined["lower"], joined["base_mw"]
    )
    kept = mw > 0
    carried = [name for name in span.columns if name not in ("base_mw", "reach_mw")]
    return (
        joined.loc[kept, [*carried, "segment", "price"]].assign(mw=mw[kept]).reset_index(drop=True)
    )


def self_scheduled(case: Case) -> pd.DataFrame:
    """Self-schedules in long form: interval_start, unit, self_mw."""
    return case.self_schedules.melt("interval_start", var_name="unit", value_name="self_mw")
