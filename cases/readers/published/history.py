"""The look-back of a case from published offers: what was accepted, at which price."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.readers.published.fleet import Places
from cases.readers.published.read import Offers

__all__ = ["accepted_mw", "history_of", "lower_mw", "taken_mw"]

Floats = NDArray[np.float64]


def lower_mw(state: NDArray[np.int64], mw: Floats) -> Floats:
    """MW at which each block begins; blocks are ordered by state and number."""
    if not len(mw):
        return np.zeros(0)
    total = np.cumsum(mw) - mw
    first = np.flatnonzero(np.r_[True, state[1:] != state[:-1]])
    sizes = np.diff(np.r_[first, len(state)])
    return total - np.repeat(total[first], sizes)


def _lmp(offers: Offers, prices: pd.DataFrame, bus: pd.Series) -> Floats:
    """Price at the place of every state: its own where it has one."""
    keys = pd.DataFrame(
        {"node": bus.to_numpy(), "interval_start": offers.units["interval_start"].to_numpy()}
    )
    keys["interval_start"] = offers.units["interval_start"].array
    found = keys.merge(
        prices[["node", "interval_start", "lmp"]], on=["node", "interval_start"], how="left"
    )["lmp"].to_numpy()
    own = offers.units["lmp"].to_numpy()
    return np.where(np.isfinite(own), own, found)


def accepted_mw(offers: Offers, prices: pd.DataFrame, bus: pd.Series) -> Floats:
    """MW of each block that were accepted: up to the cleared MW, else all that the price pays.

    Must-take MW are accepted whatever the price; above the economic maximum nothing is.
    """
    state, mw = offers.state, offers.mw
    low = lower_mw(state, mw)
    states = offers.units
    p_max = states["p_max"].to_numpy()
    top = np.where(np.isfinite(p_max), p_max, np.inf)[state]
    price = _lmp(offers, prices, bus)
    must = states["must_take_mw"].to_numpy()[state]
    paid = np.where(offers.price <= price[state] + 1e-9, mw, np.clip(must - low, 0.0, mw))
    paid = np.clip(paid, 0.0, np.maximum(0.0, top - low))
    cleared = states["cleared_mw"].to_numpy()[state]
    return np.where(np.isfinite(cleared), np.clip(cleared - low, 0.0, mw), paid)


def taken_mw(offers: Offers, prices: pd.DataFrame, bus: pd.Series) -> Floats:
    """MW of each state that were accepted."""
    accepted = accepted_mw(offers, prices, bus)
    total = np.bincount(offers.state, weights=accepted, minlength=len(offers.units))
    return np.asarray(total, dtype=np.float64)


def history_of(
    offers: Offers, prices: pd.DataFrame, units: pd.DataFrame, places: Places, start: pd.Timestamp
) -> dict[str, pd.DataFrame]:
    """Tables `offer_history` and `price_history` of the hours before a case.

    MW that no curve prices, which are sold at any price, are no offers that a reference follows.
    """
    before = offers.between(pd.Timestamp("1970-01-01", tz="UTC"), start)
    earlier = prices[prices["interval_start"] < start]
    rows = before.offers
    rows["accepted_mw"] = accepted_mw(before, earlier, places.at(before.units))
    must = before.units["must_take_mw"].to_numpy()[before.state] > 0
    unpriced = must & (before.price == before.floor)
    rows = rows[rows["unit"].isin(units["unit"]) & ~unpriced].reset_index(drop=True)
    history = earlier.rename(columns={"node": "bus", "lmp": "price"})
    return {
        "offer_history": rows,
        "price_history": history[["bus", "interval_start", "price"]].reset_index(drop=True),
    }
