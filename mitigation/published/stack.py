"""The supply of every hour in order of price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import InputError
from cases.published_run import is_published
from network.arrays import Floats, Integers

__all__ = ["Stack", "demand_of", "price_of_hub", "stack_of"]


@dataclass(frozen=True)
class Stack:
    """Blocks of all units by hour and price.

    Attributes
    ----------
    hour
        (n,) position of the interval; blocks are ordered by hour, price and unit.
    unit, owner
        (n,) names.
    mw
        (n,) width within what the unit can reach; MW that are sold at any price come first.
    price
        (n,) money per MWh; -inf for what is sold at any price.
    """

    hour: Integers
    unit: pd.Series
    owner: pd.Series
    mw: Floats
    price: Floats


def stack_of(case: Case) -> Stack:
    """Put the blocks of a case of published offers in order.

    Raises
    ------
    InputError
        The case was not imported from published offers.
    """
    if not is_published(case):
        message = "the case holds no published prices: it was not imported from a market's files"
        raise InputError.one("published_prices", None, None, "published", message)
    keys = ["interval_start", "unit"]
    blocks = case.offers.sort_values([*keys, "segment"], ignore_index=True)
    low = blocks.groupby(keys, sort=False)["mw"].cumsum() - blocks["mw"]
    states = blocks[keys].merge(case.published_units, on=keys, how="left", sort=False)
    top = states["p_max"].fillna(np.inf)
    reach = (top - low).clip(lower=0.0).to_numpy()
    width = np.minimum(blocks["mw"].to_numpy(), reach)
    must = np.clip((states["must_take_mw"].fillna(0.0) - low).to_numpy(), 0.0, width)
    price = blocks["price"].to_numpy(dtype=np.float64)
    hour = case.interval_starts.get_indexer(pd.DatetimeIndex(blocks["interval_start"]))
    both_hour = np.concatenate([hour, hour])
    both_price = np.concatenate([np.full(len(price), -np.inf), price])
    both_mw = np.concatenate([must, width - must])
    unit = pd.concat([blocks["unit"], blocks["unit"]], ignore_index=True)
    keep = both_mw > 1e-9
    code = pd.factorize(unit, sort=True)[0]
    order = np.lexsort((code, both_price, both_hour))
    order = order[keep[order]]
    names = unit.iloc[order].reset_index(drop=True)
    owner = names.map(case.units.set_index("unit")["owner"])
    return Stack(both_hour[order], names, owner, both_mw[order], both_price[order])


def demand_of(case: Case) -> Floats:
    """Demand of every interval, MW (T,)."""
    total = case.demand.drop(columns="interval_start").to_numpy(dtype=np.float64).sum(axis=1)
    return np.asarray(total, dtype=np.float64)


def price_of_hub(case: Case) -> pd.DataFrame:
    """Published price of the hub by interval: lmp, mcc, mlc; NaN where there is none."""
    rows = case.published_prices
    hub = rows[rows["node"] == case.meta.reference].set_index("interval_start")
    found = hub.reindex(case.interval_starts)[["price", "mcc", "mlc"]]
    return found.rename(columns={"price": "lmp"})
