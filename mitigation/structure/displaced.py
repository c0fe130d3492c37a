"""What relief is measured against: the output that is lowered where relief is raised.

A MW raised for a constraint takes the place of a MW lowered elsewhere. Measured against that, the
factor of a unit, the price that its offer must exceed and with them need, supply and verdict of a
single constraint are the same for every slack.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.run import Run
from mitigation.keys import CELL
from mitigation.structure.base import ReliefBase
from mitigation.structure.tables import sum_by

__all__ = ["against_displaced", "against_slack"]

_LOWERED_MW = 1e-6


def against_slack(factors: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """Factors as they are, with ``energy_price``: the energy component under their slack.

    Parameters
    ----------
    factors
        test, interval_start, unit, bus, dfax.
    prices
        interval_start, bus, mec, against the same slack.
    """
    at = ["interval_start", "bus"]
    named = prices[[*at, "mec"]].rename(columns={"mec": "energy_price"})
    return factors.merge(named, on=at, how="inner", sort=False)


def against_displaced(
    run: Run, base: ReliefBase, factors: pd.DataFrame, prices: pd.DataFrame
) -> pd.DataFrame:
    """Factors less that of the displaced output, with its price as ``energy_price``.

    Displaced is what units give less in the run than in the dispatch without the constraint; factor
    and price are weighted by those MW. Tests in which nothing is lowered, and those from the
    dispatch in which the interval begins, are measured against the slack.

    Parameters
    ----------
    run
        The run with the constraints.
    base
        The dispatch from which relief is measured.
    factors, prices
        As of :func:`against_slack`.
    """
    plain = against_slack(factors, prices)
    if base.name != "pre_control":
        return plain
    before = base.dispatch[["test", *CELL, "mw"]].rename(columns={"mw": "base_mw"})
    moved = before.merge(run.dispatch[[*CELL, "mw"]], on=CELL, sort=False)
    moved = moved.assign(lowered=moved["base_mw"] - moved["mw"])
    moved = moved[moved["lowered"] > _LOWERED_MW].merge(
        plain[["test", "unit", "bus", "dfax"]], on=["test", "unit"], sort=False
    )
    lmp = run.prices[["interval_start", "bus", "lmp"]]
    moved = moved.merge(lmp, on=["interval_start", "bus"], sort=False)
    weighted = moved.assign(
        factor=moved["lowered"] * moved["dfax"], money=moved["lowered"] * moved["lmp"]
    )
    total = sum_by(weighted, ["test"], ["lowered", "factor", "money"]).set_index("test")
    factor = (total["factor"] / total["lowered"]).reindex(plain["test"]).to_numpy(dtype=float)
    price = (total["money"] / total["lowered"]).reindex(plain["test"]).to_numpy(dtype=float)
    known = ~np.isnan(price)
    return plain.assign(
        dfax=plain["dfax"] - np.where(known, factor, 0.0),
        energy_price=np.where(known, price, plain["energy_price"]),
    )
