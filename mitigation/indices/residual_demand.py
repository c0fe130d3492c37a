"""Residual demand that an owner faces, its slope, and the markup it would allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cases.errors import InputError
from cases.run import Run
from mitigation.again.protocols import LiveModel
from mitigation.structure.owners import Ownership
from mitigation.structure.tables import sum_by
from network.arrays import Floats


def residual_demand(others: pd.DataFrame, demand_mw: float, prices: Floats) -> Floats:
    r"""Demand left to an owner at given prices: load less what all others offer at them, MW.

    .. math:: RD_j(p) = D - \sum_{i \ne j} S_i(p)

    ``others`` are the other owners' offer segments (price, mw); a segment is offered at its price
    and above. Clipped at zero from below. System-wide: the network has no say in it.
    """
    ordered = others.sort_values("price")
    offered = np.concatenate([[0.0], ordered["mw"].cumsum().to_numpy(dtype=float)])
    count = np.searchsorted(ordered["price"].to_numpy(dtype=float), prices, side="right")
    return np.maximum(0.0, demand_mw - offered[count])


def nodal_slope(
    model: LiveModel, dispatch: pd.DataFrame, prices: pd.DataFrame, *, step: float
) -> pd.DataFrame:
    """Slope of an owner's residual demand at its units' buses, by solving again with less and more.

    All its units are moved together, to ``1 - step`` and ``1 + step`` times their output (never
    above what is available), everybody else answers with their offers on the whole network.

    Parameters
    ----------
    model
        The live model of the clearing.
    dispatch
        The owner's units: interval_start, unit, bus, mw, available_mw.
    prices
        interval_start, bus, lmp of the run.
    step
        Fraction of the output, above 0, at most 1.

    Returns
    -------
    DataFrame
        interval_start, mw (output of the owner), lmp (its output-weighted price), lmp_less,
        lmp_more, mw_less, mw_more, slope_mw (MW of residual demand lost per money/MWh of price, at
        least zero; inf where the price does not move), elasticity (of residual demand, negative),
        lerner (1 / abs(elasticity): the markup that pays best). NaN where the owner does not
        produce.

    Raises
    ------
    InputError
        A step outside 0 to 1.
    """
    if not 0 < step <= 1:
        raise InputError.one("", None, "step", "step", f"step must be above 0, at most 1: {step}")
    at = ["interval_start", "unit"]
    less = dispatch.assign(mw=dispatch["mw"] * (1 - step))
    more = dispatch.assign(mw=np.minimum(dispatch["mw"] * (1 + step), dispatch["available_mw"]))
    result = _weighted(dispatch, prices, dispatch["mw"]).rename(columns={"price": "lmp"})
    for name, moved in (("less", less), ("more", more)):
        solved = model.solve_with_output(moved[[*at, "mw"]])
        side = _weighted(moved, solved.prices, dispatch["mw"])
        result = result.merge(
            side.rename(columns={"price": f"lmp_{name}", "mw": f"mw_{name}"}), on="interval_start"
        )
    rise = (result["lmp_less"] - result["lmp_more"]).to_numpy(dtype=float)
    run = (result["mw_more"] - result["mw_less"]).to_numpy(dtype=float)
    produces = result["mw"].to_numpy(dtype=float) > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(produces, np.where(np.abs(rise) > 1e-9, run / rise, np.inf), np.nan)
        elasticity = -slope * result["lmp"] / result["mw"]
        index = np.where(produces, 1 / np.abs(elasticity), np.nan)
    return result.assign(slope_mw=slope, elasticity=elasticity, lerner=index)


def _weighted(dispatch: pd.DataFrame, prices: pd.DataFrame, weight: pd.Series) -> pd.DataFrame:
    """Total MW and price weighted by ``weight``, by interval."""
    priced = dispatch.assign(weight=weight).merge(
        prices[["interval_start", "bus", "lmp"]], on=["interval_start", "bus"], sort=False
    )
    priced["value"] = priced["lmp"] * priced["weight"]
    sums = sum_by(priced, ["interval_start"], ["mw", "weight", "value"])
    price = sums["value"] / sums["weight"].where(sums["weight"] > 0)
    return sums[["interval_start", "mw"]].assign(price=price)


def residual_demand_indices(
    run: Run, ownership: Ownership, model: LiveModel, *, step: float, owners: Sequence[str] = ()
) -> pd.DataFrame:
    """Measure slope of residual demand and the markup it allows, for each owner.

    Two solves of the live model per owner. A unit counts for the owner that holds most of it.
    Returns rows of the long table of indices: ``residual_demand_slope`` and
    ``residual_demand_lerner``, scope owner, of :func:`nodal_slope`.
    """
    holder = ownership.shares.sort_values("share").drop_duplicates("unit", keep="last")
    unit_owner = holder.set_index("unit")["owner"]
    dispatch = run.dispatch.assign(owner=run.dispatch["unit"].map(unit_owner))
    ends = run.dispatch.drop_duplicates("interval_start").set_index("interval_start")
    parts = []
    for owner in owners or ownership.owners:
        found = nodal_slope(model, dispatch[dispatch["owner"] == owner], run.prices, step=step)
        for index, column in (("slope", "slope_mw"), ("lerner", "lerner")):
            part = found[["interval_start"]].assign(
                interval_end=found["interval_start"].map(ends["interval_end"]),
                index=f"residual_demand_{index}",
                scope="owner",
                subject=owner,
                value=found[column],
            )
            parts.append(part)
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(reason=rows["value"].isna().map({True: "produces nothing", False: ""}))
