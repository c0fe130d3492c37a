"""Binding constraints of a run, and the relief factors of its units on them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.errors import InputError
from cases.place_prices import taken
from cases.run import Run
from mitigation.keys import LIMIT, TERM
from mitigation.structure.slack import SlackWeights, bus_weights, load_weights, reslacked
from network.arrays import Floats


def binding_constraints(run: Run, shadow_price_min: float) -> pd.DataFrame:
    """Limits of the grid that carry a price above ``shadow_price_min``, one row per test.

    Limits of the grid are those with terms in ``price_terms``; ramps and the like have none.

    Returns interval_start, interval_end, constraint, contingency, direction, limit_mw, flow_mw,
    shadow_price, sorted, with ``test`` numbering the rows from 0.
    """
    columns = ["interval_start", "interval_end", *LIMIT, "limit_mw", "flow_mw", "shadow_price"]
    limits = run.constraints
    on_grid = run.price_terms[TERM].drop_duplicates()
    priced = limits.loc[limits["shadow_price"] > shadow_price_min, columns]
    binding = priced.merge(on_grid, on=TERM, how="inner", sort=False)
    binding = binding.sort_values([*LIMIT, "interval_start"], ignore_index=True)
    twice = binding.duplicated(TERM, keep=False)
    if twice.any():
        first = binding[twice].iloc[0]
        raise InputError.one(
            "constraints",
            None,
            "direction",
            "direction",
            f"{first['constraint']} binds in both directions at {first['interval_start']}: its "
            "relief factors are not defined",
        )
    return binding.assign(test=np.arange(len(binding)))


def overload(binding: pd.DataFrame, flow: Floats) -> Floats:
    """MW by which ``flow`` exceeds the limit; limits are signed in the direction that binds."""
    sign = np.where(binding["direction"].to_numpy() == "lower", -1.0, 1.0)
    limit = binding["limit_mw"].to_numpy(dtype=float)
    return np.asarray(sign * flow - limit, dtype=np.float64)


def measured_against(run: Run, kind: str, bus: str = "") -> tuple[str, pd.DataFrame, pd.DataFrame]:
    """Name of the slack, prices and price terms of a run measured against it.

    ``kind`` is ``run`` (the slack of the clearing), ``load`` (load-weighted by interval) or
    ``bus``.
    """
    prices, terms = run.prices, run.price_terms
    reference = run.case.meta.reference
    if kind == "run" or (kind == "bus" and bus == reference != ""):
        return (f"bus {reference}" if reference else "load-weighted"), prices, terms
    island = islands(run)
    if kind == "load":
        slack = SlackWeights("load-weighted", load_weights(taken(run), island))
    else:
        if bus not in island.index:
            raise InputError.one("", None, "slack_bus", "slack_bus", f"unknown slack bus: {bus!r}")
        slack = SlackWeights(f"bus {bus}", bus_weights(bus, island))
    return (slack.name, *reslacked(prices, terms, slack, island))


def islands(run: Run) -> pd.Series:
    """Island of each bus, by bus."""
    from network import Grid

    grid = Grid.from_case(run.case)
    return pd.Series(np.asarray(grid.islands), index=pd.Index(run.case.buses["bus"]))


def unit_factors(binding: pd.DataFrame, terms: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Relief factor of every unit in every test: test, interval_start, unit, bus, dfax."""
    per_test = binding[["test", *TERM]].merge(terms[[*TERM, "bus", "dfax"]], on=TERM, sort=False)
    placed = per_test.merge(units[["unit", "bus"]], on="bus", sort=False)
    factors: pd.DataFrame = placed[["test", "interval_start", "unit", "bus", "dfax"]]
    return factors
