"""Energy limits: what a unit produces in a day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cases.market_time import first_moment
from clearing.validation.facts import Facts, Floats
from clearing.validation.report import rows

__all__ = ["budget_value", "budgets", "produced", "shadow_prices"]


def shadow_prices(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check ``energy_budgets``, where the run has it: energy and limits as they are.

    A shadow price is not negative, and 0 where energy is left. In real time there is none: each
    window has its own (``future_values``).
    """
    limits, table = facts.case.tables["energy_limits"], facts.table("energy_budgets")
    if limits.empty or "energy_budgets" not in facts.run.tables:
        return
    own = limits.assign(energy=produced(facts))
    inside = own["day"].dt.strftime("%Y-%m-%d").isin(facts.starts.strftime("%Y-%m-%d"))
    both = own[inside].merge(table, on=["unit", "day"], how="outer", suffixes=("_case", ""))
    shadow = both["shadow_price"].to_numpy(dtype=np.float64)
    left = (both["max_mwh_case"] - both["energy"]).to_numpy(dtype=np.float64)
    tolerance = facts.tolerance * max(1.0, facts.hours)
    off = np.abs((both["used_mwh"] - both["energy"]).to_numpy(dtype=np.float64))
    off = np.maximum(off, np.abs((both["max_mwh"] - both["max_mwh_case"]).to_numpy()))
    idle = np.where(left > tolerance, np.abs(shadow), np.maximum(-shadow, 0.0))
    if facts.rolling:
        idle = np.where(np.isnan(shadow), 0.0, np.inf)
    zone = facts.case.meta.timezone
    starts = pd.Series([first_moment(day, zone) for day in both["day"]], index=both.index)
    for check, value, most in (
        ("energy_limits.used", off, tolerance),
        ("energy_limits.shadow_price", idle, facts.price_tolerance),
    ):
        wrong = ~(value <= most)
        bad = both[wrong]
        yield rows(
            check, bad["unit"], starts[wrong], value[wrong], 0.0 * value[wrong], value[wrong]
        )


def budget_value(facts: Facts) -> Floats:
    """Worth of one more MW of a unit to its daily budget (T, U), money per MWh, <= 0."""
    names = facts.names("units")
    worth = np.zeros((len(facts.starts), len(names)))
    table = facts.table("energy_budgets")
    day = facts.starts.strftime("%Y-%m-%d").to_numpy()
    when = table["day"].dt.strftime("%Y-%m-%d").to_numpy()
    shadow = table["shadow_price"].fillna(0.0).to_numpy(dtype=np.float64)
    for k, unit in enumerate(names.get_indexer(pd.Index(table["unit"])).tolist()):
        if unit >= 0:
            worth[day == when[k], unit] -= shadow[k]
    return worth


def produced(facts: Facts) -> Floats:
    """Energy of each row of ``energy_limits`` in the case's intervals of its day (N,), MWh."""
    limits = facts.case.tables["energy_limits"]
    unit = facts.names("units").get_indexer(pd.Index(limits["unit"]))
    day = facts.starts.strftime("%Y-%m-%d").to_numpy()
    inside = day[:, None] == limits["day"].dt.strftime("%Y-%m-%d").to_numpy()[None, :]
    energy: Floats = (facts.dispatch[:, unit] * inside).sum(axis=0) * facts.hours
    return energy


def budgets(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check sum over the intervals of a day of p * hours <= max_mwh."""
    limits = facts.case.tables["energy_limits"]
    if limits.empty:
        return
    energy = produced(facts)
    most = limits["max_mwh"].to_numpy(dtype=np.float64)
    over = energy - most
    wrong = over > facts.tolerance * max(1.0, facts.hours)
    bad = limits[wrong]
    starts = bad["day"].dt.strftime("%Y-%m-%d").to_numpy()
    at = [facts.starts[facts.starts.strftime("%Y-%m-%d") == day][0] for day in starts]
    yield rows("energy_limits.day", bad["unit"], at, energy[wrong], most[wrong], over[wrong])
