"""What each marginal unit's markup adds to the load-weighted price."""

from __future__ import annotations

import pandas as pd

from cases.place_prices import place_weights
from cases.points import Points
from cases.run import Run
from mitigation.indices.conduct import participation_by_interval, price_at
from mitigation.keys import CELL

__all__ = ["markup_contributions"]

COLUMNS = ["interval_start", "unit", "kind", "factor", "price", "reference", "contribution"]


def markup_contributions(run: Run, reference: pd.DataFrame) -> pd.DataFrame:
    r"""Split the markup in the load-weighted LMP of each interval by marginal unit.

    .. math:: contribution_m = (offer_m - cost_m) \sum_b w_b UPF_{m,b}, \quad w_b = load_b / load

    Parameters
    ----------
    run
        A cleared run.
    reference
        unit, interval_start, segment, mw, price: cost, compared at the output of the unit.

    Returns
    -------
    DataFrame
        interval_start, unit, kind, factor (d load-weighted LMP / d offer), price (offer),
        reference (NaN where there is none), contribution (money per MWh; bids and others have no
        markup: 0). Intervals whose prices the marginal units do not determine have no rows; of the
        others the contributions sum to the index ``markup_component`` of the market.

    Source: PJM market monitor, markup component of LMP by unit participation factors.
    """
    cost = price_at(reference, run.dispatch).rename(columns={"price": "reference"})
    market = place_weights(run.case, Points(run.case).market())
    every = market.set_index(["interval_start", "bus"])["weight"]
    result = [pd.DataFrame(columns=COLUMNS)]
    for buses, here, parts in participation_by_interval(run):
        start = buses["interval_start"].iloc[0]
        weights = every.xs(start, level="interval_start")
        known = [part for part in parts if part.index.isin(weights.index).any()]
        if not set(weights.index) <= {bus for part in known for bus in part.index}:
            continue
        for part in known:
            inside = part.index.intersection(weights.index)
            factor = weights[inside] @ part.loc[inside]
            rows = here.assign(factor=here["unit"].map(factor))
            result.append(rows[rows["factor"].notna()])
    table = pd.concat([part for part in result if len(part)] or result, ignore_index=True)
    table = table.drop(columns="reference", errors="ignore")
    table = table.merge(cost[[*CELL, "reference"]], on=CELL, how="left", sort=False)
    markup = (table["price"] - table["reference"]).where(table["kind"] == "unit", 0.0)
    return table.assign(contribution=table["factor"] * markup)[COLUMNS]
