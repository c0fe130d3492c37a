"""What commitment costs: no-load, the start-up tier that hours off lead to, shut-down."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clearing.validation.facts import Facts, Floats
from clearing.validation.state import HOUR_TOLERANCE, state

__all__ = ["commitment_cost"]


def commitment_cost(facts: Facts) -> Floats:
    """Recompute no-load, start-up and shut-down cost (T, U), money.

        no_load * hours * on + startup[tier] * start + shutdown * stop

    The tier is the one with the largest ``after_hours_off`` <= hours off, those before the case
    included; a unit whose hours off are not given has been off for long. Below the first tier the
    first one is paid. Zero without commitment.
    """
    cost = np.zeros(facts.dispatch.shape)
    if not facts.commitment:
        return cost
    real = facts.once(state)
    offers = facts.case.tables["commitment_offers"]
    kind = offers["component"]
    for component, when in (
        ("no_load", facts.on * facts.hours),
        ("shutdown", real.stop.astype(np.float64)),
    ):
        own = offers[kind == component].drop_duplicates("unit")
        price = own.set_index("unit")["price"].reindex(facts.names("units")).fillna(0.0)
        cost += price.to_numpy(dtype=np.float64) * when
    return cost + np.where(real.start, _start_price(facts, offers[kind == "startup"]), 0.0)


def _start_price(facts: Facts, offers: pd.DataFrame) -> Floats:
    """Price of a start in each interval (T, U) after the hours that a unit has been off by then."""
    hours = facts.once(state).hours
    price = np.zeros(hours.shape)
    ordered = offers.sort_values("after_hours_off", kind="stable")
    tier = ordered.groupby("unit", sort=False).cumcount()
    for number, own in ordered.groupby(tier, sort=True):
        at = facts.names("units").get_indexer(pd.Index(own["unit"]))
        after = own["after_hours_off"].to_numpy(dtype=np.float64)
        reached = (hours[:, at] >= after - HOUR_TOLERANCE) | (number == 0)
        price[:, at] = np.where(reached, own["price"].to_numpy(dtype=np.float64), price[:, at])
    return price
