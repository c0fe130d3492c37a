"""The money of a run at its prices: what loads pay, what units earn, what the grid keeps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases import Run
from cases.market_time import hours_of
from cases.place_prices import PlacePrices


def with_price(table: pd.DataFrame, prices: pd.DataFrame) -> pd.Series[float]:
    """LMP at the bus and interval of each row (money per MWh), NaN where there is none."""
    index = pd.MultiIndex.from_frame(prices[["interval_start", "bus"]])
    wanted = pd.MultiIndex.from_frame(table[["interval_start", "bus"]])
    at = index.get_indexer(wanted)
    lmp = prices["lmp"].to_numpy(dtype=float)
    found = np.where(at >= 0, lmp[at] if len(lmp) else np.nan, np.nan)
    return pd.Series(found, index=table.index)


def run_money(run: Run) -> dict[str, float]:
    """Return the totals of a run, money over all intervals.

    `objective` is the run's own; `production_cost` the sum of `dispatch.cost`; `load_payment`
    and `generation_revenue` are MW x hours x LMP; `merchandising_surplus` is their difference:
    congestion rent, and the net of storage, links and virtual bids where the run has them.
    """
    paid = _at_lmp(run.load_awards, run.prices)
    earned = _at_lmp(run.dispatch, run.prices)
    return {
        "objective": float(run.objective),
        "production_cost": float(run.dispatch["cost"].sum()),
        "load_payment": paid,
        "generation_revenue": earned,
        "merchandising_surplus": paid - earned,
    }


def _at_lmp(table: pd.DataFrame, prices: pd.DataFrame) -> float:
    """Sum of MW x hours x LMP; NaN when a price that is needed does not exist."""
    if table.empty:
        return 0.0
    mw = table["mw"].to_numpy(dtype=float)
    moved = mw != 0
    amount = mw * with_price(table, prices).to_numpy() * hours_of(table).to_numpy()
    return float(amount[moved].sum())


def system_price(run: Run) -> pd.Series[float]:
    """Price of the whole market by interval start (money per MWh), weighed as that of a zone."""
    prices = PlacePrices(run)
    return prices.at(prices.points.market())


def average_price(run: Run) -> float:
    """Load-weighted LMP over all intervals, money per MWh; NaN where no load takes anything."""
    prices = PlacePrices(run)
    return prices.average(prices.points.market())


def uplift_total(run: Run) -> float:
    """Guarantee payments of a run at its own prices, money over all intervals."""
    from settlement import make_whole

    return float(make_whole(run)["amount"].astype(float).sum())


def owner_money(run: Run) -> pd.DataFrame:
    """Money of each owner of units: owner, mwh, revenue (MW x hours x LMP), uplift, cost."""
    from settlement import make_whole

    table = run.dispatch
    mw = table["mw"].to_numpy(dtype=float)
    hours = hours_of(table).to_numpy()
    paid = np.where(mw == 0, 0.0, mw * with_price(table, run.prices).to_numpy())
    rows = pd.DataFrame(
        {
            "owner": table["owner"],
            "mwh": mw * hours,
            "revenue": paid * hours,
            "cost": table["cost"],
        }
    )
    sums = rows.groupby("owner", sort=True)[["mwh", "revenue", "cost"]].sum().reset_index()
    uplift = make_whole(run)
    by_owner = uplift["amount"].astype(float).groupby(uplift["owner"]).sum()
    return sums.assign(uplift=sums["owner"].map(by_owner).fillna(0.0))
