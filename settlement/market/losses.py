"""Where a run loses energy: the withdrawal of losses at every bus.

What is injected at a bus and does not leave it over its branches is lost there:

    loss_b = injections_b - sum over branches l of A_lb F_l          (A the incidence matrix)

With quadratic losses that is half of each branch's loss at both its ends (`clearing.limits`).
Flows of lossless factors are made by injections *less* these withdrawals, which sum to zero over an
island: so congestion rent does not depend on the reference, and equals shadow price x limit.
"""

from __future__ import annotations

import pandas as pd

from cases.market_time import hours_of
from cases.run import Run

__all__ = ["lost_at_buses"]

SMALL_MW = 1e-9


def lost_at_buses(positions: pd.DataFrame, run: Run, operator: str) -> pd.DataFrame:
    """Losses of a run as positions (kind "loss", mw < 0: withdrawn); no rows in a lossless run.

    Parameters
    ----------
    positions
        All positions of the run (`positions`).
    run
        The run; its branch flows (`flows`) say what leaves each bus.
    operator
        The owner that losses are written to.
    """
    lossless = positions.iloc[:0]
    flows = run.flows
    if flows.empty or not run.prices["mlc"].fillna(0.0).any():
        return lossless
    ends = run.case.branches[["branch", "from_bus", "to_bus"]]
    table = flows[["interval_start", "branch", "flow_mw"]].merge(ends, on="branch")
    parts = [positions[["interval_start", "bus", "mw"]]]
    for end, sign in (("from_bus", -1.0), ("to_bus", 1.0)):
        parts.append(
            pd.DataFrame(
                {
                    "interval_start": table["interval_start"],
                    "bus": table[end],
                    "mw": sign * table["flow_mw"],
                }
            )
        )
    by_bus = pd.concat(parts).groupby(["interval_start", "bus"], sort=True)["mw"].sum()
    stays = by_bus[by_bus.abs() > SMALL_MW].reset_index()
    if stays.empty:
        return lossless
    spans = run.prices.drop_duplicates("interval_start").set_index("interval_start", drop=False)
    return stays.assign(
        kind="loss",
        owner=operator,
        subject="losses",
        point=stays["bus"],
        hours=stays["interval_start"].map(hours_of(spans)),
        mw=-stays["mw"],
    )[positions.columns.tolist()]
