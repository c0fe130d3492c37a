"""Setters of a price from result tables alone, where the program of a run is not to be had.

That is so in real time, which is a chain of programs, and for tables that no clearing made.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from counterflow.explain.from_program import Answer
from counterflow.explain.margin import Margin
from counterflow.explain.participation import Participation, participation
from settlement.ledger.frames import records

__all__ = ["setters_from_tables"]

NO_PART = 1e-9
"""Coefficient below which a resource has no part in a price."""


def setters_from_tables(
    margin: Margin, shares: Mapping[str, float], position: int, price: float
) -> Answer:
    """Find who sets a price by the indifference of what is inside its block (`participation`).

    Parameters
    ----------
    shares
        Weight of each bus in the price.
    position
        Of the interval, among those of `margin`.
    price
        As published, money per MWh.
    """
    target = margin.place_row(shares, position)
    margin.extend_from(position)
    made = participation(margin.system, target, price)
    if not made.determined and margin.add_edges():
        made = _at_an_edge(margin, target, price, made)
    setters = _setters(margin.table(position), made.factors, made.determined)
    return Answer(made.determined, made.reason, tuple(records(setters)))


def _at_an_edge(
    margin: Margin, target: Mapping[Hashable, float], lmp: float, strict: Participation
) -> Participation:
    """Try again with units at the edge of a block: one of several prices that clear the market."""
    made = participation(margin.system, target, lmp)
    if not made.determined:
        return strict
    edges = [
        margin.resources[label][1].name
        for label, factor in made.factors.items()
        if abs(factor) > NO_PART and margin.resources[label][1].edge
    ]
    reason = (
        f"the output of {', '.join(edges)} lies at the edge of a block: "
        "other prices clear the market as well"
    )
    return Participation(True, reason, made.factors)


def _setters(
    resources: pd.DataFrame, factors: Mapping[Hashable, float], determined: bool
) -> pd.DataFrame:
    """Resources with their coefficients; where these are known, only those that matter."""
    out = resources.drop(columns="label")
    if determined:
        out["coefficient"] = [factors.get(label, 0.0) for label in resources["label"]]
        out = out[out["coefficient"].abs() > NO_PART]
        order = np.argsort(-out["coefficient"].abs().to_numpy(), kind="stable")
        out = out.iloc[order].reset_index(drop=True)
    else:
        out["coefficient"] = np.nan
    out["amount"] = out["coefficient"] * out["price"]
    return out
